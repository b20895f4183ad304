"""State machines run, and what they call they call with the role that they were passed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually

SERVICE = "states.amazonaws.com"
Document = dict[str, Any]


def machine(account: Account, role: str, states: Mapping[str, object], *, start: str = "Do") -> str:
    definition = json.dumps({"StartAt": start, "States": states})
    made = account.client("stepfunctions").create_state_machine(
        name="work", definition=definition, roleArn=role
    )
    arn: str = made["stateMachineArn"]
    return arn


def run(account: Account, arn: str, given: object = None) -> Document:
    """An execution once it has ended."""
    states = account.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"]

    def ended() -> Document | None:
        found: Document = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return eventually(ended, "end of the execution")


def send(url: str, **more: object) -> Document:
    parameters = {"QueueUrl": url, "MessageBody.$": "$.text"}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": parameters,
        "End": True,
        **more,
    }


def test_a_task_calls_with_the_passed_role(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("sqs:SendMessage", queue))
    arn = machine(account, role, {"Do": send(url)})
    ended = run(account, arn, {"text": "hello"})
    assert ended["status"] == "SUCCEEDED", ended
    assert "MessageId" in json.loads(ended["output"])
    assert account.messages(url) == ["hello"]
    (assumed,) = account.records("AssumeRole")
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    sent = account.records("SendMessage")[0]
    assert sent["userIdentity"]["invokedBy"] == SERVICE
    assert sent["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == role
    history = account.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])
    kinds = [event["type"] for event in history["events"]]
    assert kinds[0] == "ExecutionStarted"
    assert kinds[-1] == "ExecutionSucceeded"
    assert {"TaskStateEntered", "TaskScheduled", "TaskSucceeded"} <= set(kinds)


def test_rights_are_asked_at_each_call_and_pass_role_at_set_up_only(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("sqs:SendMessage", queue))
    rights = allow(["states:CreateStateMachine", "states:StartExecution"])
    ada = boto3.client("stepfunctions", **account.user("ada", rights))
    definition = json.dumps({"StartAt": "Do", "States": {"Do": send(url)}})
    with pytest.raises(ClientError, match="iam:PassRole"):
        ada.create_state_machine(name="work", definition=definition, roleArn=role)
    iam = account.client("iam")
    passing = document(rights, allow("iam:PassRole", role))
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
    arn = ada.create_state_machine(name="work", definition=definition, roleArn=role)["stateMachineArn"]
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(rights))
    ada.start_execution(stateMachineArn=arn, input='{"text": "one"}')
    assert eventually(lambda: account.messages(url), "message") == ["one"]
    account.may("Worker")
    ended = run(account, arn, {"text": "two"})
    assert ended["status"] == "FAILED"
    assert "is not authorized to perform: sqs:SendMessage" in ended["cause"]
    assert account.messages(url) == []
    account.may("Worker", allow("sqs:SendMessage", queue))
    assert run(account, arn, {"text": "three"})["status"] == "SUCCEEDED"


def test_a_role_that_trusts_step_functions_no_more(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("sqs:SendMessage", queue))
    arn = machine(account, role, {"Do": send(url)})
    assert run(account, arn, {"text": "one"})["status"] == "SUCCEEDED"
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    account.client("iam").update_assume_role_policy(RoleName="Worker", PolicyDocument=document(trust))
    ended = run(account, arn, {"text": "two"})
    assert ended["status"] == "FAILED"
    assert "authorized to assume" in ended["cause"]


def test_a_role_that_nobody_has_passed_is_not_used(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("sns:Publish", "*"))
    other = account.role("Stronger", SERVICE, allow("sqs:SendMessage", queue))
    arn = machine(account, role, {"Do": send(url, Credentials={"RoleArn": other})})
    ended = run(account, arn, {"text": "hello"})
    assert ended["status"] == "FAILED"
    assert "Credentials are not" in ended["cause"]
    assert account.messages(url) == []


def test_a_denied_call_can_be_caught(account: Account) -> None:
    url, _ = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Rest", "ResultPath": "$.error"}]
    arn = machine(
        account, role, {"Do": {**send(url), "Catch": caught}, "Rest": {"Type": "Pass", "End": True}}
    )
    ended = run(account, arn, {"text": "x"})
    assert ended["status"] == "SUCCEEDED"
    assert "not authorized" in json.loads(ended["output"])["error"]["Cause"]


def test_any_call_of_the_endpoint(account: Account) -> None:
    role = account.role("Worker", SERVICE, allow(["iam:CreateUser", "dynamodb:PutItem", "dynamodb:GetItem"]))
    account.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    states = {
        "Do": {
            "Type": "Parallel",
            "End": True,
            "Branches": [
                {
                    "StartAt": "User",
                    "States": {
                        "User": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::aws-sdk:iam:createUser",
                            "Parameters": {"UserName.$": "$.name"},
                            "ResultSelector": {"arn.$": "$.User.Arn"},
                            "End": True,
                        }
                    },
                },
                {
                    "StartAt": "Put",
                    "States": {
                        "Put": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::dynamodb:putItem",
                            "Parameters": {"TableName": "t", "Item": {"k": {"S.$": "$.name"}}},
                            "ResultPath": None,
                            "Next": "Get",
                        },
                        "Get": {
                            "Type": "Task",
                            "Resource": "arn:aws:states:::dynamodb:getItem",
                            "Parameters": {"TableName": "t", "Key": {"k": {"S.$": "$.name"}}},
                            "OutputPath": "$.Item",
                            "End": True,
                        },
                    },
                },
            ],
        }
    }
    ended = run(account, machine(account, role, states), {"name": "ada"})
    assert ended["status"] == "SUCCEEDED", ended
    user, item = json.loads(ended["output"])
    assert user == {"arn": f"arn:aws:iam::{account.id}:user/ada"}
    assert item == {"k": {"S": "ada"}}
    assert account.records("CreateUser")[0]["userIdentity"]["invokedBy"] == SERVICE
    refused = machine_of(account, role, "aws-sdk:iam:deleteUser", {"UserName": "ada"})
    ended = run(account, refused)
    assert ended["status"] == "FAILED"
    assert "iam:DeleteUser" in ended["cause"]


def machine_of(account: Account, role: str, resource: str, parameters: Mapping[str, object]) -> str:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True}
    definition = json.dumps({"StartAt": "Do", "States": {"Do": task}})
    made = account.client("stepfunctions").create_state_machine(
        name="other", definition=definition, roleArn=role
    )
    return str(made["stateMachineArn"])


def test_flow_without_calls(account: Account) -> None:
    role = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    states = {
        "Do": {
            "Type": "Map",
            "ItemsPath": "$.numbers",
            "ItemProcessor": {
                "StartAt": "Which",
                "States": {
                    "Which": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$", "NumericGreaterThan": 1, "Next": "Large"}],
                        "Default": "Small",
                    },
                    "Large": {
                        "Type": "Pass",
                        "Parameters": {"large.$": "States.Format('{}!', $)"},
                        "End": True,
                    },
                    "Small": {"Type": "Pass", "Result": "small", "End": True},
                },
            },
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 0, "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }
    ended = run(account, machine(account, role, states), {"numbers": [1, 2]})
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == ["small", {"large": "2!"}]
    failing = {"Do": {"Type": "Fail", "Error": "Custom", "Cause": "because"}}
    states_client = account.client("stepfunctions")
    made = states_client.create_state_machine(
        name="failing", definition=json.dumps({"StartAt": "Do", "States": failing}), roleArn=role
    )
    ended = run(account, made["stateMachineArn"])
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Custom", "because")


def test_a_rule_starts_an_execution(account: Account) -> None:
    url, queue = account.queue("jobs")
    role = account.role("Worker", SERVICE, allow("sqs:SendMessage", queue))
    arn = machine(account, role, {"Do": send(url, Parameters={"QueueUrl": url, "MessageBody.$": "$.source"})})
    starter = account.role("Starter", "events.amazonaws.com", allow("states:StartExecution", arn))
    events = account.client("events")
    events.put_rule(Name="shop", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="shop", Targets=[{"Id": "1", "Arn": arn, "RoleArn": starter}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "Order", "Detail": "{}"}])
    assert eventually(lambda: account.messages(url), "message") == ["shop"]
    issuers = [
        one["userIdentity"]["invokedBy"] for one in account.records("AssumeRole") if not one.get("errorCode")
    ]
    assert sorted(issuers) == ["events.amazonaws.com", SERVICE]


def test_a_definition_that_is_none(account: Account) -> None:
    role = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    made = account.client("stepfunctions").create_state_machine(
        name="broken", definition='{"StartAt": 5}', roleArn=role
    )
    with pytest.raises(ClientError, match="InvalidDefinition"):
        account.client("stepfunctions").start_execution(stateMachineArn=made["stateMachineArn"])
    assert REGION in made["stateMachineArn"]


def test_another_execution_is_waited_for(account: Account) -> None:
    worker = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    inner = account.client("stepfunctions").create_state_machine(
        name="inner",
        definition=json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 7, "End": True}}}),
        roleArn=worker,
    )["stateMachineArn"]
    role = account.role("Parent", SERVICE, allow(["states:StartExecution", "states:DescribeExecution"], "*"))
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input": {}},
        "OutputPath": "$.Output",
        "End": True,
    }
    ended = run(account, machine(account, role, {"Do": task}))
    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", "7"), ended


def test_an_execution_is_stopped(account: Account) -> None:
    role = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    states = account.client("stepfunctions")
    arn = machine(account, role, {"Do": {"Type": "Wait", "Seconds": 300, "End": True}})
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    states.stop_execution(executionArn=execution)
    eventually(lambda: states.describe_execution(executionArn=execution)["status"] == "ABORTED")


def test_jsonata_is_not_there(account: Account) -> None:
    role = account.role("Worker", SERVICE, allow("s3:ListAllMyBuckets"))
    state = {"Type": "Pass", "Output": "{% $states.input.a + 1 %}", "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": state}})
    states = account.client("stepfunctions")
    made = states.create_state_machine(name="jsonata", definition=definition, roleArn=role)
    with pytest.raises(ClientError, match="JSONata is not evaluated here"):
        states.start_execution(stateMachineArn=made["stateMachineArn"])
