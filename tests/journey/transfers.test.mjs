// Conversations that go from one agent to another, who hears of it, and who is written to first.
import assert from "node:assert/strict";
import { accountSid, client } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { ContactCentre, Customer, openAddress } from "./support/people.mjs";
import { eventually, fails, isRecent, isSid, only, story } from "./support/story.mjs";

const BUSINESS = "+18005550172";
const { flexApi } = client;
const instance = `GO${accountSid.slice(2)}`;

const identities = async (conversation) => {
  const all = await client.conversations.v1.conversations(conversation.sid).participants.list();
  return all.map((one) => one.identity).filter(Boolean);
};

story("a conversation goes from one agent to another, and is closed by the last", async (step) => {
  const centre = await ContactCentre.open("Transfers");
  const tina = await centre.hires("tess", ["technical"]);
  const theo = await centre.hires("theodor", ["technical"]);
  const customer = new Customer("+15551000110", BUSINESS);
  await openAddress(BUSINESS, { enabled: true, type: "default" });
  await customer.writes("My router blinks red");
  const conversation = await customer.conversation();

  const created = await step("an interaction finds the first agent", async () => {
    const interaction = await flexApi.v1.interaction.create({
      channel: { type: "sms", initiated_by: "customer", properties: { media_channel_sid: conversation.sid } },
      routing: centre.routing({ topic: "technical" }, { queue_sid: centre.technical.sid, worker_sid: tina.sid }),
    });
    await tina.accepts();
    await eventually(async () => assert.deepEqual(await identities(conversation), ["tess"]));
    return interaction;
  });
  const interaction = flexApi.v1.interaction(created.sid);
  const channel = interaction.channels(created.channel.sid);
  const first = created.routing.properties.sid;

  await step("what there is of it is read", async () => {
    assert.equal((await flexApi.v1.interaction(created.sid).fetch()).sid, created.sid);
    assert.equal(only(await interaction.channels.list()).sid, created.channel.sid);
    assert.equal((await interaction.channels(created.channel.sid).fetch()).status, "active");
    assert.equal((await channel.invites.list()).length, 1);
    assert.equal((await channel.participants.list()).length, 2);
  });

  await step("she hands it on, nobody wants it, and she has it back", async () => {
    const transfer = await channel.transfers.create({ type: "cold", to: theo.sid });
    isSid("UX", transfer.sid);
    isRecent(transfer.dateCreated);
    assert.deepEqual([transfer.type, transfer.status, transfer.to], ["cold", "active", theo.sid]);
    assert.deepEqual(await identities(conversation), []);
    const offer = await theo.rings();
    await theo.api.reservations(offer.sid).update({ reservationStatus: "rejected" });
    await eventually(async () => {
      assert.equal((await channel.transfers(transfer.sid).fetch()).status, "failed");
    });
    assert.deepEqual(await identities(conversation), ["tess"]);
    assert.equal((await centre.task(first)).assignmentStatus, "assigned");
  });

  await step("she takes back what she hands on", async () => {
    const transfer = await channel.transfers.create({ type: "warm", to: centre.technical.sid });
    assert.deepEqual(await identities(conversation), ["tess"]);
    const failed = await channel.transfers(transfer.sid).update({ status: "failed" });
    assert.equal(failed.status, "failed");
    await fails(() => channel.transfers.create({ to: tina.sid }), { status: 400, code: 45313 });
  });

  await step("the next one is taken: she is out, her capacity is back, and the thread goes on", async () => {
    const transfer = await channel.transfers.create({ type: "cold", to: theo.sid, attributes: { urgent: true } });
    await theo.accepts();
    await eventually(async () => assert.deepEqual(await identities(conversation), ["theodor"]));
    assert.equal((await channel.transfers(transfer.sid).fetch()).status, "completed");
    await centre.taskBecomes(first, "completed");
    await eventually(async () => assert.equal((await tina.channel()).availableCapacityPercentage, 100));
    assert.equal((await client.conversations.v1.conversations(conversation.sid).fetch()).state, "active");
    const invites = await channel.invites.list();
    const attributes = JSON.parse(invites.at(-1).routing.properties.attributes);
    assert.deepEqual([attributes.topic, attributes.urgent], ["technical", true]);
  });

  await step("a colleague is invited beside him, and a supervisor listens", async () => {
    const routing = centre.routing({ topic: "technical" }, { queue_sid: centre.technical.sid, worker_sid: tina.sid });
    await channel.invites.create({ routing });
    await tina.accepts();
    await eventually(async () => assert.deepEqual(await identities(conversation), ["theodor", "tess"]));
    const listens = { type: "supervisor", mediaProperties: { identity: "sue", mode: "listen" } };
    const supervisor = await channel.participants.create(listens);
    assert.equal(supervisor.type, "supervisor");
    const posts = client.conversations.v1.conversations(conversation.sid).messages;
    await fails(() => posts.create({ author: "sue", body: "I was never here" }), { status: 403, code: 50107 });
    const seats = (await channel.participants.list()).filter((one) => one.type === "agent");
    const seat = seats.find((one) => one.routingProperties.worker_sid === tina.sid);
    await channel.participants(seat.sid).update({ status: "closed" });
    await eventually(async () => assert.deepEqual(await identities(conversation), ["theodor", "sue"]));
  });

  await step("closing the channel ends everything, and the events tell all of it", async () => {
    await interaction.channels(created.channel.sid).update({ status: "closed", routing: { status: "closed" } });
    await eventually(async () => assert.equal((await theo.channel()).availableCapacityPercentage, 100));
    const thread = await client.conversations.v1.conversations(conversation.sid).fetch();
    assert.equal(thread.state, "closed");
    await eventually(async () => {
      const events = await centre.api.events.list({ taskSid: first });
      const types = events.map((one) => one.eventType);
      for (const type of ["task.created", "reservation.accepted", "task.completed"]) assert.ok(types.includes(type), type);
    });
  });
});

