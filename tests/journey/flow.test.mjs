// An address whose flow hands new conversations to an agent, without a program in between.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { ContactCentre, Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, isRecent, isSid, only, story } from "./support/story.mjs";

const definition = (workflow, more = {}) => ({
  description: "Hands over at once",
  states: [
    {
      name: "Trigger",
      type: "trigger",
      properties: { offset: { x: 0, y: 0 } },
      transitions: [
        { event: "incomingMessage" },
        { event: "incomingCall" },
        { event: "incomingConversationMessage", next: "hand_over" },
        { event: "incomingRequest" },
      ],
    },
    {
      name: "hand_over",
      type: "send-to-flex",
      properties: {
        workflow,
        channel: "sms",
        attributes: JSON.stringify({ topic: "technical", writes_from: "{{trigger.message.From}}" }),
        ...more,
      },
      transitions: [{ event: "callComplete" }, { event: "failedToEnqueue" }, { event: "callFailure" }],
    },
  ],
  initial_state: "Trigger",
  flags: { allow_concurrent_calls: true },
});

story("a flow hands a new conversation to an agent", async (step) => {
  const { flows } = client.studio.v2;
  const centre = await ContactCentre.open("Flows");
  const agent = await centre.hires("faye", ["technical"]);
  const customer = new Customer("+14155550120", "+18005550120");

  const flow = await step("a flow is drafted, revised and published", async () => {
    const drafted = await flows.create({ friendlyName: "Front door", status: "draft", definition: definition(centre.workflow.sid) });
    isSid("FW", drafted.sid);
    isRecent(drafted.dateCreated);
    assert.deepEqual([drafted.status, drafted.revision, drafted.valid], ["draft", 1, true]);
    assert.equal(drafted.definition.initial_state, "Trigger");
    const published = await flows(drafted.sid).update({ status: "published", commitMessage: "Go" });
    assert.deepEqual([published.status, published.revision, published.commitMessage], ["published", 2, "Go"]);
    const nowhere = { friendlyName: "x", status: "draft", definition: definition(`WW${"0".repeat(32)}`) };
    await assert.rejects(() => flows.create(nowhere), { status: 400 });
    return published;
  });

  const address = await step("an address starts it", async () => {
    const created = await openAddress(customer.to, { enabled: true, type: "studio", studioFlowSid: flow.sid });
    assert.equal(created.autoCreation.studio_flow_sid, flow.sid);
    return created;
  });

  const conversation = await step("the first message makes the agent's phone ring", async () => {
    await customer.writes("Is anybody there?");
    const opened = await customer.conversation();
    const webhook = only(await client.conversations.v1.conversations(opened.sid).webhooks.list());
    assert.equal(webhook.target, "studio");
    assert.equal(webhook.configuration.flow_sid, flow.sid);
    const reservation = await agent.rings();
    const task = await centre.task(reservation.taskSid);
    assert.equal(task.taskQueueFriendlyName, "technical");
    assert.equal(task.taskChannelUniqueName, "sms");
    const attributes = JSON.parse(task.attributes);
    const expected = {
      topic: "technical",
      writes_from: customer.number,
      conversationSid: opened.sid,
      channelType: "sms",
      direction: "inbound",
      initiatedBy: "customer",
      from: customer.number,
      name: customer.number,
      customerName: customer.number,
      customerAddress: customer.number,
      customers: { name: customer.number, phone: customer.number, email: null },
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(attributes[name], value, name);
    const api = client.flexApi.v1.interaction(attributes.flexInteractionSid).channels(attributes.flexInteractionChannelSid);
    assert.equal(only(await api.invites.list()).sid, attributes.flexChannelInviteSid);
    return { ...opened.toJSON(), api };
  });

  await step("the second message makes nothing ring twice", async () => {
    await customer.writes("Hello?");
    await eventually(async () => {
      const messages = await client.conversations.v1.conversations(conversation.sid).messages.list();
      assert.deepEqual(messages.map((one) => one.body), ["Is anybody there?", "Hello?"]);
    });
    assert.equal((await centre.api.tasks.list()).length, 1);
  });

  await step("the agent answers, wraps up and closes", async () => {
    const accepted = await agent.accepts();
    const seat = await eventually(async () => only((await conversation.api.participants.list()).filter((one) => one.type === "agent")));
    const reply = await agent.writes(conversation, "Here I am");
    await eventually(async () => {
      const receipts = await client.conversations.v1.conversations(conversation.sid).messages(reply.sid).deliveryReceipts.list();
      assert.equal(only(receipts).status, "delivered");
    });
    await conversation.api.participants(seat.sid).update({ status: "wrapup" });
    await centre.taskBecomes(accepted.taskSid, "wrapping");
    await conversation.api.update({ status: "closed", routing: { status: "closed" } });
    await centre.taskBecomes(accepted.taskSid, "completed");
    await eventually(async () => assert.equal((await agent.channel()).availableCapacityPercentage, 100));
  });

  await step("a flow that an address uses can be looked at, and is removed only after the address", async () => {
    assert.ok((await flows.list()).some((one) => one.sid === flow.sid));
    await fails(() => flows(flow.sid).remove(), { status: 400, code: 20001 });
    assert.equal(await client.conversations.v1.addressConfigurations(address.sid).remove(), true);
    assert.equal(await flows(flow.sid).remove(), true);
    await fails(() => flows(flow.sid).fetch(), { status: 404, code: 20404 });
  });
});
