"""Which members of an API name a resource, so that LookupEvents finds the event by it.

Source: CloudTrail User Guide, "Resource types supported by CloudTrail event history" (the list of
types); recorded answers of LookupEvents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# (service, member, its first letter lowered) -> type. A member that is an Arn or an Id by itself is
# found by its structure's name: ("iam", "Role.arn").
_TYPES: Final[Mapping[tuple[str, str], str]] = {
    ("autoscaling", "autoScalingGroupName"): "AWS::AutoScaling::AutoScalingGroup",
    ("autoscaling", "iamInstanceProfile"): "AWS::IAM::InstanceProfile",
    ("autoscaling", "launchConfigurationName"): "AWS::AutoScaling::LaunchConfiguration",
    ("autoscaling", "policyName"): "AWS::AutoScaling::ScalingPolicy",
    ("cloudformation", "stackId"): "AWS::CloudFormation::Stack",
    ("cloudformation", "stackName"): "AWS::CloudFormation::Stack",
    ("cloudtrail", "name"): "AWS::CloudTrail::Trail",
    ("cloudtrail", "s3BucketName"): "AWS::S3::Bucket",
    ("cloudtrail", "trailARN"): "AWS::CloudTrail::Trail",
    ("cloudtrail", "trailName"): "AWS::CloudTrail::Trail",
    ("cloudwatch", "alarmName"): "AWS::CloudWatch::Alarm",
    ("dynamodb", "tableArn"): "AWS::DynamoDB::Table",
    ("dynamodb", "tableName"): "AWS::DynamoDB::Table",
    ("ec2", "IamInstanceProfile.arn"): "AWS::IAM::InstanceProfile",
    ("ec2", "IamInstanceProfileSpecification.arn"): "AWS::IAM::InstanceProfile",
    ("ec2", "IamInstanceProfileSpecification.name"): "AWS::IAM::InstanceProfile",
    ("ec2", "allocationId"): "AWS::EC2::EIP",
    ("ec2", "groupId"): "AWS::EC2::SecurityGroup",
    ("ec2", "groupIds"): "AWS::EC2::SecurityGroup",
    ("ec2", "imageId"): "AWS::EC2::Ami",
    ("ec2", "imageIds"): "AWS::EC2::Ami",
    ("ec2", "instanceId"): "AWS::EC2::Instance",
    ("ec2", "instanceIds"): "AWS::EC2::Instance",
    ("ec2", "internetGatewayId"): "AWS::EC2::InternetGateway",
    ("ec2", "keyName"): "AWS::EC2::KeyPair",
    ("ec2", "launchTemplateId"): "AWS::EC2::LaunchTemplate",
    ("ec2", "launchTemplateName"): "AWS::EC2::LaunchTemplate",
    ("ec2", "networkAclId"): "AWS::EC2::NetworkAcl",
    ("ec2", "networkInterfaceId"): "AWS::EC2::NetworkInterface",
    ("ec2", "routeTableId"): "AWS::EC2::RouteTable",
    ("ec2", "securityGroupIds"): "AWS::EC2::SecurityGroup",
    ("ec2", "snapshotId"): "AWS::EC2::Snapshot",
    ("ec2", "subnetId"): "AWS::EC2::Subnet",
    ("ec2", "volumeId"): "AWS::EC2::Volume",
    ("ec2", "vpcId"): "AWS::EC2::VPC",
    ("ecs", "cluster"): "AWS::ECS::Cluster",
    ("ecs", "taskDefinition"): "AWS::ECS::TaskDefinition",
    ("ecs", "taskDefinitionArn"): "AWS::ECS::TaskDefinition",
    ("eks", "name"): "AWS::EKS::Cluster",
    ("elbv2", "loadBalancerArn"): "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ("events", "name"): "AWS::Events::Rule",
    ("glue", "jobName"): "AWS::Glue::Job",
    ("iam", "AccessKey.accessKeyId"): "AWS::IAM::AccessKey",
    ("iam", "Group.arn"): "AWS::IAM::Group",
    ("iam", "InstanceProfile.arn"): "AWS::IAM::InstanceProfile",
    ("iam", "Policy.arn"): "AWS::IAM::Policy",
    ("iam", "Role.arn"): "AWS::IAM::Role",
    ("iam", "User.arn"): "AWS::IAM::User",
    ("iam", "accessKeyId"): "AWS::IAM::AccessKey",
    ("iam", "groupId"): "AWS::IAM::Group",
    ("iam", "groupName"): "AWS::IAM::Group",
    ("iam", "instanceProfileId"): "AWS::IAM::InstanceProfile",
    ("iam", "instanceProfileName"): "AWS::IAM::InstanceProfile",
    ("iam", "permissionsBoundary"): "AWS::IAM::Policy",
    ("iam", "policyArn"): "AWS::IAM::Policy",
    ("iam", "policyId"): "AWS::IAM::Policy",
    ("iam", "policyName"): "AWS::IAM::Policy",
    ("iam", "roleId"): "AWS::IAM::Role",
    ("iam", "roleName"): "AWS::IAM::Role",
    ("iam", "userId"): "AWS::IAM::User",
    ("iam", "userName"): "AWS::IAM::User",
    ("kms", "keyId"): "AWS::KMS::Key",
    ("kms", "targetKeyId"): "AWS::KMS::Key",
    ("lambda", "functionArn"): "AWS::Lambda::Function",
    ("lambda", "functionName"): "AWS::Lambda::Function",
    ("lambda", "role"): "AWS::IAM::Role",
    ("logs", "logGroupName"): "AWS::Logs::LogGroup",
    ("rds", "dBClusterIdentifier"): "AWS::RDS::DBCluster",
    ("rds", "dBInstanceArn"): "AWS::RDS::DBInstance",
    ("rds", "dBInstanceIdentifier"): "AWS::RDS::DBInstance",
    ("rds", "dBSubnetGroupName"): "AWS::RDS::DBSubnetGroup",
    ("redshift", "clusterIdentifier"): "AWS::Redshift::Cluster",
    ("s3", "bucket"): "AWS::S3::Bucket",
    ("secretsmanager", "aRN"): "AWS::SecretsManager::Secret",
    ("secretsmanager", "secretId"): "AWS::SecretsManager::Secret",
    ("sns", "topicArn"): "AWS::SNS::Topic",
    ("sqs", "queueUrl"): "AWS::SQS::Queue",
    ("ssm", "instanceId"): "AWS::EC2::Instance",
    ("stepfunctions", "executionArn"): "AWS::StepFunctions::Execution",
    ("stepfunctions", "stateMachineArn"): "AWS::StepFunctions::StateMachine",
    ("sts", "AssumedRoleUser.arn"): "AWS::STS::AssumedRole",
    ("sts", "FederatedUser.arn"): "AWS::STS::FederatedUser",
    ("sts", "accessKeyId"): "AWS::IAM::AccessKey",
    ("sts", "assumedRoleId"): "AWS::STS::AssumedRole",
    ("sts", "policyArn"): "AWS::IAM::Policy",
}


def resource_type(service: str, structure: str, member: str) -> str:
    """The type of resource that a member names, "" where it names none."""
    lowered = member[:1].lower() + member[1:]
    found = _TYPES.get((service, lowered)) or _TYPES.get((service, f"{structure}.{lowered}"))
    if found is None and lowered.lower().endswith("rolearn"):
        return "AWS::IAM::Role"  # whatever the service: taskRoleArn, executionRoleArn, monitoringRoleArn
    return found or ""
