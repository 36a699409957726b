// Who takes part: roles, users, and what each of them has read. In the default service, and in one that is named.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { fails, hasLinks, isRecent, isSid, only, story } from "./support/story.mjs";

const { v1 } = client.conversations;
const other = await v1.services.create({ friendlyName: "People" });

for (const [where, scope] of [["the default service", v1], ["a service that is named", v1.services(other.sid)]]) {
  story(`roles and users of ${where} are set up and read`, async (step) => {
    const guest = await step("a role is created beside those that are there, and changed", async () => {
      const names = (await scope.roles.list()).map((role) => role.friendlyName);
      for (const name of ["service admin", "service user", "channel admin", "channel user", "agent"]) {
        assert.ok(names.includes(name), name);
      }
      const created = await scope.roles.create({
        friendlyName: "guest",
        type: "conversation",
        permission: ["sendMessage", "leaveConversation"],
      });
      isSid("RL", created.sid);
      isRecent(created.dateCreated);
      assert.deepEqual([...created.permissions].sort(), ["leaveConversation", "sendMessage"]);
      const changed = await scope.roles(created.sid).update({ permission: ["sendMessage"] });
      assert.deepEqual(changed.permissions, ["sendMessage"]);
      assert.deepEqual((await scope.roles(created.sid).fetch()).permissions, ["sendMessage"]);
      await fails(() => scope.roles(created.sid).update({ permission: ["fly"] }), { status: 400, code: 50104 });
      return created;
    });

    const ann = await step("a user is created once, found by either name, and changed", async () => {
      const identity = `ann-${guest.sid}`;
      const created = await scope.users.create({ identity, friendlyName: "Ann", attributes: '{"team":1}' });
      isSid("US", created.sid);
      isRecent(created.dateCreated);
      hasLinks(created, "user_conversations");
      assert.equal(created.isOnline, null);
      assert.equal((await scope.users(identity).fetch()).sid, created.sid);
      await fails(() => scope.users.create({ identity }), { status: 409, code: 50201 });
      const admin = (await scope.roles.list()).find((role) => role.friendlyName === "service admin");
      const changed = await scope.users(created.sid).update({ roleSid: admin.sid });
      assert.equal(changed.roleSid, admin.sid);
      assert.equal(changed.friendlyName, "Ann");
      await fails(() => scope.users(created.sid).update({ roleSid: guest.sid }), { status: 400, code: 50100 });
      assert.ok((await scope.users.list()).some((user) => user.sid === created.sid));
      return created;
    });

    const conversation = await step("she takes part with a role, and reads", async () => {
      const created = await scope.conversations.create({ friendlyName: "with Ann" });
      const participants = scope.conversations(created.sid).participants;
      const participant = await participants.create({ identity: ann.identity, roleSid: guest.sid });
      assert.equal(participant.roleSid, guest.sid);
      await scope.conversations(created.sid).messages.create({ body: "one" });
      await scope.conversations(created.sid).messages.create({ body: "two" });
      const own = only(await scope.users(ann.sid).userConversations.list());
      assert.equal(own.conversationSid, created.sid);
      assert.equal(own.unreadMessagesCount, null);
      assert.equal(own.notificationLevel, "default");
      isRecent(own.dateCreated);
      assert.match(own.links.participant, new RegExp(`/Conversations/${created.sid}/Participants/${participant.sid}$`));
      const read = await scope
        .users(ann.sid)
        .userConversations(created.sid)
        .update({ lastReadMessageIndex: 0, notificationLevel: "muted" });
      assert.equal(read.unreadMessagesCount, 1);
      assert.equal(read.notificationLevel, "muted");
      const fetched = await scope.users(ann.identity).userConversations(created.sid).fetch();
      assert.equal(fetched.lastReadMessageIndex, 0);
      assert.equal((await participants(participant.sid).fetch()).lastReadMessageIndex, 0);
      return created;
    });

    await step("whoever joins for the first time is a user from then on", async () => {
      const identity = `bob-${guest.sid}`;
      await scope.conversations(conversation.sid).participants.create({ identity });
      const bob = await scope.users(identity).fetch();
      const found = only(await scope.participantConversations.list({ identity }));
      assert.equal(found.participantUserSid, bob.sid);
    });

    await step("leaving, and going", async () => {
      assert.equal(await scope.users(ann.sid).userConversations(conversation.sid).remove(), true);
      assert.deepEqual(await scope.users(ann.sid).userConversations.list(), []);
      assert.equal(await scope.users(ann.sid).remove(), true);
      await fails(() => scope.users(ann.sid).fetch(), { status: 404, code: 20404 });
      assert.equal(await scope.roles(guest.sid).remove(), true);
      await fails(() => scope.roles(guest.sid).fetch(), { status: 404, code: 20404 });
    });
  });
}

