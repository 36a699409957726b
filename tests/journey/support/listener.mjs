// A customer's own server: takes webhooks, and keeps what it was told.
import { once } from "node:events";
import { createServer } from "node:http";

export async function listen() {
  const calls = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    calls.push({
      method: request.method,
      url: `${origin}${request.url}`,
      headers: request.headers,
      body,
      form: Object.fromEntries(new URLSearchParams(body)),
    });
    response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin, calls, close };
}
