"""What a call's own input tells of each service's condition keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import pytest
from tests.passing.court import ACCOUNT, REGION, Court, Told

from passrole.authorize.call import ResourceFacts
from passrole.authorize.plan import Check, plan

HERE: Final = f"{REGION}:{ACCOUNT}"
ECS: Final = f"arn:aws:ecs:{HERE}"
KEY: Final = f"arn:aws:kms:{HERE}:key/0000"
TABLE: Final = f"arn:aws:dynamodb:{HERE}:table/t"
SECRET: Final = f"arn:aws:secretsmanager:{HERE}:secret:s-AbCdEf"
IMAGE: Final = f"arn:aws:ec2:{REGION}::image/ami-1"

FACTS: Final = Told(
    {
        KEY: {
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "Origin": "AWS_KMS",
            "MultiRegion": False,
            "Aliases": ["alias/a", "alias/b"],
        },
        f"arn:aws:kms:{HERE}:alias/a": {"TargetKeyId": "0000"},
        TABLE: {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]},
        SECRET: {"ARN": SECRET, "Name": "s", "RotationLambdaARN": f"arn:aws:lambda:{HERE}:function:r"},
        f"arn:aws:secretsmanager:{HERE}:secret:s": {"ARN": SECRET, "Name": "s"},
        f"{ECS}:task-definition/web": {"taskDefinitionArn": f"{ECS}:task-definition/web:3"},
        f"arn:aws:ssm:{HERE}:document/d": {"DocumentType": "Automation"},
    }
)

Expected = Mapping[str, object]
PATTERN: Final = json.dumps({"source": ["aws.ec2", "aws.s3"], "detail": {"service": ["EC2"]}})


@dataclass(frozen=True, slots=True)
class Case:
    """A call, and for keys in AWS's spelling: the value, "" for absent, None for unknown.

    action picks one of the call's actions where it has several.
    """

    name: str
    given: Mapping[str, object]
    keys: Expected
    action: str = ""

    def __str__(self) -> str:
        return f"{self.name} {' '.join(self.keys)}"[:100]


def item(**attributes: str) -> Mapping[str, object]:
    """An item of texts."""
    return {name: {"S": value} for name, value in attributes.items()}


CASES: Final = (
    # ECS
    Case(
        "ecs:RunTask",
        {
            "taskDefinition": "web:1",
            "cluster": "c",
            "enableExecuteCommand": True,
            "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}],
            "overrides": {"cpu": "1 vCPU", "memory": "2048"},
        },
        {
            "ecs:cluster": f"{ECS}:cluster/c",
            "ecs:enable-execute-command": "true",
            "ecs:capacity-provider": (f"{ECS}:capacity-provider/FARGATE",),
            "ecs:task-cpu": "1024",
            "ecs:task-memory": "2048",
            "ecs:enable-ebs-volumes": "false",
        },
    ),
    Case(
        "ecs:RunTask",
        {"taskDefinition": "web:1"},
        {
            "ecs:cluster": f"{ECS}:cluster/default",
            "ecs:enable-execute-command": "",
            "ecs:capacity-provider": "",
            "ecs:task-cpu": "",
        },
    ),
    Case(
        "ecs:CreateService",
        {
            "serviceName": "s",
            "cluster": f"{ECS}:cluster/c",
            "taskDefinition": "web",
            "networkConfiguration": {
                "awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}
            },
        },
        {
            "ecs:cluster": f"{ECS}:cluster/c",
            "ecs:task-definition": f"{ECS}:task-definition/web:3",
            "ecs:subnet": ("subnet-1",),
            "ecs:auto-assign-public-ip": "false",
            "ecs:enable-service-connect": "",
            "ecs:task-cpu": None,
        },
    ),
    Case("ecs:CreateService", {"serviceName": "s", "taskDefinition": "other"}, {"ecs:task-definition": None}),
    Case(
        "ecs:ExecuteCommand",
        {"cluster": "c", "task": "0123", "container": "app", "command": "sh", "interactive": True},
        {"ecs:container-name": "app", "ecs:task": f"{ECS}:task/c/0123", "ecs:cluster": f"{ECS}:cluster/c"},
    ),
    Case(
        "ecs:RegisterTaskDefinition",
        {
            "family": "f",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "containerDefinitions": [{"name": "a"}, {"name": "b", "privileged": True}],
        },
        {
            "ecs:compute-compatibility": ("FARGATE",),
            "ecs:privileged": "true",
            "ecs:task-cpu": "256",
            "ecs:task-memory": "",
        },
    ),
    Case(
        "ecs:PutAccountSetting",
        {"name": "awsvpcTrunking", "value": "x"},
        {"ecs:account-setting": "awsvpcTrunking"},
    ),
    Case(
        "ecs:CreateCluster",
        {"clusterName": "c", "tags": [{"key": "a", "value": "b"}]},
        {"ecs:CreateAction": "CreateCluster"},
        action="ecs:TagResource",
    ),
    Case("ecs:TagResource", {"resourceArn": f"{ECS}:cluster/c", "tags": []}, {"ecs:CreateAction": ""}),
    Case(
        "ecs:UpdateService",
        {"service": "s"},
        {"ecs:enable-ebs-volumes": None, "ecs:enable-vpc-lattice": None, "ecs:task-definition": ""},
    ),
    Case(
        "events:PutRule",
        {"Name": "r", "EventPattern": '{"detail": {"$or": [{"service": ["EC2"]}]}}'},
        {"events:detail.service": None},
    ),
    # Step Functions
    Case(
        "stepfunctions:StartExecution",
        {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m:PROD"},
        {"states:StateMachineQualifier": ("PROD",)},
    ),
    Case(
        "stepfunctions:StartExecution",
        {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"},
        {"states:StateMachineQualifier": ""},
    ),
    # EventBridge
    Case(
        "events:PutEvents",
        {"Entries": [{"Source": "shop", "DetailType": "sold", "EventBusName": "b"}, {"Source": "cart"}]},
        {
            "events:source": ("shop", "cart"),
            "events:detail-type": ("sold",),
            "events:eventBusInvocation": "false",
            "events:SystemMetadata/AwsSource": "",
        },
    ),
    Case(
        "events:PutRule",
        {"Name": "r", "EventPattern": PATTERN},
        {
            "events:source": ("aws.ec2", "aws.s3"),
            "events:detail-type": "",
            "events:detail.service": ("EC2",),
            "events:creatorAccount": ACCOUNT,
            "events:ManagedBy": "",
        },
    ),
    Case(
        "events:PutRule",
        {"Name": "r", "EventPattern": '{"source": [{"prefix": "aws."}]}'},
        {"events:source": None, "events:detail-type": ""},
    ),
    Case(
        "events:PutRule",
        {"Name": "r", "EventPattern": '{"$or": [{"source": ["aws.ec2"]}]}'},
        {"events:source": None},
    ),
    Case(
        "events:PutTargets",
        {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:1:q"}]},
        {"events:TargetArn": ("arn:aws:sqs:eu-west-1:1:q",), "events:creatorAccount": ACCOUNT},
    ),
    # Auto Scaling
    Case(
        "autoscaling:CreateAutoScalingGroup",
        {
            "AutoScalingGroupName": "g",
            "MinSize": 0,
            "MaxSize": 5,
            "VPCZoneIdentifier": "subnet-1, subnet-2",
            "LaunchTemplate": {"LaunchTemplateName": "t", "Version": "4"},
            "TargetGroupARNs": ["arn:tg"],
        },
        {
            "autoscaling:MinSize": "0",
            "autoscaling:MaxSize": "5",
            "autoscaling:VPCZoneIdentifiers": ("subnet-1", "subnet-2"),
            "autoscaling:LaunchTemplateVersionSpecified": "true",
            "autoscaling:LaunchConfigurationName": "",
            "autoscaling:TargetGroupARNs": ("arn:tg",),
            "autoscaling:InstanceTypes": "",
            "autoscaling:LoadBalancerNames": "",
        },
    ),
    Case(
        "autoscaling:UpdateAutoScalingGroup",
        {"AutoScalingGroupName": "g", "LaunchTemplate": {"LaunchTemplateName": "t", "Version": "$Latest"}},
        {"autoscaling:LaunchTemplateVersionSpecified": "false", "autoscaling:MinSize": ""},
    ),
    Case(
        "autoscaling:CreateAutoScalingGroup",
        {
            "AutoScalingGroupName": "g",
            "MixedInstancesPolicy": {
                "LaunchTemplate": {
                    "LaunchTemplateSpecification": {"LaunchTemplateName": "t", "Version": "1"},
                    "Overrides": [{"InstanceType": "m5.large"}, {"InstanceType": "c5.large"}],
                }
            },
        },
        {
            "autoscaling:InstanceTypes": ("m5.large", "c5.large"),
            "autoscaling:LaunchTemplateVersionSpecified": "true",
        },
    ),
    Case(
        "autoscaling:CreateLaunchConfiguration",
        {
            "LaunchConfigurationName": "l",
            "ImageId": "ami-1",
            "InstanceType": "t3.micro",
            "SpotPrice": "0.5",
            "MetadataOptions": {"HttpTokens": "required"},
        },
        {
            "autoscaling:ImageId": "ami-1",
            "autoscaling:InstanceType": "t3.micro",
            "autoscaling:SpotPrice": "0.5",
            "autoscaling:MetadataHttpTokens": "required",
            "autoscaling:MetadataHttpEndpoint": "",
        },
    ),
    Case(
        "autoscaling:CreateLaunchConfiguration",
        {"LaunchConfigurationName": "l", "InstanceId": "i-1"},
        {"autoscaling:InstanceType": None, "autoscaling:ImageId": None},
    ),
    Case(
        "autoscaling:DeleteAutoScalingGroup",
        {"AutoScalingGroupName": "g", "ForceDelete": True},
        {"autoscaling:ForceDelete": "true"},
    ),
    # DynamoDB
    Case(
        "dynamodb:PutItem",
        {
            "TableName": "t",
            "Item": item(id="ada", age="1"),
            "ConditionExpression": "attribute_not_exists(old)",
        },
        {
            "dynamodb:LeadingKeys": ("ada",),
            "dynamodb:Attributes": ("id", "age", "old"),
            "dynamodb:ReturnValues": "NONE",
            "dynamodb:ReturnConsumedCapacity": "NONE",
            "dynamodb:EnclosingOperation": "",
        },
    ),
    Case(
        "dynamodb:UpdateItem",
        {
            "TableName": "t",
            "Key": item(id="ada"),
            "UpdateExpression": "SET #n.first = :v, total = if_not_exists(total, :zero) REMOVE marks[0]",
            "ExpressionAttributeNames": {"#n": "name"},
            "ReturnValues": "ALL_NEW",
        },
        {
            "dynamodb:LeadingKeys": ("ada",),
            "dynamodb:Attributes": ("id", "name", "total", "marks"),
            "dynamodb:ReturnValues": "ALL_NEW",
        },
    ),
    Case(
        "dynamodb:GetItem",
        {"TableName": "t", "Key": item(id="ada"), "ProjectionExpression": "id, age"},
        {"dynamodb:LeadingKeys": ("ada",), "dynamodb:Attributes": ("id", "age"), "dynamodb:Select": ""},
    ),
    Case(
        "dynamodb:GetItem",
        {"TableName": "t", "Key": item(id="ada")},
        {"dynamodb:LeadingKeys": ("ada",), "dynamodb:Attributes": None},
    ),
    Case(
        "dynamodb:GetItem",
        {"TableName": "u", "Key": item(id="ada")},
        {"dynamodb:LeadingKeys": None},
    ),
    Case(
        "dynamodb:Query",
        {
            "TableName": "t",
            "KeyConditionExpression": "#i = :me AND kind > :k",
            "ExpressionAttributeNames": {"#i": "id"},
            "ExpressionAttributeValues": {":me": {"S": "ada"}, ":k": {"N": "3"}},
            "Select": "COUNT",
        },
        {
            "dynamodb:LeadingKeys": ("ada",),
            "dynamodb:Attributes": ("id", "kind"),
            "dynamodb:Select": "COUNT",
        },
    ),
    Case("dynamodb:Query", {"TableName": "t", "IndexName": "i"}, {"dynamodb:LeadingKeys": None}),
    Case(
        "dynamodb:Scan",
        {"TableName": "t"},
        {"dynamodb:Attributes": None, "dynamodb:Select": "ALL_ATTRIBUTES"},
    ),
    Case(
        "dynamodb:BatchWriteItem",
        {
            "RequestItems": {
                "t": [{"PutRequest": {"Item": item(id="a")}}, {"DeleteRequest": {"Key": item(id="b")}}]
            }
        },
        {"dynamodb:LeadingKeys": ("a", "b")},
    ),
    Case(
        "dynamodb:TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": item(id="a")}},
                {"Put": {"TableName": "u", "Item": item(id="z")}},
                {"Delete": {"TableName": "t", "Key": item(id="b")}},
            ]
        },
        {"dynamodb:LeadingKeys": ("a",), "dynamodb:EnclosingOperation": "TransactWriteItems"},
        action="dynamodb:PutItem",
    ),
    # KMS
    Case(
        "kms:Decrypt",
        {"KeyId": "alias/a", "CiphertextBlob": b"x", "EncryptionContext": {"Team": "red"}},
        {
            "kms:RequestAlias": "alias/a",
            "kms:ResourceAliases": ("alias/a", "alias/b"),
            "kms:KeySpec": "SYMMETRIC_DEFAULT",
            "kms:MultiRegion": "false",
            "kms:MultiRegionKeyType": "",
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": "",
            "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "kms:EncryptionContext:Team": "red",
            "kms:EncryptionContext:Other": "",
            "kms:EncryptionContextKeys": ("Team",),
            "kms:RecipientAttestation:PCR0": "",
        },
    ),
    Case(
        "kms:Decrypt",
        {"KeyId": KEY, "CiphertextBlob": b"x", "Recipient": {"AttestationDocument": b"y"}},
        {"kms:RequestAlias": "", "kms:RecipientAttestation:PCR0": None},
    ),
    Case(
        "kms:Encrypt",
        {"KeyId": "9999", "Plaintext": b"x", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
        {"kms:KeySpec": None, "kms:KeyUsage": None, "kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_256"},
    ),
    Case(
        "kms:CreateKey",
        {"KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY", "MultiRegion": True},
        {
            "kms:KeySpec": "RSA_4096",
            "kms:KeyUsage": "SIGN_VERIFY",
            "kms:KeyOrigin": "AWS_KMS",
            "kms:MultiRegion": "true",
            "kms:MultiRegionKeyType": "PRIMARY",
            "kms:BypassPolicyLockoutSafetyCheck": "false",
        },
    ),
    Case("kms:CreateKey", {}, {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:MultiRegion": "false"}),
    Case(
        "kms:CreateGrant",
        {
            "KeyId": KEY,
            "GranteePrincipal": "arn:aws:iam::1:role/g",
            "Operations": ["Decrypt", "Encrypt"],
            "Constraints": {"EncryptionContextSubset": {"a": "b"}},
        },
        {
            "kms:GrantOperations": ("Decrypt", "Encrypt"),
            "kms:GranteePrincipal": "arn:aws:iam::1:role/g",
            "kms:GrantConstraintType": ("EncryptionContextSubset",),
            "kms:GrantIsForAWSResource": "false",
            "kms:EncryptionContextKeys": ("a",),
        },
    ),
    Case("kms:RetireGrant", {"KeyId": KEY, "GrantId": "g"}, {"kms:EncryptionContextKeys": None}),
    Case(
        "kms:ReEncrypt",
        {"CiphertextBlob": b"x", "SourceKeyId": "0000", "DestinationKeyId": "alias/a"},
        {"kms:ReEncryptOnSameKey": "true", "kms:RequestAlias": "alias/a"},
        action="kms:ReEncryptTo",
    ),
    Case(
        "kms:ReEncrypt",
        {"CiphertextBlob": b"x", "DestinationKeyId": "alias/a"},
        {"kms:ReEncryptOnSameKey": None, "kms:RequestAlias": ""},
        action="kms:ReEncryptFrom",
    ),
    Case("kms:ScheduleKeyDeletion", {"KeyId": KEY}, {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}),
    Case(
        "kms:Sign",
        {"KeyId": KEY, "SigningAlgorithm": "X"},
        {"kms:MessageType": "RAW", "kms:SigningAlgorithm": "X"},
    ),
    # SNS, Logs, SQS has none
    Case(
        "sns:Subscribe",
        {"TopicArn": f"arn:aws:sns:{HERE}:t", "Protocol": "email", "Endpoint": "a@example.com"},
        {"sns:Protocol": "email", "sns:Endpoint": "a@example.com"},
    ),
    Case(
        "logs:PutDeliverySource",
        {"name": "n", "resourceArn": "arn:aws:x", "logType": "l"},
        {"logs:LogGeneratingResourceArns": ("arn:aws:x",)},
    ),
    # Systems Manager
    Case(
        "ssm:PutParameter",
        {"Name": "p", "Value": "v", "Overwrite": True, "Policies": "[]"},
        {"ssm:Overwrite": "true", "ssm:Policies": "true"},
    ),
    Case("ssm:PutParameter", {"Name": "p", "Value": "v"}, {"ssm:Overwrite": "", "ssm:Policies": ""}),
    Case("ssm:GetParametersByPath", {"Path": "/a", "Recursive": True}, {"ssm:Recursive": "true"}),
    Case(
        "ssm:GetDocument", {"Name": "d"}, {"ssm:DocumentType": "Automation", "ssm:DocumentCategories": None}
    ),
    Case("ssm:GetDocument", {"Name": "e"}, {"ssm:DocumentType": None}),
    # Secrets Manager
    Case(
        "secretsmanager:CreateSecret",
        {"Name": "s", "Description": "d", "KmsKeyId": "alias/a", "AddReplicaRegions": [{"Region": "r"}]},
        {
            "secretsmanager:Name": "s",
            "secretsmanager:Description": "d",
            "secretsmanager:KmsKeyId": "alias/a",
            "secretsmanager:KmsKeyArn": None,
            "secretsmanager:AddReplicaRegions": ("r",),
            "secretsmanager:ForceOverwriteReplicaSecret": "",
            "secretsmanager:resource/AllowRotationLambdaArn": "",
        },
    ),
    Case(
        "secretsmanager:GetSecretValue",
        {"SecretId": "s", "VersionStage": "AWSPREVIOUS"},
        {
            "secretsmanager:SecretId": SECRET,
            "secretsmanager:VersionStage": "AWSPREVIOUS",
            "secretsmanager:VersionId": "",
            "secretsmanager:resource/AllowRotationLambdaArn": f"arn:aws:lambda:{HERE}:function:r",
            "secretsmanager:SecretPrimaryRegion": "",
        },
    ),
    Case(
        "secretsmanager:GetSecretValue",
        {"SecretId": "unknown"},
        {
            "secretsmanager:SecretId": None,
            "secretsmanager:VersionStage": None,
            "secretsmanager:resource/AllowRotationLambdaArn": None,
        },
    ),
    Case(
        "secretsmanager:DeleteSecret",
        {"SecretId": SECRET, "RecoveryWindowInDays": 7},
        {
            "secretsmanager:RecoveryWindowInDays": "7",
            "secretsmanager:ForceDeleteWithoutRecovery": "",
        },
    ),
    Case(
        "secretsmanager:RotateSecret",
        {"SecretId": SECRET, "RotationLambdaARN": "arn:l", "RotationRules": {"AutomaticallyAfterDays": 3}},
        {"secretsmanager:RotationLambdaARN": "arn:l", "secretsmanager:ModifyRotationRules": "true"},
    ),
    # CloudFormation
    Case(
        "cloudformation:CreateStack",
        {
            "StackName": "s",
            "RoleARN": "arn:r",
            "TemplateURL": "https://t",
            "ResourceTypes": ["AWS::S3::Bucket"],
        },
        {
            "cloudformation:RoleArn": "arn:r",
            "cloudformation:TemplateUrl": "https://t",
            "cloudformation:ResourceTypes": ("AWS::S3::Bucket",),
            "cloudformation:StackPolicyUrl": "",
        },
    ),
    Case(
        "cloudformation:CreateStack",
        {"StackName": "s", "Tags": [{"Key": "a", "Value": "b"}]},
        {"cloudformation:CreateAction": "CreateStack"},
        action="cloudformation:TagResource",
    ),
    # Glue
    Case("glue:CreateJob", {"Name": "j", "Role": "r"}, {"glue:VpcIds": "", "glue:SubnetIds": ""}),
    Case("glue:CreateJob", {"Name": "j", "Connections": {"Connections": ["c"]}}, {"glue:VpcIds": None}),
    # CodeBuild
    Case(
        "codebuild:CreateProject",
        {
            "name": "p",
            "vpcConfig": {"vpcId": "vpc-1", "subnets": ["subnet-1"]},
            "environment": {
                "image": "i",
                "privilegedMode": True,
                "environmentVariables": [{"name": "STAGE", "value": "BETA"}],
            },
            "source": {"buildspec": "x"},
        },
        {
            "codebuild:vpcConfig.vpcId": "vpc-1",
            "codebuild:vpcConfig.subnets": ("subnet-1",),
            "codebuild:vpcConfig.securityGroupIds": "",
            "codebuild:environment.image": "i",
            "codebuild:environment.privilegedMode": "true",
            "codebuild:environment.environmentVariables.name": ("STAGE",),
            "codebuild:environment.environmentVariables/STAGE.value": "BETA",
            "codebuild:environment.environmentVariables/OTHER.value": "",
            "codebuild:source.buildspec": None,
            "codebuild:cache": "",
        },
    ),
    Case(
        "codebuild:StartBuild",
        {
            "projectName": "p",
            "imageOverride": "i",
            "environmentVariablesOverride": [{"name": "STAGE", "value": "PROD"}],
        },
        {
            "codebuild:environment.image": "i",
            "codebuild:environment.environmentVariables/STAGE.value": "PROD",
            "codebuild:source.buildspec": "",
            "codebuild:serviceRole": "",
            "codebuild:artifacts": "",
        },
    ),
    # S3
    Case(
        "s3:ListObjectsV2",
        {"Bucket": "b", "Prefix": "home/", "MaxKeys": 10},
        {
            "s3:prefix": "home/",
            "s3:max-keys": "10",
            "s3:delimiter": "",
            "s3:signatureAge": "",
            "s3:authType": "REST-HEADER",
        },
    ),
    Case(
        "s3:PutObject",
        {"Bucket": "b", "Key": "k"},
        {"s3:ObjectCreationOperation": "true", "s3:x-amz-acl": ""},
    ),
    Case(
        "s3:UploadPart",
        {"Bucket": "b", "Key": "k", "UploadId": "u", "PartNumber": 1},
        {"s3:ObjectCreationOperation": "false"},
    ),
    # RDS
    Case(
        "rds:CreateDBInstance",
        {"DBInstanceIdentifier": "d", "DBInstanceClass": "c", "Engine": "mysql", "PubliclyAccessible": False},
        {
            "rds:PubliclyAccessible": "false",
            "rds:ManageMasterUserPassword": "false",
            "rds:BackupTarget": "region",
        },
    ),
    # EC2
    Case(
        "ec2:CreateVolume",
        {"AvailabilityZone": "a", "Size": 10, "Encrypted": True},
        {
            "ec2:VolumeSize": "10",
            "ec2:Encrypted": "true",
            "ec2:VolumeType": "gp2",
            "ec2:ParentSnapshot": "",
            "ec2:VolumeIops": None,
        },
        action="ec2:CreateVolume",
    ),
)


@pytest.fixture
def court() -> Court:
    return Court()


def checks(
    court: Court, name: str, given: Mapping[str, object], facts: ResourceFacts = FACTS
) -> tuple[Check, ...]:
    """The checks of Ada's call."""
    return plan(court.call(name, given), court.directory, facts).checks


