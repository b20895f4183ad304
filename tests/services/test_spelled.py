"""Members in upper camel case, for every service and back."""

from __future__ import annotations

import pytest

from passrole.services.spelled import service_named, spelled, upper_camel
from passrole.services.workloads.targets.any_call import request
from passrole.services.workloads.targets.invoking import UnsupportedTarget
from passrole.wire import models


@pytest.mark.parametrize(
    ("service", "operation", "given", "expected"),
    [
        (
            "ecs",
            "RunTask",
            {"TaskDefinition": "t", "Overrides": {"ContainerOverrides": [{"Name": "c"}]}},
            {"taskDefinition": "t", "overrides": {"containerOverrides": [{"name": "c"}]}},
        ),
        ("iam", "CreateUser", {"UserName": "ada", "NoSuch": 1}, {"UserName": "ada"}),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t", "Item": {"lower": {"S": "x"}}},
            {"TableName": "t", "Item": {"lower": {"S": "x"}}},
        ),
        ("stepfunctions", "StartExecution", {"Input": {"a": 1}}, {"input": '{"a":1}'}),
        ("lambda", "Invoke", {"Payload": {"a": 1}}, {"Payload": b'{"a":1}'}),
        ("kinesis", "PutRecord", {"Data": "text"}, {"Data": b"text"}),
    ],
)
def test_inputs_as_the_model_has_them(
    service: str, operation: str, given: dict[str, object], expected: dict[str, object]
) -> None:
    shape = models.service(service).operation(operation).input
    assert shape is not None
    assert spelled(shape, given) == expected


def test_outputs_as_states_show_them() -> None:
    shape = models.service("ecs").operation("RunTask").output
    assert shape is not None
    answer = {"tasks": [{"taskArn": "a", "tags": [{"key": "k", "value": "v"}]}], "failures": []}
    assert upper_camel(shape, answer) == {
        "Tasks": [{"TaskArn": "a", "Tags": [{"Key": "k", "Value": "v"}]}],
        "Failures": [],
    }


def test_names_of_services() -> None:
    assert service_named("sfn") == "stepfunctions"
    assert service_named("EventBridge") == "events"
    assert service_named("sqs") == "sqs"


def test_universal_targets() -> None:
    made = request("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", '{"QueueUrl": "u", "MessageBody": "m"}')
    assert (made.service, made.operation) == ("sqs", "SendMessage")
    assert made.given == {"QueueUrl": "u", "MessageBody": "m"}


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("arn:aws:scheduler:::aws-sdk:nosuch:call", "{}"),
        ("arn:aws:scheduler:::aws-sdk:sqs:noSuchCall", "{}"),
        ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "{"),
        ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "[]"),
    ],
)
def test_what_is_no_call(target: str, text: str) -> None:
    with pytest.raises(UnsupportedTarget):
        request(target, text)
