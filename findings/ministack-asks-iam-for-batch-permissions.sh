#!/usr/bin/env bash
# With policies enforced, MiniStack wants permissions for batches of SQS that IAM does not have.
#
# Versions: ministack 1.5.33, boto3 1.43.106 (Python 3.11).
#
# Guess, written down first: MiniStack can hold calls against policies (AUTH=true). A user who may sqs:SendMessage,
# sqs:ChangeMessageVisibility and sqs:DeleteMessage sends, hides and deletes ten at once as well: IAM has no permissions
# for the batches, and the API says so where permissions are given (AddPermission). That is how it does
# transactions of DynamoDB, which have no permission of their own either.
#
# Seen: transactions are as guessed, with dynamodb:PutItem and dynamodb:GetItem. All three batches are refused, by names like
# sqs:SendMessageBatch. No policy that AWS would accept lets a function send a batch here.
#
# Matters to: whoever proves least privilege on the emulator. A template that passes there would grant what AWS does not
# know, and the template that is right on AWS fails there.
#
# Fails if a batch is let through, or a single message or a transaction is not.
set -euo pipefail

folder=$(mktemp -d)
emulator=
trap '[[ -z $emulator ]] || kill "$emulator" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
cd "$folder"
BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 GATEWAY_PORT=$port AUTH=true \
    "$folder/venv/bin/ministack" >"$folder/log" 2>&1 &
emulator=$!
for _ in {1..300}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.2
done

cat >"$folder/calls.py" <<'PYTHON'
import json
import sys

import boto3
from botocore.exceptions import ClientError

ALLOWED = [
    "sqs:SendMessage", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage",
    "dynamodb:PutItem", "dynamodb:GetItem",
]  # fmt: skip
TABLE = "conversations"


def set_up():
    queue = boto3.client("sqs").create_queue(QueueName="inbound")["QueueUrl"]
    boto3.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "sid", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "sid", "AttributeType": "S"}],
    )
    iam = boto3.client("iam")
    iam.create_user(UserName="function")
    rule = {"Effect": "Allow", "Action": ALLOWED, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
    iam.put_user_policy(UserName="function", PolicyName="least", PolicyDocument=policy)
    key = iam.create_access_key(UserName="function")["AccessKey"]
    own = boto3.Session(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    return queue, own.client("sqs"), own.client("dynamodb")


def main():
    queue, sqs, tables = set_up()
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    item = {"sid": {"S": "CH1"}}
    one = {"Id": "1", "ReceiptHandle": handle}
    calls = {
        "SendMessage": lambda: sqs.send_message(QueueUrl=queue, MessageBody="two"),
        "SendMessageBatch": lambda: sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "three"}]
        ),
        "ChangeMessageVisibility": lambda: sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=60
        ),
        "ChangeMessageVisibilityBatch": lambda: sqs.change_message_visibility_batch(
            QueueUrl=queue, Entries=[one | {"VisibilityTimeout": 60}]
        ),
        "DeleteMessageBatch": lambda: sqs.delete_message_batch(QueueUrl=queue, Entries=[one]),
        "DeleteMessage": lambda: sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle),
        "TransactWriteItems": lambda: tables.transact_write_items(
            TransactItems=[{"Put": {"TableName": TABLE, "Item": item}}]
        ),
        "TransactGetItems": lambda: tables.transact_get_items(
            TransactItems=[{"Get": {"TableName": TABLE, "Key": item}}]
        ),
    }
    wrong = []
    for name, call in calls.items():
        try:
            call()
            seen = "allowed"
        except ClientError as error:
            seen = f"refused: {error.response['Error']['Message'].rpartition('because ')[2]}"
        print(f"{name:30} {seen}")
        if (seen == "allowed") == (name.startswith(("Send", "Change", "Delete")) and name.endswith("Batch")):
            wrong.append(name)
    sys.exit(f"not as it was seen: {', '.join(wrong)}" if wrong else None)


main()
PYTHON
"$folder/venv/bin/python" "$folder/calls.py"
