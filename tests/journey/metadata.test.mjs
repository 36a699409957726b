// What a carrier says beside the text: found by following the message's own link, as the SDK has it.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { Customer } from "./support/people.mjs";
import { eventually, fails, isSid, only, story } from "./support/story.mjs";

const DESK = "whatsapp:+18005550160";

story("places, buttons, lists and reactions are read by their message's link", async (step) => {
  const { v1 } = client.conversations;
  const server = await listen();
  try {
    await v1.addressConfigurations.create({
      type: "whatsapp",
      address: DESK,
      "autoCreation.enabled": true,
      "autoCreation.type": "webhook",
      "autoCreation.webhookUrl": `${server.origin}/hook`,
      "autoCreation.webhookFilters": ["onMessageAdded"],
    });
    const customer = new Customer("whatsapp:+14155550160", DESK);
    const first = await customer.writes("hello");
    const { sid } = await customer.conversation();
    const { messages } = v1.conversations(sid);

    /** What is said of the message with that text, and what a webhook heard of it. */
    const told = async (body) => {
      const message = await eventually(async () => only((await messages.list()).filter((one) => one.body === body)));
      const answer = await client.request({ method: "get", uri: message.links.channel_metadata });
      assert.equal(answer.statusCode, 200);
      const metadata = answer.body;
      assert.equal(metadata.message_sid, message.sid);
      assert.equal(metadata.type, "whatsapp");
      const call = await eventually(() => only(server.calls.filter(({ form }) => form.MessageSid === message.sid)));
      assert.equal(call.form.Source, "WHATSAPP");
      const { as_received: _, ...data } = metadata.data;
      assert.deepEqual(JSON.parse(call.form.ChannelMetadata), { type: "whatsapp", data });
      return metadata.data;
    };

    await step("a place is where it is, and its words are in the text", async () => {
      await customer.writes("", { Latitude: "51.5", Longitude: "-0.1", Label: "Big Ben", Address: "London", ProfileName: "Zoë" });
      const data = await told("Big Ben, London");
      assert.deepEqual(data.location, { latitude: "51.5", longitude: "-0.1", name: "Big Ben", address: "London" });
      assert.equal(data.profile_name, "Zoë");
      assert.equal(data.message_type, "location");
    });

    await step("two buttons that read alike are told apart", async () => {
      await customer.writes("", { ButtonText: "Confirm", ButtonPayload: "order-7", MessageType: "button" });
      assert.deepEqual((await told("Confirm")).button, { text: "Confirm", payload: "order-7" });
    });

    await step("a row of a list has its id", async () => {
      await customer.writes("Billing", { ListId: "billing", ListTitle: "Billing" });
      assert.deepEqual((await told("Billing")).list, { id: "billing", title: "Billing", description: null });
    });

    await step("a reaction names its target", async () => {
      await customer.writes("👍", { MessageType: "reaction", OriginalRepliedMessageSid: first });
      const { reaction } = await told("Reacted 👍 to “hello”");
      const hello = only((await messages.list()).filter((one) => one.body === "hello"));
      isSid("IM", hello.sid);
      assert.deepEqual(reaction, { emoji: "👍", channel_message_id: first, message_sid: hello.sid });
    });

    await step("what we wrote ourselves has none", async () => {
      const ours = await messages.create({ body: "thanks" });
      const answer = await client.request({ method: "get", uri: ours.links.channel_metadata });
      assert.equal(answer.statusCode, 404);
    });

    await step("an object that is given for text is refused with the cause", async () => {
      const message = /Attributes\[a\].*JSON\.stringify/;
      await fails(messages.create({ body: "hi", attributes: { a: 1 } }), { status: 400, code: 20001, message });
      const made = await messages.create({ body: "hi", attributes: JSON.stringify({ a: 1 }) });
      assert.equal(made.attributes, '{"a":1}');
    });
  } finally {
    server.close();
  }
});
