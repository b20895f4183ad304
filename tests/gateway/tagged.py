"""Tagged resources of many services: how each is made, and a call that acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.gateway.estate import ACCOUNT, REGION

from passrole.catalog import paths

HERE: Final = f"{REGION}:{ACCOUNT}"
PAIRS: Final = [{"Key": "Team", "Value": "secret"}]
LOWER: Final = [{"key": "Team", "value": "secret"}]
MAP: Final = {"Team": "secret"}
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/Worker"
SKELETON: Final = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


@dataclass(frozen=True, slots=True)
class Tagged:
    """A resource with the tag Team=secret.

    make and act are service:Operation. id is the path in make's output of what stands for ``@`` in the
    input of act. before are calls that come first. told says that its tags are known.
    """

    make: str
    given: Mapping[str, object]
    act: str
    acting: Mapping[str, object]
    id: str = ""
    before: tuple[tuple[str, Mapping[str, object]], ...] = ()
    told: bool = True
    key: str = "aws:ResourceTag/Team"

    def __str__(self) -> str:
        return f"{self.act} {self.key}"


def specified(kind: str) -> list[object]:
    """TagSpecifications of EC2."""
    return [{"ResourceType": kind, "Tags": PAIRS}]


VPC: Final = {"CidrBlock": "10.0.0.0/16"}
DB: Final = {"DBInstanceIdentifier": "db", "DBInstanceClass": "db.t3.micro", "Engine": "mysql"}
DB_LOGIN: Final = {"MasterUsername": "admin", "MasterUserPassword": "longenough", "AllocatedStorage": 20}
TABLE: Final = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
FUNCTION: Final = {
    "FunctionName": "f",
    "Runtime": "python3.12",
    "Role": ROLE,
    "Handler": "f.f",
    "Code": {"ZipFile": b"PK\x05\x06" + bytes(18)},
}
GROUP: Final = {
    "AutoScalingGroupName": "g",
    "MinSize": 0,
    "MaxSize": 1,
    "LaunchConfigurationName": "c",
    "AvailabilityZones": [f"{REGION}a"],
}
CONTAINER: Final = [{"name": "c", "image": "i", "memory": 128}]
PROJECT: Final = {
    "name": "pr",
    "source": {"type": "S3", "location": "b/k"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
    "serviceRole": ROLE,
}
BUCKET: Final = {"Bucket": "a-bucket", "CreateBucketConfiguration": {"LocationConstraint": REGION}}

CASES: Final = (
    Tagged(
        "ec2:RunInstances",
        {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "TagSpecifications": specified("instance")},
        "ec2:StopInstances",
        {"InstanceIds": ["@"]},
        "Instances[].InstanceId",
    ),
    Tagged(
        "ec2:RunInstances",
        {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "TagSpecifications": specified("instance")},
        "ec2:TerminateInstances",
        {"InstanceIds": ["@"]},
        "Instances[].InstanceId",
        key="ec2:ResourceTag/Team",
    ),
    Tagged(
        "ec2:CreateVolume",
        {"AvailabilityZone": f"{REGION}a", "Size": 1, "TagSpecifications": specified("volume")},
        "ec2:DeleteVolume",
        {"VolumeId": "@"},
        "VolumeId",
    ),
    Tagged(
        "ec2:CreateVpc",
        {**VPC, "TagSpecifications": specified("vpc")},
        "ec2:DeleteVpc",
        {"VpcId": "@"},
        "Vpc.VpcId",
    ),
    Tagged(
        "ec2:CreateSecurityGroup",
        {"GroupName": "sg", "Description": "d", "TagSpecifications": specified("security-group")},
        "ec2:DeleteSecurityGroup",
        {"GroupId": "@"},
        "GroupId",
    ),
    Tagged(
        "ec2:CreateKeyPair",
        {"KeyName": "k", "TagSpecifications": specified("key-pair")},
        "ec2:DeleteKeyPair",
        {"KeyName": "k"},
    ),
    Tagged(
        "ec2:CreateLaunchTemplate",
        {
            "LaunchTemplateName": "lt",
            "LaunchTemplateData": {"ImageId": "ami-1"},
            "TagSpecifications": specified("launch-template"),
        },
        "ec2:DeleteLaunchTemplate",
        {"LaunchTemplateName": "lt"},
    ),
    Tagged(
        "s3:PutBucketTagging",
        {"Bucket": "a-bucket", "Tagging": {"TagSet": PAIRS}},
        "s3:ListObjectsV2",
        {"Bucket": "a-bucket"},
        before=(("s3:CreateBucket", BUCKET),),
    ),
    Tagged(
        "s3:PutObject",
        {"Bucket": "a-bucket", "Key": "k", "Body": b"x", "Tagging": "Team=secret"},
        "s3:GetObject",
        {"Bucket": "a-bucket", "Key": "k"},
        before=(("s3:CreateBucket", BUCKET),),
        key="s3:ExistingObjectTag/Team",
    ),
    Tagged("lambda:CreateFunction", {**FUNCTION, "Tags": MAP}, "lambda:Invoke", {"FunctionName": "f"}),
    Tagged(
        "rds:CreateDBInstance",
        {**DB, **DB_LOGIN, "Tags": PAIRS},
        "rds:DeleteDBInstance",
        {"DBInstanceIdentifier": "db", "SkipFinalSnapshot": True},
    ),
    Tagged(
        "rds:CreateDBInstance",
        {**DB, **DB_LOGIN, "Tags": PAIRS},
        "rds:StopDBInstance",
        {"DBInstanceIdentifier": "db"},
        key="rds:db-tag/Team",
    ),
    Tagged(
        "autoscaling:CreateAutoScalingGroup",
        {**GROUP, "Tags": [{**PAIRS[0], "PropagateAtLaunch": True}]},
        "autoscaling:DeleteAutoScalingGroup",
        {"AutoScalingGroupName": "g"},
        before=(
            (
                "autoscaling:CreateLaunchConfiguration",
                {"LaunchConfigurationName": "c", "ImageId": "ami-1", "InstanceType": "t3.micro"},
            ),
        ),
    ),
    Tagged("ecs:CreateCluster", {"clusterName": "c", "tags": LOWER}, "ecs:DeleteCluster", {"cluster": "c"}),
    Tagged(
        "ecs:RegisterTaskDefinition",
        {"family": "f", "containerDefinitions": CONTAINER, "tags": LOWER},
        "ecs:RunTask",
        {"taskDefinition": "f:1"},
        key="ecs:ResourceTag/Team",
    ),
    Tagged(
        "stepfunctions:CreateStateMachine",
        {"name": "m", "definition": SKELETON, "roleArn": ROLE, "tags": LOWER},
        "stepfunctions:DeleteStateMachine",
        {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"},
    ),
    Tagged("events:CreateEventBus", {"Name": "b", "Tags": PAIRS}, "events:DeleteEventBus", {"Name": "b"}),
    Tagged(
        "events:PutRule",
        {"Name": "r", "ScheduleExpression": "rate(1 day)", "Tags": PAIRS},
        "events:DisableRule",
        {"Name": "r"},
    ),
    Tagged(
        "scheduler:CreateScheduleGroup",
        {"Name": "g", "Tags": PAIRS},
        "scheduler:DeleteScheduleGroup",
        {"Name": "g"},
    ),
    Tagged(
        "logs:CreateLogGroup",
        {"logGroupName": "/g", "tags": MAP},
        "logs:DeleteLogGroup",
        {"logGroupName": "/g"},
    ),
    Tagged(
        "sqs:CreateQueue", {"QueueName": "q", "tags": MAP}, "sqs:PurgeQueue", {"QueueUrl": "@"}, "QueueUrl"
    ),
    Tagged(
        "sns:CreateTopic",
        {"Name": "t", "Tags": PAIRS},
        "sns:DeleteTopic",
        {"TopicArn": f"arn:aws:sns:{HERE}:t"},
    ),
    Tagged("dynamodb:CreateTable", {**TABLE, "Tags": PAIRS}, "dynamodb:DeleteTable", {"TableName": "t"}),
    Tagged(
        "kms:CreateKey",
        {"Tags": [{"TagKey": "Team", "TagValue": "secret"}]},
        "kms:DisableKey",
        {"KeyId": "@"},
        "KeyMetadata.KeyId",
    ),
    Tagged(
        "ssm:PutParameter",
        {"Name": "/a/p", "Value": "v", "Type": "String", "Tags": PAIRS},
        "ssm:GetParameter",
        {"Name": "/a/p"},
    ),
    Tagged(
        "ssm:PutParameter",
        {"Name": "p", "Value": "v", "Type": "String", "Tags": PAIRS},
        "ssm:DeleteParameter",
        {"Name": "p"},
        key="ssm:resourceTag/Team",
    ),
    Tagged(
        "secretsmanager:CreateSecret",
        {"Name": "s", "SecretString": "x", "Tags": PAIRS},
        "secretsmanager:GetSecretValue",
        {"SecretId": "s"},
    ),
    Tagged(
        "secretsmanager:CreateSecret",
        {"Name": "s", "SecretString": "x", "Tags": PAIRS},
        "secretsmanager:DeleteSecret",
        {"SecretId": "s"},
        key="secretsmanager:ResourceTag/Team",
    ),
    Tagged(
        "glue:CreateJob",
        {"Name": "j", "Role": ROLE, "Command": {"Name": "glueetl"}, "Tags": MAP},
        "glue:GetJob",
        {"JobName": "j"},
    ),
    Tagged("glue:CreateWorkflow", {"Name": "w", "Tags": MAP}, "glue:DeleteWorkflow", {"Name": "w"}),
    Tagged("codebuild:CreateProject", {**PROJECT, "tags": LOWER}, "codebuild:DeleteProject", {"name": "pr"}),
    Tagged(
        "ecr:CreateRepository",
        {"repositoryName": "rr", "tags": PAIRS},
        "ecr:DeleteRepository",
        {"repositoryName": "rr"},
    ),
    # Where nobody tells the tags, no condition on them allows anything.
    Tagged(
        "glue:CreateRegistry",
        {"RegistryName": "r", "Tags": MAP},
        "glue:DeleteRegistry",
        {"RegistryId": {"RegistryName": "r"}},
        told=False,
    ),
    Tagged(
        "kinesis:CreateStream",
        {"StreamName": "s", "ShardCount": 1, "Tags": MAP},
        "kinesis:DeleteStream",
        {"StreamName": "s"},
        told=False,
    ),
)


def placed(given: object, id: str) -> object:
    """An input with the id in its place."""
    if isinstance(given, Mapping):
        return {name: placed(one, id) for name, one in given.items()}
    if isinstance(given, list):
        return [placed(one, id) for one in given]
    return id if given == "@" else given


def id_in(output: Mapping[str, object], path: str) -> str:
    """What make's output says."""
    return next(str(value) for _, value in paths.values(path, output)) if path else ""
