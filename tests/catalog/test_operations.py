"""Which actions on which resources an operation needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from passrole.catalog import operations, templates
from passrole.catalog.operations import ActionUse, Operation

CHECKED: Final[Any] = yaml.safe_load((Path(__file__).parent / "actions.yaml").read_text())
ROWS: Final = [
    (f"{service}:{name}", actions)
    for service, rows in CHECKED["rows"].items()
    for name, actions in rows.items()
]


def known(service: str, name: str) -> Operation:
    found = operations.operation(service, name)
    assert found is not None
    return found


@pytest.mark.parametrize(("operation", "actions"), ROWS, ids=[row[0] for row in ROWS])
def test_needs_these_actions(operation: str, actions: list[str]) -> None:
    use = known(*operation.split(":")).actions
    assert [one.action + ("?" if one.when else "") for one in use] == actions


@pytest.mark.parametrize(
    ("service", "name"),
    [(service, name) for service, names in CHECKED["exempt"].items() for name in names],
)
def test_needs_no_permission(service: str, name: str) -> None:
    operation = known(service, name)
    assert operation.exempt
    assert operation.actions == ()


def test_an_operation_that_is_not_there_is_not_known() -> None:
    assert operations.operation("iam", "PassRole") is None
    assert operations.operation("ec2", "runInstances") is None
    assert operations.operation("nosuch", "RunInstances") is None
    assert operations.operation_names("nosuch") == ()


def resources(use: ActionUse, given: Mapping[str, object]) -> dict[str, tuple[str, ...] | None]:
    """What a call asks for by resource type; an optional type that it does not name is left out."""
    filled = {
        one.type: templates.fill(one.template, given, partition="aws", region="us-east-1", account="1" * 12)
        for one in use.resources
    }
    required = {one.type for one in use.resources if one.required}
    return {kind: arns for kind, arns in filled.items() if arns != () or kind in required}


EC2: Final = f"arn:aws:ec2:us-east-1:{'1' * 12}:"


def test_run_instances_is_authorized_on_each_resource() -> None:
    use = known("ec2", "RunInstances").actions[0]
    given: dict[str, object] = {
        "ImageId": "ami-1",
        "SubnetId": "subnet-1",
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "KeyName": "mine",
    }
    assert resources(use, given) == {
        "image": ("arn:aws:ec2:us-east-1::image/ami-1",),
        "instance": (EC2 + "instance/*",),
        "key-pair": (EC2 + "key-pair/mine",),
        "network-interface": (EC2 + "network-interface/*",),
        "security-group": (EC2 + "security-group/sg-1", EC2 + "security-group/sg-2"),
        "subnet": (EC2 + "subnet/subnet-1",),
        "volume": (EC2 + "volume/*",),
    }


def test_tags_on_launch_are_authorized_on_what_they_tag() -> None:
    use = known("ec2", "RunInstances").actions[1]
    tagged = {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]}
    assert use.applies(tagged)
    assert not use.applies({})
    assert resources(use, tagged) == {"": (EC2 + "instance/*",)}


@pytest.mark.parametrize(
    ("service", "name", "given", "expected"),
    [
        ("s3", "GetObject", {"Bucket": "b", "Key": "k/1"}, {"object": ("arn:aws:s3:::b/k/1",)}),
        ("s3", "ListBuckets", {}, {}),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, {"bucket": ("arn:aws:s3:::b",)}),
        ("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, {"vpc": (EC2 + "vpc/*",)}),
        ("ec2", "TerminateInstances", {"InstanceIds": ["i-1"]}, {"instance": (EC2 + "instance/i-1",)}),
        ("ec2", "DescribeInstances", {}, {}),
        ("ec2", "CreateTags", {"Resources": ["sg-1"]}, {"": (EC2 + "security-group/sg-1",)}),
        ("ec2", "ReplaceIamInstanceProfileAssociation", {"AssociationId": "iip-assoc-1"}, {"instance": None}),
        (
            "lambda",
            "UpdateFunctionConfiguration",
            {"FunctionName": "f"},
            {"function": (f"arn:aws:lambda:us-east-1:{'1' * 12}:function:f",)},
        ),
        (
            "stepfunctions",
            "CreateStateMachine",
            {"name": "m"},
            {"statemachine": (f"arn:aws:states:us-east-1:{'1' * 12}:stateMachine:m",)},
        ),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t"},
            {"table": (f"arn:aws:dynamodb:us-east-1:{'1' * 12}:table/t",)},
        ),
        (
            "ecs",
            "RunTask",
            {"taskDefinition": "web:3"},
            {"task-definition": (f"arn:aws:ecs:us-east-1:{'1' * 12}:task-definition/web:3",)},
        ),
        (
            "autoscaling",
            "CreateAutoScalingGroup",
            {"AutoScalingGroupName": "g"},
            {
                "autoScalingGroup": (
                    f"arn:aws:autoscaling:us-east-1:{'1' * 12}:autoScalingGroup:*:autoScalingGroupName/g",
                )
            },
        ),
        ("kms", "Encrypt", {"KeyId": "alias/app"}, {"key": None}),
        (
            "ssm",
            "GetParameter",
            {"Name": "/app/key"},
            {"parameter": (f"arn:aws:ssm:us-east-1:{'1' * 12}:parameter/app/key",)},
        ),
        (
            "events",
            "PutRule",
            {"Name": "r", "EventBusName": "own"},
            {"rule-on-default-event-bus": (f"arn:aws:events:us-east-1:{'1' * 12}:rule/own/r",)},
        ),
        (
            "apigateway",
            "CreateAuthorizer",
            {"restApiId": "a1"},
            {"": ("arn:aws:apigateway:us-east-1::/restapis/a1/authorizers",)},
        ),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:r:a:t"}, {"topic": ("arn:aws:sns:r:a:t",)}),
        ("sns", "Publish", {"PhoneNumber": "+1"}, {"topic": ("*",)}),
        (
            "scheduler",
            "CreateSchedule",
            {"Name": "s"},
            {"schedule": (f"arn:aws:scheduler:us-east-1:{'1' * 12}:schedule/default/s",)},
        ),
        (
            "cloudformation",
            "CreateStack",
            {"StackName": "web"},
            {"stack": (f"arn:aws:cloudformation:us-east-1:{'1' * 12}:stack/web/*",)},
        ),
    ],
)
def test_names_its_resources(
    service: str, name: str, given: dict[str, object], expected: dict[str, object]
) -> None:
    assert resources(known(service, name).actions[0], given) == expected


def test_conditions_go_with_what_they_describe() -> None:
    use = known("ec2", "RunInstances").actions[0]
    by_type = {one.type: one.keys for one in use.resources}
    assert "ec2:InstanceProfile" in by_type["instance"]
    assert "ec2:InstanceType" in by_type["instance"]
    assert "ec2:InstanceProfile" not in by_type["subnet"]
    assert "ec2:Region" in use.keys
    assert "lambda:VpcIds" in known("lambda", "CreateFunction").actions[0].keys


def test_describes_as_the_contract_says() -> None:
    assert operations.describe("s3", "ListObjectsV2") == {
        "service": "s3",
        "operation": "ListObjectsV2",
        "actions": ["s3:ListBucket"],
        "role_parameters": [],
    }
    described = operations.describe("ecs", "RegisterTaskDefinition")
    assert described is not None
    assert described["actions"] == ["ecs:RegisterTaskDefinition", "iam:PassRole", "ecs:TagResource"]
    assert described["role_parameters"] == [
        {"path": "executionRoleArn", "holds": "role-arn-or-name", "principals": ["ecs-tasks.amazonaws.com"]},
        {"path": "taskRoleArn", "holds": "role-arn-or-name", "principals": ["ecs-tasks.amazonaws.com"]},
    ] or described["role_parameters"] == [
        {"path": "taskRoleArn", "holds": "role-arn-or-name", "principals": ["ecs-tasks.amazonaws.com"]},
        {"path": "executionRoleArn", "holds": "role-arn-or-name", "principals": ["ecs-tasks.amazonaws.com"]},
    ]
    assert operations.describe("ec2", "NoSuch") is None


def test_access_levels() -> None:
    assert known("ec2", "RunInstances").access_level == "Write"
    assert known("ec2", "CreateTags").access_level == "Tagging"
    assert known("iam", "PutRolePolicy").access_level == "Permissions management"
    assert known("iam", "ListRoles").access_level == "List"
    assert known("iam", "GetRole").access_level == "Read"


def test_what_is_not_covered_says_why() -> None:
    uncovered = operations.uncovered()
    assert "the text of body does not write out" in uncovered["apigateway:ImportRestApi"]
    assert uncovered["mgn:StartTest"].startswith("R:")
    assert len(uncovered) < 40
    assert all(uncovered.values())


def test_the_list_of_passing_operations_is_what_the_files_have() -> None:
    taking = [
        (service, name)
        for service in operations.services()
        for name in operations.operation_names(service)
        if (known := operations.operation(service, name)) is not None and known.role_parameters
    ]
    assert list(operations.passing_names()) == taking
    assert [(one.service, one.name) for one in operations.passing()] == taking
