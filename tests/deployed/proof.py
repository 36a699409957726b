"""What is asked of a deployment on the emulator beside the journey: where it answers, what a killed process loses, and what
was left behind.

    proof.py found STACK HOST_FILE     writes down the API's host, and posts a webhook to the function's own URL
    proof.py killed STACK EMULATOR     ends a function in the middle of a batch, twice; EMULATOR is the emulator's process id
    proof.py left STACK LOG            no dead letters, no refused call, no failure in the log that was not caused
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import botocore.session

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
ACCOUNT = os.environ["SWITCHBOARD_ACCOUNT_SID"]
TOKEN = os.environ["SWITCHBOARD_AUTH_TOKEN"]
DOOR = os.environ["SWITCHBOARD_URL"]
SESSION = botocore.session.get_session()


def client(service):
    return SESSION.create_client(service, endpoint_url=ENDPOINT)


def until(check, seconds, what):
    """Repeats a check until it answers something, and gives up after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = check()
        if answer:
            return answer
        time.sleep(0.05)
    raise SystemExit(f"{what}: not within {seconds} s")


def resources(stack, kind):
    """Names in the template → identifiers, of one type of resource."""
    pages = client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in pages if one["ResourceType"] == kind}


def signature(url, form):
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


def message(sender, receiver, body, sid):
    return {
        "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": ACCOUNT, "From": sender, "To": receiver,
        "Body": body, "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01",
    }


def posts(form, signed_url, host=None):
    """Posts a signed webhook through the door, or to the emulator under a host; answers status and body."""
    where = urlsplit(ENDPOINT if host else DOOR)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature(signed_url, form)}
    if host:
        headers["host"] = host
    connection.request("POST", "/webhooks/twilio", urlencode(form), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def rest(method, path, form=None):
    where = urlsplit(DOOR)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
    connection.request(method, path, urlencode(form) if form else None, headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status} {body}")
    return json.loads(body) if body else {}


def found(stack, host_file):
    outputs = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in outputs}
    assert outputs["ApiUrl"] == DOOR and outputs["WebhookUrl"] == f"{DOOR}/webhooks/twilio", outputs
    port = urlsplit(ENDPOINT).port
    api = next(iter(resources(stack, "AWS::ApiGatewayV2::Api").values()))
    Path(host_file).write_text(f"{api}.execute-api.localhost:{port}\n")
    answers_at_its_own_url(stack)


def answers_at_its_own_url(stack):
    """The door for carriers. A signature counts for the URL that was called, and for no other."""
    function = resources(stack, "AWS::Lambda::Function")["InboundWebhookFunction"]
    url = client("lambda").get_function_url_config(FunctionName=function)["FunctionUrl"].rstrip("/")
    host = urlsplit(url).netloc
    form = message("+14155550190", "+18005550190", "through the function's own URL", "SM" + "9" * 32)
    status, body = posts(form, f"{url}/webhooks/twilio", host)
    assert status == 200, (status, body)
    status, body = posts(form, f"{url}/webhooks/other", host)
    assert status == 403, (status, body)
    print(f"the function's own URL takes what was signed for it, and nothing else: 200, {status}")


# ---- A process that is ended in the middle of a batch ----


