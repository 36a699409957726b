// Opting out: a customer's STOP and START, and consents that are brought, by unmodified methods of the SDK.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, only, story } from "./support/story.mjs";

const OURS = "+14155550321";
const ANN = "+14155550322";
const BEN = "+14155550323";
const OPTED_OUT = { status: 400, code: 21610 };

story("who wants nothing gets nothing", async (step) => {
  await openAddress(OURS, { enabled: true, type: "default" });
  const ann = new Customer(ANN, OURS);
  const send = (to) => client.messages.create({ to, from: OURS, body: "news for you" });

  await step("a STOP is in the conversation, and nothing goes out any more", async () => {
    await ann.writes("hello there");
    await ann.writes(" Stop ");
    await eventually(() => fails(() => send(ANN), OPTED_OUT));
    const { conversationSid } = only(await ann.places());
    const { messages } = client.conversations.v1.conversations(conversationSid);
    const { sid } = await messages.create({ author: "agent", body: "are you there?" });
    await eventually(async () => {
      const receipt = only(await messages(sid).deliveryReceipts.list());
      assert.deepEqual([receipt.status, receipt.errorCode], ["failed", 21610]);
    });
  });

  await step("a START takes it back", async () => {
    await ann.writes("START");
    await eventually(async () => assert.equal((await send(ANN)).to, ANN));
  });

  await step("a consent that is brought holds alike", async () => {
    const consent = (status, number) => ({
      contact_id: BEN,
      correlation_id: String(number).padStart(32, "0"),
      sender_id: OURS,
      status,
      source: "offline",
    });
    const brings = (...items) => client.accounts.v1.bulkConsents.create({ items });
    const answer = await brings(consent("opt-out", 1), { ...consent("opt-out", 2), source: "hearsay" });
    assert.deepEqual(answer.items.map((one) => one.error_code), [0, 30646]);
    assert.deepEqual(answer.items[1].error_messages, ["INVALID_SOURCE"]);
    await fails(() => send(BEN), OPTED_OUT);
    await brings(consent("opt-in", 3));
    assert.equal((await send(BEN)).to, BEN);
  });
});
