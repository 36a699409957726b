// A customer's own server: takes webhooks, and keeps what it was told.
import { once } from "node:events";
import { createServer } from "node:http";

/** Answers with what `says` makes of a call, a type and a text; with nothing, if it is not given. */
export async function listen(says) {
  const calls = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const call = {
      method: request.method,
      url: `${origin}${request.url}`,
      headers: request.headers,
      body,
      form: Object.fromEntries(new URLSearchParams(body)),
    };
    calls.push(call);
    const said = says?.(call);
    if (!said) return response.writeHead(204).end();
    response.writeHead(200, { "content-type": said.type }).end(said.text);
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
