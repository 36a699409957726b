// Group MMS: telephones and an agent behind a number of ours, by unmodified methods of the SDK.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, only, story } from "./support/story.mjs";

const OURS = "+14155550311";
const ANN = "+14155550312";
const BEN = "+14155550313";

story("a group of telephones is one conversation", async (step) => {
  const { conversations } = client.conversations.v1;
  await openAddress(OURS, { enabled: true, type: "default" });
  const { sid } = await conversations.create({ friendlyName: "Home-buying journey" });
  const { participants, messages } = conversations(sid);
  const telephone = (number) => ({ "messagingBinding.address": number });

  const agent = await step("an agent has a number of ours, and everybody else a telephone", async () => {
    const created = await participants.create({ identity: "agent", "messagingBinding.projectedAddress": OURS });
    assert.deepEqual(created.messagingBinding, { type: "sms", projected_address: OURS });
    for (const number of [ANN, BEN]) {
      const { messagingBinding } = await participants.create(telephone(number));
      assert.deepEqual(messagingBinding, { type: "sms", address: number });
    }
    return created;
  });

  await step("a reply goes to all of them, with a receipt of each", async () => {
    const sent = await messages.create({ author: "agent", body: "Glad you could join us" });
    assert.equal(sent.participantSid, agent.sid);
    await eventually(async () => {
      const receipts = await messages(sent.sid).deliveryReceipts.list();
      assert.deepEqual(receipts.map((one) => one.status), ["delivered", "delivered"]);
    });
  });

  await step("what one of them writes to all is in it, and what they write to us alone is not", async () => {
    await new Customer(BEN, OURS).writes("Me too", { OtherRecipients0: ANN });
    await eventually(async () => {
      const last = (await messages.list()).at(-1);
      assert.deepEqual([last.author, last.body], [BEN, "Me too"]);
    });
    await new Customer(ANN, OURS).writes("Between us");
    await eventually(async () => assert.equal((await new Customer(ANN, OURS).places()).length, 2));
  });

  await step("nobody else writes into it, and no other conversation has the same people", async () => {
    await fails(() => messages.create({ author: "stranger", body: "hi" }), { status: 400, code: 50513 });
    await fails(() => participants.create({ identity: "mute" }), { status: 400, code: 50434 });
    const other = await conversations.create({});
    await conversations(other.sid).participants.create({ "messagingBinding.projectedAddress": OURS });
    await conversations(other.sid).participants.create(telephone(BEN));
    const ann = () => conversations(other.sid).participants.create(telephone(ANN));
    await fails(ann, { status: 409, code: 50438 });
    await conversations(sid).update({ state: "closed" });
    assert.equal((await ann()).messagingBinding.address, ANN);
    const open = (await new Customer(BEN, OURS).places()).filter((one) => one.conversationState !== "closed");
    assert.equal(only(open).conversationSid, other.sid);
  });
});
