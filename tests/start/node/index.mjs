// The inbound webhook as one would write it in Node without the vendor's library: checks the signature, puts the message on
// the FIFO queue, answers. With its own loop, since there is no Node runtime of Lambda's here; that is faster than Lambda's.
import { createHmac, timingSafeEqual } from "node:crypto";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const { AUTH_TOKEN, PUBLIC_URL, QUEUE_INBOUND, AWS_LAMBDA_RUNTIME_API } = process.env;
// The queue is not where its URL says, but at the endpoint of the environment.
const sqs = new SQSClient({ useQueueUrlAsEndpoint: false });
const invocations = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function isSigned(event, form) {
  const query = event.rawQueryString ? `?${event.rawQueryString}` : "";
  const text = [...form].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => name + value);
  const url = `${PUBLIC_URL}${event.rawPath}${query}`;
  const wanted = createHmac("sha1", AUTH_TOKEN).update(url + text.join("")).digest();
  const given = Buffer.from(event.headers["x-twilio-signature"] ?? "", "base64");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function handle(event) {
  const body = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8").toString();
  const form = new URLSearchParams(body);
  if (!isSigned(event, form)) return { statusCode: 403, body: "Rejected" };
  await sqs.send(new SendMessageCommand({
    QueueUrl: QUEUE_INBOUND,
    MessageBody: JSON.stringify(Object.fromEntries(form)),
    MessageGroupId: createHmac("sha1", "pair").update(form.get("From") + form.get("To")).digest("hex"),
    MessageDeduplicationId: form.get("MessageSid"),
  }));
  return { statusCode: 200, headers: { "content-type": "text/xml" }, body: "<Response/>" };
}

for (;;) {
  const next = await fetch(`${invocations}/next`);
  const id = next.headers.get("lambda-runtime-aws-request-id");
  try {
    const answer = await handle(await next.json());
    await fetch(`${invocations}/${id}/response`, { method: "POST", body: JSON.stringify(answer) });
  } catch (error) {
    const said = { errorType: error.name, errorMessage: error.message };
    await fetch(`${invocations}/${id}/error`, { method: "POST", body: JSON.stringify(said) });
  }
}
