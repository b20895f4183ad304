"""explain: a denial asked again of the account's policies."""

from __future__ import annotations

import json

import pytest
from tests.analysis.details import (
    ACCOUNT,
    allow,
    arn,
    deny,
    document,
    estate,
    group,
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.answer import Answer
from passrole.analysis.denied_events import read
from passrole.analysis.explain import Unopened, explain
from passrole.state.estate.estate import Estate

ALICE, WEB = arn("user", "alice"), arn("role", "app/Web")
EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
CALLED = "An error occurred (AccessDeniedException) when calling the CreateFunction operation: "


def denial(why: str, *, who: str = ALICE, action: str = "iam:PassRole", resource: str = WEB) -> str:
    """AWS's sentence."""
    return f"User: {who} is not authorized to perform: {action} on resource: {resource} {why}".rstrip()


IMPLICIT = "because no identity-based policy allows the iam:PassRole action"


@pytest.fixture(scope="module")
def found() -> Estate:
    policy = document(
        allow(condition={"StringEquals": {"iam:PassedToService": EC2}}),
        allow(action="iam:GetRole", resource=arn("role", "other/*")),
        deny(arn("role", "Admin")),
    )
    return estate(
        page(
            users=[user("alice", policy, groups=["Team"])],
            groups=[group("Team", document(allow(action="s3:*")))],
            roles=[role("app/Web", trust(EC2)), role("Dev", trusting(), document(allow()))],
        )
    )


def why(text: str, found: Estate | None) -> Answer:
    return explain(read(text), found)


def test_the_message_alone_gives_its_words_and_a_general_remedy() -> None:
    answer = why(CALLED + denial(IMPLICIT), None)
    assert answer.as_json() == {
        "allowed": False,
        "decision": "implicit_deny",
        "reason": "no identity-based policy allows the iam:PassRole action",
        "layer": "identity",
        "statements": [],
        "remedies": [
            f"Add a statement that allows iam:PassRole on {WEB} to {LAMBDA} to an identity-based policy "
            f"of {ALICE}."
        ],
    }
    assert "only the message was looked at" in answer.notes[-1]


def test_the_accounts_details_name_statement_key_and_remedies(found: Estate) -> None:
    answer = why(CALLED + denial(IMPLICIT), found)
    assert (answer.layer, answer.service) == ("identity", LAMBDA)
    (statement,) = answer.statements
    assert (statement.policy, statement.statement, statement.key) == ("p0", "0", "iam:PassedToService")
    assert answer.remedies[0] == f"Add {LAMBDA} to iam:PassedToService in statement 0 of policy p0."


def test_a_service_that_is_not_told_is_a_condition(found: Estate) -> None:
    answer = why(denial(IMPLICIT), found)
    assert [(one.key, one.values) for one in answer.conditions] == [("iam:PassedToService", (EC2,))]
    assert not answer.allowed


def test_an_explicit_deny_names_the_statement_that_denies(found: Estate) -> None:
    text = denial("with an explicit deny in an identity-based policy", resource=arn("role", "Admin"))
    answer = why(text, found)
    assert (answer.decision, answer.remedies) == ("explicit_deny", ())
    assert [(one.statement, one.effect) for one in answer.statements] == [("2", "Deny")]


def test_a_layer_that_the_details_do_not_have_is_said(found: Estate) -> None:
    answer = why(denial("with an explicit deny in a service control policy"), found)
    assert (answer.decision, answer.layer, answer.statements) == ("explicit_deny", "scp", ())
    assert "scp policies that refuse this are not in the account's details" in answer.notes[-1]


def test_a_layer_that_they_have_is_looked_into() -> None:
    scp = document(deny(), deny(action="s3:*"))
    whole = estate(
        page(users=[user("alice", document(allow()))], roles=[role("app/Web", trust(EC2))]),
        organization=organization([scp]),
    )
    answer = why(denial("with an explicit deny in a service control policy"), whole)
    assert [(one.policy, one.statement) for one in answer.statements] == [("p-00", "0")]


def test_policies_that_allow_by_now_are_said(found: Estate) -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/s"
    answer = why(denial(IMPLICIT, who=session), found)
    assert (answer.allowed, answer.decision) == (False, "implicit_deny")
    assert answer.notes[-1] == "by the policies as they are now, the call would be allowed"


@pytest.mark.parametrize("slot", ["role Web", WEB, f"role {WEB}"])
def test_other_actions_are_explained_too(found: Estate, slot: str) -> None:
    reason = "because no identity-based policy allows the iam:GetRole action"
    answer = why(denial(reason, action="iam:GetRole", resource=slot), found)
    assert answer.resource == WEB
    assert answer.statements[0].element == "Resource"
    assert answer.remedies[0] == f"Add {WEB} to Resource in statement 1 of policy p0."


def test_a_message_without_a_reason_gets_the_engines(found: Estate) -> None:
    answer = why(CALLED + denial(""), found)
    assert (answer.layer, answer.reason) == (
        "identity",
        "no identity-based policy allows the iam:PassRole action",
    )


def test_assume_role_is_explained_by_the_roles_trust_policy(found: Estate) -> None:
    answer = why(denial("", action="sts:AssumeRole"), found)
    assert (answer.layer, answer.reason) == ("trust", "no role trust policy allows the sts:AssumeRole action")
    assert f"Add {ALICE} to Principal in statement 0" in answer.remedies[0] or ALICE in answer.remedies[-1]


def test_services_words_about_a_role_lead_to_its_trust_policy(found: Estate) -> None:
    event = {
        "eventSource": "events.amazonaws.com",
        "eventName": "PutRule",
        "errorCode": "ValidationException",
        "errorMessage": f"Provided role '{WEB}' cannot be assumed by principal 'events.amazonaws.com'.",
        "userIdentity": {"arn": ALICE},
        "requestParameters": {"roleArn": WEB},
    }
    answer = why(json.dumps(event), found)
    assert (answer.layer, answer.service) == ("trust", "events.amazonaws.com")
    assert (
        answer.remedies[0] == "Add events.amazonaws.com to Principal in statement 0 of role trust policy Web."
    )


def test_a_pass_to_another_account_needs_a_role_of_ones_own(found: Estate) -> None:
    answer = why("AccessDenied: Cross-account pass role is not allowed.", found)
    assert (answer.layer, answer.remedies) == (
        "account",
        ("Pass a role of the account in which the call is made.",),
    )


def test_a_caller_that_the_details_do_not_have_is_said(found: Estate) -> None:
    answer = why(denial(IMPLICIT, who=arn("user", "stranger")), found)
    assert "no such user" in answer.notes[-1]
    assert answer.remedies != ()


def test_an_events_context_is_part_of_the_question() -> None:
    here = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    whole = estate(
        page(users=[user("alice", document(allow(condition=here)))], roles=[role("app/Web", trust(LAMBDA))])
    )
    event = {
        "eventSource": "lambda.amazonaws.com",
        "eventName": "CreateFunction20150331",
        "awsRegion": "us-east-1",
        "errorCode": "AccessDenied",
        "errorMessage": denial(IMPLICIT),
        "userIdentity": {"arn": ALICE},
    }
    answer = why(json.dumps(event), whole)
    assert [(one.key, one.asked) for one in answer.statements] == [("aws:RequestedRegion", "us-east-1")]
    assert answer.conditions == ()


@pytest.mark.parametrize(
    ("rest", "why"), [("", "only the account that wrote the encoded message"), ("...", "is cut short")]
)
def test_an_encoded_message_that_nobody_opened_explains_nothing(found: Estate, rest: str, why: str) -> None:
    words = "You are not authorized to perform this operation. Encoded authorization failure message:"
    text = f"{words} {'a' * 90}{rest}"
    for details in (None, found):
        with pytest.raises(Unopened, match=why):
            explain(read(text), details)
