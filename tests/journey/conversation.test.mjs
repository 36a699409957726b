// One customer, two agents: from the first message to the last, and beyond.
import assert from "node:assert/strict";
import { carrierPosts, client } from "./support/exchange.mjs";
import { ContactCentre, Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, hasLinks, isRecent, isSid, only, story } from "./support/story.mjs";

const BUSINESS = "+18005550110";

story("a customer is served from the first message to the last", async (step) => {
  const { conversations } = client.conversations.v1;
  const centre = await ContactCentre.open("Journey");
  const billing = await centre.hires("bill", ["billing"]);
  const tina = await centre.hires("tina", ["technical"], { capacity: 2 });
  const theo = await centre.hires("theo", ["technical"]);
  const customer = new Customer("+14155550110", BUSINESS);
  await centre.api.workers(theo.sid).workerChannels("sms").update({ available: false });
  await openAddress(BUSINESS, { enabled: true, type: "default" });

  const conversation = await step("the first message opens a conversation with its sender", async () => {
    const carried = await customer.writes("My router blinks red");
    const opened = await customer.conversation();
    isSid("CH", opened.sid);
    isRecent(opened.dateCreated);
    assert.equal(opened.state, "active");
    hasLinks(opened, "participants", "messages", "webhooks");
    const participant = only(await conversations(opened.sid).participants.list());
    isSid("MB", participant.sid);
    assert.equal(participant.identity, null);
    assert.equal(participant.messagingBinding.type, "sms");
    assert.equal(participant.messagingBinding.address, customer.number);
    assert.equal(participant.messagingBinding.proxy_address, BUSINESS);
    const message = await eventually(async () => only(await conversations(opened.sid).messages.list()));
    isSid("IM", message.sid);
    isRecent(message.dateCreated);
    assert.equal(message.author, customer.number);
    assert.equal(message.body, "My router blinks red");
    assert.equal(message.index, 0);
    assert.equal(message.participantSid, participant.sid);
    const programmable = await client.messages(carried).fetch();
    assert.equal(programmable.direction, "inbound");
    assert.equal(programmable.to, BUSINESS);
    return opened;
  });

  await step("the next message joins it, and the same message joins it once", async () => {
    const form = customer.form("Now it is green");
    for (let time = 0; time < 3; time += 1) assert.equal((await carrierPosts(form)).status, 200);
    await customer.writes("Red again");
    const bodies = await eventually(async () => {
      const messages = await conversations(conversation.sid).messages.list();
      assert.ok(messages.some((one) => one.body === "Red again"));
      return messages.map((one) => one.body);
    });
    assert.deepEqual(bodies, ["My router blinks red", "Now it is green", "Red again"]);
    assert.equal((await customer.places()).length, 1);
  });

  await step("somebody listens to it, and stops", async () => {
    const { webhooks } = conversations(conversation.sid);
    const created = await webhooks.create({
      target: "webhook",
      "configuration.url": "https://hooks.example.com/listen",
      "configuration.method": "POST",
      "configuration.filters": ["onMessageAdded"],
    });
    isSid("WH", created.sid);
    assert.equal(created.target, "webhook");
    assert.equal(created.configuration.url, "https://hooks.example.com/listen");
    assert.deepEqual(created.configuration.filters, ["onMessageAdded"]);
    assert.equal(only(await webhooks.list()).sid, created.sid);
    assert.equal(await webhooks(created.sid).remove(), true);
    assert.deepEqual(await webhooks.list(), []);
    const told = await webhooks.create({
      target: "webhook",
      "configuration.url": "https://hooks.example.com/late",
      "configuration.filters": ["onMessageAdded"],
      "configuration.replayAfter": 1,
    });
    assert.equal(told.configuration.replay_after, 1);
    assert.equal(await webhooks(told.sid).remove(), true);
  });

  const channel = {
    type: "sms",
    initiated_by: "customer",
    properties: { media_channel_sid: conversation.sid },
  };
  const wish = { topic: "technical", customerName: "Cora", customerAddress: customer.number };

  const interaction = await step("an interaction asks for an agent, once for each conversation", async () => {
    const created = await client.flexApi.v1.interaction.create({ channel, routing: centre.routing(wish) });
    isSid("KD", created.sid);
    isSid("UO", created.channel.sid);
    assert.equal(created.channel.type, "sms");
    assert.match(created.links.channels, new RegExp(`/Interactions/${created.sid}/Channels$`));
    const snapshot = created.routing.properties;
    isSid("WT", snapshot.sid);
    assert.equal(snapshot.workspace_sid, centre.sid);
    assert.equal(snapshot.workflow_sid, centre.workflow.sid);
    assert.equal(snapshot.task_channel_unique_name, "sms");
    assert.ok(Math.abs(snapshot.date_created - Date.now() / 1000) < 600);
    const again = await client.flexApi.v1.interaction.create({ channel, routing: centre.routing(wish) });
    assert.equal(again.sid, created.sid);
    assert.equal(again.channel.sid, created.channel.sid);
    return created;
  });
  const api = client.flexApi.v1.interaction(interaction.sid).channels(interaction.channel.sid);
  const taskSid = interaction.routing.properties.sid;

  await step("its invite is a task that says where it belongs", async () => {
    const { channels } = client.flexApi.v1.interaction(interaction.sid);
    assert.equal(only(await channels.list()).status, "active");
    const invite = only(await api.invites.list());
    isSid("KG", invite.sid);
    const task = await centre.task(taskSid);
    isRecent(task.dateCreated);
    const attributes = JSON.parse(task.attributes);
    const expected = {
      flexInteractionSid: interaction.sid,
      flexInteractionChannelSid: interaction.channel.sid,
      flexChannelInviteSid: invite.sid,
      conversationSid: conversation.sid,
      channelType: "sms",
      direction: "inbound",
      initiatedBy: "customer",
      customers: { name: "Cora", phone: customer.number, email: null },
      topic: "technical",
      customerName: "Cora",
      customerAddress: customer.number,
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(attributes[name], value, name);
    const reported = attributes.conversations;
    assert.equal(reported.communication_channel, "Sms");
    assert.equal(reported.direction, "Inbound");
    assert.equal(reported.external_contact, BUSINESS);
    assert.deepEqual(reported.media, [{ conversation_sid: conversation.sid, type: "ChatTranscript", sid: conversation.sid }]);
  });

  await step("the agent with the skill is asked, nobody else", async () => {
    const reservation = await tina.rings();
    isSid("WR", reservation.sid);
    assert.equal(reservation.taskSid, taskSid);
    assert.equal(reservation.workerSid, tina.sid);
    const task = await centre.taskBecomes(taskSid, "reserved");
    assert.equal(task.taskQueueFriendlyName, "technical");
    assert.equal(task.priority, 7);
    assert.deepEqual(await billing.pending(), []);
    assert.equal((await tina.channel()).availableCapacityPercentage, 50);
  });

  const seat = await step("she accepts, and is in the channel and in the conversation", async () => {
    const accepted = await tina.accepts();
    assert.equal(accepted.reservationStatus, "accepted");
    await centre.taskBecomes(taskSid, "assigned");
    const seat = await eventually(async () => only((await api.participants.list()).filter((one) => one.type === "agent")));
    isSid("UT", seat.sid);
    assert.deepEqual(seat.routingProperties, {
      task_sid: taskSid,
      worker_sid: tina.sid,
      reservation_sid: accepted.sid,
    });
    assert.equal((await api.participants.list()).filter((one) => one.type === "customer").length, 1);
    const identities = (await conversations(conversation.sid).participants.list()).map((one) => one.identity);
    assert.deepEqual(identities, [null, "tina"]);
    const place = only(await client.conversations.v1.participantConversations.list({ identity: "tina" }));
    assert.equal(place.conversationSid, conversation.sid);
    assert.equal(place.conversationState, "active");
    isRecent(place.conversationDateCreated);
    assert.equal((await tina.channel()).assignedTasks, 1);
    return seat;
  });

  await step("her reply reaches the customer's phone, and its receipt comes back", async () => {
    const reply = await tina.writes(conversation, "Please unplug it for a minute");
    assert.equal(reply.index, 3);
    const { deliveryReceipts } = conversations(conversation.sid).messages(reply.sid);
    const receipt = await eventually(async () => {
      const one = only(await deliveryReceipts.list());
      assert.equal(one.status, "delivered");
      return one;
    });
    isSid("DY", receipt.sid);
    isRecent(receipt.dateUpdated);
    assert.equal(receipt.errorCode, 0);
    assert.equal(receipt.messageSid, reply.sid);
    assert.equal((await deliveryReceipts(receipt.sid).fetch()).channelMessageSid, receipt.channelMessageSid);
    const { delivery } = await conversations(conversation.sid).messages(reply.sid).fetch();
    assert.equal(delivery.total, 1);
    assert.deepEqual([delivery.delivered, delivery.failed, delivery.undelivered], ["all", "none", "none"]);
    const sent = await client.messages(receipt.channelMessageSid).fetch();
    assert.equal(sent.direction, "outbound-api");
    assert.equal(sent.status, "delivered");
    assert.deepEqual([sent.from, sent.to], [BUSINESS, customer.number]);
    isRecent(sent.dateSent);
  });

  await step("both directions are in the list of messages", async () => {
    const written = await client.messages.list({ from: customer.number });
    assert.deepEqual(written.map((one) => one.body), ["Red again", "Now it is green", "My router blinks red"]);
    const received = only(await client.messages.list({ to: customer.number }));
    assert.equal(received.body, "Please unplug it for a minute");
  });

  const second = await step("a colleague is invited by name, and both are seated", async () => {
    await centre.api.workers(theo.sid).workerChannels("sms").update({ available: true });
    const routing = centre.routing({ topic: "technical" }, { queue_sid: centre.technical.sid, worker_sid: theo.sid });
    const invite = await api.invites.create({ routing });
    isSid("KG", invite.sid);
    assert.equal(invite.interactionSid, interaction.sid);
    assert.equal(invite.channelSid, interaction.channel.sid);
    assert.equal(invite.routing.properties.routing_target, theo.sid);
    assert.equal((await theo.rings()).taskSid, invite.routing.properties.sid);
    assert.deepEqual(await tina.pending(), []);
    await theo.accepts();
    await eventually(async () => {
      const agents = (await api.participants.list()).filter((one) => one.type === "agent");
      assert.deepEqual(new Set(agents.map((one) => one.routingProperties.worker_sid)), new Set([tina.sid, theo.sid]));
    });
    assert.equal((await api.invites.list({ pageSize: 1 })).length, 2);
    assert.equal((await api.participants.list({ pageSize: 2 })).length, 3);
    return invite.routing.properties.sid;
  });

  await step("the first agent leaves: her task is completed, the rest goes on", async () => {
    const left = await api.participants(seat.sid).update({ status: "closed" });
    assert.equal(left.sid, seat.sid);
    await centre.taskBecomes(taskSid, "completed");
    await eventually(async () => assert.equal((await tina.channel()).availableCapacityPercentage, 100));
    const identities = (await conversations(conversation.sid).participants.list()).map((one) => one.identity);
    assert.deepEqual(identities, [null, "theo"]);
    assert.equal((await conversations(conversation.sid).fetch()).state, "active");
    assert.equal((await api.fetch()).status, "active");
    assert.equal((await centre.task(second)).assignmentStatus, "assigned");
    const reply = await theo.writes(conversation, "This is Theo. Does it still blink?");
    await eventually(async () => {
      const receipts = await conversations(conversation.sid).messages(reply.sid).deliveryReceipts.list();
      assert.equal(only(receipts).status, "delivered");
    });
  });

  await step("closing the channel completes the task, frees the agent and closes the conversation", async () => {
    assert.equal((await theo.channel()).availableCapacityPercentage, 0);
    const closed = await api.update({ status: "closed", routing: { status: "closed" } });
    assert.equal(closed.status, "closed");
    await centre.taskBecomes(second, "completed");
    await eventually(async () => {
      const capacity = await theo.channel();
      assert.deepEqual([capacity.assignedTasks, capacity.availableCapacityPercentage], [0, 100]);
    });
    await eventually(async () => assert.equal((await conversations(conversation.sid).fetch()).state, "closed"));
    await fails(() => theo.writes(conversation, "One more thing"), { status: 400, code: 50377 });
    assert.equal(only(await customer.places()).conversationState, "closed");
  });

  await step("who writes in again opens a new conversation", async () => {
    await customer.writes("It blinks again");
    const next = await customer.conversation();
    assert.notEqual(next.sid, conversation.sid);
    const participants = await conversations(next.sid).participants.list();
    assert.deepEqual(participants.map((one) => one.messagingBinding?.address), [customer.number]);
    const message = await eventually(async () => only(await conversations(next.sid).messages.list()));
    assert.equal(message.body, "It blinks again");
    assert.equal(message.index, 0);
    assert.deepEqual((await customer.places()).map((one) => one.conversationState), ["active", "closed"]);
  });
});

story("many messages at once open one conversation", async (step) => {
  const { conversations } = client.conversations.v1;
  const number = "+18005550111";
  await openAddress(number, { enabled: true, type: "default" });
  const customer = new Customer("+14155550111", number);
  await step("and none of them is lost", async () => {
    const bodies = Array.from({ length: 20 }, (_, place) => `part ${place}`);
    await Promise.all(bodies.map((body) => customer.writes(body)));
    const messages = await eventually(async () => {
      const { sid } = await customer.conversation();
      const messages = await conversations(sid).messages.list();
      assert.equal(messages.length, bodies.length);
      return messages;
    });
    assert.equal((await customer.places()).length, 1);
    assert.deepEqual(messages.map((one) => one.index), bodies.map((_, index) => index));
    assert.deepEqual(messages.map((one) => one.body).sort(), [...bodies].sort());
  });
});
