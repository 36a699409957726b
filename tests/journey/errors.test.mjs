// What goes wrong, as the SDK reports it.
import assert from "node:assert/strict";
import { accountSid, carrierPosts, client, connectAs } from "./support/exchange.mjs";
import { Customer } from "./support/people.mjs";
import { eventually, fails, isRecent, only, story } from "./support/story.mjs";

const absent = (prefix) => `${prefix}${"0".repeat(32)}`;

story("errors carry the published codes", async (step) => {
  const { conversations } = client.conversations.v1;

  await step("a wrong password", async () => {
    const wrong = { status: 401, code: 20003, message: /^Authenticate/ };
    const nobody = connectAs(accountSid, "0".repeat(32));
    await fails(() => nobody.conversations.v1.conversations.list(), wrong);
    await fails(() => nobody.taskrouter.v1.workspaces.list(), wrong);
    await fails(() => nobody.messages.list(), wrong);
    await fails(() => connectAs(absent("AC"), "0".repeat(32)).studio.v2.flows.list(), wrong);
  });

  await step("what does not exist", async () => {
    const missing = (path) => ({ status: 404, code: 20404, message: new RegExp(`^The requested resource ${path} was not found$`) });
    await fails(() => conversations(absent("CH")).fetch(), missing(`/Conversations/${absent("CH")}`));
    await fails(() => client.taskrouter.v1.workspaces(absent("WS")).workers.list(), missing(`/Workspaces/${absent("WS")}/Workers`));
    await fails(() => client.flexApi.v1.interaction(absent("KD")).fetch(), missing(`/Interactions/${absent("KD")}`));
    await fails(() => client.messages(absent("SM")).fetch(), missing(`/Accounts/${accountSid}/Messages/${absent("SM")}.json`));
    await fails(() => conversations("no-such-name").messages.list(), missing("/Conversations/no-such-name/Messages"));
  });

  await step("a parameter that is missing or wrong", async () => {
    // The SDK checks itself what is required; a program without it may forget.
    const post = (path, form) =>
      client.request({ method: "post", uri: `https://${path}`, data: form }).then(({ statusCode, body }) => {
        const { code, message } = typeof body === "string" ? JSON.parse(body) : body;
        return { statusCode, code, message };
      });
    const forgotten = await post("taskrouter.twilio.com/v1/Workspaces", {});
    assert.deepEqual([forgotten.statusCode, forgotten.code], [400, 20001]);
    assert.match(forgotten.message, /FriendlyName/);
    const { sid } = await client.taskrouter.v1.workspaces.create({ friendlyName: "Errors" });
    const workspace = client.taskrouter.v1.workspaces(sid);
    await fails(() => workspace.activities.create({ friendlyName: "x".repeat(65) }), { status: 400, code: 20001 });
    await fails(() => workspace.tasks.create({ attributes: "{" }), { status: 400, code: 20001, message: /Attributes/ });
    const worker = { friendlyName: "w", attributes: "[1" };
    await fails(() => workspace.workers.create(worker), { status: 400, code: 20001, message: /Attributes/ });
    await fails(() => workspace.workflows.create({ friendlyName: "w", configuration: "{}" }), { status: 400, code: 20001 });
  });

  await step("attributes that are no JSON", async () => {
    await fails(() => conversations.create({ attributes: "{" }), { status: 400, code: 50304 });
    const { sid } = await conversations.create({});
    await fails(() => conversations(sid).messages.create({ body: "x", attributes: "nope" }), { status: 400, code: 50304 });
    await fails(() => conversations(sid).messages.create({ author: "somebody" }), { status: 400, code: 50503 });
  });

  await step("a name that is taken", async () => {
    await conversations.create({ uniqueName: "only-one" });
    await fails(() => conversations.create({ uniqueName: "only-one" }), { status: 409, code: 50353 });
    assert.equal((await conversations("only-one").fetch()).uniqueName, "only-one");
  });

  await step("a pair of addresses that is in another conversation, which is named", async () => {
    const pair = { "messagingBinding.address": "+14155550199", "messagingBinding.proxyAddress": "+18005550199" };
    await client.incomingPhoneNumbers.create({ phoneNumber: "+18005550199" });
    const first = await conversations.create({});
    await conversations(first.sid).participants.create(pair);
    const second = await conversations.create({});
    await fails(() => conversations(second.sid).participants.create(pair), {
      status: 409,
      code: 50416,
      message: new RegExp(`already exists in Conversation ${first.sid}$`),
    });
    await conversations(first.sid).update({ state: "closed" });
    const participant = await conversations(second.sid).participants.create(pair);
    assert.equal(participant.messagingBinding.address, "+14155550199");
  });

  await step("somebody who is there already, and a conversation that is over", async () => {
    const { sid } = await conversations.create({});
    await conversations(sid).participants.create({ identity: "twice" });
    await fails(() => conversations(sid).participants.create({ identity: "twice" }), { status: 409, code: 50433 });
    await conversations(sid).update({ state: "closed" });
    await fails(() => conversations(sid).update({ state: "active" }), { status: 400, code: 50377 });
    assert.equal(await conversations(sid).remove(), true);
    await fails(() => conversations(sid).remove(), { status: 404, code: 20404 });
  });
});

story("a carrier's webhook is believed only with its signature", async (step) => {
  const customer = new Customer("+14155550198", "+18005550198");

  await step("a message to a number without configuration is kept, and answered", async () => {
    const form = customer.form("anybody there?");
    const answer = await carrierPosts(form);
    assert.equal(answer.status, 200);
    assert.match(answer.contentType, /^text\/xml/);
    assert.match(answer.body, /^(<\?xml[^>]*\?>\s*)?<Response\s*(\/>|><\/Response>)\s*$/);
    const message = await eventually(() => client.messages(form.MessageSid).fetch());
    assert.equal(message.direction, "inbound");
    assert.equal(message.status, "received");
    assert.equal(message.body, "anybody there?");
    assert.equal(message.from, customer.number);
    isRecent(message.dateCreated);
    assert.deepEqual(await customer.places(), []);
    const found = await eventually(async () => only(await client.messages.list({ from: customer.number })));
    assert.equal(found.sid, form.MessageSid);
  });

  await step("another signature, another body or another address are refused", async () => {
    const form = customer.form("let me in");
    const refused = async (how) => assert.equal((await carrierPosts(form, how)).status, 403);
    await refused({ token: "f".repeat(32) });
    await refused({ signed: { ...form, Body: "let me out" } });
    await fails(() => client.messages(form.MessageSid).fetch(), { status: 404, code: 20404 });
    assert.equal((await carrierPosts(form, { path: "/webhooks/pigeon" })).status, 404);
  });

  await step("what is signed and cannot be understood is taken, so that nothing brings it again, and opens nothing", async () => {
    const { From, ...form } = customer.form("from nowhere");
    assert.ok(From);
    assert.equal((await carrierPosts(form)).status, 200);
    await fails(() => client.messages(form.MessageSid).fetch(), { status: 404, code: 20404 });
    assert.deepEqual(await customer.places(), []);
  });
});
