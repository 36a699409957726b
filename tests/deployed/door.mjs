// The custom domain in front of a deployment on this machine: `door.mjs GATEWAY HOST_FILE` prints where it listens and
// passes every request on to the gateway, byte by byte, under the host that stands in the file by then.
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";

const [gateway, hostFile] = process.argv.slice(2);
const { hostname, port } = new URL(gateway);

const server = createServer((incoming, answer) => {
  const host = readFileSync(hostFile, "utf8").trim();
  const { method, url: path, headers } = incoming;
  const outgoing = request({ hostname, port, method, path, headers: { ...headers, host } }, (came) => {
    answer.writeHead(came.statusCode, came.headers);
    came.pipe(answer);
  });
  outgoing.on("error", (error) => answer.writeHead(502).end(String(error)));
  incoming.pipe(outgoing);
});

server.listen(0, "127.0.0.1", () => console.log(`ready on http://127.0.0.1:${server.address().port}`));