def said(check: Check, key: str) -> object:
    """The key's value, "" for absent, None for unknown."""
    lower = key.lower()
    assert lower not in check.context or lower not in check.unknown
    return None if lower in check.unknown else check.context.get(lower, "")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_request_tells_its_keys(case: Case, court: Court) -> None:
    found = checks(court, case.name, case.given)
    check = next(one for one in found if not case.action or one.action == case.action)
    assert {key: said(check, key) for key in case.keys} == dict(case.keys)


# Volumes of a launch


def volumes(court: Court, given: Mapping[str, object], root: str = "/dev/xvda") -> list[Check]:
    """The checks of a launch's volumes."""
    facts = Told({IMAGE: {"RootDeviceName": root}} if root else {})
    found = checks(
        court, "ec2:RunInstances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, **given}, facts
    )
    return [one for one in found if (one.resource or "").endswith("volume/*")]


ROOT: Final = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": True, "VolumeType": "gp3"}}
DATA: Final = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 500, "Encrypted": False}}


def test_every_device_of_a_launch_is_a_volume_of_its_own(court: Court) -> None:
    root, data = volumes(court, {"BlockDeviceMappings": [ROOT, DATA]})
    keys = ("ec2:VolumeSize", "ec2:Encrypted", "ec2:VolumeType")
    assert [said(root, key) for key in keys] == ["8", "true", "gp3"]
    assert [said(data, key) for key in keys] == ["500", "false", None]


