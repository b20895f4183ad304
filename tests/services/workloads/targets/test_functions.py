"""Functions that queues, topics and rules run, where functions are run at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from tests.services.workloads.conftest import REGION, Account, allow, eventually
from tests.services.workloads.targets.test_machines import run

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

CODE = """
import json, os, urllib.request
def handler(event, context):
    print("EVENT " + json.dumps(event))
    return {"done": True}
"""
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, run_functions=True)) as running:
        yield running


def deploy(account: Account, role: str) -> str:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", CODE)
    made = account.client("lambda").create_function(
        FunctionName="work",
        Runtime="python3.12",
        Handler="app.handler",
        Role=role,
        Timeout=20,
        Code={"ZipFile": data.getvalue()},
    )
    arn: str = made["FunctionArn"]
    return arn


def events(account: Account) -> list[dict[str, object]]:
    """What the function got, from its log."""
    logs = account.client("logs")
    try:
        found = logs.filter_log_events(logGroupName="/aws/lambda/work")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    lines = [event["message"] for event in found]
    return [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]


def test_a_queue_is_read_with_the_function_s_role(account: Account) -> None:
    url, queue = account.queue("jobs")
    reading = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue)
    role = account.role("Runner", "lambda.amazonaws.com", allow(LOGS), reading)
    deploy(account, role)
    account.client("lambda").create_event_source_mapping(FunctionName="work", EventSourceArn=queue)
    sqs = account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    (event,) = eventually(lambda: events(account), "run")
    assert isinstance(event["Records"], list)
    (record,) = event["Records"]
    assert (record["body"], record["eventSourceARN"]) == ("hello", queue)
    received = eventually(lambda: account.records("DeleteMessageBatch"), "deletion")[0]
    assert received["userIdentity"]["invokedBy"] == "lambda.amazonaws.com"
    assert received["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role
    account.may("Runner", allow(LOGS))
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    eventually(lambda: [one for one in account.records("ReceiveMessage") if one.get("errorCode")], "refusal")
    assert len(events(account)) == 1
    account.may("Runner", allow(LOGS), reading)
    eventually(lambda: len(events(account)) == 2, "run once it may read again")


def test_a_topic_and_a_rule_run_it(account: Account) -> None:
    role = account.role("Runner", "lambda.amazonaws.com", allow(LOGS))
    function = deploy(account, role)
    sns, rules, lambdas = account.client("sns"), account.client("events"), account.client("lambda")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    rule = rules.put_rule(Name="shop", EventPattern='{"source": ["shop"]}')["RuleArn"]
    rules.put_targets(Rule="shop", Targets=[{"Id": "1", "Arn": function}])
    sns.publish(TopicArn=topic, Message="lost")
    eventually(lambda: [one for one in account.records("Invoke") if one.get("errorCode")], "refusal")
    for principal, source in (("sns.amazonaws.com", topic), ("events.amazonaws.com", rule)):
        lambdas.add_permission(
            FunctionName="work",
            StatementId=principal.split(".")[0],
            Action="lambda:InvokeFunction",
            Principal=principal,
            SourceArn=source,
        )
    sns.publish(TopicArn=topic, Message="found")
    rules.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": "{}"}])
    eventually(lambda: len(events(account)) == 2, "two runs")
    messages = json.dumps(events(account))
    assert "found" in messages
    assert '"detail-type": "Order"' in messages
    assert "lost" not in messages
    assert REGION in messages


def test_an_execution_invokes_it_with_the_machine_s_role(account: Account) -> None:
    runner = account.role("Runner", "lambda.amazonaws.com", allow(LOGS))
    function = deploy(account, runner)
    role = account.role("Machine", "states.amazonaws.com", allow("lambda:InvokeFunction", function))
    parameters = {"FunctionName": function, "Payload": {"a.$": "$.a"}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    states = {
        "Optimized": {**task, "OutputPath": "$.Payload", "Next": "Direct"},
        "Direct": {"Type": "Task", "Resource": function, "End": True},
    }
    made = account.client("stepfunctions").create_state_machine(
        name="work", definition=json.dumps({"StartAt": "Optimized", "States": states}), roleArn=role
    )
    ended = run(account, made["stateMachineArn"], {"a": 1})
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"done": True}
    assert eventually(lambda: len(events(account)) == 2)
    assert {"a": 1} in events(account)
    account.may("Machine")
    ended = run(account, made["stateMachineArn"], {"a": 2})
    assert ended["status"] == "FAILED"
    assert "lambda:InvokeFunction" in ended["cause"]
