"""The same deployment through the vendor's other SDK: what differs is how it encodes, pages and reads dates."""

import base64
import datetime
import http.server
import json
import os
import secrets
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from standardwebhooks import Webhook, WebhookVerificationError
from twilio.base.exceptions import TwilioRestException
from twilio.credential.client_credential_provider import ClientCredentialProvider
from twilio.http.token_manager import TokenManager
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant
from twilio.request_validator import RequestValidator, get_signature_algorithm
from twilio.rest import Client

sys.path.insert(0, os.path.dirname(os.environ["SWITCHBOARD_REDIRECT"]))
from redirect import RedirectingHttpClient, connect  # noqa: E402

BASE = os.environ["SWITCHBOARD_URL"].rstrip("/")
ACCOUNT = os.environ["SWITCHBOARD_ACCOUNT_SID"]
TOKEN = os.environ["SWITCHBOARD_AUTH_TOKEN"]
CLIENT = connect(ACCOUNT, TOKEN, base=BASE)


def eventually(check, within_s=15):
    """Repeats a check until it passes or its time is over."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return check()
        except (AssertionError, TwilioRestException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def customer_writes(number, to, body, **more):
    """Posts a carrier's webhook, with what the carrier says besides; gives back its message's identifier and the answer."""
    sid = "SM" + secrets.token_hex(16)
    form = {
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": number,
        "To": to,
        "Body": body,
        "NumMedia": "0",
        **more,
    }
    url = f"{BASE}/webhooks/twilio"
    signature = RequestValidator(TOKEN).compute_signature(url, form)
    request = urllib.request.Request(
        url,
        data=urllib.parse.urlencode(form).encode(),
        headers={"X-Twilio-Signature": signature},
    )
    with urllib.request.urlopen(request) as answer:
        return sid, answer.status, answer.headers["content-type"], answer.read().decode()


class Listener(http.server.BaseHTTPRequestHandler):
    """A customer's own server, which keeps what it was told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.calls.append((self.path, dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        pass


def listen():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.calls = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}"


