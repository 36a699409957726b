#!/usr/bin/env bash
# A list with a limit of 0 is all of it in twilio for Python, and an error in twilio for Node, which also writes into the options
# that its caller handed it.
#
# Versions: PyPI twilio 9.13.0 (Python 3.11), npm twilio 6.3.1.
#
# Guess, written down first: `conversations.list(limit=0)` is an empty list, or an error, in both packages; and a caller's options
# are only read.
#
# Seen: Python asks for page after page and returns all 200 of 200: zero is taken for "not given". Node refuses it ("must be a positive
# integer"). With a limit of 3 Node leaves {"limit":3,"pageSize":3} in the caller's own object, so options that are used again with
# another limit keep the size of the first: {limit: 3}, then limit raised to 120, is forty requests of three for what two would
# bring. Both packages take the limit itself for a page's size, also where it is far above what the API allows.
#
# Matters to: whoever works out a limit ("as many as are still free") and reaches zero; and whoever serves these packages: a page
# size of 1500 is asked for in good faith, and has to be cut to the largest one, not refused.
#
# Fails if either package does otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check twilio==9.13.0
npm install --silent --no-audit --no-fund --ignore-scripts twilio@6.3.1 >/dev/null

cat >seen.py <<'PYTHON'
import json
from urllib.parse import parse_qs, urlsplit

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client


class Here(HttpClient):
    """Two hundred conversations, in pages of fifty at most."""

    asked = []

    def __init__(self):
        pass

    def request(self, method, uri, params=None, data=None, **rest):
        query = {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()} | (params or {})
        self.asked.append(query.get("PageSize"))
        page = int(query.get("Page", 0))
        rows = [{"sid": f"CH{50 * page + row:032d}", "timers": {}, "links": {}} for row in range(50)]
        after = f"https://conversations.twilio.com/v1/Conversations?Page={page + 1}" if page < 3 else None
        return Response(200, json.dumps({"conversations": rows, "meta": {"key": "conversations", "next_page_url": after}}))


client = Client("AC" + "0" * 32, "token", http_client=Here())
print("Python, 0:", len(client.conversations.v1.conversations.list(limit=0)), "in", len(Here.asked), "requests")
Here.asked.clear()
client.conversations.v1.conversations.list(limit=1500)
print("Python, 1500: a page of", Here.asked[0])
PYTHON

cat >seen.cjs <<'JS'
const twilio = require("twilio");
let asked = [];
const httpClient = {
  async request({ uri, params }) {
    const query = { ...Object.fromEntries(new URL(uri).searchParams), ...params };
    asked.push(query.PageSize);
    const size = Math.min(Number(query.PageSize ?? 50), 100);
    const at = Number(query.Page ?? 0);
    const conversations = Array.from({ length: Math.min(size, 200 - at * size) }, (_, row) => ({ sid: `CH${at * size + row}`, timers: {}, links: {} }));
    const next = `https://conversations.twilio.com/v1/Conversations?PageSize=${size}&Page=${at + 1}`;
    const meta = { key: "conversations", next_page_url: (at + 1) * size < 200 ? next : null };
    return { statusCode: 200, headers: {}, body: { conversations, meta } };
  },
};
const { conversations } = twilio(`AC${"0".repeat(32)}`, "token", { httpClient }).conversations.v1;
(async () => {
  try {
    await conversations.list({ limit: 0 });
  } catch (refused) {
    console.log("Node, 0:", refused.message);
  }
  const options = { limit: 3 };
  await conversations.list(options);
  console.log("Node, 3:", JSON.stringify(options));
  asked = [];
  options.limit = 120;
  const found = await conversations.list(options);
  console.log("Node, then 120:", found.length, "in", asked.length, "requests");
  asked = [];
  await conversations.list({ limit: 1500 });
  console.log("Node, 1500: a page of", asked[0]);
})();
JS

seen=$(python/bin/python seen.py && node seen.cjs)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
Python, 0: 200 in 4 requests
Python, 1500: a page of 1500
Node, 0: Parameter limit must be a positive integer
Node, 3: {"limit":3,"pageSize":3}
Node, then 120: 120 in 40 requests
Node, 1500: a page of 1500
EXPECTED
