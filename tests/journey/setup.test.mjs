// What an administrator sets up before the first customer writes: senders, and what happens on each address.
import assert from "node:assert/strict";
import { accountSid, authToken, base, client, connectAs } from "./support/exchange.mjs";
import { fails, hasLinks, isRecent, isSid, only, story } from "./support/story.mjs";

const NUMBER = "+18005550100";

story("a messaging service pools a number and a name", async (step) => {
  const number = await step("the account gets a phone number", async () => {
    const created = await client.incomingPhoneNumbers.create({ phoneNumber: NUMBER, friendlyName: "Front desk" });
    isSid("PN", created.sid);
    assert.equal(created.phoneNumber, NUMBER);
    assert.equal(created.friendlyName, "Front desk");
    isRecent(created.dateCreated);
    assert.equal(only(await client.incomingPhoneNumbers.list({ phoneNumber: NUMBER })).sid, created.sid);
    return created;
  });

  const service = await step("a service is created, and changed", async () => {
    const created = await client.messaging.v1.services.create({ friendlyName: "Care", stickySender: true });
    isSid("MG", created.sid);
    isRecent(created.dateCreated);
    hasLinks(created, "phone_numbers", "alpha_senders", "short_codes");
    assert.equal(created.stickySender, true);
    const updated = await client.messaging.v1.services(created.sid).update({ friendlyName: "Customer care" });
    assert.equal(updated.friendlyName, "Customer care");
    assert.equal(updated.stickySender, true);
    return client.messaging.v1.services(created.sid);
  });

  await step("the number joins its pool once", async () => {
    const { sid } = await service.fetch();
    const added = await service.phoneNumbers.create({ phoneNumberSid: number.sid });
    assert.equal(added.sid, number.sid);
    assert.equal(added.serviceSid, sid);
    assert.equal(added.phoneNumber, NUMBER);
    assert.ok(Array.isArray(added.capabilities));
    assert.equal(only(await service.phoneNumbers.list()).sid, number.sid);
    assert.equal((await service.phoneNumbers(number.sid).fetch()).countryCode, "US");
    assert.equal(await service.phoneNumbers(number.sid).remove(), true);
    await service.phoneNumbers.create({ phoneNumberSid: number.sid });
    await fails(() => service.phoneNumbers.create({ phoneNumberSid: number.sid }), { status: 409, code: 21710 });
  });

  await step("a name joins it and leaves it", async () => {
    const added = await service.alphaSenders.create({ alphaSender: "ACME" });
    isSid("AI", added.sid);
    assert.equal(added.alphaSender, "ACME");
    assert.equal(only(await service.alphaSenders.list()).sid, added.sid);
    assert.equal((await service.alphaSenders(added.sid).fetch()).alphaSender, "ACME");
    assert.equal(await service.alphaSenders(added.sid).remove(), true);
    assert.deepEqual(await service.alphaSenders.list(), []);
    await service.alphaSenders.create({ alphaSender: "ACME" });
  });

  await step("a short code, a sender on WhatsApp and letters for one country join it too", async () => {
    const { sid } = await service.fetch();
    const codes = client.api.v2010.accounts(accountSid).shortCodes;
    // The SDK has no call that enters one: there is none at the vendor.
    const entered = await fetch(`${base}/api/2010-04-01/Accounts/${accountSid}/SMS/ShortCodes.json`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
      body: new URLSearchParams({ ShortCode: "54321", CountryCode: "US" }),
    });
    assert.equal(entered.status, 201);
    const code = only(await client.shortCodes.list({ shortCode: "54321" }));
    isSid("SC", code.sid);
    assert.equal((await client.shortCodes(code.sid).update({ friendlyName: "Votes" })).friendlyName, "Votes");
    assert.equal((await codes(code.sid).fetch()).friendlyName, "Votes");
    assert.equal((await service.shortCodes.create({ shortCodeSid: code.sid })).shortCode, "54321");
    assert.equal((await service.shortCodes(code.sid).fetch()).countryCode, "US");
    assert.equal(only(await service.shortCodes.list()).sid, code.sid);

    const { channelsSenders } = client.messaging.v2;
    const profile = { name: "ACME", websites: [{ website: "https://acme.example", label: "Home" }] };
    const sender = await channelsSenders.create({ sender_id: "whatsapp:+18005550104", profile });
    isSid("XE", sender.sid);
    assert.equal(sender.senderId, "whatsapp:+18005550104");
    assert.equal((await channelsSenders(sender.sid).update({ profile: { about: "Bolts" } })).profile.about, "Bolts");
    assert.equal((await channelsSenders(sender.sid).fetch()).status, "ONLINE");
    assert.equal(only(await channelsSenders.list({ channel: "whatsapp" })).sid, sender.sid);
    assert.equal((await service.channelSenders.create({ sid: sender.sid })).sender, "whatsapp:+18005550104");
    assert.equal((await service.channelSenders(sender.sid).fetch()).senderType, "WhatsApp");
    assert.equal(only(await service.channelSenders.list()).messagingServiceSid, sid);

    const letters = await service.destinationAlphaSenders.create({ alphaSender: "ACME", isoCountryCode: "DE" });
    assert.equal((await service.destinationAlphaSenders(letters.sid).fetch()).isoCountryCode, "DE");
    assert.equal(only(await service.destinationAlphaSenders.list({ isoCountryCode: "DE" })).sid, letters.sid);
    assert.equal((await client.messaging.v1.usecases.fetch()).usecases.length, 6);

    const by = (to) => client.messages.create({ to, messagingServiceSid: sid, body: "Your parcel is here…" });
    for (const [to, from, body] of [
      ["+12125550104", "54321", "Your parcel is here..."],
      ["+4917612345678", "ACME", "Your parcel is here..."],
      ["whatsapp:+12125550104", "whatsapp:+18005550104", "Your parcel is here…"],
    ]) {
      const sent = await by(to);
      assert.deepEqual([sent.from, sent.body], [from, body]);
    }

    assert.equal(await service.destinationAlphaSenders(letters.sid).remove(), true);
    assert.equal(await service.shortCodes(code.sid).remove(), true);
    assert.equal(await service.channelSenders(sender.sid).remove(), true);
    assert.equal(await channelsSenders(sender.sid).remove(), true);
    const left = await by("+12125550104");
    assert.equal(left.from, NUMBER, "whom they were used to is gone from the pool");
  });

  await step("it becomes the default of conversations", async () => {
    const { sid } = await service.fetch();
    const configuration = await client.conversations.v1.configuration().update({ defaultMessagingServiceSid: sid });
    assert.equal(configuration.defaultMessagingServiceSid, sid);
    isSid("IS", configuration.defaultChatServiceSid);
    assert.equal((await client.conversations.v1.configuration().fetch()).defaultMessagingServiceSid, sid);
    const conversation = await client.conversations.v1.conversations.create({ friendlyName: "with defaults" });
    assert.equal(conversation.messagingServiceSid, sid);
    assert.equal(conversation.chatServiceSid, configuration.defaultChatServiceSid);
  });

  await step("an API key opens the same account", async () => {
    const key = await client.newKeys.create({ friendlyName: "integration" });
    isSid("SK", key.sid);
    assert.ok(key.secret.length >= 32);
    const byKey = connectAs(key.sid, key.secret);
    assert.equal((await byKey.incomingPhoneNumbers(number.sid).fetch()).phoneNumber, NUMBER);
    // A standard key has no part in the account and its keys; a main one has.
    const denied = { status: 401, code: 20003 };
    await fails(() => byKey.api.v2010.accounts(accountSid).fetch(), denied);
    await fails(() => byKey.newKeys.create({ friendlyName: "raised" }), denied);
    await fails(() => byKey.iam.v1.apiKey(key.sid).remove(), denied);
    const main = await client.iam.v1.newApiKey.create({ accountSid, keyType: "main" });
    const byMain = connectAs(main.sid, main.secret);
    assert.equal((await byMain.api.v2010.accounts(accountSid).fetch()).sid, accountSid);
    const policy = { allow: ["/twilio/messaging/messages/list"] };
    const restricted = await byMain.iam.v1.newApiKey.create({ accountSid, keyType: "restricted", policy });
    assert.deepEqual(restricted.policy, policy);
    const byRestricted = connectAs(restricted.sid, restricted.secret);
    assert.ok(Array.isArray(await byRestricted.messages.list()));
    await fails(() => byRestricted.incomingPhoneNumbers(number.sid).fetch(), { status: 401, code: 70051 });
    const listed = await client.iam.v1.getApiKeys.list({ accountSid });
    assert.ok([key, main, restricted].every(({ sid }) => listed.some((one) => one.sid === sid)));
    for (const { sid } of [main, restricted]) {
      await client.iam.v1.apiKey(sid).remove();
    }
    await client.keys(key.sid).remove();
    await fails(() => byKey.incomingPhoneNumbers(number.sid).fetch(), denied);
  });
});

