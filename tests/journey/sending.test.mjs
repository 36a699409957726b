// A program that sends: it hears what became of its messages, schedules some and takes one back, by unmodified methods of the SDK.
import assert from "node:assert/strict";
import { accountSid, client, validateRequest } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { eventually, fails, story } from "./support/story.mjs";

const OURS = "+18005550341";
const ANN = "+14155550341";
const BEN = "+14155550342";

story("a program hears of its messages, schedules them and takes them back", async (step) => {
  const server = await listen();
  try {
    const number = await client.incomingPhoneNumbers.create({ phoneNumber: OURS });
    const service = await client.messaging.v1.services.create({
      friendlyName: "news",
      statusCallback: `${server.origin}/service`,
      validityPeriod: 600,
    });
    await client.messaging.v1.services(service.sid).phoneNumbers.create({ phoneNumberSid: number.sid });
    const told = (sid) => server.calls.filter(({ form }) => form.MessageSid === sid);

    await step("each status comes to the URL of the message, signed", async () => {
      const { sid } = await client.messages.create({
        to: ANN,
        from: OURS,
        body: "on its way",
        statusCallback: `${server.origin}/own`,
        validityPeriod: 3600,
      });
      const calls = await eventually(() => {
        const calls = told(sid);
        assert.deepEqual(calls.map(({ form }) => form.MessageStatus), ["sent", "delivered"]);
        return calls;
      });
      for (const call of calls) {
        assert.equal(call.url, `${server.origin}/own`);
        assert.ok(validateRequest(call.headers["x-twilio-signature"], call.url, call.form));
        assert.deepEqual([call.form.From, call.form.To, call.form.AccountSid], [OURS, ANN, accountSid]);
      }
    });

    await step("without one, to that of its service", async () => {
      const { sid } = await client.messages.create({ to: ANN, messagingServiceSid: service.sid, body: "news" });
      await eventually(() => assert.equal(told(sid).length, 2));
      assert.deepEqual([...new Set(told(sid).map(({ url }) => url))], [`${server.origin}/service`]);
      assert.equal(told(sid)[0].form.MessagingServiceSid, service.sid);
    });

    const later = (minutes) => new Date(Date.now() + minutes * 60_000);
    const schedule = (to, sendAt) =>
      client.messages.create({ to, messagingServiceSid: service.sid, body: "later", scheduleType: "fixed", sendAt });

    await step("a scheduled message waits, is listed, and is taken back once", async () => {
      const { sid, status, dateSent } = await schedule(BEN, later(60));
      assert.deepEqual([status, dateSent], ["scheduled", null]);
      const listed = await client.messages.list({ to: BEN });
      assert.deepEqual(listed.map((one) => [one.sid, one.status]), [[sid, "scheduled"]]);
      const canceled = await client.messages(sid).update({ status: "canceled" });
      assert.equal(canceled.status, "canceled");
      await eventually(() => assert.deepEqual(told(sid).map(({ form }) => form.MessageStatus), ["canceled"]));
      await fails(() => client.messages(sid).update({ status: "canceled" }), { status: 400, code: 30409 });
      assert.equal(await client.messages(sid).remove(), true);
    });

    await step("a time that is too near or too far is refused", async () => {
      for (const minutes of [1, 36 * 24 * 60]) {
        await fails(() => schedule(BEN, later(minutes)), { status: 400, code: 35114 });
      }
    });
  } finally {
    server.close();
  }
});