story("who is written to first gets the message with the conversation, and endpoints hear of it", async (step) => {
  const endpoint = await listen();
  const centre = await ContactCentre.open("Outbound");
  const ada = await centre.hires("ada", ["billing"]);
  const path = `/v1/Instances/${instance}/InteractionWebhooks`;
  const uri = `https://flex-api.twilio.com${path}`;
  const data = { Type: "interaction", WebhookUrl: `${endpoint.origin}/interactions`, WebhookEvents: "onInteractionCreated" };

  const webhookTtid = await step("a webhook for one interaction has a name", async () => {
    const answer = await client.request({ method: "post", uri, data });
    assert.equal(answer.statusCode, 201);
    return answer.body.ttid;
  });

  await step("an agent writes first", async () => {
    const participants = [{ address: "+15551000111", proxy_address: BUSINESS }];
    const created = await flexApi.v1.interaction.create({
      channel: { type: "sms", initiated_by: "agent", participants, message: { body: "Your parcel is here", author: "ada" } },
      routing: centre.routing({}, { queue_sid: centre.billing.sid, worker_sid: ada.sid }),
      webhookTtid,
    });
    await ada.accepts();
    const sid = `CH${created.sid.slice(2)}`;
    const message = only(await client.conversations.v1.conversations(sid).messages.list());
    assert.deepEqual([message.author, message.body], ["ada", "Your parcel is here"]);
    await eventually(async () => {
      const calls = endpoint.calls.filter((call) => call.form.InteractionSid === created.sid);
      assert.equal(only(calls).form.EventType, "onInteractionCreated");
    });
    const changed = await flexApi.v1.interaction(created.sid).update({ webhookTtid });
    assert.equal(changed.webhookTtid, webhookTtid);
    const channel = flexApi.v1.interaction(created.sid).channels(created.channel.sid);
    await channel.update({ status: "closed", routing: { status: "closed" } });
  });

  await step("the desktop's configuration is kept, and its people are the workers", async () => {
    const set = await flexApi.v1.configuration().update({ ui_language: "en", taskrouter_workspace_sid: centre.sid });
    assert.equal(set.uiLanguage, "en");
    const shown = await flexApi.v1.configuration().fetch();
    assert.deepEqual([shown.accountSid, shown.flexInstanceSid], [accountSid, instance]);
    const user = flexApi.v2.flexUser(instance, `FU${ada.sid.slice(2)}`);
    assert.equal((await user.update({ locale: "en-US" })).locale, "en-US");
    assert.equal((await user.fetch()).username, "ada");
  });
  endpoint.close();
});
