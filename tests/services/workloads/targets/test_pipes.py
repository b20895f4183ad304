"""Pipes read a queue and call their target, both with the role that they were passed."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import Account, allow, document, eventually

SERVICE = "pipes.amazonaws.com"


def test_messages_go_from_queue_to_queue_with_the_role(account: Account) -> None:
    source, source_arn = account.queue("in")
    target, target_arn = account.queue("out")
    reading = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], source_arn)
    writing = allow("sqs:SendMessage", target_arn)
    role = account.role("Plumber", SERVICE, reading, writing)
    rights = allow("pipes:CreatePipe")
    ada = boto3.client("pipes", **account.user("ada", rights))
    given = {
        "Name": "p",
        "Source": source_arn,
        "Target": target_arn,
        "RoleArn": role,
        "SourceParameters": {
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"body": {"kind": ["order"]}})}]}
        },
        "TargetParameters": {"InputTemplate": '{"id": <$.body.id>, "text": "order <$.body.id>"}'},
    }
    with pytest.raises(ClientError, match="iam:PassRole"):
        ada.create_pipe(**given)
    iam = account.client("iam")
    passing = document(rights, allow("iam:PassRole", role))
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
    ada.create_pipe(**given)
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(rights))
    sqs = account.client("sqs")
    for kind, id in (("noise", 1), ("order", 2)):
        sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"kind": kind, "id": id}))
    (text,) = eventually(lambda: account.messages(target), "message")
    assert json.loads(text) == {"id": 2, "text": "order 2"}
    (assumed,) = account.records("AssumeRole")
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}

    def left() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=names)["Attributes"]
        return sum(int(number) for number in found.values())

    eventually(lambda: left() == 0, "empty queue")
    account.may("Plumber", writing)
    sqs.send_message(QueueUrl=source, MessageBody=json.dumps({"kind": "order", "id": 3}))
    eventually(lambda: [one for one in account.records("ReceiveMessage") if one.get("errorCode")], "refusal")
    assert account.messages(target) == []
    account.may("Plumber", reading, writing)
    assert json.loads(eventually(lambda: account.messages(target), "message")[0])["id"] == 3
