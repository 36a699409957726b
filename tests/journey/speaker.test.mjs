// A bot and an agent who speak one at a time: unmodified methods of the SDK name the token in the message's attributes.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { fails, story } from "./support/story.mjs";

/** A request that the SDK has no method for, as its own methods make one. */
async function asks(method, uri, data) {
  const answer = await client.request({ method, uri, data });
  return { status: answer.statusCode, body: typeof answer.body === "string" ? JSON.parse(answer.body) : answer.body };
}

story("one speaks at a time", async (step) => {
  const { conversations } = client.conversations.v1;
  const conversation = await conversations.create({ friendlyName: "One speaker" });
  const { messages } = conversations(conversation.sid);
  const speaker = `${conversation.url}/Speaker`;
  const saying = (token) => ({ author: "bot", body: "hi", attributes: JSON.stringify({ speaker_token: token }) });

  await step("anybody writes until somebody takes the token", async () => {
    await messages.create({ body: "anybody" });
    const taken = await asks("post", speaker, { Holder: "bot", Ttl: 60 });
    assert.equal(taken.status, 200);
    assert.equal(taken.body.token, 1);
    await fails(messages.create({ body: "anybody" }), { status: 412, code: 20412 });
  });

  await step("the holder writes, in the attributes or in a parameter", async () => {
    const written = await messages.create(saying(1));
    assert.equal(JSON.parse(written.attributes).speaker_token, 1);
    const raw = await asks("post", `${conversation.url}/Messages`, { Body: "raw", SpeakerToken: 1 });
    assert.equal(raw.status, 201);
  });

  await step("after a handover the old number is refused, and the new one is not", async () => {
    const handed = await asks("post", speaker, { Holder: "ann", Token: 1 });
    assert.equal(handed.body.token, 2);
    await fails(messages.create(saying(1)), { status: 412, code: 20412 });
    await messages.create(saying(2));
    assert.equal((await messages.list()).length, 4);
  });
});
