// A flow that asks before it hands over: written, followed step by step, ended and taken away by the SDK.
import assert from "node:assert/strict";
import { accountSid, authToken, base, client } from "./support/exchange.mjs";
import { ContactCentre, Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, hasLinks, isRecent, isSid, only, story } from "./support/story.mjs";

const definition = (workflow) => ({
  description: "Asks for a language",
  states: [
    {
      name: "Trigger",
      type: "trigger",
      properties: { offset: { x: 0, y: 0 } },
      transitions: [
        { event: "incomingMessage" },
        { event: "incomingCall" },
        { event: "incomingConversationMessage", next: "ask" },
        { event: "incomingRequest", next: "ask" },
        { event: "incomingParent" },
      ],
    },
    {
      name: "ask",
      type: "send-and-wait-for-reply",
      properties: {
        offset: { x: 0, y: 200 },
        service: "{{trigger.message.InstanceSid}}",
        channel: "{{trigger.message.ChannelSid}}",
        from: "{{flow.channel.address}}",
        body: "Hello {{flow.data.name | default: 'there'}}: 1 English, 2 French?",
        timeout: "3600",
      },
      transitions: [{ event: "incomingMessage", next: "check" }, { event: "timeout" }, { event: "deliveryFailure" }],
    },
    {
      name: "check",
      type: "split-based-on",
      properties: { offset: { x: 0, y: 400 }, input: "{{widgets.ask.inbound.Body}}" },
      transitions: [
        { event: "noMatch", next: "ask" },
        {
          event: "match",
          next: "agent",
          conditions: [{ friendly_name: "2", arguments: ["{{widgets.ask.inbound.Body}}"], type: "equal_to", value: "2" }],
        },
      ],
    },
    {
      name: "agent",
      type: "send-to-flex",
      properties: { workflow, channel: "sms", attributes: '{"topic": "technical", "said": {{widgets.ask.inbound.Body | to_json}}}' },
      transitions: [{ event: "callComplete" }, { event: "failedToEnqueue" }, { event: "callFailure" }],
    },
  ],
  initial_state: "Trigger",
  flags: { allow_concurrent_calls: true },
});

story("a flow asks a customer, and its executions are followed", async (step) => {
  const { flows, flowValidate } = client.studio.v2;
  const centre = await ContactCentre.open("Studio");
  const agent = await centre.hires("stu", ["technical"]);
  const customer = new Customer("+15552000120", "+15552000121");
  const written = definition(centre.workflow.sid);

  const flow = await step("a flow is validated, published and revised", async () => {
    const valid = { friendlyName: "Languages", status: "published", definition: written };
    assert.equal((await flowValidate.update(valid)).valid, true);
    const created = await flows.create(valid);
    isSid("FW", created.sid);
    assert.deepEqual(created.warnings, []);
    await flows(created.sid).update({ status: "draft", commitMessage: "later" });
    // The SDK wants to know a revision's number before it has read one, so it can read no list of them.
    await assert.rejects(flows(created.sid).revisions.list(), TypeError);
    const listed = await fetch(`${base}/studio/v2/Flows/${created.sid}/Revisions`, {
      headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
    });
    assert.deepEqual((await listed.json()).revisions.map((one) => one.revision), [2, 1]);
    const live = await flows(created.sid).revisions("LatestPublished").fetch();
    assert.deepEqual([live.revision, live.status], [1, "published"]);
    assert.ok((await flows.list({ limit: 50 })).some((one) => one.sid === created.sid));
    return flows(created.sid).fetch();
  });

  await step("who tries it is kept", async () => {
    const kept = await flows(flow.sid).testUsers().update({ testUsers: ["+15552000199"] });
    assert.deepEqual(kept.testUsers, ["+15552000199"]);
    assert.deepEqual((await flows(flow.sid).testUsers().fetch()).testUsers, kept.testUsers);
  });

  await step("a customer is asked, answers, and an agent knows what was said", async () => {
    await openAddress(customer.to, { enabled: true, type: "studio", studioFlowSid: flow.sid });
    await customer.writes("Is anybody there?");
    const conversation = await customer.conversation();
    const { messages } = client.conversations.v1.conversations(conversation.sid);
    await eventually(async () => assert.equal((await messages.list()).length, 2));
    await customer.writes("2");
    const reservation = await agent.rings();
    const attributes = JSON.parse((await centre.task(reservation.taskSid)).attributes);
    assert.deepEqual([attributes.said, attributes.topic], ["2", "technical"]);
    const execution = only(await flows(flow.sid).executions.list());
    assert.deepEqual([execution.status, execution.flowVersion], ["ended", 1]);
  });

  await step("an execution is begun by a program, looked into, ended and removed", async () => {
    const { executions } = flows(flow.sid);
    const begun = await executions.create({ to: "+15552000122", from: customer.to, parameters: { name: "Ann" } });
    isSid("FN", begun.sid);
    isRecent(begun.dateCreated);
    hasLinks(begun, "steps", "execution_context");
    const one = executions(begun.sid);
    const context = await eventually(async () => {
      const { context } = await one.executionContext().fetch();
      assert.equal(context.widgets.ask.outbound.Body, "Hello Ann: 1 English, 2 French?");
      return context;
    });
    assert.equal(context.contact.channel.address, "+15552000122");
    const taken = only(await one.steps.list());
    const shown = await one.steps(taken.sid).fetch();
    assert.deepEqual([shown.name, shown.transitionedFrom, shown.transitionedTo], ["incomingRequest", "Trigger", "ask"]);
    assert.ok((await one.steps(taken.sid).stepContext().fetch()).context.widgets);
    assert.equal((await executions(begun.sid).fetch()).status, "active");
    assert.equal((await executions(begun.sid).update({ status: "ended" })).status, "ended");
    assert.equal(await executions(begun.sid).remove(), true);
    await fails(() => executions(begun.sid).fetch(), { status: 404, code: 20404 });
  });
});

story("a flow is taken away", async (step) => {
  const { flows } = client.studio.v2;
  const states = [{ name: "Trigger", type: "trigger", properties: {}, transitions: [] }];
  const empty = { description: "", states, initial_state: "Trigger", flags: { allow_concurrent_calls: true } };
  await step("once nobody names it", async () => {
    const made = await flows.create({ friendlyName: "x", status: "draft", definition: empty });
    assert.equal(await flows(made.sid).remove(), true);
  });
});
