"""MiniStack, mended in one place before it starts.

It takes the name of every operation for the name of a permission. IAM has none for a batch of SQS: who may send, delete or
hide one message may do so with ten.
"""

import sys

from ministack.core import iam_actions

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

if __name__ == "__main__":
    from ministack.app import main

    sys.exit(main())
