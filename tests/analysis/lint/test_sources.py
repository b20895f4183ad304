"""The files that hold policies: every finding stands where its text does."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.analysis.lint.test_rules import found

from passrole.analysis.lint.fixes import fixed, write
from passrole.analysis.lint.linting import lint
from passrole.analysis.lint.sources import UnreadableFile

POLICY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",'
    ' "Condition": {"StringEquals": {"aws:ResourceTag/a": "é\\u00e9"}}}]}'
)
TAG = "PassRoleWithResourceTag"

TERRAFORM_DATA = """
data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "A"
    actions   = ["iam:PassRole"] # resources = ["*"]
    resources = ["arn:${data.aws_partition.current.partition}:iam::${var.account}:role/app-*"]
    condition {
      test     = "StringEquals"
      variable = "iam:ResourceTag/team"
      values   = [var.team]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["&{aws:username}"]
    }
  }
  dynamic "statement" {
    for_each = var.more
    content {
      not_actions = ["s3:*"]
      resources   = ["*"]
    }
  }
}
"""
TERRAFORM_ENCODED = """
/* iam:PassRole { " */
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({
    "Version" : "2012-10-17", // the only one
    Statement = [
      {
        Effect    = "Allow"
        Action    = ["iam:PassRole", var.enabled ? "s3:*" : "s3:Get*"]
        Resource  = "*"
        Condition = { StringLike = { "aws:ResourceTag/team" = "${var.team}-$${aws:username}" } }
      },
      [for one in var.more : one]
    ]
  })
}
"""
TERRAFORM_HEREDOC = """
resource "aws_iam_policy" "deploy" {
  policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [{
        "Effect": "Allow", "Action": "iam:PassRole", "Resource": "${var.roles}",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "$${aws:username}"}}
      }]
    }
  POLICY
}
"""
TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Key: {Type: String, Default: aws:ResourceTag/team}
Resources:
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
      Policies:
        - PolicyName: a
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: iam:PassRole
                Resource: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:role/app-*
                Condition:
                  StringEquals:
                    aws:ResourceTag/team: !Ref Key
"""
DETAILS = json.dumps(
    {
        "UserDetailList": [
            {
                "UserName": "alice",
                "Arn": "arn:aws:iam::111122223333:user/alice",
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": json.loads(POLICY)}],
            }
        ],
        "RoleDetailList": [],
        "Policies": [
            {
                "Arn": "arn:aws:iam::aws:policy/AdministratorAccess",
                "PolicyName": "AdministratorAccess",
                "PolicyVersionList": [{"IsDefaultVersion": True, "Document": json.loads(POLICY)}],
            }
        ],
    },
    indent=2,
)
PLAN = json.dumps(
    {
        "format_version": "1.2",
        "planned_values": {
            "root_module": {
                "child_modules": [
                    {
                        "resources": [
                            {
                                "address": "module.a.aws_iam_policy.p",
                                "type": "aws_iam_policy",
                                "values": {"policy": POLICY},
                            }
                        ]
                    }
                ]
            }
        },
    }
)


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("p.json", POLICY, '"aws:ResourceTag/a"'),
        ("p.json", f"[{POLICY}, {POLICY.replace('Allow', 'Deny')}]", '"aws:ResourceTag/a"'),
        ("d.json", DETAILS, '"aws:ResourceTag/a"'),
        ("quoted.json", json.dumps({"PolicyDocument": quote(POLICY)}), "%22aws%3AResourceTag/a%22"),
        ("plan.json", PLAN, '\\"aws:ResourceTag/a\\"'),
        ("data.tf", TERRAFORM_DATA, '"iam:ResourceTag/team"'),
        ("encoded.tf", TERRAFORM_ENCODED, '"aws:ResourceTag/team"'),
        ("heredoc.tf", TERRAFORM_HEREDOC, '"aws:ResourceTag/team"'),
        ("t.yaml", TEMPLATE, "aws:ResourceTag/team"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and len(value) < 15 else "",
)
def test_a_finding_stands_where_its_text_does(name: str, text: str, key: str) -> None:
    (tag,) = [one for one in found(text, name) if one.code == TAG]
    at = text.index("Resources:") if name == "t.yaml" else 0  # past the parameter's default
    assert tag.start == text.index(key, at)
    assert (tag.line, tag.column) == (
        text.count("\n", 0, tag.start) + 1,
        tag.start - (text.rfind("\n", 0, tag.start) + 1) + 1,
    )


