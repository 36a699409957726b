#!/usr/bin/env bash
# With policies enforced, MiniStack refuses to encrypt in the very context that a policy allows.
#
# Versions: ministack 1.5.33, boto3 1.43.106 (Python 3.11).
#
# Guess, written down first: MiniStack can hold calls against policies (AUTH=true), evaluates conditions, and binds what KMS
# encrypts to its encryption context, so a statement with kms:EncryptionContext:purpose = notes lets a user encrypt with
# that context. That is how AWS documents it, and how one key is shared by programs that must not read each other's secrets.
#
# Seen: the same user may encrypt and decrypt under a statement without a condition, and under one whose condition is on
# the region. Under the one on the encryption context both calls are refused, with that context in the request: policies are
# told what DynamoDB, S3 and tags say of a request, and nothing of what KMS says.
#
# Matters to: whoever proves least privilege on the emulator. The template that is right on AWS fails there, and looks as if
# its condition were misspelt.
#
# Fails if the call in the allowed context goes through, or one of the others does not.
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

CONTEXT = {"purpose": "notes"}
CONDITIONS = {
    "no condition": None,
    "on the region": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    "on the context": {"StringEquals": {"kms:EncryptionContext:purpose": "notes"}},
}


def allowed(name, condition, key):
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    rule = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": key}
    if condition:
        rule["Condition"] = condition
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
    iam.put_user_policy(UserName=name, PolicyName="least", PolicyDocument=policy)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    session = boto3.Session(aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"])
    return session.client("kms")


def tried(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"].removesuffix("Exception")
    return "allowed"


def main():
    root = boto3.client("kms")
    key = root.create_key()["KeyMetadata"]["Arn"]
    sealed = root.encrypt(KeyId=key, Plaintext=b"text", EncryptionContext=CONTEXT)["CiphertextBlob"]
    for name, condition in CONDITIONS.items():
        user = allowed(name.replace(" ", "-"), condition, key)
        encrypts = tried(lambda: user.encrypt(KeyId=key, Plaintext=b"text", EncryptionContext=CONTEXT))
        decrypts = tried(lambda: user.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT))
        print(f"{name}: Encrypt {encrypts}, Decrypt {decrypts}")


main()
PYTHON
"$folder/venv/bin/python" "$folder/calls.py" >"$folder/seen"
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
no condition: Encrypt allowed, Decrypt allowed
on the region: Encrypt allowed, Decrypt allowed
on the context: Encrypt AccessDenied, Decrypt AccessDenied
SEEN