def webhooks_api(path, **form):
    """Posts to our own resources, which no SDK has."""
    name = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    data = urllib.parse.urlencode(form).encode()
    headers = {"Authorization": f"Basic {name}", "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{BASE}/webhooks/v1{path}", data=data, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Journey(unittest.TestCase):
    def is_recent(self, moment):
        self.assertIsInstance(moment, datetime.datetime)
        age = datetime.datetime.now(datetime.timezone.utc) - moment
        self.assertLess(abs(age), datetime.timedelta(minutes=10))

    def fails(self, status, code, call, *arguments, **named):
        with self.assertRaises(TwilioRestException) as caught:
            call(*arguments, **named)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code), caught.exception.msg)
        return caught.exception

    def only(self, found):
        self.assertEqual(len(found), 1)
        return found[0]

    def test_a_customer_is_served(self):
        number, business = "+14155550150", "+18005550150"
        workspace = CLIENT.taskrouter.v1.workspaces.create(friendly_name="Served from Python", template="FIFO")
        api = CLIENT.taskrouter.v1.workspaces(workspace.sid)
        available = self.only(api.activities.list(available="true"))
        worker = api.workers.create(friendly_name="pia", activity_sid=available.sid)
        channel = api.workers(worker.sid).worker_channels("sms").update(capacity=1)
        self.assertEqual(channel.configured_capacity, 1)
        CLIENT.incoming_phone_numbers.create(phone_number=business)
        CLIENT.conversations.v1.address_configurations.create(
            type="sms", address=business, auto_creation_enabled=True, auto_creation_type="default"
        )

        sid, status, content_type, body = customer_writes(number, business, "1 + 1 = 2 & so on")
        self.assertEqual(status, 200)
        self.assertTrue(content_type.startswith("text/xml"))
        self.assertIn("<Response", body)
        places = CLIENT.conversations.v1.participant_conversations
        place = eventually(lambda: self.only(places.list(address=number)))
        self.is_recent(place.conversation_date_created)
        conversation = CLIENT.conversations.v1.conversations(place.conversation_sid)
        message = eventually(lambda: self.only(conversation.messages.list()))
        self.assertEqual((message.body, message.author, message.index), ("1 + 1 = 2 & so on", number, 0))
        self.is_recent(message.date_created)
        inbound = CLIENT.messages(sid).fetch()
        self.assertEqual((inbound.direction, inbound.from_, inbound.to), ("inbound", number, business))
        self.is_recent(inbound.date_created)

        workflow = self.only(api.workflows.list())
        interaction = CLIENT.flex_api.v1.interaction.create(
            channel={
                "type": "sms",
                "initiated_by": "customer",
                "properties": {"media_channel_sid": place.conversation_sid},
            },
            routing={
                "properties": {
                    "workspace_sid": workspace.sid,
                    "workflow_sid": workflow.sid,
                    "task_channel_unique_name": "sms",
                    "attributes": {"topic": "sums"},
                }
            },
        )
        task = api.tasks(interaction.routing["properties"]["sid"])
        self.assertEqual(json.loads(task.fetch().attributes)["topic"], "sums")
        reservations = api.workers(worker.sid).reservations
        asked = eventually(lambda: self.only(reservations.list(reservation_status="pending")))
        reservations(asked.sid).update(reservation_status="accepted")
        channel = CLIENT.flex_api.v1.interaction(interaction.sid).channels(interaction.channel["sid"])
        agent = eventually(lambda: self.only([one for one in channel.participants.list() if one.type == "agent"]))
        self.assertEqual(agent.routing_properties["worker_sid"], worker.sid)

        reply = conversation.messages.create(author="pia", body="That is right, 1 + 1 = 2")
        receipts = conversation.messages(reply.sid).delivery_receipts
        eventually(lambda: self.assertEqual(self.only(receipts.list()).status, "delivered"))
        sent = self.only(CLIENT.messages.list(from_=business, to=number))
        self.assertEqual((sent.body, sent.status), ("That is right, 1 + 1 = 2", "delivered"))

        channel.update(status="closed", routing={"status": "closed"})
        eventually(lambda: self.assertEqual(task.fetch().assignment_status, "completed"))
        eventually(lambda: self.assertEqual(conversation.fetch().state, "closed"))

    def test_what_a_carrier_says_beside_the_text_is_read(self):
        number, desk = "whatsapp:+14155550161", "whatsapp:+18005550161"
        v1 = CLIENT.conversations.v1
        v1.address_configurations.create(
            type="whatsapp", address=desk, auto_creation_enabled=True, auto_creation_type="default"
        )
        customer_writes(number, desk, "", Latitude="51.5", Longitude="-0.1", ProfileName="Zoë")
        place = eventually(lambda: self.only(v1.participant_conversations.list(address=number)))
        conversation = v1.conversations(place.conversation_sid)
        message = eventually(lambda: self.only(conversation.messages.list()))
        self.assertEqual(message.body, "51.5, -0.1")
        told = json.loads(CLIENT.request("GET", message.links["channel_metadata"]).text)
        self.assertEqual((told["type"], told["message_sid"]), ("whatsapp", message.sid))
        expected = {"latitude": "51.5", "longitude": "-0.1", "name": None, "address": None}
        self.assertEqual(told["data"]["location"], expected)
        self.assertEqual((told["data"]["profile_name"], told["data"]["button"]), ("Zoë", None))
        refused = self.fails(400, 50304, conversation.messages.create, body="hi", attributes={"a": 1})
        self.assertIn("json.dumps", refused.msg)

    def test_pages_are_followed(self):
        workspace = CLIENT.taskrouter.v1.workspaces.create(friendly_name="Paged from Python")
        channels = CLIENT.taskrouter.v1.workspaces(workspace.sid).task_channels
        for number in range(20):
            channels.create(friendly_name=f"Channel {number}", unique_name=f"channel_{number}")
        self.assertEqual(len({one.sid for one in channels.list(page_size=7)}), 25)
        self.assertEqual(len(list(channels.stream(limit=11, page_size=7))), 11)
        numbers = CLIENT.incoming_phone_numbers
        for number in range(10, 22):
            numbers.create(phone_number=f"+180055508{number}", friendly_name="from Python")
        self.assertEqual(len(numbers.list(friendly_name="from Python", page_size=5)), 12)

    def test_who_is_late_does_not_overwrite(self):
        workspace = CLIENT.taskrouter.v1.workspaces.create(friendly_name="Changed from Python")
        workers = CLIENT.taskrouter.v1.workspaces(workspace.sid).workers
        worker = workers.create(friendly_name="petra")
        self.is_recent(worker.date_status_changed)
        headers = workers(worker.sid).fetch_with_http_info().headers
        etag = {name.lower(): value for name, value in headers.items()}["etag"]
        workers(worker.sid).update(if_match=etag, attributes='{"languages": ["fr"]}')
        self.fails(412, 20412, workers(worker.sid).update, if_match=etag, friendly_name="paula")
        self.assertEqual(workers(worker.sid).fetch().friendly_name, "petra")
        self.assertTrue(workers(worker.sid).delete())
        self.fails(404, 20404, workers(worker.sid).fetch)

    def test_who_takes_part(self):
        v1 = CLIENT.conversations.v1
        other = v1.services.create(friendly_name="People from Python")
        for scope in (v1, v1.services(other.sid)):
            role = scope.roles.create(
                friendly_name="reader", type="conversation", permission=["sendMessage", "leaveConversation"]
            )
            self.assertEqual(sorted(role.permissions), ["leaveConversation", "sendMessage"])
            self.is_recent(role.date_created)
            self.assertIn(role.sid, [one.sid for one in scope.roles.list(page_size=2)])
            identity = f"pat-{role.sid}"
            user = scope.users.create(identity=identity, friendly_name="Pat", attributes='{"a": 1}')
            self.is_recent(user.date_updated)
            self.assertEqual((user.is_online, user.is_notifiable), (None, None))
            self.fails(409, 50201, scope.users.create, identity=identity)
            self.assertEqual(scope.users(identity).fetch().sid, user.sid)
            self.assertEqual(scope.users(user.sid).update(friendly_name="P").friendly_name, "P")
            conversation = scope.conversations.create()
            scope.conversations(conversation.sid).participants.create(identity=identity, role_sid=role.sid)
            scope.conversations(conversation.sid).messages.create(body="one")
            places = scope.users(user.sid).user_conversations
            place = self.only(places.list())
            self.assertIsNone(place.unread_messages_count)
            self.is_recent(place.date_created)
            read = places(conversation.sid).update(last_read_message_index=0, notification_level="muted")
            self.assertEqual((read.unread_messages_count, read.notification_level), (0, "muted"))
            self.assertTrue(places(conversation.sid).delete())
            self.assertTrue(scope.users(user.sid).delete())
            self.assertTrue(scope.roles(role.sid).delete())
            self.fails(404, 20404, scope.users(identity).fetch)
        settings = v1.services(other.sid).configuration().fetch()
        self.assertFalse(settings.reachability_enabled)
        for hooks in (v1.configuration.webhooks(), v1.services(other.sid).configuration.webhooks()):
            set_ = hooks.update(post_webhook_url="https://example.com/post", filters=["onMessageAdded"])
            self.assertEqual(set_.filters, ["onMessageAdded"])
            self.assertIsNone(hooks.update(post_webhook_url="").post_webhook_url)

    def test_every_verifier_accepts_what_an_endpoint_is_sent(self):
        server, origin = listen()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        keyed = webhooks_api("/Endpoints", Url=f"{origin}/keyed", SignatureAlgorithm="HMAC_SHA256")["shared_key"]
        secret = webhooks_api("/Endpoints", Url=f"{origin}/standard", StandardWebhooks="true")["secret"]
        conversations = CLIENT.conversations.v1.conversations
        conversation = conversations.create()
        for path in ("plain", "keyed", "standard"):
            conversations(conversation.sid).webhooks.create(
                target="webhook",
                configuration_url=f"{origin}/{path}",
                configuration_method="POST",
                configuration_filters=["onMessageAdded"],
            )
        conversations(conversation.sid).messages.create(body="Grüße & +", x_twilio_webhook_enabled="true")

        def heard():
            self.assertEqual(len(server.calls), 3)
            return {path.split("?")[0]: (origin + path, headers, body) for path, headers, body in server.calls}

        calls = eventually(heard)

        def is_valid(call, token):
            url, headers, body = call
            headers = {name.lower(): value for name, value in headers.items()}
            is_form = headers["content-type"].startswith("application/x-www-form-urlencoded")
            form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True)) if is_form else body
            algorithm = get_signature_algorithm(headers.get("x-twilio-webhooks-signature-settings"))
            return RequestValidator(token).validate(url, form, headers["x-twilio-signature"], algorithm)

        self.assertTrue(is_valid(calls["/plain"], TOKEN))
        self.assertTrue(is_valid(calls["/keyed"], keyed["secret"]))
        self.assertFalse(is_valid(calls["/keyed"], TOKEN))
        self.assertTrue(is_valid(calls["/standard"], TOKEN))
        _, headers, body = calls["/standard"]
        said = Webhook(secret).verify(body, headers)
        self.assertEqual(said["data"]["ConversationSid"], conversation.sid)
        with self.assertRaises(WebhookVerificationError):
            Webhook(secret).verify(body + " ", headers)

    def test_errors_carry_the_published_codes(self):
        conversations = CLIENT.conversations.v1.conversations
        nobody = connect(ACCOUNT, "0" * 32, base=BASE)
        self.fails(401, 20003, nobody.conversations.v1.configuration().fetch)
        missing = self.fails(404, 20404, conversations("CH" + "0" * 32).fetch)
        self.assertIn(f"The requested resource /Conversations/CH{'0' * 32} was not found", missing.msg)
        self.fails(400, 50304, conversations.create, attributes="{")
        first, second = conversations.create(), conversations.create()
        pair = {"messaging_binding_address": "+14155550159", "messaging_binding_proxy_address": "+18005550159"}
        CLIENT.incoming_phone_numbers.create(phone_number="+18005550159")
        conversations(first.sid).participants.create(**pair)
        bound = self.fails(409, 50416, conversations(second.sid).participants.create, **pair)
        self.assertIn(first.sid, bound.msg)
        self.assertTrue(conversations(first.sid).delete())
        conversations(second.sid).participants.create(**pair)

    def test_keys_and_tokens_of_this_sdk_count(self):
        key = CLIENT.new_keys.create(friendly_name="python")
        self.addCleanup(CLIENT.keys(key.sid).delete)
        by_key = connect(key.sid, key.secret, base=BASE, account_sid=ACCOUNT)
        self.assertIsNotNone(by_key.messaging.v1.services.list(limit=1))
        self.fails(401, 20003, by_key.new_keys.create)
        service = CLIENT.conversations.v1.configuration().fetch().default_chat_service_sid

        def read(grants, **options):
            token = AccessToken(ACCOUNT, key.sid, key.secret, grants=grants, identity="py", **options).to_jwt()
            url = f"{BASE}/conversations/v1/Conversations"
            request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as error:
                return error.code, json.loads(error.read())

        chat = [ChatGrant(service_sid=service)]
        status, page = read(chat)
        self.assertEqual((status, page["conversations"]), (200, []))
        status, refused = read([])
        self.assertEqual((status, refused["code"]), (401, 20106))
        status, refused = read(chat, ttl=2 * 86400)
        self.assertEqual((status, refused["code"]), (401, 20157))

        class Here(TokenManager):
            def fetch_access_token(self):
                grant = {"grant_type": "client_credentials", "client_id": key.sid, "client_secret": key.secret}
                return CLIENT.oauth.v2.token.create(**grant).access_token

        provider = ClientCredentialProvider(key.sid, key.secret, token_manager=Here())
        bearer = Client(http_client=RedirectingHttpClient(BASE), credential_provider=provider)
        self.assertIsNotNone(bearer.taskrouter.v1.workspaces.list(limit=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