story("an address does one of three things for those who write first", async (step) => {
  const addresses = client.conversations.v1.addressConfigurations;

  await step("it opens a conversation and leaves it at that", async () => {
    const created = await addresses.create({
      type: "sms",
      address: "+18005550101",
      friendlyName: "Plain",
      "autoCreation.enabled": true,
      "autoCreation.type": "default",
    });
    isSid("IG", created.sid);
    isRecent(created.dateCreated);
    assert.equal(created.type, "sms");
    assert.equal(created.autoCreation.enabled, true);
    assert.equal(created.autoCreation.type, "default");
    assert.match(created.url, new RegExp(`^${base}/.*/Configuration/Addresses/${created.sid}$`));
  });

  await step("it calls a webhook", async () => {
    const created = await addresses.create({
      type: "sms",
      address: "+18005550102",
      "autoCreation.enabled": true,
      "autoCreation.type": "webhook",
      "autoCreation.webhookUrl": "https://hooks.example.com/conversations",
      "autoCreation.webhookMethod": "POST",
      "autoCreation.webhookFilters": ["onMessageAdded", "onParticipantAdded"],
    });
    assert.equal(created.autoCreation.type, "webhook");
    assert.equal(created.autoCreation.webhook_url, "https://hooks.example.com/conversations");
    assert.equal(created.autoCreation.webhook_method.toUpperCase(), "POST");
    assert.deepEqual(created.autoCreation.webhook_filters, ["onMessageAdded", "onParticipantAdded"]);
  });

  await step("it starts a flow", async () => {
    const flow = await client.studio.v2.flows.create({
      friendlyName: "Does nothing yet",
      status: "published",
      definition: {
        description: "A trigger that leads nowhere",
        states: [{ name: "Trigger", type: "trigger", transitions: [], properties: {} }],
        initial_state: "Trigger",
      },
    });
    isSid("FW", flow.sid);
    const created = await addresses.create({
      type: "sms",
      address: "+18005550103",
      "autoCreation.enabled": true,
      "autoCreation.type": "studio",
      "autoCreation.studioFlowSid": flow.sid,
      "autoCreation.studioRetryCount": 3,
    });
    assert.equal(created.autoCreation.type, "studio");
    assert.equal(created.autoCreation.studio_flow_sid, flow.sid);
    assert.equal(created.autoCreation.studio_retry_count, 3);
  });

  await step("it is found by its identifier and by the address, and changed", async () => {
    const byAddress = await addresses("+18005550101").fetch();
    const bySid = await addresses(byAddress.sid).fetch();
    assert.deepEqual(bySid.toJSON(), byAddress.toJSON());
    const updated = await addresses(bySid.sid).update({ "autoCreation.enabled": false, friendlyName: "Off" });
    assert.equal(updated.autoCreation.enabled, false);
    assert.equal(updated.friendlyName, "Off");
    const texts = (await addresses.list({ type: "sms" })).map((one) => one.address);
    for (const last of [1, 2, 3]) assert.ok(texts.includes(`+1800555010${last}`), texts.join());
  });

  await step("it is configured once, and gone when it is removed", async () => {
    const again = { type: "sms", address: "+18005550101" };
    await fails(() => addresses.create(again), { status: 409, code: 20409 });
    await fails(() => addresses.create({ ...again, address: "+18005550104", "autoCreation.type": "webhook" }), {
      status: 400,
      code: 45764,
    });
    assert.equal(await addresses("+18005550101").remove(), true);
    await fails(() => addresses("+18005550101").fetch(), { status: 404, code: 20404 });
  });
});
