"""Conditions on services' own keys, through the gateway: what they allow passes, its neighbor is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pytest
from tests.gateway.estate import ACCOUNT, ALL, REGION, Estate, Statement, refused
from tests.gateway.tagged import id_in, placed

from passrole.state.stacks import Stack, Wanted

HERE: Final = f"{REGION}:{ACCOUNT}"
Given = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    """One operation twice: right is allowed by the condition, wrong is not.

    before are calls that come first; id is the path in the last one's output of what stands for ``@``.
    """

    name: str
    condition: Mapping[str, Mapping[str, object]]
    right: Given
    wrong: Given
    before: tuple[tuple[str, Given], ...] = ()
    id: str = ""

    def __str__(self) -> str:
        keys = (key for inner in self.condition.values() for key in inner)
        return f"{self.name} {' '.join(keys)}"


GROUP: Final = {
    "AutoScalingGroupName": "g",
    "MinSize": 0,
    "LaunchConfigurationName": "c",
    "AvailabilityZones": [f"{REGION}a"],
}
CONFIGURATION: Final = {"LaunchConfigurationName": "c", "ImageId": "ami-1", "InstanceType": "t3.micro"}
TABLE: Final = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TASKS: Final = {"family": "web", "containerDefinitions": [{"name": "a", "image": "i", "memory": 128}]}
LAUNCH: Final = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
PLAIN: Final = {
    "name": "plain",
    "artifacts": {"type": "NO_ARTIFACTS"},
    "source": {"type": "S3", "location": "b/k"},
}
MACHINE: Final = f"arn:aws:states:{HERE}:stateMachine:m"


DOCUMENT: Final = '{"schemaVersion": "2.2", "description": "d", "mainSteps": []}'


def launch(**ebs: object) -> Given:
    """A launch whose root volume is described."""
    return {**LAUNCH, "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": ebs}]}


CASES: Final = (
    Case(
        "ecs:CreateService",
        {"StringEquals": {"ecs:task-definition": f"arn:aws:ecs:{HERE}:task-definition/web:1"}},
        {"serviceName": "s", "taskDefinition": "web", "cluster": "c"},
        {"serviceName": "s", "taskDefinition": "web:2", "cluster": "c"},
        before=(("ecs:CreateCluster", {"clusterName": "c"}), ("ecs:RegisterTaskDefinition", TASKS)),
    ),
    Case(
        "ecs:RegisterTaskDefinition",
        {"StringEquals": {"ecs:privileged": "false"}},
        TASKS,
        {
            "family": "f",
            "containerDefinitions": [{"name": "a", "image": "i", "memory": 1, "privileged": True}],
        },
    ),
    Case(
        "stepfunctions:StartExecution",
        {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": "PROD"}},
        {"stateMachineArn": f"{MACHINE}:PROD"},
        {"stateMachineArn": MACHINE},
    ),
    Case(
        "events:PutRule",
        {"ForAllValues:StringEquals": {"events:source": "aws.ec2"}, "Null": {"events:source": "false"}},
        {"Name": "r", "EventPattern": '{"source": ["aws.ec2"]}'},
        {"Name": "r", "EventPattern": '{"source": [{"prefix": "aws.ec2"}]}'},
    ),
    Case(
        "autoscaling:CreateAutoScalingGroup",
        {"NumericLessThanEquals": {"autoscaling:MaxSize": "3"}},
        {**GROUP, "MaxSize": 3},
        {**GROUP, "MaxSize": 4},
        before=(("autoscaling:CreateLaunchConfiguration", CONFIGURATION),),
    ),
    Case(
        "dynamodb:PutItem",
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "ada"}},
        {"TableName": "t", "Item": {"id": {"S": "ada"}}},
        {"TableName": "t", "Item": {"id": {"S": "bob"}}},
        before=(("dynamodb:CreateTable", TABLE),),
    ),
    Case(
        "dynamodb:GetItem",
        {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "age"]}},
        {"TableName": "t", "Key": {"id": {"S": "ada"}}, "ProjectionExpression": "age"},
        {"TableName": "t", "Key": {"id": {"S": "ada"}}, "ProjectionExpression": "age, pay"},
        before=(("dynamodb:CreateTable", TABLE),),
    ),
    Case(
        "kms:CreateKey",
        {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}},
        {},
        {"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY"},
    ),
    Case(
        "kms:Encrypt",
        {"StringEquals": {"kms:RequestAlias": "alias/app", "kms:KeyUsage": "ENCRYPT_DECRYPT"}},
        {"KeyId": "alias/app", "Plaintext": b"x"},
        {"KeyId": "@", "Plaintext": b"x"},
        before=(("kms:CreateKey", {}), ("kms:CreateAlias", {"AliasName": "alias/app", "TargetKeyId": "@"})),
        id="KeyMetadata.KeyId",
    ),
    Case(
        "kms:DisableKey",
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/app"}},
        {"KeyId": "@"},
        {"KeyId": "00000000-0000-0000-0000-000000000000"},
        before=(("kms:CreateKey", {}), ("kms:CreateAlias", {"AliasName": "alias/app", "TargetKeyId": "@"})),
        id="KeyMetadata.KeyId",
    ),
    Case(
        "ssm:GetDocument",
        {"StringEquals": {"ssm:DocumentType": "Command"}},
        {"Name": "run"},
        {"Name": "automate"},
        before=(
            ("ssm:CreateDocument", {"Name": "run", "Content": DOCUMENT, "DocumentType": "Command"}),
            ("ssm:CreateDocument", {"Name": "automate", "Content": DOCUMENT, "DocumentType": "Automation"}),
        ),
    ),
    Case(
        "sns:Subscribe",
        {"StringEquals": {"sns:Protocol": "sqs"}},
        {"TopicArn": f"arn:aws:sns:{HERE}:t", "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{HERE}:q"},
        {"TopicArn": f"arn:aws:sns:{HERE}:t", "Protocol": "email", "Endpoint": "a@example.com"},
        before=(("sns:CreateTopic", {"Name": "t"}),),
    ),
    Case(
        "ssm:PutParameter",
        {"StringEquals": {"ssm:Overwrite": "true"}},
        {"Name": "p", "Value": "w", "Type": "String", "Overwrite": True},
        {"Name": "p", "Value": "w", "Type": "String"},
        before=(("ssm:PutParameter", {"Name": "p", "Value": "v", "Type": "String"}),),
    ),
    Case(
        "secretsmanager:GetSecretValue",
        {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        {"SecretId": "s", "VersionStage": "AWSCURRENT"},
        {"SecretId": "s", "VersionStage": "AWSPREVIOUS"},
        before=(("secretsmanager:CreateSecret", {"Name": "s", "SecretString": "x"}),),
    ),
    Case(
        "s3:ListObjectsV2",
        {"StringLike": {"s3:prefix": "home/*"}},
        {"Bucket": "a-bucket", "Prefix": "home/ada"},
        {"Bucket": "a-bucket"},
        before=(
            (
                "s3:CreateBucket",
                {"Bucket": "a-bucket", "CreateBucketConfiguration": {"LocationConstraint": REGION}},
            ),
        ),
    ),
    Case(
        "ec2:RunInstances",
        {"NumericLessThanEqualsIfExists": {"ec2:VolumeSize": "20"}},
        launch(VolumeSize=20),
        launch(VolumeSize=21),
        before=(("ec2:DescribeVpcs", {}),),  # nothing is known of images before EC2 is used
    ),
    Case(
        "codebuild:CreateProject",
        {"Bool": {"codebuild:environment.privilegedMode": "false"}},
        {
            **PLAIN,
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "i",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": False,
            },
            "serviceRole": f"arn:aws:iam::{ACCOUNT}:role/Worker",
        },
        {
            **PLAIN,
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "i",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": True,
            },
            "serviceRole": f"arn:aws:iam::{ACCOUNT}:role/Worker",
        },
    ),
)

OTHERS: Final[Statement] = {
    "Effect": "Allow",
    "Action": ["iam:PassRole", "iam:CreateServiceLinkedRole"],
    "Resource": "*",
}


def authorized(estate: Estate, name: str, given: Given) -> bool:
    """Is the call past authorization? What moto lacks for it does not matter."""
    service, _, operation = name.partition(":")
    response = estate.ask(service, operation, given)
    if response.status < 400:
        return True
    error = refused(response)
    assert "Validation" not in error.code, error  # comes before authorization
    denied = "not authorized" in error.message or error.code in ("AccessDenied", "AccessDeniedException")
    return not (denied or error.code == "UnauthorizedOperation")


@pytest.mark.filterwarnings("ignore::UserWarning:moto")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_condition_lets_through_what_it_names_alone(case: Case) -> None:
    with Estate(embedded=True) as estate:
        estate.role("Worker", "codebuild.amazonaws.com")
        estate.allow(ALL)
        made = ""
        for name, given in case.before:
            service, _, operation = name.partition(":")
            output = estate.output(service, operation, as_input(given, made))
            made = made or (id_in(output, case.id) if case.id else "")
        right, wrong = as_input(case.right, made), as_input(case.wrong, made)
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": case.condition}

        estate.allow(allowed, OTHERS)
        assert not authorized(estate, case.name, wrong)
        assert authorized(estate, case.name, right)
        # The same words deny just that.
        estate.allow(ALL, {**allowed, "Effect": "Deny"})
        assert not authorized(estate, case.name, right)


def as_input(given: Given, made: str) -> Given:
    """An input with what was made in its place."""
    found = placed(given, made)
    assert isinstance(found, Mapping)
    return found


# Stacks, which are the endpoint's own

STACK: Final = f"arn:aws:cloudformation:{HERE}:stack/web/0f000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("name", ["web", STACK])
def test_the_tags_of_a_stack_count(name: str) -> None:
    with Estate() as estate:
        stack = Stack(
            account=ACCOUNT,
            region=REGION,
            name="web",
            arn=STACK,
            created=datetime.now(UTC),
            status="CREATE_COMPLETE",
            wanted=Wanted(template="{}", tags=(("Team", "red"),)),
        )
        estate.directory.put(stack)
        tagged = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
        for team, expected in (("red", True), ("blue", False)):
            estate.allow({**tagged, "Condition": {"StringEquals": {"aws:ResourceTag/Team": team}}})
            assert authorized(estate, "cloudformation:GetTemplate", {"StackName": name}) is expected
        estate.allow({**tagged, "Condition": {"StringNotEquals": {"aws:ResourceTag/Team": "red"}}})
        assert not authorized(estate, "cloudformation:GetTemplate", {"StackName": name})
