// What a developer writes in an afternoon: the carrier's webhook is verified, and the message is written into its
// conversation in one transaction, before it is acknowledged. `node messages.mjs PORT TOKEN`, with PGHOST and the like.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import pg from "pg";

const [port, token] = process.argv.slice(2);
const pool = new pg.Pool();

await pool.query(`
  CREATE TABLE conversation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer text NOT NULL, business text NOT NULL,
    created timestamptz NOT NULL DEFAULT now(), updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer, business));
  CREATE TABLE message (
    sid text PRIMARY KEY, conversation bigint NOT NULL REFERENCES conversation,
    author text NOT NULL, body text NOT NULL, created timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON message (conversation, created);
`);

function isSigned(url, form, signature) {
  const parts = [...form].sort(([one], [other]) => (one < other ? -1 : 1)).flat();
  const expected = createHmac("sha1", token).update(url + parts.join("")).digest();
  const given = Buffer.from(signature ?? "", "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function keep(form) {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query({
      text: `INSERT INTO conversation (customer, business) VALUES ($1, $2)
        ON CONFLICT (customer, business) DO UPDATE SET updated = now() RETURNING id`,
      values: [form.get("From"), form.get("To")],
    });
    await client.query({
      text: `INSERT INTO message (sid, conversation, author, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (sid) DO NOTHING`,
      values: [form.get("MessageSid"), rows[0].id, form.get("From"), form.get("Body")],
    });
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  } finally {
    client.release();
  }
}

const empty = "<Response/>";

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const url = `http://${request.headers.host}${request.url}`;
    let status = 200;
    if (!isSigned(url, form, request.headers["x-twilio-signature"])) {
      status = 403;
    } else {
      await keep(form).catch((error) => {
        console.error(error);
        status = 500;
      });
    }
    response.writeHead(status, { "content-type": "text/xml", "content-length": empty.length });
    response.end(empty);
  });
});

server.keepAliveTimeout = 60_000;
server.listen(Number(port), "127.0.0.1", () => console.log(`ready on ${port}`));
