// Long lists: the SDK follows the links of each page, in both directions.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { client } from "./support/exchange.mjs";
import { fails, story } from "./support/story.mjs";

const COUNT = 45;

story("activities are listed over three pages", async (step) => {
  const { sid } = await client.taskrouter.v1.workspaces.create({ friendlyName: "Long lists" });
  const { activities } = client.taskrouter.v1.workspaces(sid);
  const names = Array.from({ length: COUNT }, (_, number) => `Activity ${String(number).padStart(2, "0")}`);
  for (const friendlyName of names) await activities.create({ friendlyName, available: false });
  const ours = (all) => all.map((one) => one.friendlyName).filter((name) => names.includes(name));

  await step("list takes them all, or as many as wanted", async () => {
    assert.deepEqual(ours(await activities.list({ pageSize: 20 })).sort(), names);
    assert.equal((await activities.list({ pageSize: 20, limit: 27 })).length, 27);
    assert.equal((await activities.list({ limit: 5000 })).length, COUNT + 4);
  });

  await step("each hands them on one by one, and stops when told", async () => {
    const seen = [];
    await new Promise((resolve, reject) => {
      activities.each({ pageSize: 20, done: (error) => (error ? reject(error) : resolve()) }, (one) => seen.push(one.sid));
    });
    assert.equal(new Set(seen).size, COUNT + 4);
    assert.equal(seen.length, COUNT + 4);
  });

  await step("pages lead forward and back", async () => {
    const first = await activities.page({ pageSize: 20 });
    const second = await first.nextPage();
    const third = await second.nextPage();
    assert.deepEqual([first, second, third].map((page) => page.instances.length), [20, 20, 9]);
    assert.equal(third.nextPageUrl, undefined);
    assert.equal(first.previousPageUrl, undefined);
    const back = await third.previousPage();
    assert.deepEqual(back.instances.map((one) => one.sid), second.instances.map((one) => one.sid));
    const again = await activities.getPage(second.previousPageUrl);
    assert.deepEqual(again.instances.map((one) => one.sid), first.instances.map((one) => one.sid));
  });

  await step("a page by its number alone is refused", async () => {
    await fails(() => activities.page({ pageNumber: 2 }), { status: 400, code: 40153 });
  });
});

story("messages of a conversation, and conversations of somebody, are listed over many pages", async (step) => {
  const { conversations } = client.conversations.v1;
  const identity = `reader-${randomBytes(4).toString("hex")}`;

  const conversation = await step("a long conversation", async () => {
    const { sid } = await conversations.create({});
    for (let number = 0; number < COUNT; number += 1) {
      await conversations(sid).messages.create({ author: identity, body: `line ${number}` });
    }
    return conversations(sid);
  });

  await step("is read from either end", async () => {
    const forward = await conversation.messages.list({ pageSize: 20 });
    assert.deepEqual(forward.map((one) => one.index), Array.from({ length: COUNT }, (_, index) => index));
    assert.equal(forward[7].body, "line 7");
    const backward = await conversation.messages.list({ order: "desc", pageSize: 20 });
    assert.deepEqual(backward.map((one) => one.sid), forward.map((one) => one.sid).reverse());
  });

  await step("somebody's conversations", async () => {
    const made = new Set();
    for (let number = 0; number < 23; number += 1) {
      const { sid } = await conversations.create({});
      await conversations(sid).participants.create({ identity });
      made.add(sid);
    }
    const found = await client.conversations.v1.participantConversations.list({ identity, pageSize: 10 });
    assert.deepEqual(new Set(found.map((one) => one.conversationSid)), made);
    assert.equal(found.length, made.size);
    assert.equal(found[0].participantIdentity, identity);
  });
});

story("the 2010 API pages in its own way", async (step) => {
  const name = `paged ${randomBytes(4).toString("hex")}`;
  await step("by links relative to the host", async () => {
    for (let number = 10; number < 35; number += 1) {
      await client.incomingPhoneNumbers.create({ phoneNumber: `+180055507${number}`, friendlyName: name });
    }
    const page = await client.incomingPhoneNumbers.page({ friendlyName: name, pageSize: 10 });
    assert.equal(page.instances.length, 10);
    assert.equal((await page.nextPage()).instances.length, 10);
    assert.equal((await client.incomingPhoneNumbers.list({ friendlyName: name, pageSize: 10 })).length, 25);
  });
});
