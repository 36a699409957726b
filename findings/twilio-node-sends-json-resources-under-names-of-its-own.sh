#!/usr/bin/env bash
# The classes in which twilio for Node takes a JSON resource (a content template) read the API's names and send other ones;
# those of twilio for Python send the API's, and every type of content that was not given as null.
#
# Versions: npm twilio 6.2.0, PyPI twilio 9.13.0.
#
# Guess, written down first: `new ContentCreateRequest({friendly_name, types: new Types({"twilio/text": …})})`, made of the names
# that the API documents, arrives as it was made, in both packages, and without the types that nobody named.
#
# Seen: Node posts `friendlyName` and `types.twilioText`: the class copies each documented name to a property in camel case, and
# nothing turns it back. What is typed for TypeScript, a plain object with `friendlyName`, is sent so as well; only a plain
# object with the documented names, which the types refuse, arrives as documented. Python posts `friendly_name` and `twilio/text`,
# and beside it thirteen other types as null.
#
# Matters to: whoever stands in for the API, in tests or for good. A server that takes the documented names alone sees no types
# at all from one of the vendor's packages, and fourteen from the other.
#
# Fails if either package sends anything else.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts twilio@6.2.0 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check twilio==9.13.0

cat >seen.mjs <<'JS'
import { createRequire } from "node:module";
import http from "node:http";
import twilio from "twilio";

const { ContentCreateRequest, Types, TwilioText } = createRequire(import.meta.url)("twilio/lib/rest/content/v1/content.js");
const posted = [];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    posted.push(body);
    response.writeHead(201, { "content-type": "application/json" }).end('{"sid":"HX1","date_created":null,"date_updated":null}');
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

/** The package's own client, on loopback. */
class Here extends twilio.RequestClient {
  request(options) {
    const { pathname } = new URL(options.uri);
    return super.request({ ...options, uri: `http://127.0.0.1:${server.address().port}${pathname}` });
  }
}
const client = twilio(`AC${"0".repeat(32)}`, "token", { httpClient: new Here() });
const text = { body: "Hello {{1}}" };
const by = {
  class: new ContentCreateRequest({ friendly_name: "greeting", language: "en", types: new Types({ "twilio/text": new TwilioText(text) }) }),
  typed: { friendlyName: "greeting", language: "en", types: { twilioText: text } },
  documented: { friendly_name: "greeting", language: "en", types: { "twilio/text": text } },
};
for (const request of Object.values(by)) await client.content.v1.contents.create(request);
server.close();
Object.keys(by).forEach((name, place) => {
  const sent = JSON.parse(posted[place]);
  console.log(`node ${name}: ${Object.keys(sent).sort().join(" ")}; types ${Object.keys(sent.types).join(" ")}`);
});
JS

cat >seen.py <<'PY'
from twilio.rest.content.v1.content import ContentList

types = ContentList.Types({"twilio/text": ContentList.TwilioText({"body": "Hello {{1}}"})})
request = ContentList.ContentCreateRequest({"friendly_name": "greeting", "language": "en", "types": types})
# What `contents.create` hands to its HTTP client.
sent = request.to_dict()
named = [name for name, value in sent["types"].items() if value is not None]
nulls = sum(value is None for value in sent["types"].values())
print(f"python: {' '.join(sorted(sent))}; types {' '.join(named)} and {nulls} nulls")
PY

cat >expected <<'TEXT'
node class: friendlyName language types; types twilioText
node typed: friendlyName language types; types twilioText
node documented: friendly_name language types; types twilio/text
python: friendly_name language types variables; types twilio/text and 13 nulls
TEXT

{ node seen.mjs; python/bin/python seen.py; } | tee seen
diff expected seen
