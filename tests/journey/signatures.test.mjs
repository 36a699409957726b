// What is sent to an endpoint is accepted by the verifiers that people have, unmodified: the vendor's, by the older and the
// newer algorithm, and that of Standard Webhooks, also while a secret is replaced.
import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import older from "twilio";
import newest from "twilio-newest";
import { accountSid, authToken, base, client } from "./support/exchange.mjs";
import { listen } from "./support/listener.mjs";
import { eventually, isSid, only, story } from "./support/story.mjs";

const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;

/** Our own resources, which no SDK has. */
async function api(method, path, form) {
  const response = await fetch(`${base}/webhooks/v1${path}`, {
    method,
    headers: { authorization },
    body: form && new URLSearchParams(form),
  });
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
}

/** Has a service ask that URL before it creates a conversation, and gives back what it was asked. */
async function asked(server, url, said) {
  const { services } = client.conversations.v1;
  const service = await services.create({ friendlyName: said });
  await services(service.sid).configuration.webhooks().update({
    preWebhookUrl: url,
    filters: ["onConversationAdd"],
    method: "POST",
  });
  const before = server.calls.length;
  await services(service.sid).conversations.create({ friendlyName: said, xTwilioWebhookEnabled: "true" });
  return only(server.calls.slice(before));
}

/** Creates a conversation whose webhook is that URL, has something said in it, and gives back the call. */
async function told(server, url, said) {
  const { conversations } = client.conversations.v1;
  const conversation = await conversations.create({ friendlyName: "Signatures" });
  await conversations(conversation.sid).webhooks.create({
    target: "webhook",
    "configuration.url": url,
    "configuration.method": "POST",
    "configuration.filters": ["onMessageAdded"],
  });
  await conversations(conversation.sid).messages.create({ body: said, xTwilioWebhookEnabled: "true" });
  const call = await eventually(() => only(server.calls.filter((one) => one.body.includes(conversation.sid))));
  return { call, conversation };
}

