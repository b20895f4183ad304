"""ValidatePolicy's findings, code by code, and what it finds in AWS's own policies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from passrole.analysis.lint.validating import validate_policy
from passrole.analysis.lint.validation.reference import CHECKS, NOT_DECIDED
from passrole.analysis.lint.validation.subject import TRUST
from passrole.catalog import managed


@dataclass(frozen=True)
class Case:
    code: str
    at: list[str]
    statement: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    type: str = "IDENTITY_POLICY"
    of: str = ""
    says: str = ""
    standing: str = "documented"

    @property
    def text(self) -> str:
        return json.dumps(self.policy or {"Version": "2012-10-17", "Statement": [self.statement]})

    def found(self) -> list[dict[str, Any]]:
        if self.type == "trust":
            return validate_policy(self.text, "RESOURCE_POLICY", TRUST)
        return validate_policy(self.text, self.type, self.of)


CASES = [Case(**row) for row in yaml.safe_load((Path(__file__).parent / "checks.yaml").read_text())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.standing}")
def test_says(case: Case) -> None:
    (one,) = [found for found in case.found() if found["issueCode"] == case.code]
    assert one["findingType"] == CHECKS[case.code].type
    if case.says:
        assert one["findingDetails"] == case.says
    spans = [location["span"] for location in one["locations"]]
    assert [case.text[span["start"]["offset"] : span["end"]["offset"]] for span in spans] == case.at


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.standing}")
def test_places_lead_to_what_is_shown(case: Case) -> None:
    for one in case.found():
        for location in one["locations"]:
            value: Any = json.loads(case.text)
            for step in location["path"]:
                ((kind, name),) = step.items()
                assert kind in ("value", "index", "key")
                value = name if kind == "key" else value[name]
            span = location["span"]
            shown = case.text[span["start"]["offset"] : span["end"]["offset"]]
            assert json.loads(shown) == value


def test_every_code_that_is_decided_has_a_case() -> None:
    sizes = {code for code in CHECKS if code.startswith("POLICY_SIZE")}
    assert {case.code for case in CASES} == set(CHECKS) - set(NOT_DECIDED) - sizes - {"JSON_SYNTAX_ERROR"}


def codes(text: str, kind: str = "IDENTITY_POLICY", of: str = "") -> set[str]:
    return {str(one["issueCode"]) for one in validate_policy(text, kind, of)}


def test_broken_json_says_where() -> None:
    (one,) = validate_policy('{"Version":\n }', "IDENTITY_POLICY")
    assert one["findingDetails"] == "Fix the JSON syntax error at index 13 line 2 column 1."


@pytest.mark.parametrize(
    ("kind", "of", "code", "quota"),
    [
        ("IDENTITY_POLICY", "", "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", 10240),
        ("SERVICE_CONTROL_POLICY", "", "POLICY_SIZE_EXCEEDS_SCP_QUOTA", 5120),
        ("RESOURCE_CONTROL_POLICY", "", "POLICY_SIZE_EXCEEDS_RCP_QUOTA", 5120),
        ("RESOURCE_POLICY", "AWS::S3::Bucket", "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", 20480),
        ("RESOURCE_POLICY", TRUST, "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", 2048),
    ],
)
def test_sizes(kind: str, of: str, code: str, quota: int) -> None:
    head, tail = '{"Id":"', '"}'
    fill = quota - len(head) - len(tail)
    assert code not in codes(head + "x" * fill + tail, kind, of)
    (one,) = [
        found
        for found in validate_policy(head + "x" * (fill + 1) + tail, kind, of)
        if found["issueCode"] == code
    ]
    if of != TRUST:
        assert f"{quota + 1} characters" in str(one["findingDetails"])
        assert f"{quota} character maximum" in str(one["findingDetails"])
    assert one["locations"][0]["path"] == []  # type: ignore[index]  # locations are a list


# Findings of ValidatePolicy on AWS's managed policies, as MAMIP's archive has them, with how many there are
# in the version of the policy that moto ships; PASS_ROLE and CREATE_SLR codes only, none but these.
SEEN = {
    "AdministratorAccess": {
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
    },
    "AdministratorAccess-Amplify": {
        "CREATE_SLR_WITH_STAR_IN_RESOURCE": 1,
        "PASS_ROLE_WITH_STAR_IN_RESOURCE": 3,
    },
    "AWSBatchFullAccess": {},
    "AWSElasticBeanstalkService": {"PASS_ROLE_WITH_STAR_IN_RESOURCE": 1},
    "AWSGlueConsoleFullAccess": {},
    "AWSMcpServiceActionsFullAccess": {
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
    },
    "CloudWatchEventsFullAccess": {},
    "DataScientist": {},
    "IAMFullAccess": {
        "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
        "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE": 1,
    },
    "PowerUserAccess": {"CREATE_SLR_WITH_STAR_IN_RESOURCE": 1},
    "SystemAdministrator": {},
}


@pytest.mark.parametrize("name", SEEN)
def test_finds_in_managed_policies_what_access_analyzer_does(name: str) -> None:
    (arn,) = (one for one in managed.all_arns() if one.rsplit("/", 1)[-1] == name)
    known = managed.get(arn)
    assert known is not None
    counted: dict[str, int] = {}
    for one in validate_policy(known.document, "IDENTITY_POLICY"):
        code = str(one["issueCode"])
        if code.startswith(("PASS_ROLE", "CREATE_SLR")):
            counted[code] = counted.get(code, 0) + 1
    assert counted == SEEN[name]


def test_a_deny_elsewhere_does_not_count() -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"},
        ],
    }
    assert "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE" in codes(json.dumps(policy))


def test_the_policy_that_aws_attaches_to_organizations_is_clean() -> None:
    whole = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
    assert codes(json.dumps(whole), "RESOURCE_CONTROL_POLICY") == set()
    del whole["Statement"][0]["Principal"]  # type: ignore[attr-defined]  # it is a dict
    assert codes(json.dumps(whole), "SERVICE_CONTROL_POLICY") == set()
