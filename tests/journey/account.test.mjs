// What the account itself has: its name, numbers, keys and codes, its messages one by one, and what browsers find each other by.
import assert from "node:assert/strict";
import { accountSid, authToken, base, client } from "./support/exchange.mjs";
import { keep } from "./support/files.mjs";
import { Customer } from "./support/people.mjs";
import { eventually, fails, isRecent, isSid, only, story } from "./support/story.mjs";

const NUMBER = "+18005550381";
const CODE = "65432";
const PHOTO = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(" a shop window")]);
const GONE = { status: 404, code: 20404 };

story("an account is named, and its numbers, keys and codes are managed", async (step) => {
  await step("the account gets a name", async () => {
    const before = await client.api.v2010.accounts(accountSid).fetch();
    assert.deepEqual([before.sid, before.status], [accountSid, "active"]);
    const named = await client.api.v2010.accounts(accountSid).update({ friendlyName: "ACME" });
    assert.equal(named.friendlyName, "ACME");
    isRecent(named.dateUpdated);
  });

  await step("a number is entered, changed and removed", async () => {
    const { sid } = await client.incomingPhoneNumbers.create({ phoneNumber: NUMBER });
    assert.equal((await client.incomingPhoneNumbers(sid).fetch()).phoneNumber, NUMBER);
    const changed = await client.incomingPhoneNumbers(sid).update({ friendlyName: "Hotline" });
    assert.equal(changed.friendlyName, "Hotline");
    assert.equal(only(await client.incomingPhoneNumbers.list({ phoneNumber: NUMBER })).sid, sid);
    assert.equal(await client.incomingPhoneNumbers(sid).remove(), true);
    await fails(() => client.incomingPhoneNumbers(sid).fetch(), GONE);
  });

  await step("a key is made, named and taken away", async () => {
    const { sid } = await client.newKeys.create({ friendlyName: "nightly" });
    assert.equal((await client.keys(sid).fetch()).friendlyName, "nightly");
    assert.equal((await client.keys(sid).update({ friendlyName: "daily" })).friendlyName, "daily");
    assert.ok((await client.keys.list()).some((key) => key.sid === sid));
    assert.equal(await client.keys(sid).remove(), true);
    await fails(() => client.keys(sid).fetch(), GONE);
  });

  await step("a short code is shown and changed", async () => {
    // The SDK has no call that enters one: there is none at the vendor.
    const entered = await fetch(`${base}/api/2010-04-01/Accounts/${accountSid}/SMS/ShortCodes.json`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
      body: new URLSearchParams({ ShortCode: CODE, CountryCode: "US" }),
    });
    assert.equal(entered.status, 201);
    const { sid } = only(await client.shortCodes.list({ shortCode: CODE }));
    assert.equal((await client.shortCodes(sid).update({ friendlyName: "Polls" })).friendlyName, "Polls");
    assert.equal((await client.shortCodes(sid).fetch()).shortCode, CODE);
  });

  await step("a token is good for as long as it says, with or without servers", async () => {
    const token = await client.tokens.create({ ttl: 60 });
    assert.deepEqual([token.accountSid, token.ttl], [accountSid, "60"]);
    isRecent(token.dateCreated);
    for (const server of token.iceServers) assert.match(server.urls, /^(stun|turn)s?:/);
    assert.equal(token.password === null, token.username === null);
    await fails(() => client.tokens.create({ ttl: 86_401 }), { status: 400, code: 20001, message: /Ttl/ });
  });
});

story("a message is sent with a file, read, emptied and removed", async (step) => {
  await client.incomingPhoneNumbers.create({ phoneNumber: NUMBER });
  const store = await keep({ "/window": { contentType: "image/png", content: PHOTO } });
  const to = "+14155550381";

  const { sid } = await step("it goes out with its file", async () => {
    const sent = await client.messages.create({ to, from: NUMBER, body: "Look", mediaUrl: [`${store.origin}/window`] });
    isSid("MM", sent.sid);
    assert.equal(sent.numMedia, "1");
    assert.equal(only(await client.messages.list({ to })).sid, sent.sid);
    await eventually(async () => assert.ok(["sent", "delivered"].includes((await client.messages(sent.sid).fetch()).status)));
    return sent;
  });

  await step("its file is listed, shown and removed", async () => {
    const file = only(await client.messages(sid).media.list());
    isSid("ME", file.sid);
    assert.equal((await client.messages(sid).media(file.sid).fetch()).parentSid, sid);
    assert.equal(await client.messages(sid).media(file.sid).remove(), true);
    assert.deepEqual(await client.messages(sid).media.list(), []);
  });

  await step("its text goes, and then all of it", async () => {
    assert.equal((await client.messages(sid).update({ body: "" })).body, "");
    assert.equal(await client.messages(sid).remove(), true);
    await fails(() => client.messages(sid).fetch(), GONE);
  });

  store.close();
});

story("a customer sees that somebody types", async (step) => {
  const customer = new Customer("whatsapp:+14155550382", "whatsapp:+18005550382");
  const messageId = await customer.writes("is anybody there?");
  await eventually(() => client.messages(messageId).fetch());

  await step("by both versions, on the channel that they wrote on", async () => {
    assert.equal((await client.messaging.v2.typingIndicator.create({ channel: "whatsapp", messageId })).success, true);
    const { typingIndicator } = client.messaging.v3;
    assert.equal((await client.messaging.v3.typingIndicator.create({ channel: "WHATSAPP", messageId })).success, true);
    const apple = { channel: "APPLE", from: "apple:a", to: "apple:urn:mbid:b", event: "START" };
    await fails(() => typingIndicator.create(apple), { status: 403, code: 20403 });
  });

  await step("and not under a message that nobody wrote", async () => {
    const wrong = { channel: "whatsapp", messageId: `SM${"0".repeat(32)}` };
    await fails(() => client.messaging.v2.typingIndicator.create(wrong), { status: 400, code: 20001, message: /messageId/ });
  });
});
