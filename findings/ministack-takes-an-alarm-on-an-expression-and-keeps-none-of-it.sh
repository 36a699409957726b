#!/usr/bin/env bash
# An alarm on an expression of metrics: MiniStack's CloudWatch answers 200 and keeps an alarm on nothing, and its
# CloudFormation refuses the same alarm and rolls the whole stack back.
#
# Versions: ministack 1.5.33, boto3 1.43.106 (Python 3.11).
#
# Guess, written down first: alarms are kept and never evaluated, as on most emulators, so one on an expression ("the share of
# what failed") is kept like any other, and a stack with it in comes up. Or neither knows expressions, and both say so.
#
# Seen: PutMetricAlarm with `Metrics` is answered 200; DescribeAlarms shows the alarm without `Metrics`, `MetricName` and `Namespace`.
# A stack with the same properties ends as ROLLBACK_COMPLETE, and its queue is gone: "metric math is not supported".
#
# Matters to: whoever tries a template before it is deployed. One alarm keeps the whole stack away, and a script that makes its
# alarms by the API seems to have one that can never ring.
#
# Fails if the API refuses the alarm or keeps its metrics, or if the stack comes up.
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
BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 GATEWAY_PORT=$port "$folder/venv/bin/ministack" >"$folder/log" 2>&1 &
emulator=$!
for _ in {1..300}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.2
done

cat >"$folder/alarm.py" <<'PYTHON'
import json
import sys
import time

import boto3


def sum_of(name):
    metric = {"Namespace": "Desk", "MetricName": name}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


SHARE = {"Id": "share", "Expression": "failed / sent", "Label": "what failed", "ReturnData": True}
ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
    "Threshold": 0.5,
    "Metrics": [sum_of("failed"), sum_of("sent"), SHARE],
}


def by_api():
    client = boto3.client("cloudwatch")
    answer = client.put_metric_alarm(AlarmName="share", **ALARM)
    kept = client.describe_alarms(AlarmNames=["share"])["MetricAlarms"][0]
    about = sorted({"Metrics", "MetricName", "Namespace"} & set(kept))
    return f"{answer['ResponseMetadata']['HTTPStatusCode']}, keeps of its metrics: {about}"


def by_stack():
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "inbound"}},
        "Share": {"Type": "AWS::CloudWatch::Alarm", "Properties": ALARM},
    }
    client = boto3.client("cloudformation")
    client.create_stack(StackName="desk", TemplateBody=json.dumps({"Resources": resources}))
    status = "CREATE_IN_PROGRESS"
    while status.endswith("IN_PROGRESS"):
        time.sleep(0.2)
        status = client.describe_stacks(StackName="desk")["Stacks"][0]["StackStatus"]
    events = client.describe_stack_events(StackName="desk")["StackEvents"]
    why = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    queues = boto3.client("sqs").list_queues().get("QueueUrls", [])
    return f"{status}, {len(queues)} queues: {'; '.join(why)}"


seen = [by_api(), by_stack()]
print(f"PutMetricAlarm: {seen[0]}\nstack:          {seen[1]}")
as_described = seen[0] == "200, keeps of its metrics: []" and seen[1].startswith("ROLLBACK_COMPLETE, 0 queues: ")
sys.exit(None if as_described and "metric math" in seen[1] else "not as described")
PYTHON
"$folder/venv/bin/python" "$folder/alarm.py"