@pytest.mark.parametrize("root", ["/dev/sda1", ""])
def test_what_the_image_brings_along_is_unknown(root: str, court: Court) -> None:
    found = volumes(court, {"BlockDeviceMappings": [DATA]}, root)
    assert [said(one, "ec2:VolumeSize") for one in found] == ["500", None]


def test_a_launch_without_devices_has_the_images_volumes(court: Court) -> None:
    (only,) = volumes(court, {})
    assert said(only, "ec2:Encrypted") is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (None, None)),
        ({"SubnetId": "subnet-1"}, (f"arn:aws:ec2:{HERE}:subnet/subnet-1", None)),
        (
            {"NetworkInterfaces": [{"SubnetId": "subnet-1", "AssociatePublicIpAddress": True}]},
            (f"arn:aws:ec2:{HERE}:subnet/subnet-1", "true"),
        ),
        (
            {
                "NetworkInterfaces": [
                    {"SubnetId": "subnet-1", "AssociatePublicIpAddress": True},
                    {"SubnetId": "subnet-2", "AssociatePublicIpAddress": False},
                ]
            },
            (None, None),
        ),
    ],
)
def test_a_launch_tells_of_its_network_interface(
    given: Mapping[str, object], expected: tuple[str | None, str | None], court: Court
) -> None:
    found = checks(court, "ec2:RunInstances", {"ImageId": "ami-1", **given})
    check = next(one for one in found if "network-interface" in (one.resource or ""))
    assert (said(check, "ec2:Subnet"), said(check, "ec2:AssociatePublicIpAddress")) == expected


# Who asks


def test_kms_knows_the_service_that_asks_in_ones_name(court: Court) -> None:
    call = replace(court.call("kms:CreateGrant", {"KeyId": KEY}), called_via=("ec2.amazonaws.com",))
    (check,) = plan(call, court.directory, FACTS).checks
    assert said(check, "kms:ViaService") == f"ec2.{REGION}.amazonaws.com"
    assert said(check, "kms:GrantIsForAWSResource") == "true"


def test_versions_and_aliases_are_their_state_machine(court: Court) -> None:
    machine = f"arn:aws:states:{HERE}:stateMachine:m"
    (check,) = checks(court, "stepfunctions:StartExecution", {"stateMachineArn": f"{machine}:PROD"})
    assert check.resource == machine
