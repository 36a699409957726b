// Who may do what: access tokens and bearer tokens as the vendor's libraries make and use them.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import twilio from "twilio";
import { accountSid, base, client, connectAs } from "./support/exchange.mjs";
import { fails, isSid, story } from "./support/story.mjs";

const { RedirectingClient } = await import(pathToFileURL(process.env.SWITCHBOARD_REDIRECT));
const { AccessToken } = twilio.jwt;

/** One request with a token, as a browser makes it. */
async function by(token, path, form, header = { authorization: `Bearer ${token}` }) {
  const body = form && new URLSearchParams(form);
  const answer = await fetch(`${base}${path}`, { method: form ? "POST" : "GET", headers: header, body });
  return { status: answer.status, body: await answer.json() };
}

story("people act by tokens that the SDK makes", async (step) => {
  const key = await client.newKeys.create({ friendlyName: "tokens" });
  const { defaultChatServiceSid: serviceSid } = await client.conversations.v1.configuration().fetch();
  const tokenFor = (identity, options = {}) => {
    const token = new AccessToken(accountSid, key.sid, key.secret, { identity, ttl: 600, ...options });
    token.addGrant(new AccessToken.ChatGrant({ serviceSid, endpointId: "browser" }));
    return token;
  };
  const conversations = "/conversations/v1/Conversations";

  await step("somebody makes a conversation, joins it and writes", async () => {
    const ann = tokenFor("ann").toJwt();
    const made = await by(ann, conversations, { FriendlyName: "ours" });
    assert.equal(made.status, 201);
    const path = `${conversations}/${made.body.sid}`;
    assert.equal((await by(ann, `${path}/Participants`, { Identity: "ann" })).status, 201);
    const said = await by(ann, `${path}/Messages`, { Body: "hello" }, { "x-twilio-token": ann });
    assert.equal(said.body.author, "ann");
    isSid("IM", said.body.sid);
    const stranger = tokenFor("stranger").toJwt();
    assert.equal((await by(stranger, path)).status, 404);
    assert.deepEqual((await by(stranger, conversations)).body.conversations, []);
    const denied = await by(stranger, `${path}/Messages`, { Body: "hello" });
    assert.deepEqual([denied.status, denied.body.code], [403, 50107]);
  });

  await step("a token counts for its time, and by one algorithm", async () => {
    const code = async (token) => (await by(token, conversations)).body.code;
    assert.equal(await code(tokenFor("ann", { ttl: 2 * 86400 }).toJwt()), 20157);
    assert.equal(await code(tokenFor("ann", { nbf: Math.floor(Date.now() / 1000) + 3600 }).toJwt()), 20105);
    assert.equal(await code(tokenFor("ann").toJwt("HS512")), 20102);
    const other = new AccessToken(accountSid, key.sid, "another secret", { identity: "ann" });
    other.addGrant(new AccessToken.ChatGrant({ serviceSid }));
    assert.equal(await code(other.toJwt()), 20107);
    assert.equal(await code(new AccessToken(accountSid, key.sid, key.secret, { identity: "ann" }).toJwt()), 20106);
  });

  await step("a worker says what they do, and no more", async () => {
    const made = await client.taskrouter.v1.workspaces.create({ friendlyName: "tokens", template: "FIFO" });
    const workspace = client.taskrouter.v1.workspaces(made.sid);
    const { sid: workerSid } = await workspace.workers.create({ friendlyName: "ann" });
    const [available] = await workspace.activities.list({ friendlyName: "Available" });
    const token = new AccessToken(accountSid, key.sid, key.secret, { identity: "ann" });
    token.addGrant(new AccessToken.TaskRouterGrant({ workspaceSid: made.sid, workerSid, role: "worker" }));
    const worker = `/taskrouter/v1/Workspaces/${made.sid}/Workers/${workerSid}`;
    const busy = await by(token.toJwt(), worker, { ActivitySid: available.sid });
    assert.equal(busy.body.available, true);
    const raised = await by(token.toJwt(), worker, { Attributes: "{}" });
    assert.deepEqual([raised.status, raised.body.code], [403, 20403]);
    await workspace.remove();
  });

  await client.keys(key.sid).remove();
});

story("the SDK asks for bearer tokens by client credentials", async (step) => {
  const key = await client.newKeys.create({ friendlyName: "credentials" });

  /** The SDK's own request for a token, pointed here: its manager always asks the vendor. */
  const manager = (clientId, clientSecret) => ({
    async fetchToken() {
      const nobody = twilio(accountSid, "none", { httpClient: new RedirectingClient(base, "path", {}) });
      nobody.setCredentialProvider(new twilio.NoAuthCredentialProvider());
      const grant = { grantType: "client_credentials", clientId, clientSecret };
      return (await nobody.oauth.v2.token.create(grant)).accessToken;
    },
  });
  const connectBy = (secret) => {
    const credentials = new twilio.ClientCredentialProviderBuilder()
      .setClientId(key.sid)
      .setClientSecret(secret)
      .setTokenManager(manager(key.sid, secret))
      .build();
    const connected = connectAs(accountSid, "none");
    connected.setCredentialProvider(credentials);
    return connected;
  };

  await step("every product takes the token", async () => {
    const bearer = connectBy(key.secret);
    assert.ok(Array.isArray(await bearer.messaging.v1.services.list({ limit: 1 })));
    assert.ok(Array.isArray(await bearer.conversations.v1.conversations.list({ limit: 1 })));
    assert.ok(Array.isArray(await bearer.taskrouter.v1.workspaces.list({ limit: 1 })));
    const created = await bearer.api.v2010.accounts(accountSid).incomingPhoneNumbers.list({ limit: 1 });
    assert.ok(Array.isArray(created));
    const keys = () => bearer.api.v2010.accounts(accountSid).keys.list({ limit: 1 });
    await fails(keys, { status: 401, code: 20003 });
  });

  await step("a wrong secret is an invalid client", async () => {
    await assert.rejects(() => connectBy("wrong").messaging.v1.services.list({ limit: 1 }), /invalid_client/);
  });

  await client.keys(key.sid).remove();
});