def test_whose_policy_it_is() -> None:
    (tag,) = [one for one in found(DETAILS, "d.json") if one.code == TAG]
    assert tag.policy == "user alice, policy p"
    (tag,) = [one for one in found(TERRAFORM_HEREDOC, "h.tf") if one.code == TAG]
    assert tag.policy == "aws_iam_policy.deploy"


def test_lists_that_are_put_together() -> None:
    text = """
resource "aws_iam_policy" "p" {
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat([{ Effect = "Allow", Action = toset(["iam:PassRole"]), Resource = "*" }], var.more)
  })
}
"""
    codes = {one.code for one in found(text, "m.tf") if one.severity != "info"}
    assert codes == {"PASS_ROLE_WITH_STAR_IN_RESOURCE"}


def test_dynamic_statements_and_unknown_parts_are_read() -> None:
    codes = {one.code for one in found(TERRAFORM_DATA, "data.tf")}
    assert "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION" in codes
    assert not codes & {"INVALID_ARN_PREFIX", "INVALID_PARTITION", "DATA_TYPE_MISMATCH"}


def test_a_template_in_json() -> None:
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!Ref", lambda loader, node: {"Ref": node.value})
    Loader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": node.value})
    text = json.dumps(yaml.load(TEMPLATE, Loader), indent=1)
    assert {one.code for one in found(text, "t.json")} == {one.code for one in found(TEMPLATE, "t.yaml")}


def test_both_branches_of_a_condition_count() -> None:
    text = """
Parameters: {Stage: {Type: String}}
Conditions: {Production: !Equals [!Ref Stage, prod]}
Resources:
  Deploy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: !If [Production, Allow, Deny]
            Action: iam:PassRole
            Resource: !If [Production, "arn:aws:iam::111122223333:role/x", "*"]
          - !If
            - Production
            - !Ref AWS::NoValue
            - {Effect: Allow, Action: "iam:*", Resource: "*"}
"""
    codes = {one.code for one in found(text, "t.yaml") if one.severity != "info"}
    assert codes == {"PASS_ROLE_WITH_STAR_IN_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.json", '{"Statement": [}'),
        ("m.tf", 'resource "a" "b" {'),
        ("m.tf", 'a = "b'),
        ("h.tf", "a = <<E\n"),
        ("t.yaml", "Resources: {A: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: !Sub [}}}"),
        ("e.tf", 'resource "aws_iam_policy" "p" {\n policy = "{\\"Statement\\": "\n}\n'),
    ],
)
def test_what_is_broken_is_told(name: str, text: str) -> None:
    (broken,) = found(text, name)
    assert (broken.code, broken.severity) == ("JSON_SYNTAX_ERROR", "error")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tsconfig.json", '{"compilerOptions": {} // of another tool\n}'),
        ("package.json", '{"name": "x", "scripts": {}}'),
        ("k8s.yaml", "kind: Pod\n---\nkind: Pod\n"),
        ("variables.tf", 'variable "x" {\n  default = [for a in b : a if a != "}"]\n}\n'),
    ],
)
def test_files_of_other_kinds_hold_nothing(name: str, text: str) -> None:
    assert found(text, name) == ()


