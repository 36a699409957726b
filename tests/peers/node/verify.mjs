// What a webhook costs before anything is done about it, with the vendor's own package: `node verify.mjs TOKEN COUNT`, and
// the webhooks on standard input, as `drive webhooks` prints them.
import { readFileSync } from "node:fs";
import twilio from "twilio";

const [token, count] = [process.argv[2], Number(process.argv[3])];
const requests = JSON.parse(readFileSync(0, "utf8"));

function read({ url, signature, body }) {
  const form = Object.fromEntries(new URLSearchParams(body));
  if (!twilio.validateRequest(token, signature, url, form)) throw new Error("not verified");
  return form.MessageSid && form.Body ? 1 : 0;
}

let [started, events] = [0n, 0];
for (let round = 0; round < 2; round++) {
  [started, events] = [process.hrtime.bigint(), 0];
  for (let number = 0; number < count; number++) events += read(requests[(number + round) % requests.length]);
}
if (events !== count) throw new Error(`${events} messages in ${count} webhooks`);
const micros = Number(process.hrtime.bigint() - started) / 1000 / count;
console.log(JSON.stringify({ "microseconds a webhook": micros }));