story("an endpoint says how it wants to be signed for, and every verifier accepts it", async (step) => {
  const server = await listen();
  try {
    await step("without a word it is signed for with the account's token", async () => {
      const url = `${server.origin}/plain?tenant=1`;
      const { call } = await told(server, url, "Grüße");
      const signature = call.headers["x-twilio-signature"];
      for (const sdk of [older, newest]) assert.ok(sdk.validateRequest(authToken, signature, call.url, call.form));
      assert.equal(call.headers["x-twilio-webhooks-signature-settings"], undefined);
      assert.equal(call.headers["webhook-signature"], undefined);
      assert.match(call.headers["x-switchboard-sequence"], /^\d+$/);
      const before = await asked(server, `${server.origin}/plain/beforehand?tenant=1`, "Grüße zuvor");
      assert.equal(before.form.EventType, "onConversationAdd");
      const earlier = before.headers["x-twilio-signature"];
      for (const sdk of [older, newest]) {
        assert.ok(sdk.validateRequest(authToken, earlier, before.url, before.form));
        assert.ok(!sdk.validateRequest(authToken, earlier, before.url, { ...before.form, FriendlyName: "other" }));
      }
    });

    await step("with a shared key the newer algorithm is named, and the form is signed with it", async () => {
      const url = `${server.origin}/shared`;
      const { status, body } = await api("POST", "/Endpoints", { Url: url, SignatureAlgorithm: "HMAC_SHA256" });
      assert.equal(status, 201);
      isSid("WE", body.sid);
      const { call } = await told(server, `${url}?tenant=2`, "by key");
      const settings = call.headers["x-twilio-webhooks-signature-settings"];
      assert.equal(settings, `key=${body.shared_key.key},algorithm=HMAC_SHA256`);
      const { secret } = body.shared_key;
      const valid = (form) =>
        newest.validateRequest(secret, call.headers["x-twilio-signature"], call.url, form, "HMAC_SHA256");
      assert.ok(valid(call.form));
      assert.ok(!valid({ ...call.form, Body: "something else" }));
      assert.ok(!older.validateRequest(authToken, call.headers["x-twilio-signature"], call.url, call.form));
      const before = await asked(server, url, "By key beforehand");
      assert.equal(before.headers["x-twilio-webhooks-signature-settings"], settings);
      const earlier = before.headers["x-twilio-signature"];
      assert.ok(newest.validateRequest(secret, earlier, before.url, before.form, "HMAC_SHA256"));
    });

    await step("by Standard Webhooks the body is JSON, and the vendor's signature covers it too", async () => {
      const url = `${server.origin}/standard`;
      const made = await api("POST", "/Endpoints", { Url: url, StandardWebhooks: "true", FriendlyName: "Standard" });
      assert.match(made.body.secret, /^whsec_[A-Za-z0-9+/]{32}$/);
      const { call, conversation } = await told(server, url, "by the standard");
      const said = new Webhook(made.body.secret).verify(call.body, call.headers);
      assert.equal(said.type, "onMessageAdded");
      assert.equal(said.data.ConversationSid, conversation.sid);
      assert.equal(call.headers["webhook-id"], call.headers["i-twilio-idempotency-token"]);
      assert.throws(() => new Webhook(made.body.secret).verify(`${call.body} `, call.headers));
      const signature = call.headers["x-twilio-signature"];
      for (const sdk of [older, newest]) {
        assert.ok(sdk.validateRequestWithBody(authToken, signature, call.url, call.body));
        assert.ok(!sdk.validateRequestWithBody(authToken, signature, call.url, `${call.body} `));
      }
      const before = await asked(server, url, "By the standard beforehand");
      const question = new Webhook(made.body.secret).verify(before.body, before.headers);
      assert.equal(question.type, "onConversationAdd");
      assert.equal(question.data.FriendlyName, "By the standard beforehand");
      const earlier = before.headers["x-twilio-signature"];
      for (const sdk of [older, newest]) {
        assert.ok(sdk.validateRequestWithBody(authToken, earlier, before.url, before.body));
      }

      const shown = await api("GET", `/Endpoints/${made.body.sid}`);
      assert.ok(!JSON.stringify(shown.body).includes(made.body.secret.slice(6)), "a secret is never read back");
      const rotated = await api("POST", `/Endpoints/${made.body.sid}/RotateSecret`, { OverlapSeconds: "600" });
      assert.notEqual(rotated.body.secret, made.body.secret);
      const { call: later } = await told(server, url, "by two secrets");
      for (const secret of [made.body.secret, rotated.body.secret]) {
        assert.equal(new Webhook(secret).verify(later.body, later.headers).type, "onMessageAdded");
      }
      await api("POST", `/Endpoints/${made.body.sid}/RotateSecret`, { OverlapSeconds: "0" });
      const { call: last } = await told(server, url, "by one again");
      assert.throws(() => new Webhook(made.body.secret).verify(last.body, last.headers));
    });

    await step("an endpoint is tried, and its log says what it answered", async () => {
      const listed = await api("GET", "/Endpoints?PageSize=50");
      const endpoint = only(listed.body.endpoints.filter((one) => one.friendly_name === "Standard"));
      const tried = await api("POST", `/Endpoints/${endpoint.sid}/Test`);
      assert.equal(tried.status, 202);
      isSid("DL", tried.body.sid);
      const seen = await eventually(async () => {
        const { body } = await api("GET", `/Deliveries/${tried.body.sid}`);
        assert.equal(body.status, "delivered");
        return body;
      });
      assert.equal(only(seen.attempts).response_status, 204);
      const { body } = await api("GET", `/Deliveries?Endpoint=${endpoint.sid}&Status=delivered`);
      assert.ok(body.deliveries.length >= 4);
      assert.equal(body.deliveries[0].sid, tried.body.sid, "the latest comes first");
    });
  } finally {
    server.close();
  }
});