def test_an_administrator_of_the_same_file() -> None:
    text = """
resource "aws_iam_role" "admin" {
  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.admin.arn, aws_iam_role.administrator.arn]
  }
}
"""
    (one,) = [one for one in found(text, "m.tf") if one.code == "PassRoleOfAdministrator"]
    assert text[one.start : one.end] == "aws_iam_role.admin.arn"


def test_a_fix_changes_only_what_is_wrong(tmp_path: Path) -> None:
    text = (
        '{\r\n\t"Version": "2012-10-17",\r\n  "Statement": {"Effect":"Allow","Action":"iam:PassRole",\r\n'
        '"Resource":"arn:aws:iam::111122223333:role/é",'
        '"Condition":{"StringEquals":{"iam:PassedToService":"ec2*"}}}}'
    )
    path = tmp_path / "p.json"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    path.chmod(0o640)
    findings = lint([path])
    after = fixed(text, findings)
    write(path, after.text)
    assert path.read_bytes() == b"\xef\xbb\xbf" + text.replace("StringEquals", "StringLike").encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert {one.code for one in after.done} == {"WILDCARD_WITHOUT_LIKE_OPERATOR"}
    assert not fixed(after.text, lint([path])).done


def test_an_escaped_text_is_not_rewritten() -> None:
    policy = POLICY.replace(
        '"StringEquals": {"aws:ResourceTag/a": "é\\u00e9"}',
        '"StringEquals": {"iam:PassedToService": "e\\u0063*"}',
    )
    text = json.dumps({"PolicyDocument": quote(policy)})
    after = fixed(text, found(text))
    # The operator is plain in the encoded text, and changed there; the value never is.
    assert after.text == text.replace("StringEquals", "StringLike")


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        lint([tmp_path / "no"])


LOCALS = """
variable "roles" { default = ["*"] }
variable "actions" {
  type    = list(string)
  default = []
}
locals {
  prefix     = "arn:aws:iam::111122223333:role"
  everything = { roles = { all = "*" } }
  encoded    = jsonencode({ Statement = [{ Effect = "Allow", Action = "iam:PassRole", Resource = "*" }] })
  statements = [{
    Effect   = "Allow"
    Action   = "iam:PassRole"
    Resource = VALUE
  }]
}
resource "aws_iam_policy" "p" {
  policy = jsonencode({ Version = "2012-10-17", Statement = flatten([local.statements]) })
}
"""


