"""The passes of CloudFormation templates and CDK assemblies, and which a deployer lacks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.details import ACCOUNT, allow, arn, deny, document, estate, page, role, trust, user

from passrole.analysis.plan.judging import judged, missing, policies_to_add
from passrole.analysis.plan.passes import Deployment, UnreadablePlan, Where
from passrole.analysis.plan.reading import read_deployments
from passrole.analysis.plan.templates import read_template

WHERE = Where("aws", ACCOUNT, "eu-west-1", "app")
OTHER = "444455556666"
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


# --- What templates may hold ------------------------------------------------------------------


def test_both_branches_of_what_is_not_decided_count() -> None:
    template = f"""
Parameters: {{Prod: {{Type: String}}}}
Conditions: {{IsProd: !Equals [!Ref Prod, "yes"]}}
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties: {{Role: !If [IsProd, "{arn("role", "Big")}", "{arn("role", "Small")}"]}}
  Maybe:
    Type: AWS::Lambda::Function
    Properties: {{Role: "{arn("role", "Small")}", Layers: !If [IsProd, [a], !Ref "AWS::NoValue"]}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Targets:
        - !If [IsProd, {{Arn: a, Id: a, RoleArn: "{arn("role", "Target")}"}}, !Ref "AWS::NoValue"]
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      TaskRoleArn: !If
        - IsProd
        - !Sub "arn:aws:iam::${{AWS::AccountId}}:role/${{Prod}}-task"
        - !Ref "AWS::NoValue"
"""
    assert passes(read_template(template, WHERE)) == {
        ("Function", "lambda:CreateFunction", "Big"),
        ("Function", "lambda:CreateFunction", "Small"),
        ("Maybe", "lambda:CreateFunction", "Small"),
        ("Rule", "events:PutTargets", "Target"),
        ("Task", "ecs:RegisterTaskDefinition", "*-task"),
    }
    given = read_template(template, WHERE, None, {"Prod": "no"})
    assert {one.role.rpartition("/")[2] for one in given.passes} == {"Small"}


def test_loops_are_written_out() -> None:
    template = """
Transform: [AWS::LanguageExtensions]
Parameters: {Names: {Type: CommaDelimitedList, Default: "A,B"}}
Resources:
  Fn::ForEach::Functions:
    - Name
    - !Ref Names
    - "Function${Name}":
        Type: AWS::Lambda::Function
        Properties: {Role: !Sub "arn:aws:iam::${AWS::AccountId}:role/${Name}"}
"""
    made = read_template(template, WHERE)
    assert passes(made) == {
        ("FunctionA", "lambda:CreateFunction", "A"),
        ("FunctionB", "lambda:CreateFunction", "B"),
    }
    assert made.notes == []
    unknown = read_template(template.replace(', Default: "A,B"', ""), WHERE)
    assert unknown.passes == []
    (note,) = unknown.notes
    assert "Fn::ForEach are not read" in note


def test_what_is_looked_up_at_deployment_may_be_any_role() -> None:
    template = """
Parameters:
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /roles/lambda}
Resources:
  ByParameter: {Type: AWS::Lambda::Function, Properties: {Role: !Ref Stored}}
  Dynamic: {Type: AWS::Lambda::Function, Properties: {Role: "{{resolve:ssm:/roles/lambda:1}}"}}
  Part:
    Type: AWS::Lambda::Function
    Properties: {Role: !Sub "arn:aws:iam::${AWS::AccountId}:role/{{resolve:ssm:/name}}-fn"}
