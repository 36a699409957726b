// An address that tells a customer's own server, which then asks for an agent itself.
import assert from "node:assert/strict";
import { accountSid, client, validateRequest } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { ContactCentre, Customer, openAddress } from "./support/people.mjs";
import { eventually, isSid, only, story } from "./support/story.mjs";

story("a webhook is told of new messages, signed, after they are kept", async (step) => {
  const { conversations } = client.conversations.v1;
  const server = await listen();
  try {
    const customer = new Customer("+14155550130", "+18005550130");
    const url = `${server.origin}/hook?tenant=a%20b`;
    const heard = (event, body) =>
      eventually(() => only(server.calls.filter(({ form }) => form.EventType === event && (!body || form.Body === body))));

    await openAddress(customer.to, {
      enabled: true,
      type: "webhook",
      webhookUrl: url,
      webhookMethod: "POST",
      webhookFilters: ["onMessageAdded", "onParticipantAdded", "onDeliveryUpdated", "onConversationStateUpdated"],
    });

    const first = await step("the first message is told with all that a program needs", async () => {
      await customer.writes("Grüße & = + %");
      const call = await heard("onMessageAdded", "Grüße & = + %");
      assert.equal(call.method, "POST");
      assert.equal(call.url, url);
      assert.match(call.headers["content-type"], /^application\/x-www-form-urlencoded/);
      assert.ok(validateRequest(call.headers["x-twilio-signature"], call.url, call.form), "the signature is right");
      const forged = { ...call.form, Body: "something else" };
      assert.ok(!validateRequest(call.headers["x-twilio-signature"], call.url, forged), "and it is of this body");
      assert.ok(call.headers["i-twilio-idempotency-token"]);
      isSid("IM", call.form.MessageSid);
      isSid("MB", call.form.ParticipantSid);
      assert.equal(call.form.AccountSid, accountSid);
      assert.equal(call.form.Author, customer.number);
      assert.equal(call.form.Index, "0");
      assert.match(call.form.DateCreated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const message = await conversations(call.form.ConversationSid).messages(call.form.MessageSid).fetch();
      assert.equal(message.body, "Grüße & = + %");
      return call.form;
    });

    await step("the webhook belongs to the conversation", async () => {
      const webhook = only(await conversations(first.ConversationSid).webhooks.list());
      assert.equal(webhook.target, "webhook");
      assert.equal(webhook.configuration.url, url);
      const joined = await heard("onParticipantAdded");
      assert.equal(joined.form["MessagingBinding.Address"], customer.number);
      assert.equal(joined.form["MessagingBinding.Type"], "SMS");
    });

    await step("told of the message, a program asks for an agent", async () => {
      const centre = await ContactCentre.open("Webhooks");
      const agent = await centre.hires("wilma", ["technical"]);
      const interaction = await client.flexApi.v1.interaction.create({
        channel: { type: "sms", initiated_by: "customer", properties: { media_channel_sid: first.ConversationSid } },
        routing: centre.routing({ topic: "technical" }),
      });
      await agent.accepts();
      const api = client.flexApi.v1.interaction(interaction.sid).channels(interaction.channel.sid);
      await eventually(async () => only((await api.participants.list()).filter((one) => one.type === "agent")));
      const reply = await agent.writes({ sid: first.ConversationSid }, "At your service");
      const delivered = await eventually(() =>
        only(server.calls.filter(({ form }) => form.EventType === "onDeliveryUpdated" && form.Status === "delivered")),
      );
      assert.equal(delivered.form.MessageSid, reply.sid);
      isSid("DY", delivered.form.DeliveryReceiptSid);
      assert.ok(!server.calls.some(({ form }) => form.Body === "At your service"), "changes by REST are not told");
    });

    await step("changes by REST are told when that is asked for", async () => {
      const message = { author: "wilma", body: "Told", xTwilioWebhookEnabled: "true" };
      await conversations(first.ConversationSid).messages.create(message);
      const call = await heard("onMessageAdded", "Told");
      assert.ok(validateRequest(call.headers["x-twilio-signature"], call.url, call.form));
      assert.equal(call.form.Source, "API");
    });

    await step("nothing is told twice, and nothing to who was removed", async () => {
      const { webhooks } = conversations(first.ConversationSid);
      const removed = only(await webhooks.list());
      await webhooks.create({
        target: "webhook",
        "configuration.url": `${server.origin}/still`,
        "configuration.filters": ["onMessageAdded"],
      });
      await webhooks(removed.sid).remove();
      await customer.writes("Only you");
      assert.equal((await heard("onMessageAdded", "Only you")).url, `${server.origin}/still`);
      const tokens = server.calls.map(({ headers }) => headers["i-twilio-idempotency-token"]);
      assert.equal(new Set(tokens).size, tokens.length);
    });
  } finally {
    server.close();
  }
});
