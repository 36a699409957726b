// A chat that the account opens by the SDK, and one that a page opens by its deployment key, as the vendor's widget does.
import assert from "node:assert/strict";
import { base, client } from "./support/exchange.mjs";
import { fails, isSid, story } from "./support/story.mjs";

const page = "https://shop.example.com";

/** A request that the SDK has no method for, as its own methods make one. */
async function asks(method, path, data) {
  const answer = await client.request({ method, uri: `https://flex-api.twilio.com${path}`, data });
  return { status: answer.statusCode, body: typeof answer.body === "string" && answer.body ? JSON.parse(answer.body) : answer.body };
}

/** What a page asks for: without a password, from its origin. */
async function posts(path, form, origin = page) {
  const response = await fetch(`${base}/flex-api/v2/Webchat/${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", origin },
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return { status: response.status, origin: response.headers.get("access-control-allow-origin"), text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
}

story("somebody chats on a page", async (step) => {
  const { conversations } = client.conversations.v1;
  const address = await step("a chat address opens conversations", () =>
    client.conversations.v1.addressConfigurations.create({ type: "chat", address: "chat:journey-webchat", "autoCreation.enabled": true }));

  await step("the account opens a chat", async () => {
    const opened = await client.flexApi.v2.webChannels.create({
      addressSid: address.sid,
      chatFriendlyName: "LoquaciousLarry",
      customerFriendlyName: "LarryDavid",
      identity: "journey-seinfeld",
      preEngagementData: JSON.stringify({ cart: 7 }),
    });
    isSid("CH", opened.conversationSid);
    assert.equal(opened.identity, "journey-seinfeld");
    const conversation = await conversations(opened.conversationSid).fetch();
    assert.equal(conversation.friendlyName, "LoquaciousLarry");
    assert.deepEqual(JSON.parse(conversation.attributes), { pre_engagement_data: { cart: 7 } });
    const [guest] = await conversations(opened.conversationSid).participants.list();
    assert.equal(guest.identity, "journey-seinfeld");
    await fails(client.flexApi.v2.webChannels.create({ addressSid: `IG${"0".repeat(32)}` }), { status: 404, code: 45765 });
  });

  const key = await step("a page gets a deployment key", async () => {
    const made = await asks("post", "/v2/DeploymentKeys", { AddressSid: address.sid, AllowedOrigins: page });
    assert.equal(made.status, 201);
    isSid("CV", made.body.sid);
    return made.body.sid;
  });

  await step("a page opens a chat, goes on with another token, and ends it", async () => {
    const elsewhere = await posts("Init", { DeploymentKey: key }, "https://elsewhere.example.com");
    assert.deepEqual([elsewhere.status, elsewhere.body.code], [403, 45711]);
    const opened = await posts("Init", { DeploymentKey: key, CustomerFriendlyName: "Larry", PreEngagementData: "{}" });
    assert.deepEqual([opened.status, opened.origin], [201, page]);
    const { token, identity, conversation_sid: sid } = opened.body;
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
    assert.equal(claims.grants.identity, identity);
    assert.ok(Date.parse(opened.body.expiration) > Date.now());
    await conversations(sid).messages.create({ author: identity, body: "hello" });
    const renewed = await posts("Tokens/Refresh", { DeploymentKey: key, Token: token });
    assert.deepEqual([renewed.status, renewed.body.identity], [200, identity]);
    const transcript = await posts("Transcript", { DeploymentKey: key, Token: renewed.body.token, Format: "text" });
    assert.match(transcript.text, /Larry: hello\n$/);
    const ended = await posts("End", { DeploymentKey: key, Token: renewed.body.token });
    assert.deepEqual([ended.status, ended.body.status], [200, "closed"]);
    assert.equal((await conversations(sid).fetch()).state, "closed");
  });

  await step("a key that is revoked opens nothing", async () => {
    assert.equal((await asks("delete", `/v2/DeploymentKeys/${key}`)).status, 204);
    assert.equal((await posts("Init", { DeploymentKey: key })).status, 403);
  });
});
