"""The passes of CloudFormation templates and CDK assemblies, and which a deployer lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.analysis.details import ACCOUNT, allow, arn, deny, document, estate, page, role, trust, user

from passrole.analysis.plan.judging import judged, missing, policies_to_add
from passrole.analysis.plan.passes import Deployment, UnreadablePlan, Where
from passrole.analysis.plan.reading import read_deployments
from passrole.analysis.plan.templates import read_template

WHERE = Where("aws", ACCOUNT, "eu-west-1", "app")
EXEC = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/exec-${AWS::Region}"
LAMBDA, EC2 = "lambda.amazonaws.com", "ec2.amazonaws.com"

TEMPLATE = """
Parameters:
  Given: {Type: String}
  Name: {Type: String, Default: Named}
  Prod: {Type: String, Default: "no"}
Conditions:
  IsProd: !Equals [!Ref Prod, "yes"]
Resources:
  Generated:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, Path: /app/}
  Named:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {}, RoleName: !Ref Name}
  Profile:
    Type: AWS::IAM::InstanceProfile
    Properties: {Roles: [!Ref Generated]}
  ByArn:
    Type: AWS::Lambda::Function
    Properties: {Role: !GetAtt Generated.Arn}
  BySub:
    Type: AWS::Lambda::Function
    Properties: {Role: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Name}"}
  ByParameter:
    Type: AWS::Lambda::Function
    Properties: {Role: !Ref Given}
  Server:
    Type: AWS::EC2::Instance
    Properties: {IamInstanceProfile: !Ref Profile}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      TaskRoleArn: !GetAtt Named.Arn
      ExecutionRoleArn: !If [IsProd, !GetAtt Named.Arn, !Ref "AWS::NoValue"]
  OnlyInProduction:
    Type: AWS::Lambda::Function
    Condition: IsProd
    Properties: {Role: !GetAtt Named.Arn}
  Sam:
    Type: AWS::Serverless::Function
    Properties: {}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Targets:
        - {Arn: a, Id: a, RoleArn: !GetAtt Named.Arn}
        - {Arn: a, Id: b}
