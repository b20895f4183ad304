"""The resource types of deployments and their roles."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from tools import deployed_types

from passrole.catalog import deployments, files


def test_the_table_is_what_the_tool_makes() -> None:
    cited = " ".join(files.table("deployments")["source"])
    if f"cfn-lint {version('cfn-lint')} " not in cited:
        pytest.skip("it is of another cfn-lint")
    assert deployed_types.main(["--check"]) == 0, "run python -m tools.deployed_types"


def test_every_row_has_its_role_parameter() -> None:
    for tool, of in (("cloudformation", deployments.cloudformation), ("terraform", deployments.terraform)):
        table = files.table("deployments")[tool]
        assert {type: len(rows) for type, rows in table.items()} == {type: len(of(type)) for type in table}
    assert len(files.table("deployments")["cloudformation"]) > 300


@pytest.mark.parametrize(
    ("type", "path", "call", "principal"),
    [
        ("AWS::Lambda::Function", "Role", "lambda:CreateFunction", "lambda.amazonaws.com"),
        ("AWS::ECS::TaskDefinition", "TaskRoleArn", "ecs:RegisterTaskDefinition", "ecs-tasks.amazonaws.com"),
        ("AWS::RDS::DBInstance", "MonitoringRoleArn", "rds:CreateDBInstance", "monitoring.rds.amazonaws.com"),
        ("AWS::Events::Rule", "Targets[].RoleArn", "events:PutTargets", "events.amazonaws.com"),
        ("AWS::EC2::Instance", "IamInstanceProfile", "ec2:RunInstances", "ec2.amazonaws.com"),
        (
            "AWS::StepFunctions::StateMachine",
            "RoleArn",
            "stepfunctions:CreateStateMachine",
            "states.amazonaws.com",
        ),
        ("AWS::EKS::Nodegroup", "NodeRole", "eks:CreateNodegroup", "eks.amazonaws.com"),
        ("AWS::CodeBuild::Project", "ServiceRole", "codebuild:CreateProject", "codebuild.amazonaws.com"),
        ("AWS::S3::Bucket", "ReplicationConfiguration.Role", "s3:PutBucketReplication", "s3.amazonaws.com"),
        ("AWS::Glue::Job", "Role", "glue:CreateJob", "glue.amazonaws.com"),
        ("AWS::SNS::Subscription", "SubscriptionRoleArn", "sns:Subscribe", "sns.amazonaws.com"),
        (
            "AWS::LakeFormation::Resource",
            "RoleArn",
            "lakeformation:RegisterResource",
            "lakeformation.amazonaws.com",
        ),
        (
            "AWS::SSM::Association",
            "Parameters.AutomationAssumeRole[]",
            "ssm:CreateAssociation",
            "ssm.amazonaws.com",
        ),
        (
            "AWS::Config::RemediationConfiguration",
            "Parameters.AutomationAssumeRole.StaticValue.Values[]",
            "config:PutRemediationConfigurations",
            "ssm.amazonaws.com",
        ),
    ],
)
def test_the_most_used_types(type: str, path: str, call: str, principal: str) -> None:
    (row,) = [one for one in deployments.cloudformation(type) if one.path == path]
    assert row.call == call
    assert principal in row.parameter.principals


def test_terraform_agrees_with_cloudformation() -> None:
    """What both tables have of a call becomes the same role parameters."""
    theirs = {
        (row.call, row.parameter.path)
        for type in files.table("deployments")["cloudformation"]
        for row in deployments.cloudformation(type)
    }
    calls = {call for call, _ in theirs}
    lone = [
        (type, row.path, row.call, row.parameter.path)
        for type in files.table("deployments")["terraform"]
        for row in deployments.terraform(type)
        if row.call in calls and (row.call, row.parameter.path) not in theirs
    ]
    assert len(lone) < 16, lone
