// Templates: made, approved, sent and removed by unmodified methods of the SDK.
import assert from "node:assert/strict";
import { client } from "./support/exchange.mjs";
import { Customer, openAddress } from "./support/people.mjs";
import { fails, story } from "./support/story.mjs";

const OURS = "+14155550331";
const ANN = "+14155550332";

story("a template is sent as each product sends it", async (step) => {
  const { contents, contentAndApprovals } = client.content.v1;
  let template;

  await step("it is made, read and listed", async () => {
    template = await contents.create({
      friendly_name: "Parcel",
      language: "en",
      variables: { 1: "you" },
      types: {
        "twilio/text": { body: "Hello {{1}}, your parcel comes at {{2}}." },
        "twilio/quick-reply": { body: "Is {{2}} right?", actions: [{ type: "QUICK_REPLY", title: "Yes", id: "y" }] },
      },
    });
    const read = await contents(template.sid).fetch();
    assert.deepEqual([read.friendlyName, read.language, read.variables], ["Parcel", "en", { 1: "you" }]);
    assert.deepEqual(read.types, template.types);
    assert.ok(read.dateCreated instanceof Date && !Number.isNaN(read.dateCreated.getTime()));
    const listed = await contents.list();
    assert.ok(listed.some((one) => one.sid === template.sid));
    const found = await client.content.v2.contents.list({ contentName: "parcel", contentType: ["twilio/quick-reply"] });
    assert.ok(found.some((one) => one.sid === template.sid));
  });

  await step("its approval is asked for, and known", async () => {
    const none = await contents(template.sid).approvalFetch().fetch();
    assert.equal(none.whatsapp.status, "unsubmitted");
    const asked = await contents(template.sid).approvalCreate.create({ name: "parcel_comes", category: "UTILITY" });
    assert.deepEqual([asked.name, asked.category, asked.status], ["parcel_comes", "UTILITY", "received"]);
    const both = await contentAndApprovals.list();
    assert.equal(both.find((one) => one.sid === template.sid).approvalRequests.name, "parcel_comes");
  });

  await step("a message is made of it, in a conversation and outside", async () => {
    await openAddress(OURS, { enabled: true, type: "default" });
    const made = { contentSid: template.sid, contentVariables: JSON.stringify({ 2: "noon" }) };
    const outside = await client.messages.create({ to: ANN, from: OURS, ...made });
    assert.equal(outside.body, "Hello you, your parcel comes at noon.");
    const ann = new Customer(ANN, OURS);
    await ann.writes("when?");
    const { sid } = await ann.conversation();
    const { messages } = client.conversations.v1.conversations(sid);
    const inside = await messages.create({ author: "agent", ...made });
    assert.deepEqual([inside.body, inside.contentSid], [outside.body, template.sid]);
    await fails(() => messages.create({ contentSid: template.sid }), { status: 400, code: 50527 });
  });

  await step("it is removed", async () => {
    assert.equal(await contents(template.sid).remove(), true);
    await fails(() => contents(template.sid).fetch(), { status: 404, code: 20404 });
    const made = { to: ANN, from: OURS, contentSid: template.sid };
    await fails(() => client.messages.create(made), { status: 400, code: 21655 });
  });
});