@pytest.mark.parametrize(
    "value",
    [
        "local.everything.roles.all",
        'local.everything["roles"].all',
        "var.roles",
        "var.roles[0]",
        "concat(var.roles, [local.prefix])",
        '"${local.everything.roles.all}"',
        '["${local.prefix}/x", "*"]',
    ],
)
def test_locals_and_defaults_are_known(value: str) -> None:
    text = LOCALS.replace("VALUE", value)
    stars = [one for one in found(text, "m.tf") if one.code == "PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    assert [text[one.start :].split(" ")[0] for one in stars] == ["Resource", "Resource"]
    assert [one.policy for one in stars] == ["locals", "aws_iam_policy.p"]


@pytest.mark.parametrize("value", ["var.actions", "var.other", "local.other", "local.loop", "local.prefix.a"])
def test_what_nothing_tells_is_not_judged(value: str) -> None:
    text = LOCALS.replace("VALUE", value).replace("locals {", "locals {\n  loop = local.loop\n")
    named = {one.code for one in found(text, "m.tf") if one.policy == "aws_iam_policy.p"}
    assert named == {"PassRoleWithoutPassedToService", "PassRoleWithoutReadingRoles"}


def test_locals_of_the_other_files_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "locals.tf").write_text('locals { roles = ["*"] }\n')
    (tmp_path / "broken.tf").write_text("locals {")
    main = tmp_path / "main.tf"
    main.write_text(
        'data "aws_iam_policy_document" "d" {\n  statement {\n    actions = ["iam:PassRole"]\n'
        "    resources = local.roles\n  }\n}\n"
    )
    (star,) = [one for one in lint([main]) if one.code == "PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    assert (star.line, star.column) == (4, 5)


def test_values_put_into_a_json_text() -> None:
    text = """
resource "aws_iam_policy" "p" {
  policy = <<EOF
{"Version": "2012-10-17", "Statement": [
%{ for role in var.roles ~}
{"Effect": "Allow", "Action": ${jsonencode(var.actions)}, "Resource": "${role}"},
%{ endfor ~}
{"Effect": "Allow", "Action": ${jsonencode(["iam:PassRole"])}, "Resource": ${local.star}}
]}
EOF
}
locals { star = "\\"*\\"" }
"""
    (star,) = [one for one in found(text, "m.tf") if one.severity != "info"]
    assert star.code == "PASS_ROLE_WITH_STAR_IN_RESOURCE"
    assert text[star.start :].startswith('"Resource": ${local.star}')


def test_policies_that_modules_and_other_resources_are_given() -> None:
    policy = '{ Statement = [merge({ Effect = "Allow" }, { Action = "iam:PassRole", Resource = "*" })] }'
    text = f"""
module "a" {{
  policies = {{ one = jsonencode({policy}) }}
}}
resource "awscc_iam_role" "b" {{
  policies = [{{ policy_name = "x", policy_document = jsonencode({policy}) }}]
}}
resource "aws_sfn_state_machine" "c" {{
  definition = jsonencode({{ Statement = "of another language" }})
}}
"""
    stars = [one for one in found(text, "m.tf") if one.code == "PASS_ROLE_WITH_STAR_IN_RESOURCE"]
    assert [one.policy for one in stars] == ["a", "awscc_iam_role.b"]


def test_loops_and_texts_of_templates() -> None:
    text = """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Roles:
    - Name
    - [A, B]
    - Role${Name}:
        Type: AWS::IAM::ManagedPolicy
        Properties:
          PolicyDocument:
            Statement: {Effect: Allow, Action: "iam:PassRole", Resource: !Sub "arn:aws:iam::1:role/${Name}*"}
  Set:
    Type: AWS::SSO::PermissionSet
    Properties:
      InlinePolicy: '{"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]}'
  Secret:
    Type: AWS::SecretsManager::ResourcePolicy
    Properties:
      ResourcePolicy:
        Statement: {Effect: Allow, Principal: "*", Action: "secretsmanager:Nothing", Resource: "*"}
"""
    told = [(one.policy, one.code, one.line) for one in found(text, "t.yaml") if one.severity != "info"]
    assert ("Fn::ForEach::Roles", "PassRoleWithoutPassedToService", 11) not in told
    assert {(policy, code) for policy, code, _ in told} >= {
        ("Set", "PASS_ROLE_WITH_STAR_IN_RESOURCE"),
        ("Secret", "INVALID_ACTION"),
    }
    assert any(policy == "Role${Name}" and line == 11 for policy, _, line in told)


def test_a_template_is_broken_where_it_says() -> None:
    text = 'Resources:\n  A:\n    Type: "AWS::IAM::Policy\n'
    (broken,) = found(text, "t.yaml")
    assert broken.line > 1
    assert broken.message.startswith("The template is broken: Template format error: YAML not well-formed.")
    (broken,) = found('resource "a" "b" {', "m.tf")
    assert (broken.message, broken.remedy) == (
        "The Terraform is broken: a block is not closed.",
        "Repair the Terraform.",
    )


def test_settings_with_comments_are_no_policies() -> None:
    assert found('{\n  // Policy of the editor\n  "Statement.x": 1\n}', "settings.json") == ()
    (broken,) = found('{\n  // a comment\n  "Statement": []\n}', "p.json")
    assert (broken.code, broken.line, broken.column) == ("JSON_SYNTAX_ERROR", 2, 3)


def test_terraform_as_json() -> None:
    encoded = json.dumps(POLICY.replace('"*"', '"${aws_iam_role.r.arn}*"').replace("é\\u00e9", "e"))
    text = f"""{{
  "locals": {{"star": "*"}},
  "data": {{"aws_iam_policy_document": {{"d": {{
    "statement": [
      {{"actions": ["iam:PassRole"], "resources": ["${{aws_iam_role.r.arn}}"],
       "condition": [{{"test": "StringEquals", "variable": "iam:ResourceTag/team", "values": ["${{var.x}}"]}}
      ]}}
    ],
    "dynamic": {{"statement": {{"for_each": "${{var.x}}", "content": {{
      "actions": ["iam:PassRole"], "resources": ["${{local.star}}"]}}}}}}
  }}}}}},
  "resource": {{
    "aws_iam_policy": {{"p": {{"policy": {encoded}}}}},
    "aws_iam_role": {{"r": {{"managed_policy_arns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}}}}
  }}
}}"""
    told = {
        (one.policy, one.code, text[one.start : one.end].split(":")[0])
        for one in found(text, "cdk.tf.json")
        if one.severity != "info" and one.code != "PassRoleWithoutPassedToService"
    }
    assert told == {
        ("data.aws_iam_policy_document.d", TAG, '"iam'),
        ("data.aws_iam_policy_document.d", "PassRoleOfAdministrator", '"${aws_iam_role.r.arn}"'),
        ("data.aws_iam_policy_document.d", "PASS_ROLE_WITH_STAR_IN_RESOURCE", '"resources"'),
        ("aws_iam_policy.p", TAG, '\\"aws'),
        ("aws_iam_policy.p", "PassRoleOfAdministrator", '\\"${aws_iam_role.r.arn}*\\"'),
        ("aws_iam_policy.p", "PASS_ROLE_WITH_STAR_IN_RESOURCE", '\\"Resource\\"'),
    }
    (broken,) = found('{"resource": {"a": "${x"}}', "b.tf.json")
    assert (broken.code, broken.column) == ("JSON_SYNTAX_ERROR", 22)


def test_either_branch_of_a_conditional_is_read() -> None:
    text = """
resource "aws_iam_role_policy" "c" {
  policy = var.custom != "" ? var.custom : jsonencode({ # jsonencode({
    Statement = [{ Effect = "Allow", Action = "iam:PassRole", Resource = "*" }]
  })
}
locals {
  other = var.x ? "jsonencode({" : jsonencode({ Statement = [{ Effect = "Allow", Action = "iam:Nothing" }] })
}
"""
    told = {(one.policy, one.code) for one in found(text, "m.tf") if one.severity != "info"}
    assert told >= {
        ("aws_iam_role_policy.c", "PASS_ROLE_WITH_STAR_IN_RESOURCE"),
        ("locals", "INVALID_ACTION"),
        ("locals", "MISSING_RESOURCE"),
    }
    assert "JSON_SYNTAX_ERROR" not in {code for _, code in told}


def test_a_condition_that_only_a_run_tells_is_not_judged() -> None:
    text = """
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111122223333:role/x"]
    dynamic "condition" {
      for_each = var.conditions
      content {
        test     = condition.value.test
        variable = condition.value.variable
        values   = condition.value.values
      }
    }
  }
}
"""
    assert found(text, "m.tf") == ()
    plain = text.replace("condition.value.test", '"StringEquals"').replace(
        "condition.value.variable", '"aws:PrincipalTag/x"'
    )
    assert {one.code for one in found(plain, "m.tf")} >= {"PassRoleWithoutPassedToService"}


def test_what_a_deployment_fills_in_is_unknown() -> None:
    text = """
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "s3:GetObject", Resource: "{{resolve:ssm:/bucket:1}}"}
          - {Effect: Allow, Action: "s3:GetObject", Resource: !Sub "{{resolve:ssm:/${AWS::Region}/bucket:1}}"}
"""
    assert found(text, "t.yaml") == ()
