"""EventBridge rules call their targets with the roles that they were passed, or as the service."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually

SERVICE = "events.amazonaws.com"
PATTERN = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})


def put(account: Account, total: int, detail_type: str = "Order") -> None:
    entry = {"Source": "shop", "DetailType": detail_type, "Detail": json.dumps({"total": total, "id": "o-1"})}
    answer = account.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def rule(account: Account, target: str, role: str = "", **more: object) -> str:
    """A rule with one target; returns its ARN."""
    events = account.client("events")
    arn: str = events.put_rule(Name="orders", EventPattern=PATTERN)["RuleArn"]
    given: dict[str, object] = {"Id": "1", "Arn": target, **({"RoleArn": role} if role else {}), **more}
    assert events.put_targets(Rule="orders", Targets=[given])["FailedEntryCount"] == 0
    return arn


def test_a_target_is_called_with_the_passed_role(account: Account) -> None:
    url, queue = account.queue("orders")
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    arn = rule(account, queue, role)
    put(account, 5)
    put(account, 50)
    (text,) = eventually(lambda: account.messages(url), "message")
    event = json.loads(text)
    assert (event["source"], event["detail-type"], event["detail"]["total"]) == ("shop", "Order", 50)
    assert (event["account"], event["region"]) == (account.id, REGION)
    (assumed,) = account.records("AssumeRole")
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert assumed["requestParameters"]["roleArn"] == role
    sent = account.records("SendMessage")[0]
    assert sent["userIdentity"]["invokedBy"] == SERVICE
    assert sent["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role
    assert arn.endswith(":rule/orders")


def test_the_role_s_rights_are_asked_each_time_and_the_user_s_pass_role_once(account: Account) -> None:
    url, queue = account.queue("orders")
    dead, dead_arn = account.queue(
        "dead",
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sqs:SendMessage",
            "Resource": f"arn:aws:sqs:{REGION}:{account.id}:dead",
        },
    )
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    rules = allow(["events:PutRule", "events:PutTargets"])
    settings = account.user("ada", rules)
    ada = boto3.client("events", **settings)
    ada.put_rule(Name="orders", EventPattern=PATTERN)
    target = {"Id": "1", "Arn": queue, "RoleArn": role, "DeadLetterConfig": {"Arn": dead_arn}}
    with pytest.raises(ClientError, match="iam:PassRole"):
        ada.put_targets(Rule="orders", Targets=[target])
    iam = account.client("iam")
    iam.put_user_policy(
        UserName="ada", PolicyName="rights", PolicyDocument=document(rules, allow("iam:PassRole", role))
    )
    ada.put_targets(Rule="orders", Targets=[target])
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(rules))
    put(account, 50)
    eventually(lambda: account.messages(url), "message although the user may pass no role any more")
    account.may("Sender")
    put(account, 60)
    found = eventually(
        lambda: (
            account.client("sqs")
            .receive_message(QueueUrl=dead, MessageAttributeNames=["All"])
            .get("Messages")
        ),
        "dead letter",
    )[0]
    assert json.loads(found["Body"])["detail"]["total"] == 60
    attributes = {name: value["StringValue"] for name, value in found["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == queue
    assert "AccessDenied" in attributes["ERROR_CODE"]
    assert account.messages(url) == []
    refused = [one for one in account.records("SendMessage") if one.get("errorCode")]
    assert refused[0]["userIdentity"]["invokedBy"] == SERVICE


def test_a_role_that_trusts_the_service_no_more(account: Account) -> None:
    url, queue = account.queue("orders")
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    rule(account, queue, role)
    put(account, 50)
    eventually(lambda: account.messages(url), "message")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    account.client("iam").update_assume_role_policy(RoleName="Sender", PolicyDocument=document(trust))
    put(account, 50)
    eventually(
        lambda: [one for one in account.records("AssumeRole") if one.get("errorCode") == "AccessDenied"]
    )
    assert account.messages(url) == []


def test_without_a_role_the_queue_s_policy_decides(account: Account) -> None:
    url, queue = account.queue("orders")
    arn = rule(account, queue)
    put(account, 50)
    denied = eventually(lambda: account.records("SendMessage"), "attempt")[0]
    assert denied["errorCode"].startswith("AccessDenied")
    assert denied["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert account.messages(url) == []
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
    }
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(policy)})
    put(account, 50)
    assert len(eventually(lambda: account.messages(url), "message")) == 1


def test_inputs(account: Account) -> None:
    url, queue = account.queue("orders")
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    events = account.client("events")
    events.put_rule(Name="orders", EventPattern=PATTERN)
    template = {
        "InputPathsMap": {"total": "$.detail.total", "id": "$.detail.id"},
        "InputTemplate": '{"text": "order <id> of <total>", "sum": <total>, "id": <id>}',
    }
    sent: list[dict[str, Any]] = [
        {"Id": "constant", "Input": '{"a": 1}'},
        {"Id": "path", "InputPath": "$.detail"},
        {"Id": "template", "InputTransformer": template},
    ]
    events.put_targets(Rule="orders", Targets=[{"Arn": queue, "RoleArn": role, **one} for one in sent])
    put(account, 50)
    found: list[str] = []

    def all_three() -> bool:
        found.extend(account.messages(url))
        return len(found) == 3

    eventually(all_three, "three messages")
    documents = [json.loads(text) for text in found]
    for expected in (
        {"a": 1},
        {"total": 50, "id": "o-1"},
        {"text": "order o-1 of 50", "sum": 50, "id": "o-1"},
    ):
        assert expected in documents


def test_a_disabled_rule_calls_nothing(account: Account) -> None:
    url, queue = account.queue("orders")
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    rule(account, queue, role)
    account.client("events").disable_rule(Name="orders")
    put(account, 50)
    account.client("events").enable_rule(Name="orders")
    put(account, 60)
    (text,) = eventually(lambda: account.messages(url), "message")
    assert json.loads(text)["detail"]["total"] == 60


def test_a_schedule_is_due_by_the_endpoint_s_clock(account: Account) -> None:
    url, queue = account.queue("ticks")
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    events = account.client("events")
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": queue, "RoleArn": role}])
    time.sleep(1.5)
    assert account.messages(url) == []
    account.advance(3600)
    (text,) = eventually(lambda: account.messages(url), "message after an hour")
    event = json.loads(text)
    assert (event["detail-type"], event["source"]) == ("Scheduled Event", "aws.events")
    assert event["resources"] == [f"arn:aws:events:{REGION}:{account.id}:rule/hourly"]


def test_other_targets(account: Account) -> None:
    sns, logs, events = account.client("sns"), account.client("logs"), account.client("events")
    url, queue = account.queue("copies")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    open_to_sns = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(open_to_sns)})
    logs.create_log_group(logGroupName="/aws/events/orders")
    group = f"arn:aws:logs:{REGION}:{account.id}:log-group:/aws/events/orders"
    bus = events.create_event_bus(Name="other")["EventBusArn"]
    role = account.role(
        "Sender",
        SERVICE,
        allow(["sns:Publish", "logs:CreateLogStream", "logs:PutLogEvents", "events:PutEvents"]),
    )
    events.put_rule(Name="orders", EventPattern=PATTERN)
    events.put_targets(
        Rule="orders",
        Targets=[
            {"Id": id, "Arn": arn, "RoleArn": role}
            for id, arn in (("topic", topic), ("group", group), ("bus", bus))
        ],
    )
    events.put_rule(Name="far", EventBusName="other", EventPattern=json.dumps({"source": ["shop"]}))
    far, far_arn = account.queue("far")
    sender = account.role("Far", SERVICE, allow("sqs:SendMessage", far_arn))
    events.put_targets(
        Rule="far", EventBusName="other", Targets=[{"Id": "1", "Arn": far_arn, "RoleArn": sender}]
    )
    put(account, 50)
    (message,) = eventually(lambda: account.messages(url), "message of the topic")
    assert json.loads(json.loads(message)["Message"])["detail"]["total"] == 50
    (forwarded,) = eventually(lambda: account.messages(far), "message of the other bus")
    assert json.loads(forwarded)["detail"] == {"total": 50, "id": "o-1"}

    def logged() -> list[str]:
        return [
            event["message"] for event in logs.filter_log_events(logGroupName="/aws/events/orders")["events"]
        ]

    (text,) = eventually(logged, "log event")
    assert json.loads(text)["detail"]["total"] == 50


def test_a_function_that_is_not_run_is_an_attempt_that_failed(account: Account) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    execution = account.role("Runner", "lambda.amazonaws.com", allow("logs:*"))
    lambdas = account.client("lambda")
    function = lambdas.create_function(
        FunctionName="work",
        Runtime="python3.12",
        Handler="app.handler",
        Role=execution,
        Code={"ZipFile": data.getvalue()},
    )["FunctionArn"]
    arn = rule(account, function)
    put(account, 50)
    (denied,) = eventually(lambda: account.records("Invoke"), "attempt")
    assert denied["errorCode"] == "AccessDenied"
    lambdas.add_permission(
        FunctionName="work", StatementId="r", Action="lambda:InvokeFunction", Principal=SERVICE, SourceArn=arn
    )
    put(account, 50)
    eventually(lambda: len(account.records("Invoke")) == 2)
    assert account.records("Invoke")[0]["errorCode"] == "NotImplemented"
    assert "--run-functions" in account.records("Invoke")[0]["errorMessage"]


def test_an_archive_keeps_what_its_pattern_takes(account: Account) -> None:
    events = account.client("events")
    bus = events.describe_event_bus(Name="default")["Arn"]
    events.create_archive(ArchiveName="shop", EventSourceArn=bus, EventPattern='{"source": ["shop"]}')
    put(account, 50)
    events.put_events(Entries=[{"Source": "other", "DetailType": "x", "Detail": "{}"}])
    assert events.describe_archive(ArchiveName="shop")["EventCount"] == 1
    assert account.records("AssumeRole") == []


def test_a_role_and_a_target_that_are_gone(account: Account) -> None:
    url, queue = account.queue("orders")
    opened = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    dead, dead_arn = account.queue("dead", opened)
    role = account.role("Sender", SERVICE, allow("sqs:SendMessage", queue))
    rule(account, queue, role, DeadLetterConfig={"Arn": dead_arn})
    account.client("sqs").delete_queue(QueueUrl=url)

    def buried() -> str | None:
        found = account.client("sqs").receive_message(QueueUrl=dead, MessageAttributeNames=["All"])
        messages = found.get("Messages")
        return messages[0]["MessageAttributes"]["ERROR_CODE"]["StringValue"] if messages else None

    put(account, 50)
    assert eventually(buried, "dead letter") == "QueueDoesNotExist"
    iam = account.client("iam")
    iam.delete_role_policy(RoleName="Sender", PolicyName="rights")
    iam.delete_role(RoleName="Sender")
    put(account, 60)
    assert eventually(buried, "dead letter") == "NO_PERMISSIONS"
