"""MiniStack, mended in three places before it starts.

It takes the name of every operation for the name of a permission. IAM has none for a batch of SQS: who may send, delete or
hide one message may do so with ten. And it does not tell its policies the encryption context of a request to KMS, so that
whoever may seal something in one context alone may seal nothing. And it is asked over plain HTTP, as nobody can ask AWS, so that
a bucket whose policy refuses what is not encrypted on its way would refuse everything.
"""

import json
import sys

from ministack.core import iam_actions, iam_evaluator

ONE_OF = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
named = iam_actions.extract_iam_action


def as_iam_names_it(*request):
    action = named(*request)
    return ONE_OF.get(action, action)


iam_actions.extract_iam_action = as_iam_names_it
told = iam_actions.request_tag_context


def with_encryption_context(service, action, body, parameters):
    keys = told(service, action, body, parameters)
    if service == "kms":
        context = json.loads(body or b"{}").get("EncryptionContext") or {}
        keys.update({f"kms:EncryptionContext:{name}".lower(): value for name, value in context.items()})
    return keys


iam_actions.request_tag_context = with_encryption_context
resolved = iam_evaluator._resolve_condition_key


def as_over_tls(key, context):
    return "true" if key.lower() == "aws:securetransport" else resolved(key, context)


iam_evaluator._resolve_condition_key = as_over_tls

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
