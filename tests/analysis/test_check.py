"""check: one pass in an estate, with its grounds."""

from __future__ import annotations

import pytest
from tests.analysis.details import (
    ACCOUNT,
    allow,
    arn,
    deny,
    document,
    estate,
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.answer import Answer
from passrole.analysis.askers import NoSuchPrincipal
from passrole.analysis.check import BadQuestion, check
from passrole.state.estate.estate import Estate

EC2, LAMBDA, RDS = "ec2.amazonaws.com", "lambda.amazonaws.com", "rds.amazonaws.com"
ALICE, BOB, CAROL = arn("user", "alice"), arn("user", "bob"), arn("user", "carol")
HERE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


@pytest.fixture(scope="module")
def found() -> Estate:
    return estate(
        page(
            users=[
                user("alice", document(allow(condition={"StringEquals": {"iam:PassedToService": EC2}}))),
                user("bob", document(allow(condition=HERE))),
                user("carol", document(allow(action="*"), deny(arn("role", "Web")))),
            ],
            roles=[
                role("app/Worker", trust(LAMBDA)),
                role("Web", trust(EC2)),
                role("Monitor", trust("monitoring.rds.amazonaws.com")),
                role("Bare", trusting()),
                role("ci/Deployer", trusting(), document(allow())),
            ],
        )
    )


def test_the_object_is_the_contracts(found: Estate) -> None:
    answer = check(found, ALICE, arn("role", "app/Worker"), LAMBDA)
    assert answer.as_json() == {
        "allowed": False,
        "decision": "implicit_deny",
        "reason": "no identity-based policy allows the iam:PassRole action",
        "layer": "identity",
        "statements": [
            {
                "policy": "p0",
                "statement": "0",
                "element": "Condition",
                "key": "iam:PassedToService",
                "asked": LAMBDA,
                "wanted": [EC2],
            }
        ],
        "remedies": [
            f"Add {LAMBDA} to iam:PassedToService in statement 0 of policy p0.",
            f"Add a statement that allows iam:PassRole on {arn('role', 'app/Worker')} to {LAMBDA} "
            "to an identity-based policy.",
        ],
    }


def test_an_allowed_pass_names_what_allows_it(found: Estate) -> None:
    answer = check(found, ALICE, "Web", "ec2")
    assert (answer.allowed, answer.decision, answer.reason, answer.service) == (True, "allowed", "", EC2)
    assert [one.asked for one in answer.statements] == [EC2]


def test_a_deny_names_its_statement_and_has_no_remedy(found: Estate) -> None:
    answer = check(found, CAROL, "Web", EC2)
    assert (answer.decision, answer.layer) == ("explicit_deny", "identity")
    assert answer.reason == "with an explicit deny in an identity-based policy"
    assert [(one.statement, one.effect) for one in answer.statements] == [("1", "Deny")]
    assert answer.remedies == ()


def test_what_is_not_known_is_said_and_may_be_stated(found: Estate) -> None:
    answer = check(found, BOB, "Web", EC2)
    assert not answer.allowed
    assert [(one.key, one.values) for one in answer.conditions] == [("aws:RequestedRegion", ("eu-west-1",))]
    assert answer.as_json()["conditions"] == [
        {"operator": "StringEquals", "key": "aws:RequestedRegion", "values": ["eu-west-1"]}
    ]
    assert "aws:RequestedRegion" in answer.notes[-1]
    assert check(found, BOB, "Web", EC2, context={"aws:RequestedRegion": "eu-west-1"}).allowed
    other = check(found, BOB, "Web", EC2, context={"aws:RequestedRegion": "us-east-1"})
    assert (other.allowed, other.conditions) == (False, ())


def test_the_roles_trust_policy_must_admit_the_service(found: Estate) -> None:
    answer = check(found, CAROL, "Bare", LAMBDA)
    assert (answer.layer, answer.reason) == ("trust", "no role trust policy allows the sts:AssumeRole action")
    assert answer.remedies[-1] == (
        f"Add a statement that allows sts:AssumeRole for {LAMBDA} to the trust policy of Bare."
    )
    # RunInstances looks at it only when the instance asks for credentials, CreateFunction at once.
    later = check(found, CAROL, "Bare", operation="ec2:RunInstances")
    assert later.allowed
    assert "does not admit ec2.amazonaws.com" in later.notes[-1]
    assert not check(found, CAROL, "Bare", operation="lambda:CreateFunction").allowed


def test_sources_that_disagree_are_said(found: Estate) -> None:
    answer = check(
        found,
        CAROL,
        "Monitor",
        service="monitoring.rds.amazonaws.com",
        operation="rds:CreateDBInstance",
    )
    assert answer.allowed
    assert "disagree" in answer.notes[0]


def test_a_role_of_another_account_cannot_be_passed(found: Estate) -> None:
    answer = check(found, CAROL, "arn:aws:iam::444455556666:role/Web", EC2)
    assert (answer.allowed, answer.layer, answer.statements) == (False, "account", ())


def test_sessions_and_roots_ask_as_what_they_are(found: Estate) -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/build-7"
    answer = check(found, session, "Web", EC2)
    assert (answer.allowed, answer.principal) == (True, arn("role", "ci/Deployer"))
    assert check(found, f"arn:aws:iam::{ACCOUNT}:root", "Web", EC2).allowed


def test_a_role_that_is_not_there_is_judged_by_its_name(found: Estate) -> None:
    answer = check(found, CAROL, arn("role", "ToBeMade"), EC2)
    assert answer.allowed
    assert "not in the account's details" in answer.notes[-1]


def test_an_scp_refuses_with_its_level() -> None:
    scp = document(deny())
    found = estate(
        page(users=[user("carol", document(allow(action="*")))], roles=[role("Web", trust(EC2))]),
        organization=organization([], [scp]),
    )
    answer = check(found, CAROL, "Web", EC2)
    assert (answer.decision, answer.layer) == ("explicit_deny", "scp")
    assert answer.reason.startswith(
        "with an explicit deny in a service control policy: arn:aws:organizations"
    )
    assert answer.statements[0].policy == "p-10"


@pytest.mark.parametrize(
    ("principal", "why"),
    [
        ("alice", "is not an ARN"),
        (arn("user", "nobody"), "no such user"),
        (arn("user", "x/alice"), f"there is {ALICE}"),
        (arn("role", "Deployer"), "ci/Deployer"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/None/s", "no such role"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/Bo", "ask for that user"),
        ("arn:aws:iam::999999999999:user/x", "nothing of account"),
        (arn("group", "g"), "neither a user"),
    ],
)
def test_principals_that_are_not_there_are_refused(found: Estate, principal: str, why: str) -> None:
    with pytest.raises(NoSuchPrincipal, match=why):
        check(found, principal, "Web", EC2)


@pytest.mark.parametrize(
    ("role_", "service", "operation", "why"),
    [
        ("Web", "", "", "--service"),
        ("Nope", EC2, "", "no such role"),
        ("arn:aws:s3:::b", EC2, "", "not the ARN of a role"),
        ("Web", "", "lambda:Nope", "no such operation"),
        ("Web", "", "lambda:createfunction", "there is lambda:CreateFunction"),
        ("Web", "", "nope", "SERVICE:Operation"),
        ("Web", "", "lambda:ListFunctions", "takes no role"),
        ("Web", EC2, "lambda:CreateFunction", "passes no role to ec2"),
        ("Web", "", "rds:CreateDBInstance", "say which with --service"),
    ],
)
def test_questions_that_mean_nothing_are_refused(
    found: Estate, role_: str, service: str, operation: str, why: str
) -> None:
    with pytest.raises(BadQuestion, match=why):
        check(found, ALICE, role_, service, operation)


def test_a_service_that_takes_no_roles_is_said(found: Estate) -> None:
    answer: Answer = check(found, CAROL, "Bare", "nothing.amazonaws.com")
    assert answer.notes[0] == "no operation is known that passes a role to nothing.amazonaws.com"
    # "states" is the IAM prefix, botocore says stepfunctions
    assert check(found, CAROL, "Bare", operation="states:CreateStateMachine").service.startswith("states.")