"""
    call = "lambda:CreateFunction"
    assert passes(read_template(template, WHERE)) == {
        ("ByParameter", call, "*"),
        ("Dynamic", call, "*"),
        ("Part", call, "*-fn"),
    }
    given = read_template(template, WHERE, None, {"Stored": arn("role", "Given")})
    assert ("ByParameter", call, "Given") in passes(given)


def test_serverless_templates() -> None:
    template = f"""
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {{Role: "{arn("role", "Shared")}", Timeout: 3}}
Resources:
  Shared: {{Type: AWS::Serverless::Function, Properties: {{Handler: a.b}}}}
  Own: {{Type: AWS::Serverless::Function, Properties: {{Role: "{arn("role", "Own")}"}}}}
  Timed:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Tick: {{Type: ScheduleV2, Properties: {{ScheduleExpression: rate(1 hour)}}}}
        Call: {{Type: Api, Properties: {{Path: /, Method: get}}}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Events:
        Daily: {{Type: Schedule, Properties: {{Schedule: rate(1 day)}}}}
        Mine: {{Type: ScheduleV2, Properties: {{RoleArn: "{arn("role", "Mine")}"}}}}
"""
    assert passes(read_template(template, WHERE)) == {
        ("Shared", "lambda:CreateFunction", "Shared"),
        ("Own", "lambda:CreateFunction", "Own"),
        ("Timed", "lambda:CreateFunction", "Shared"),
        ("Timed", "scheduler:CreateSchedule", "app-TimedTickRole-*"),
        ("Machine", "stepfunctions:CreateStateMachine", "app-MachineRole-*"),
        ("Machine", "events:PutTargets", "app-MachineDailyRole-*"),
        ("Machine", "scheduler:CreateSchedule", "Mine"),
    }


def test_macros_and_modules_are_named_as_not_read() -> None:
    template = """
Transform: [AWS::LanguageExtensions, Company::Roles]
Resources:
  Shared: {Type: "Company::Lambda::Function::MODULE", Properties: {}}
  Function: {Type: AWS::Lambda::Function, Properties: {Role: "arn:aws:iam::111122223333:role/x"}}
"""
    made = read_template(template, WHERE)
    assert passes(made) == {("Function", "lambda:CreateFunction", "x")}
    assert made.notes == [
        "template: what the macro Company::Roles makes of it is not read",
        "Shared: the module Company::Lambda::Function::MODULE is not read",
    ]


def test_the_roles_of_beanstalk_stand_among_its_settings() -> None:
    template = f"""
Resources:
  Web:
    Type: AWS::ElasticBeanstalk::Environment
    Properties:
      OptionSettings:
        - Namespace: "aws:elasticbeanstalk:environment"
          OptionName: ServiceRole
          Value: "{arn("role", "Eb")}"
        - {{Namespace: "aws:ec2:vpc", OptionName: VPCId, Value: vpc-1}}
"""
    assert passes(read_template(template, WHERE)) == {("Web", "elasticbeanstalk:CreateEnvironment", "Eb")}


def test_nested_stacks_of_an_assembly_are_in_its_assets(tmp_path: Path) -> None:
    inner = {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Ref": "Role"}}}}}
    inner["Parameters"] = {"Role": {"Type": "String"}}
    (tmp_path / "AppNested.nested.template.json").write_text(json.dumps(inner))
    outer = {
        "Resources": {
            "Nested": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": {"Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/assets/1.json"},
                    "Parameters": {"Role": f"arn:aws:iam::{OTHER}:role/Worker"},
                },
                "Metadata": {"aws:asset:path": "AppNested.nested.template.json"},
            }
        }
    }
    (tmp_path / "App.template.json").write_text(json.dumps(outer))
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{OTHER}/eu-west-1",
        "properties": {
            "templateFile": "App.template.json",
            "stackName": "app",
            "assumeRoleArn": f"arn:${{AWS::Partition}}:iam::{OTHER}:role/deploy",
            "cloudFormationExecutionRoleArn": f"arn:${{AWS::Partition}}:iam::{OTHER}:role/exec",
        },
    }
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "App.assets.json"}}
    manifest = {"version": "36.0.0", "artifacts": {"App.assets": assets, "App": stack}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (made,) = read_deployments(tmp_path, WHERE)
    assert made.notes == []
    assert [(one.resource, one.role) for one in made.passes] == [
        ("Nested/F", f"arn:aws:iam::{OTHER}:role/Worker")
    ]
    assert (made.by, made.role) == (f"arn:aws:iam::{OTHER}:role/deploy", f"arn:aws:iam::{OTHER}:role/exec")


@pytest.mark.parametrize(
    ("stack", "logical", "name"),
    [
        ("app", "Job", "app-Job-*"),
        (
            "ChineseboostAnalyticsStack",
            "RainlyticsSummariesJobFunction",
            "ChineseboostAnalyticsStac-RainlyticsSummariesJobFun-*",
        ),
        ("app", "A" * 60, f"app-{'A' * 47}-*"),
        ("s" * 60, "Job", f"{'s' * 47}-Job-*"),
        ("*", "Job", "*-Job-*"),
        ("*", "A" * 30, f"*-{'A' * 25}*"),
        ("app-Child-*", "Job", "app-Child-*-Job-*"),
        ("application-Child-*-Inner-*", "Job", "application-Child-*-Inner-*-Job-*"),
        ("application1234567-Child-*-Inner-*", "JobAtSix", "application1234567-Child-*"),
        ("*-Child-*", "Job", "*-Job-*"),
        (f"{'s' * 30}-Child-*", "A" * 40, f"{'s' * 25}-{'A' * 25}-*"),
    ],
)
def test_long_names_are_cut(stack: str, logical: str, name: str) -> None:
    template = f"""
Resources:
  {logical}: {{Type: AWS::IAM::Role, Properties: {{}}}}
  Function:
    Type: AWS::Lambda::Function
    Properties: {{Role: !GetAtt {logical}.Arn}}
"""
    made = read_template(template, replace(WHERE, stack=stack))
    assert passes(made) == {("Function", "lambda:CreateFunction", name)}


def test_stages_of_an_assembly_are_told_apart(tmp_path: Path) -> None:
    template = {
        "Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Role": arn("role", "x")}}}
    }
    artifacts = {}
    for stage, account in (("Test", ACCOUNT), ("Prod", OTHER)):
        folder = tmp_path / f"assembly-{stage}"
        folder.mkdir()
        (folder / "s.json").write_text(json.dumps(template))
        stack = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/unknown-region",
            "properties": {"templateFile": "s.json", "stackName": f"{stage}-App"},
        }
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {f"{stage}App": stack}}))
        nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": folder.name}}
        artifacts[folder.name] = nested
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    assert [planned.resource for one in read_deployments(tmp_path, WHERE) for planned in one.passes] == [
        "Test-App/F",
        "Prod-App/F",
    ]


def test_nested_stacks_give_each_other_their_roles(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text("""
Parameters: {Prefix: {Type: String}}
Resources:
  Job: {Type: AWS::IAM::Role, Properties: {}}
  Web: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "${Prefix}-web", Path: /app/}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Web]}}