"""


def passes(made: Deployment) -> set[tuple[str, str, str]]:
    return {(one.resource, one.property.call, one.role.partition(":role/")[2]) for one in made.passes}


def test_every_pass_of_a_template() -> None:
    made = read_template(TEMPLATE, WHERE)
    generated = "app/app-Generated-*"
    assert passes(made) == {
        ("ByArn", "lambda:CreateFunction", generated),
        ("BySub", "lambda:CreateFunction", "Named"),
        ("ByParameter", "lambda:CreateFunction", "*"),
        ("Profile", "iam:AddRoleToInstanceProfile", generated),
        ("Server", "ec2:RunInstances", generated),
        ("Task", "ecs:RegisterTaskDefinition", "Named"),
        ("Sam", "lambda:CreateFunction", "app-SamRole-*"),
        ("Rule", "events:PutTargets", "Named"),
    }
    assert all(one.role.startswith(f"arn:aws:iam::{ACCOUNT}:role/") for one in made.passes)


def test_parameters_decide() -> None:
    given = {"Given": arn("role", "x/Given"), "Prod": "yes", "Name": "Other"}
    found = passes(read_template(TEMPLATE, WHERE, None, given))
    assert {
        ("ByParameter", "lambda:CreateFunction", "x/Given"),
        ("OnlyInProduction", "lambda:CreateFunction", "Other"),
    } <= found
    unknown = read_template(TEMPLATE.replace('Default: "no"', "NoEcho: true"), WHERE)
    # Whether the condition holds is not known, so the resource counts.
    assert ("OnlyInProduction", "lambda:CreateFunction", "Named") in passes(unknown)


def test_what_is_allowed_whatever_the_name_will_be() -> None:
    made = read_template(TEMPLATE, WHERE)
    to_lambda = {"StringEquals": {"iam:PassedToService": LAMBDA}}
    who = user(
        "alice", document(allow(arn("role", "app/app-*"), to_lambda), allow(arn("role", "Named"), to_lambda))
    )
    answers = judged([made], estate(page(users=[who])), arn("user", "alice"))
    allowed = {(one.resource, one.allowed) for one in answers if one.operation == "lambda:CreateFunction"}
    assert allowed == {("ByArn", True), ("BySub", True), ("ByParameter", False), ("Sam", False)}
    assert missing(answers)
    added = policies_to_add(answers)[arn("user", "alice")]["Statement"]
    assert isinstance(added, list)
    resources = [one["Resource"] for one in added]
    assert arn("role", "app/app-Generated-*") in resources
    again = user(
        "alice", document(*added, *(allow(arn("role", "app/app-*"), to_lambda), allow(arn("role", "Named"))))
    )
    assert not missing(judged([made], estate(page(users=[again])), arn("user", "alice")))


def test_a_deny_that_a_name_may_fall_under_is_doubt() -> None:
    made = read_template(TEMPLATE, WHERE)
    who = user("alice", document(allow(), deny(arn("role", "app/app-Generated-A*"))))
    answers = judged([made], estate(page(users=[who])), arn("user", "alice"))
    assert {one.resource for one in answers if not one.allowed} == {
        "ByArn",
        "ByParameter",
        "Profile",
        "Server",
    }
    assert "Deny statement 1" in next(one.remedy for one in answers if not one.allowed)


def test_a_stack_with_a_role_acts_as_that_role() -> None:
    made = read_template(TEMPLATE, WHERE)
    deployer = role("Deploy", trust("cloudformation.amazonaws.com"), document(allow()))
    whole = estate(page(users=[user("alice")], roles=[deployer]))
    answers = judged([made], whole, arn("user", "alice"), arn("role", "Deploy"))
    assert [one.operation for one in answers if not one.allowed] == ["cloudformation:CreateStack"]
    assert {one.principal for one in answers if one.allowed} == {arn("role", "Deploy")}
    unknown = judged([made], whole, arn("user", "alice"), arn("role", "Nobody"))
    assert not any(one.allowed for one in unknown)


def test_known_roles_and_profiles_of_the_account() -> None:
    text = """{"Resources": {
      "A": {"Type": "AWS::EC2::Instance", "Properties": {"IamInstanceProfile": "web"}},
      "B": {"Type": "AWS::EC2::Instance", "Properties": {"IamInstanceProfile": "nowhere"}},
      "C": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"TaskRoleArn": "Worker"}}}}"""
    roles = [role("app/Web", trust(EC2), profile="web"), role("app/Worker", trust("ecs-tasks.amazonaws.com"))]
    found = read_template(text, WHERE, estate(page(roles=roles)).directory)
    assert passes(found) == {
        ("A", "ec2:RunInstances", "app/Web"),
        ("B", "ec2:RunInstances", "*"),
        ("C", "ecs:RegisterTaskDefinition", "app/Worker"),
    }


def test_launch_templates_launch_with_their_role() -> None:
    text = """Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: web}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Role]}}
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties: {LaunchTemplateData: {IamInstanceProfile: {Arn: !GetAtt Profile.Arn}}}
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: "1"}}
"""
    assert passes(read_template(text, WHERE)) == {
        ("Profile", "iam:AddRoleToInstanceProfile", "web"),
        ("Template", "ec2:CreateLaunchTemplate", "web"),
        ("Group", "autoscaling:CreateAutoScalingGroup", "web"),
    }


def test_nested_stacks(tmp_path: Path) -> None:
    inner = "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Role: !Ref R}}}"
    (tmp_path / "inner.yaml").write_text(f"Parameters: {{R: {{Type: String}}}}\n{inner}")
    outer = tmp_path / "outer.yaml"
    outer.write_text(
        f"""Resources:
  Here:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: inner.yaml, Parameters: {{R: "{arn("role", "x")}"}}}}
  There: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "https://bucket/t.yaml"}}}}
"""
    )
    (made,) = read_deployments(outer, WHERE)
    assert passes(made) == {("Here/F", "lambda:CreateFunction", "x")}
    assert made.notes == ["There: the template of this nested stack is not here, and not read"]


def test_a_cloud_assembly(tmp_path: Path) -> None:
    (tmp_path / "App.template.json").write_text(
        json.dumps(
            {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn("role", "x")}}}}
        )
    )
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{ACCOUNT}/eu-west-1",
        "properties": {
            "templateFile": "App.template.json",
            "cloudFormationExecutionRoleArn": EXEC,
            "assumeRoleArn": EXEC.replace("exec", "deploy"),
        },
    }
    manifest = {
        "version": "36.0.0",
        "artifacts": {"App": artifact, "App.assets": {"type": "cdk:asset-manifest"}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (made,) = read_deployments(tmp_path, WHERE)
    assert (made.stack, made.role) == ("App", arn("role", "exec-eu-west-1"))
    assert passes(made) == {("F", "lambda:CreateFunction", "x")}
    nobody = estate(page(users=[user("alice")]))
    answers = judged([made], nobody, arn("user", "alice"))
    assert [(one.principal, one.allowed, one.known) for one in answers] == [
        (arn("user", "alice"), False, True),
        (arn("role", "exec-eu-west-1"), False, False),
    ]
    assert set(policies_to_add(answers)) == {arn("user", "alice")}
    deploys = role("deploy-eu-west-1", trust(), document(allow(arn("role", "exec-*"))))
    whole = estate(page(users=[user("alice")], roles=[deploys]))
    first, _ = judged([made], whole, arn("user", "alice"))
    assert (first.principal, first.allowed) == (arn("role", "deploy-eu-west-1"), True)


@pytest.mark.parametrize("text", ["", "[]", "{", "Resources: {}", "just words"])
def test_what_is_no_deployment(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(text)
    with pytest.raises(UnreadablePlan):
        read_deployments(path, WHERE)
    with pytest.raises(UnreadablePlan):
        read_deployments(tmp_path, WHERE)
