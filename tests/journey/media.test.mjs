// Files as the vendor's own client for them uploads and fetches them, by an access token that the SDK makes: what an agent sends, and
// what a customer sent.
import assert from "node:assert/strict";
import { Client as FileClient } from "@twilio/mcs-client";
import twilio from "twilio";
import { accountSid, base, client } from "./support/exchange.mjs";
import { keep } from "./support/files.mjs";
import { Customer, openAddress } from "./support/people.mjs";
import { eventually, isRecent, isSid, only, story } from "./support/story.mjs";

const { AccessToken } = twilio.jwt;
const { v1 } = client.conversations;
const MAP = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(" the way to the shop")]);
const PARCEL = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(" a parcel that broke")]);

/** What is at an address that needs no password. */
async function content(url) {
  const answer = await fetch(url, { redirect: "follow" });
  return { status: answer.status, type: answer.headers.get("content-type"), bytes: Buffer.from(await answer.arrayBuffer()) };
}

/** The call is refused with that status and that published code. */
async function refused(call, status, code) {
  await assert.rejects(call, (error) => {
    assert.deepEqual([error.code, error.body?.code], [status, code], String(error));
    return true;
  });
}

story("files are uploaded, shown, fetched and removed as the vendor's client does it", async (step) => {
  const key = await client.newKeys.create({ friendlyName: "files" });
  const { defaultChatServiceSid: serviceSid } = await v1.configuration().fetch();
  const uploads = `${base}/mcs/v1/Services/${serviceSid}/Media`;
  const tokenFor = (identity, service = serviceSid) => {
    const token = new AccessToken(accountSid, key.sid, key.secret, { identity, ttl: 600 });
    token.addGrant(new AccessToken.ChatGrant({ serviceSid: service }));
    return token.toJwt();
  };
  const filesOf = (identity, service) => new FileClient(tokenFor(identity, service), uploads, null);

  const customer = new Customer("+14155550171", "+18005550171");
  await openAddress(customer.to, { enabled: true, type: "default" });
  await customer.writes("where are you?");
  const { sid } = await customer.conversation();
  const chat = v1.conversations(sid);
  await chat.participants.create({ identity: "fay" });
  const files = filesOf("fay");

  const uploaded = await step("bytes are uploaded with a type and a name", async () => {
    const file = await files.post("image/png", MAP, "media", "map.png");
    isSid("ME", file.sid);
    assert.deepEqual([file.serviceSid, file.contentType, file.size], [serviceSid, "image/png", MAP.length]);
    assert.deepEqual([file.filename, file.category], ["map.png", "media"]);
    isRecent(file.dateCreated);
    return file;
  });

  await step("a browser's form is taken as the file in it", async () => {
    const form = new FormData();
    form.append("file", new Blob([MAP], { type: "image/png" }), "drawn.png");
    const headers = { "x-twilio-token": tokenFor("fay") };
    const answer = await fetch(`${uploads}?Category=media`, { method: "POST", headers, body: form });
    const file = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(file));
    assert.deepEqual([file.filename, file.content_type, file.size], ["drawn.png", "image/png", MAP.length]);
    assert.equal(file.author, "fay");
  });

  const message = await step("a message shows it, and the customer gets it", async () => {
    const posted = await chat.messages.create({ author: "fay", body: "Here", mediaSid: uploaded.sid });
    const shown = only(posted.media);
    assert.deepEqual([shown.sid, shown.filename, shown.size], [uploaded.sid, "map.png", MAP.length]);
    await eventually(async () => {
      const receipt = only(await chat.messages(posted.sid).deliveryReceipts.list());
      assert.ok(["sent", "delivered", "read"].includes(receipt.status), receipt.status);
    });
    return posted;
  });

  await step("who takes part fetches it by a temporary address, alone or with others", async () => {
    const found = await files.get(uploaded.sid);
    const url = await found.getContentUrl();
    assert.deepEqual(await content(url), { status: 200, type: "image/png", bytes: MAP });
    const urls = await files.mediaSetGetContentUrls([uploaded.sid]);
    assert.deepEqual((await content(urls.get(uploaded.sid))).bytes, MAP);
    assert.equal((await content(`${url}0`)).status, 403, "a forged address");
  });

  await step("strangers see and send nothing", async () => {
    const stranger = filesOf("mallory");
    await refused(stranger.get(uploaded.sid), 403, 50107);
    await refused(stranger.post("image/png", MAP, "media", "map.png"), 403, 50107);
    const other = await v1.services.create({ friendlyName: "Other files" });
    await refused(filesOf("fay", other.sid).get(uploaded.sid), 403, 50107);
    await refused(new FileClient("nonsense", uploads, null).get(uploaded.sid), 401, 20101);
  });

  await step("a customer's picture is there when the carrier has it no more", async () => {
    const store = await keep({ "/parcel": { contentType: "image/png", content: PARCEL } });
    await customer.writes("It is broken", {
      NumMedia: "1",
      MediaUrl0: `${store.origin}/parcel`,
      MediaContentType0: "image/png",
    });
    const copied = await eventually(async () => {
      const said = only((await chat.messages.list()).filter((one) => one.body === "It is broken"));
      assert.equal(only(said.media).state, "kept");
      return said;
    });
    store.close();
    assert.deepEqual(store.asked, ["/parcel"]);
    const file = await files.get(copied.media[0].sid);
    assert.deepEqual(await content(await file.getContentUrl()), { status: 200, type: "image/png", bytes: PARCEL });
  });

  await step("a file goes with its message", async () => {
    const url = await (await files.get(uploaded.sid)).getContentUrl();
    await chat.messages(message.sid).remove();
    await eventually(async () => assert.equal((await content(url)).status, 404));
    await eventually(() => refused(files.get(uploaded.sid), 404, 50507));
  });

  await client.keys(key.sid).remove();
});