Outputs:
  Job: {Value: !GetAtt Job.Arn}
  Profile: {Value: !Ref Profile}
""")
    (tmp_path / "work.yaml").write_text("""
Parameters: {Role: {Type: String}, Profile: {Type: String}, Loop: {Type: String}}
Resources:
  Function: {Type: AWS::Lambda::Function, Properties: {Role: !Ref Role}}
  Instance: {Type: AWS::EC2::Instance, Properties: {IamInstanceProfile: !Ref Profile}}
  Again: {Type: AWS::Lambda::Function, Properties: {Role: !Ref Loop}}
  Group:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        IamInstanceProfile:
          Arn: !Sub "arn:aws:iam::${AWS::AccountId}:instance-profile/${Profile}"
Outputs: {Loop: {Value: !Ref Loop}}
""")
    (tmp_path / "main.yaml").write_text("""
Resources:
  Roles:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: roles.yaml, Parameters: {Prefix: app}}
  Work:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: work.yaml
      Parameters:
        Role: !GetAtt Roles.Outputs.Job
        Profile: !GetAtt Roles.Outputs.Profile
        Loop: !GetAtt Work.Outputs.Loop
  Function: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Roles.Outputs.Job}}
  Other: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Roles.Outputs.Nothing}}
""")
    (made,) = read_deployments(tmp_path / "main.yaml", replace(WHERE, stack="root"))
    assert passes(made) == {
        ("Roles/Profile", "iam:AddRoleToInstanceProfile", "app/app-web"),
        ("Work/Function", "lambda:CreateFunction", "root-Roles-*-Job-*"),
        ("Work/Instance", "ec2:RunInstances", "app/app-web"),
        ("Work/Again", "lambda:CreateFunction", "*"),
        ("Work/Group", "ec2:CreateLaunchTemplate", "app/app-web"),
        ("Function", "lambda:CreateFunction", "root-Roles-*-Job-*"),
        ("Other", "lambda:CreateFunction", "*"),
    }
