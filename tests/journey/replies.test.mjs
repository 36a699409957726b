// A number that opens no conversation: its owner's server is told of what is written to it, and answers with markup of the SDK.
import assert from "node:assert/strict";
import { accountSid, client, messagingResponse, validateRequest } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { Customer } from "./support/people.mjs";
import { eventually, only, story } from "./support/story.mjs";

const OURS = "+18005550331";

story("who listens to a number answers what is written to it", async (step) => {
  const server = await listen(({ url, form }) => {
    const answer = messagingResponse();
    if (url.endsWith("/next")) answer.message("and more");
    else if (form.Body !== "silence please") {
      answer.message(`You said: ${form.Body}`);
      answer.redirect("/next");
    }
    return { type: "text/xml", text: answer.toString() };
  });
  try {
    const customer = new Customer("+14155550331", OURS);
    const number = await client.incomingPhoneNumbers.create({ phoneNumber: OURS, smsUrl: `${server.origin}/first` });
    assert.equal(number.smsUrl, `${server.origin}/first`);
    const sent = () => client.messages.list({ from: OURS, to: customer.number });

    await step("it is told of the message, signed", async () => {
      const sid = await customer.writes("fish & chips");
      const call = await eventually(() => server.calls.find(({ form }) => form.MessageSid === sid) ?? assert.fail());
      assert.ok(validateRequest(call.headers["x-twilio-signature"], call.url, call.form));
      assert.deepEqual(
        [call.form.From, call.form.To, call.form.Body, call.form.AccountSid, call.form.NumMedia],
        [customer.number, OURS, "fish & chips", accountSid, "0"],
      );
    });

    await step("its answers are sent, once each, also from where it leads to", async () => {
      const all = await eventually(async () => {
        const all = await sent();
        assert.equal(all.length, 2);
        return all;
      });
      assert.deepEqual(all.map((one) => one.body).sort(), ["You said: fish & chips", "and more"].sort());
      assert.deepEqual(all.map((one) => one.direction), ["outbound-reply", "outbound-reply"]);
    });

    await step("an answer without messages sends nothing", async () => {
      const sid = await customer.writes("silence please");
      await eventually(() => only(server.calls.filter(({ form }) => form.MessageSid === sid)));
      assert.equal((await sent()).length, 2);
      assert.deepEqual(await customer.places(), []);
    });
  } finally {
    server.close();
  }
});
