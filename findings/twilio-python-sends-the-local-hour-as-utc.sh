#!/usr/bin/env bash
# twilio for Python sends the hour of an aware datetime as it stands and marks it as UTC: a message that is scheduled for noon
# in Berlin is asked for two hours later. The package for Node sends the moment that was meant.
#
# Versions: PyPI twilio 9.13.0 (Python 3.11), npm twilio 6.3.1.
#
# Guess, written down first: a datetime that knows its zone is one moment, so `messages.create(send_at=…)` with 12:00+02:00 posts
# SendAt=2030-07-01T10:00:00Z, as the package for Node does with the same moment, and as isoformat or any ISO 8601 reader has it.
#
# Seen: Python posts 2030-07-01T12:00:00Z for 12:00+02:00, for 12:00 in UTC and for 12:00 without a zone: the offset is never
# looked at. Node posts 10:00:00Z. The same is done to every date-time that Python sends, such as the filters of lists.
#
# Matters to: whoever schedules from Python, and whoever serves it: the request is well formed, and nothing in it says that another
# moment was meant. Convert to UTC first, or send a text.
#
# Fails if Python converts, or Node does not.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check twilio==9.13.0
npm install --silent --no-audit --no-fund --ignore-scripts twilio@6.3.1 >/dev/null

cat >seen.py <<'PYTHON'
import datetime
import json
import sys

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client


class Here(HttpClient):
    """Keeps what would be posted."""

    posted = []

    def __init__(self):
        pass

    def request(self, method, uri, params=None, data=None, **rest):
        self.posted.append(data["SendAt"])
        return Response(201, json.dumps({"sid": "SM" + "0" * 32}))


client = Client("AC" + "0" * 32, "token", http_client=Here())
summer = datetime.timezone(datetime.timedelta(hours=2))
for zone in (summer, datetime.timezone.utc, None):
    moment = datetime.datetime(2030, 7, 1, 12, 0, tzinfo=zone)
    client.messages.create(
        to="+15550100", messaging_service_sid="MG" + "0" * 32, body="noon", schedule_type="fixed", send_at=moment
    )
print("Python", *Here.posted)
PYTHON

cat >seen.cjs <<'JS'
const twilio = require("twilio");
const httpClient = {
  async request({ data }) {
    console.log("Node", data.SendAt);
    return { statusCode: 201, headers: {}, body: { sid: `SM${"0".repeat(32)}` } };
  },
};
const client = twilio(`AC${"0".repeat(32)}`, "token", { httpClient });
const sendAt = new Date("2030-07-01T12:00:00+02:00");
client.messages.create({ to: "+15550100", messagingServiceSid: `MG${"0".repeat(32)}`, body: "noon", scheduleType: "fixed", sendAt });
JS

seen=$(python/bin/python seen.py && node seen.cjs)
echo "$seen"
diff <(echo "$seen") - <<'EXPECTED'
Python 2030-07-01T12:00:00Z 2030-07-01T12:00:00Z 2030-07-01T12:00:00Z
Node 2030-07-01T10:00:00Z
EXPECTED
