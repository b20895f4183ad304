"""Schedules call their targets with the role that they were passed, by the endpoint's clock."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually

SERVICE = "scheduler.amazonaws.com"
OFF = {"Mode": "OFF"}


def schedule(
    account: Account, target: dict[str, Any], expression: str = "rate(1 hour)", **more: object
) -> None:
    account.client("scheduler").create_schedule(
        Name="s", ScheduleExpression=expression, FlexibleTimeWindow=OFF, Target=target, **more
    )


def settle() -> None:
    """Lets the scheduler see what was made: a rate counts from there."""
    time.sleep(1.3)


def test_a_schedule_calls_with_its_role(account: Account) -> None:
    url, queue = account.queue("jobs")
    dead, dead_arn = account.queue("dead")
    role = account.role("Caller", SERVICE, allow("sqs:SendMessage", [queue, dead_arn]))
    rights = allow("scheduler:CreateSchedule")
    ada = boto3.client("scheduler", **account.user("ada", rights))
    given = {
        "Name": "s",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": OFF,
        "Target": {
            "Arn": queue,
            "RoleArn": role,
            "Input": '{"a": 1}',
            "DeadLetterConfig": {"Arn": dead_arn},
        },
    }
    with pytest.raises(ClientError, match="iam:PassRole"):
        ada.create_schedule(**given)
    iam = account.client("iam")
    passing = document(rights, allow("iam:PassRole", role))
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
    ada.create_schedule(**given)
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(rights))
    settle()
    assert account.messages(url) == []
    account.advance(3600)
    assert eventually(lambda: account.messages(url), "message after an hour") == ['{"a": 1}']
    (assumed,) = account.records("AssumeRole")
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert account.records("SendMessage")[0]["userIdentity"]["invokedBy"] == SERVICE
    account.may("Caller", allow("sqs:SendMessage", dead_arn))
    account.advance(3600)
    assert eventually(lambda: account.messages(dead), "dead letter") == ['{"a": 1}']
    assert account.messages(url) == []


def test_the_group_is_what_the_role_is_taken_for(account: Account) -> None:
    url, queue = account.queue("jobs")
    account.role("Caller", SERVICE, allow("sqs:SendMessage", queue))
    group = f"arn:aws:scheduler:{REGION}:{account.id}:schedule-group/default"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceArn": group, "aws:SourceAccount": account.id}},
    }
    iam = account.client("iam")
    iam.update_assume_role_policy(RoleName="Caller", PolicyDocument=document(trust))
    schedule(account, {"Arn": queue, "RoleArn": f"arn:aws:iam::{account.id}:role/Caller", "Input": "x"})
    settle()
    account.advance(3600)
    assert eventually(lambda: account.messages(url), "message") == ["x"]


def test_once_and_gone(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Caller", SERVICE, allow("sqs:SendMessage", queue))
    now = account.now()
    when = (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")
    target = {"Arn": queue, "RoleArn": role, "Input": "once"}
    schedule(account, target, f"at({when})", ActionAfterCompletion="DELETE")
    settle()
    account.advance(3600)
    settle()
    assert account.messages(url) == []
    account.advance(3700)
    assert eventually(lambda: account.messages(url), "message") == ["once"]
    assert account.client("scheduler").list_schedules()["Schedules"] == []


def test_a_universal_target(account: Account) -> None:
    role = account.role("Caller", SERVICE, allow(["iam:CreateUser", "iam:TagUser"]))
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:iam:createUser",
        "RoleArn": role,
        "Input": json.dumps({"UserName": "made", "Tags": [{"Key": "k", "Value": "v"}]}),
    }
    schedule(account, target)
    settle()
    account.advance(3600)
    made = eventually(lambda: account.records("CreateUser"), "CreateUser")[0]
    assert made["userIdentity"]["invokedBy"] == SERVICE
    assert made["requestParameters"]["userName"] == "made"
    account.may("Caller")
    account.client("iam").delete_user(UserName="made")
    account.advance(3600)
    refused = eventually(lambda: [one for one in account.records("CreateUser") if one.get("errorCode")])
    assert refused[0]["errorCode"] == "AccessDenied"