def processes(emulator, function):
    """The processes of one function, as process ids."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            parent = re.search(r"^PPid:\t(\d+)", (folder / "status").read_text(), re.M)
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent and int(parent[1]) == emulator and f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() in environment:
            found.append(int(folder.name))
    return found


def bodies(sender):
    """What a customer wrote, in the order in which the conversation has it."""
    places = rest("GET", f"/conversations/v1/ParticipantConversations?{urlencode({'Address': sender})}")["conversations"]
    if not places:
        return []
    assert len(places) == 1, places
    sid = places[0]["conversation_sid"]
    return [one["body"] for one in rest("GET", f"/conversations/v1/Conversations/{sid}/Messages?PageSize=100")["messages"]]


def committed(table, least):
    """How many messages the table has more than `least`, asked as quickly as can be."""
    counted = client("dynamodb")

    def count():
        return counted.scan(
            TableName=table, Select="COUNT", ConsistentRead=True, FilterExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": "Message"}},
        )["Count"] - least

    return count


def killed(stack, emulator):
    emulator = int(emulator)
    functions = resources(stack, "AWS::Lambda::Function")
    table = resources(stack, "AWS::DynamoDB::Table")["ConversationsTable"]
    function = functions["AutocreationFunction"]
    ended = [
        ended_in_the_middle(emulator, function, table, number, how)
        for number, how in enumerate((signal.SIGKILL, signal.SIGTERM))
    ]
    for all_there in ended:
        all_there()


def halted_in_the_middle(running, count):
    """Lets processes run for a moment again and again, until some messages of the second batch are written, and leaves them
    halted there; answers how many are written by then."""
    for _ in range(400):
        for process in running:
            os.kill(process, signal.SIGCONT)
        time.sleep(0.02)
        for process in running:
            os.kill(process, signal.SIGSTOP)
        # What was sent before arrives.
        time.sleep(0.05)
        # The held message is one, then some of the ten behind it.
        written = count()
        if written >= 3:
            return written
    raise SystemExit("the batch did not begin")


def ended_in_the_middle(emulator, function, table, number, how):
    """A process holds a first message, so that the others of its pair make one batch behind it. It is ended when some of
    them are written and some are not; what is answered waits for the rest of them."""
    receiver, sender = f"+1800555018{number}", f"+1415555018{number}"
    rest("POST", f"/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json", {"PhoneNumber": receiver})
    rest("POST", "/conversations/v1/Configuration/Addresses", {
        "Type": "sms", "Address": receiver, "AutoCreation.Enabled": "true", "AutoCreation.Type": "default",
    })

    def writes(place):
        form = message(sender, receiver, f"part {place}", f"SM{number:016x}{place:016x}")
        status, body = posts(form, f"{DOOR}/webhooks/twilio")
        assert status == 200, (status, body)

    writes(0)
    until(lambda: bodies(sender) == ["part 0"], 30, "the first message")
    running = processes(emulator, function)
    assert running, "the function has no process"
    for process in running:
        os.kill(process, signal.SIGSTOP)
    for place in range(1, 12):
        writes(place)
    count = committed(table, committed(table, 0)())
    written = halted_in_the_middle(running, count)
    for process in running:
        os.kill(process, how)
        if how != signal.SIGKILL:
            os.kill(process, signal.SIGCONT)
    assert written < 11, f"{how.name} came when the batch was done"
    began = time.monotonic()

    def all_there():
        # The batch is hidden for two minutes from when it was taken.
        until(lambda: len(bodies(sender)) >= 12, 240, "what was left of the batch")
        assert bodies(sender) == [f"part {place}" for place in range(12)], bodies(sender)
        print(f"{how.name} with {written} of 11 messages written: all there {time.monotonic() - began:.0f} s later, "
              "once and in order")

    return all_there


# ---- What was left behind ----


def left(stack, log):
    queues = client("sqs")
    waiting = []
    for name, url in resources(stack, "AWS::SQS::Queue").items():
        attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        if name.endswith("DeadLetters") and attributes["ApproximateNumberOfMessages"] != "0":
            waiting.append(f"{name}: {attributes['ApproximateNumberOfMessages']}")
    text = Path(log).read_text()
    refused = sorted(set(re.findall(r"[^\n]*(?:AccessDenied|not authorized to perform)[^\n]*", text)))
    defects = sorted(set(re.findall(r'[^\n]*"level":"ERROR"[^\n]*', text)))
    for line in waiting + refused + defects:
        print(line[:600], file=sys.stderr)
    if waiting or refused or defects:
        raise SystemExit("the deployment complained")
    print("no dead letters, no call that a role does not allow, no error in a log")


if __name__ == "__main__":
    {"found": found, "killed": killed, "left": left}[sys.argv[1]](*sys.argv[2:])
