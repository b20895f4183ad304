"""What lint says of statements, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from passrole.analysis.lint.document import KnownRole
from passrole.analysis.lint.fixes import fixed
from passrole.analysis.lint.linting import lint_file
from passrole.analysis.lint.rule import Finding
from passrole.analysis.lint.rules import RULES
from passrole.analysis.lint.sources import PolicyFile, read_text


@dataclass(frozen=True)
class Case:
    id: str
    statement: dict[str, Any]
    finds: dict[str, str]
    roles: list[dict[str, Any]] = field(default_factory=list)
    account: str = ""
    with_info: bool = False
    says: str = ""
    fixed: str = ""

    @property
    def text(self) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [self.statement]})


CASES = [Case(**row) for row in yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())]


def found(text: str, name: str = "p.json", account: str = "", *roles: KnownRole) -> tuple[Finding, ...]:
    file = PolicyFile(name, text, read_text(text, name))
    return lint_file(file, (*roles, *file.found.roles), account)


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_finds(case: Case) -> None:
    findings = found(case.text, "p.json", case.account, *(KnownRole(**one) for one in case.roles))
    shown = {
        one.code: case.text[one.start : one.end]
        for one in findings
        if case.with_info or one.severity != "info"
    }
    assert shown == case.finds
    if case.says:
        assert [one.remedy for one in findings if one.code in case.finds] == [case.says]
    after = fixed(case.text, findings).text
    assert (after != case.text) == bool(case.fixed or case.says.startswith("Write lambda"))
    assert case.fixed in after


def test_every_rule_has_a_case() -> None:
    covered = {code for case in CASES for code in case.finds}
    assert {rule.code for rule in RULES} <= covered


def test_a_deny_that_takes_it_all_away_leaves_nothing_to_say() -> None:
    allow: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny: dict[str, Any] = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allow, deny]}
    assert found(json.dumps(policy)) == ()
    deny["Condition"] = {"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert {one.code for one in found(json.dumps(policy))} >= {"PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"}


def test_trust_and_organization_policies_grant_nothing() -> None:
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    assert found(json.dumps({"Version": "2012-10-17", "Statement": [trust]})) == ()
    scp = {
        "PolicySummary": {"Type": "SERVICE_CONTROL_POLICY", "Name": "FullAWSAccess"},
        "Content": json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        ),
    }
    assert found(json.dumps({"Policies": [scp]})) == ()


# Spellings of the word and what may stand around it, in each place where a policy takes text.
_WORD = st.sampled_from(["ResourceTag", "resourcetag", "RESOURCETAG", "ResourceTags", "x"])
_TEXTS = st.builds(
    lambda head, word, tail: f"{head}{word}{tail}",
    st.sampled_from(["aws:", "iam:", "ec2:", "arn:aws:iam::1:role/", "", "iam:Pass", "*"]),
    _WORD,
    st.sampled_from(["", "/a", "*", "/${TagKey}"]),
)


@settings(max_examples=150, deadline=None)
@given(
    action=st.one_of(st.sampled_from(["*", "iam:PassRole", "iam:*"]), _TEXTS),
    resource=st.one_of(st.just("*"), _TEXTS),
    operator=st.sampled_from(
        ["StringEquals", "StringLike", "Null", "ForAllValues:StringLike", "ResourceTag"]
    ),
    key=_TEXTS,
    value=st.one_of(st.just("ec2*"), _TEXTS),
)
def test_the_word_for_tags_is_in_one_message_only(
    action: str, resource: str, operator: str, key: str, value: str
) -> None:
    statement = {
        "Sid": "ResourceTag",
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        "Condition": {operator: {key: value, "iam:PassedToService": value}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for one in lint_file(PolicyFile("p.json", text, read_text(text, "p.json")), every_check=True):
        assert ("resourcetag" in one.message.lower()) == (one.code == "PassRoleWithResourceTag")


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": ["iam:PassRole", "iam:PassRole"], "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRoles", "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:PassRole", "iam:Pass*"], "Resource": "arn:aws:s3:::b/*"},
    ],
)
def test_what_cannot_pass_a_role_is_not_said_to(statement: dict[str, Any]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    findings = lint_file(PolicyFile("p.json", text, read_text(text, "p.json")), every_check=True)
    assert findings
    assert all("passrole" not in f"{one.message} {one.remedy}".lower() for one in findings)


def test_every_check_adds_to_what_is_said_and_takes_nothing_away() -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["iam:CreateServiceLinkedRole", "iam:PassRole"],
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    file = PolicyFile("p.json", text, read_text(text, "p.json"))
    plain, every = lint_file(file), lint_file(file, every_check=True)
    assert set(plain) < set(every)
    added = {(one.code, one.severity) for one in set(every) - set(plain)}
    assert added == {("CREATE_SLR_WITH_STAR_IN_RESOURCE", "warning"), ("PRIVATE_IP_ADDRESS", "error")}
