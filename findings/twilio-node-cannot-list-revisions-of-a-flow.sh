#!/usr/bin/env bash
# twilio for Node cannot read a list of a Studio flow's revisions; twilio for Python can.
#
# Versions: npm twilio 6.2.0, PyPI twilio 9.13.0.
#
# Guess, written down first: `studio.v2.flows(sid).revisions.list()` answers what the page holds, in both packages, as every other
# list of a flow does (executions, steps).
#
# Seen: Node raises a TypeError as soon as a page holds a revision: what stands for one of the list is made with the number of the
# revision that a path would name, which a list has none of, and that number is turned into text. An empty page is read. Python
# answers the revisions.
#
# Matters to: whoever moves flows out of an account by the package for Node, and whoever stands in for the API and looks for
# the fault at their own side: the answer is as published.
#
# Fails if Node reads the list, or Python does not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --ignore-scripts twilio@6.2.0 >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check twilio==9.13.0

cat >server.py <<'PY'
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

FLOW = "FW" + "0" * 32


class Page(BaseHTTPRequestHandler):
    """A page of two revisions, or of none, as the published description has it."""

    def do_GET(self):
        one = {
            "sid": FLOW, "account_sid": "AC" + "0" * 32, "friendly_name": "f", "definition": {}, "status": "draft",
            "commit_message": None, "valid": True, "errors": [], "date_created": "2026-11-30T10:00:00Z",
            "date_updated": "2026-11-30T10:00:00Z", "url": "https://example.com/1",
        }
        revisions = [] if "PageSize=1" in self.path else [{**one, "revision": 2}, {**one, "revision": 1}]
        meta = {
            "key": "revisions", "page": 0, "page_size": 50, "url": "https://example.com", "first_page_url": "https://example.com",
            "previous_page_url": None, "next_page_url": None,
        }
        body = json.dumps({"revisions": revisions, "meta": meta}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Page)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 server.py >port &
server=$!
trap 'kill $server; rm -rf "$folder"' EXIT
until [[ -s port ]]; do sleep 0.1; done
PORT=$(cat port)
export PORT

cat >seen.mjs <<'JS'
import twilio from "twilio";

class Here extends twilio.RequestClient {
  request(options) {
    const { pathname, search } = new URL(options.uri);
    return super.request({ ...options, uri: `http://127.0.0.1:${process.env.PORT}${pathname}${search}` });
  }
}
const client = twilio(`AC${"0".repeat(32)}`, "token", { httpClient: new Here() });
const { revisions } = client.studio.v2.flows(`FW${"0".repeat(32)}`);
const seen = async (options) => {
  try {
    return `${(await revisions.list(options)).length} revisions`;
  } catch (error) {
    return error.constructor.name;
  }
};
console.log(`node, two: ${await seen({})}`);
console.log(`node, none: ${await seen({ pageSize: 1, limit: 1 })}`);
JS

cat >seen.py <<'PY'
import os

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class Here(TwilioHttpClient):
    def request(self, method, url, *arguments, **more):
        return super().request(method, url.replace("https://studio.twilio.com", "http://127.0.0.1:" + os.environ["PORT"]), *arguments, **more)


client = Client("AC" + "0" * 32, "token", http_client=Here())
print(f"python, two: {len(client.studio.v2.flows('FW' + '0' * 32).revisions.list())} revisions")
PY

seen=$(node seen.mjs; python/bin/python seen.py)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
node, two: TypeError
node, none: 0 revisions
python, two: 2 revisions
EXPECTED