story("a service is configured, and so is who is told of everything", async (step) => {
  const service = v1.services(other.sid);

  await step("newcomers get other roles", async () => {
    const before = await service.configuration().fetch();
    isSid("RL", before.defaultConversationRoleSid);
    assert.equal(before.reachabilityEnabled, false);
    const guest = await service.roles.create({ friendlyName: "guest", type: "conversation", permission: ["sendMessage"] });
    const after = await service
      .configuration()
      .update({ defaultConversationRoleSid: guest.sid, reachabilityEnabled: true });
    assert.equal(after.defaultConversationRoleSid, guest.sid);
    assert.equal(after.defaultChatServiceRoleSid, before.defaultChatServiceRoleSid);
    assert.equal(after.reachabilityEnabled, true);
    const user = await service.users.create({ identity: "reachable" });
    assert.equal(user.isOnline, false);
  });

  for (const [whose, hooks] of [
    ["the account", v1.configuration.webhooks],
    ["the service", service.configuration.webhooks],
  ]) {
    await step(`the webhooks of ${whose} are set and taken away`, async () => {
      const set = await hooks().update({
        postWebhookUrl: "https://example.com/post",
        preWebhookUrl: "https://example.com/pre",
        method: "GET",
        filters: ["onMessageAdd", "onMessageAdded", "onUserAdded"],
      });
      assert.equal(set.postWebhookUrl, "https://example.com/post");
      assert.equal(set.method, "GET");
      assert.deepEqual((await hooks().fetch()).filters, ["onMessageAdd", "onMessageAdded", "onUserAdded"]);
      await fails(() => hooks().update({ filters: ["onSunrise"] }), { status: 400, code: 50365 });
      const none = await hooks().update({ postWebhookUrl: "", preWebhookUrl: "" });
      assert.equal(none.postWebhookUrl, null);
    });
  }
});

for (const [where, scope] of [["the default service", v1], ["a service that is named", v1.services(other.sid)]]) {
  story(`what is made in ${where} is fetched, changed and taken away`, async (step) => {
    await step("a conversation with its participants, and what is in it", async () => {
      const participant = [JSON.stringify({ identity: "carol" })];
      const created = await scope.conversationWithParticipants.create({ friendlyName: "with Carol", participant });
      const { participants, messages, webhooks } = scope.conversations(created.sid);
      const carol = only(await participants.list());
      assert.equal(carol.identity, "carol");
      const message = await messages.create({ author: "carol", body: "one" });
      assert.equal((await messages(message.sid).update({ body: "two" })).body, "two");
      assert.equal(await messages(message.sid).remove(), true);
      const target = { target: "webhook", "configuration.url": "https://example.com/a", "configuration.filters": ["onMessageAdded"] };
      const webhook = await webhooks.create(target);
      assert.equal((await webhooks(webhook.sid).fetch()).configuration.url, "https://example.com/a");
      const changed = await webhooks(webhook.sid).update({ "configuration.url": "https://example.com/b" });
      assert.equal(changed.configuration.url, "https://example.com/b");
      assert.equal(await webhooks(webhook.sid).remove(), true);
      assert.equal(await participants(carol.sid).remove(), true);
      assert.deepEqual(await participants.list(), []);
    });
  });
}

story("a service and an address are set up and taken away", async (step) => {
  await step("a service", async () => {
    const { services } = v1;
    const created = await services.create({ friendlyName: "for a while" });
    assert.equal((await services(created.sid).fetch()).friendlyName, "for a while");
    assert.ok((await services.list()).some((service) => service.sid === created.sid));
    assert.equal(await services(created.sid).remove(), true);
    await fails(() => services(created.sid).fetch(), { status: 404, code: 20404 });
  });

  await step("an address", async () => {
    const { addressConfigurations } = v1;
    const created = await addressConfigurations.create({ type: "sms", address: "+18005550139", friendlyName: "Desk" });
    isSid("IG", created.sid);
    const found = await addressConfigurations.list({ type: "sms" });
    assert.ok(found.some((address) => address.sid === created.sid));
    const changed = await addressConfigurations(created.sid).update({ friendlyName: "Hall" });
    assert.equal(changed.friendlyName, "Hall");
    assert.equal((await addressConfigurations(created.sid).fetch()).friendlyName, "Hall");
    assert.equal(await addressConfigurations(created.sid).remove(), true);
  });
});
