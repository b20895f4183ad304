"""What --fix changes, in files of every kind: only what is wrong, and once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.lint.test_rules import found

from passrole.analysis.lint.document import KnownRole
from passrole.analysis.lint.fixes import fixed

ROLES: Final = (KnownRole("web", "/app/"), KnownRole("job", "/app/batch/"))
# What is wrong, and what it becomes.
RIGHT: Final = {
    "StringEquals": {"StringLike"},
    "StringNotEquals": {"StringNotLike"},
    "ForAllValues:StringEquals": {"ForAllValues:StringLike"},
    "Lamda.amazonaws.com": {"lambda.amazonaws.com"},
    "lambda.amazonaws.co": {"lambda.amazonaws.com"},
    "EC2.amazonaws.com": {"ec2.amazonaws.com"},
    "web": {"app/web"},
    "job": {"app/batch/job"},
}
_WORD: Final = re.compile(r"[A-Za-z0-9.*/_-]+(?::String\w+)?")

_STATEMENTS: Final = st.builds(
    lambda effect, action, roles, operator, services: {
        "Effect": effect,
        "Action": action,
        "Resource": [f"arn:aws:iam::111122223333:role/{role}" for role in roles],
        "Condition": {operator: {"iam:PassedToService": services}},
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["iam:PassRole", ["iam:Pass*", "iam:GetRole"], "s3:GetObject"]),
    st.lists(st.sampled_from(["web", "app/web", "job", "w*", "other"]), min_size=1, max_size=3),
    st.sampled_from(["StringEquals", "StringLike", "ForAllValues:StringEquals", "StringNotEquals"]),
    st.lists(
        st.sampled_from(["Lamda.amazonaws.com", "lambda.amazonaws.co", "EC2.amazonaws.com", "ec2*", "é"]),
        min_size=1,
        max_size=3,
    ),
)


def _terraform(policy: dict[str, Any]) -> str:
    text = json.dumps(policy, indent=1, ensure_ascii=False)
    return f'resource "aws_iam_policy" "p" {{ # StringEquals web\n  policy = jsonencode({text})\n}}\n'


def _heredoc(policy: dict[str, Any]) -> str:
    text = json.dumps(policy, indent=3, ensure_ascii=False)
    return f'resource "aws_iam_policy" "p" {{\r\n  policy = <<-POLICY\r\n{text}\r\n  POLICY\r\n}}\r\n'


def _blocks(policy: dict[str, Any]) -> str:
    statements = []
    for one in policy["Statement"]:
        ((operator, asked),) = one["Condition"].items()
        actions = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        condition = f"""condition {{
      test     = "{operator}"
      variable = "iam:PassedToService"
      values   = {json.dumps(asked["iam:PassedToService"], ensure_ascii=False)}
    }}"""
        statements.append(f"""  statement {{
    effect    = "{one["Effect"]}"
    actions   = {json.dumps(actions)}
    resources = {json.dumps(one["Resource"])}
    {condition}
    {condition if len(actions) > 1 else ""}
  }}""")
    return 'data "aws_iam_policy_document" "d" {\n' + "\n".join(statements) + "\n}\n"


def _template(policy: dict[str, Any]) -> str:
    body = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
    return "# web EC2.amazonaws.com\n" + yaml.safe_dump({"Resources": {"P": body}}, allow_unicode=True)


FORMS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "plain.json": json.dumps,
    "details.json": lambda policy: json.dumps(
        {"UserDetailList": [{"UserName": "web", "UserPolicyList": [{"PolicyDocument": policy}]}]}, indent=4
    ),
    "escaped.json": lambda policy: json.dumps({"PolicyDocument": json.dumps(policy)}),
    "encoded.tf": _terraform,
    "heredoc.tf": _heredoc,
    "blocks.tf": _blocks,
    "template.yaml": _template,
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.lists(_STATEMENTS, min_size=1, max_size=3))
def test_a_fix_changes_what_is_wrong_and_nothing_else(name: str, statements: list[dict[str, Any]]) -> None:
    text = FORMS[name]({"Version": "2012-10-17", "Statement": statements})
    first = fixed(text, found(text, name, "", *ROLES))
    again = fixed(first.text, found(first.text, name, "", *ROLES))
    assert (again.text, again.done) == (first.text, ())
    assert _WORD.split(first.text) == _WORD.split(text)
    changed = [
        (old, new)
        for old, new in zip(_WORD.findall(text), _WORD.findall(first.text), strict=True)
        if old != new
    ]
    assert (not changed) == (not first.done)
    for old, new in changed:
        assert new.rsplit("role/")[-1] in RIGHT[old.rsplit("role/")[-1]]


def test_each_form_can_be_put_right() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": ["arn:aws:iam::111122223333:role/web"],
                "Condition": {"StringEquals": {"iam:PassedToService": ["EC2.amazonaws.com", "ec2*"]}},
            }
        ],
    }
    for name, form in FORMS.items():
        text = form(policy)
        done = {one.code for one in fixed(text, found(text, name, "", *ROLES)).done}
        assert {"PassRolePathLost", "WILDCARD_WITHOUT_LIKE_OPERATOR"} <= done, name
