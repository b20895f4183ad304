"""Grounds and remedies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from tests.decision.questions import (
    ALICE,
    ALL,
    ANONYMOUS,
    FEDERATED,
    HERE,
    NOTHING,
    REQUESTS,
    SERVICE,
    SESSION,
    THERE,
    WORLDS,
    World,
    allow,
    ask,
    deny,
    policy,
)

from passrole.decision.evaluate import evaluate
from passrole.decision.explain import explain, reason
from passrole.decision.request import Clause, Outcome, Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal, PrincipalKind

ROLE = f"arn:aws:iam::{HERE}:role/App"
PASS = "iam:PassRole"
TO_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def passing(
    principal: Principal = ALICE, service: str = "lambda.amazonaws.com", owner: str = HERE
) -> Request:
    return ask(principal, PASS, ROLE, owner, iam_passedtoservice=service)


def texts(request: Request, policies: Policies) -> list[str]:
    return [remedy.text for remedy in explain(request, policies).remedies]


def test_the_nearest_statement_and_the_narrowest_remedy() -> None:
    main = policy(
        allow(PASS, Condition=TO_EC2), allow(PASS, f"{ROLE}2"), allow("iam:GetRole", ROLE), name="main"
    )
    found = explain(passing(), Policies((main,)))
    assert found.decision.reason == "because no identity-based policy allows the iam:PassRole action"
    first, second = found.statements
    assert first == Clause(
        "identity",
        "main",
        0,
        "0",
        "Allow",
        element="Condition",
        key="iam:PassedToService",
        operator="StringEquals",
        asked=("lambda.amazonaws.com",),
        wanted=("ec2.amazonaws.com",),
    )
    assert (second.statement, second.element, second.asked, second.wanted) == (
        "1",
        "Resource",
        (ROLE,),
        (f"{ROLE}2",),
    )
    assert [remedy.text for remedy in found.remedies] == [
        "Add lambda.amazonaws.com to iam:PassedToService in statement 0 of policy main.",
        f"Add {ROLE} to Resource in statement 1 of policy main.",
        "Add iam:PassRole to Action in statement 2 of policy main.",
        f"Add a statement that allows iam:PassRole on {ROLE} to lambda.amazonaws.com"
        " to an identity-based policy.",
    ]
    (change,) = found.remedies[0].changes
    assert (change.layer, change.policy, change.statement, change.element, change.key, change.value) == (
        "identity",
        "main",
        "0",
        "Condition",
        "iam:PassedToService",
        "lambda.amazonaws.com",
    )


@pytest.mark.parametrize(
    ("operator", "wanted", "asked", "expected"),
    [
        (
            "StringNotEquals",
            ["lambda.amazonaws.com", "x"],
            "lambda.amazonaws.com",
            "Remove lambda.amazonaws.com from",
        ),
        ("StringNotLike", ["lambda*"], "lambda.amazonaws.com", None),
        ("NumericLessThan", ["3"], "5", None),
        ("Null", ["true"], "5", None),
        ("ForAnyValue:StringEquals", ["a"], "b", "Add b to"),
    ],
)
def test_conditions_that_one_value_mends(
    operator: str, wanted: list[str], asked: str, expected: str | None
) -> None:
    made = policy(allow(PASS, ROLE, Condition={operator: {"iam:PassedToService": wanted}}))
    found = texts(passing(service=asked), Policies((made,)))
    assert len(found) == (1 if expected is None else 2)
    assert expected is None or found[0].startswith(expected)


def test_an_explicit_deny_has_no_remedy_but_its_statements() -> None:
    policies = Policies(
        (policy(allow(), deny(PASS, Sid="No", Condition=TO_EC2), name="main"),),
        boundaries=(policy(allow(), deny("iam:*"), name="limit"),),
    )
    found = explain(passing(service="ec2.amazonaws.com"), policies)
    assert found.decision.outcome is Outcome.EXPLICIT_DENY
    assert found.remedies == ()
    assert [(clause.layer, clause.policy, clause.statement) for clause in found.statements] == [
        ("identity", "main", "No"),
        ("boundary", "limit", "1"),
    ]
    assert (found.statements[0].element, found.statements[0].key) == ("", "iam:PassedToService")
    assert found.statements[0].asked == found.statements[0].wanted == ("ec2.amazonaws.com",)


def test_an_allow_tells_every_layer_that_allowed() -> None:
    policies = Policies((ALL,), boundaries=(policy(allow("iam:*")),), scps=((ALL,), (NOTHING, ALL)))
    found = explain(passing(), policies)
    assert found.decision.allowed
    assert [(clause.layer, clause.index) for clause in found.statements] == [
        ("scp", 0),
        ("scp", 2),
        ("identity", 0),
        ("boundary", 0),
    ]


def test_only_the_level_that_lacks_an_allow_is_told() -> None:
    first, second = policy(allow("iam:*"), name="first"), policy(allow(PASS, f"{ROLE}2"), name="second")
    found = explain(passing(), Policies((ALL,), scps=((first,), (second,))))
    assert [(clause.policy, clause.index) for clause in found.statements] == [("second", 1)]
    assert (
        found.remedies[0].text == f"Add {ROLE} to Resource in statement 0 of service control policy second."
    )


def test_every_lacking_layer_is_mended_at_once() -> None:
    policies = Policies((NOTHING,), boundaries=(policy(allow("s3:*"), name="limit"),), scps=((),))
    found = explain(passing(), policies)
    layers = [[change.layer for change in remedy.changes] for remedy in found.remedies]
    assert layers[0] == ["scp", "identity", "boundary"]
    assert all(sorted(each) == ["boundary", "identity", "scp"] for each in layers)


@pytest.mark.parametrize(
    ("request_", "policies", "expected"),
    [
        (ask(SERVICE, owner=HERE), Policies(), "for sns.amazonaws.com to a resource-based policy."),
        (ask(ANONYMOUS, owner=HERE), Policies(), "for * to a resource-based policy."),
        (ask(SESSION, "sts:AssumeRole", ROLE, HERE), Policies((ALL,)),
         f"Add a statement that allows sts:AssumeRole for {SESSION.role_arn} to the role trust policy."),
        (ask(ALICE, owner=THERE), Policies((ALL,)), f"for {ALICE.arn} to a resource-based policy."),
        (ask(FEDERATED), Policies((ALL,)), "to the session policy."),
        (ask(), Policies((ALL,), vpc_endpoint=NOTHING), f"for {ALICE.arn} to a VPC endpoint policy."),
        (ask(), Policies((ALL,), boundaries=(NOTHING,)), "to the permissions boundary."),
    ],
)  # fmt: skip
def test_remedies_name_their_layer(request_: Request, policies: Policies, expected: str) -> None:
    assert any(text.endswith(expected) for text in texts(request_, policies))


def test_an_action_more_on_every_resource_comes_last() -> None:
    wide = policy(allow("iam:Get*", Sid="Look"), name="p")
    narrow = policy(allow("iam:GetRole", Sid="One", Resource=ROLE), name="p")
    what = f"iam:PassRole on {ROLE} to lambda.amazonaws.com"
    own = f"Add a statement that allows {what} to an identity-based policy."
    assert texts(passing(), Policies((wide,))) == [
        own,
        "Add iam:PassRole to Action in statement Look of policy p.",
    ]
    assert texts(passing(), Policies((narrow,))) == [
        "Add iam:PassRole to Action in statement One of policy p.",
        own,
    ]


def test_a_principal_more() -> None:
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": THERE}}, name="trust")
    found = texts(ask(SESSION, "sts:AssumeRole", ROLE, HERE), Policies((), trust))
    assert found[0] == f"Add {SESSION.role_arn} to Principal in statement 0 of role trust policy trust."


@given(REQUESTS, WORLDS)
def test_every_remedy_is_enough_alone(request: Request, world: World) -> None:
    policies = world.policies()
    decision = evaluate(request, policies)
    found = explain(request, policies, decision)
    assert found.decision == decision
    if decision.outcome is Outcome.IMPLICIT_DENY:
        assert len({remedy.text for remedy in found.remedies}) == len(found.remedies)
        assert all(remedy.changes for remedy in found.remedies)
        # A statement of its own mends every implicit deny, but none makes a trust policy take the unsigned.
        unsigned = request.principal.kind is PrincipalKind.ANONYMOUS and request.action.startswith("sts:")
        assert found.remedies or unsigned
    else:
        assert found.remedies == ()
        assert found.statements or (decision.allowed and request.principal.kind is PrincipalKind.ROOT)
    for clause in found.statements:
        assert clause.effect == ("Deny" if decision.outcome is Outcome.EXPLICIT_DENY else "Allow")
        assert bool(clause.element) is (decision.outcome is Outcome.IMPLICIT_DENY)


def test_the_denying_policy_is_named_where_aws_may() -> None:
    arn = f"arn:aws:iam::{HERE}:policy/NoPassing"
    no = Policy.parse({"Version": "2012-10-17", "Statement": [deny(PASS)]}, name="NoPassing", arn=arn)
    words = "with an explicit deny in an identity-based policy"
    policies = Policies((ALL, no))
    decision = evaluate(passing(), policies)
    assert reason(decision) == words
    assert reason(decision, policies) == f"{words}: {arn}"
    assert reason(decision, policies, joiner=", with policy ARN: ") == f"{words}, with policy ARN: {arn}"
    inline = Policies((ALL, policy(deny(PASS))))
    assert reason(evaluate(passing(), inline), inline) == words
    resource = Policies((ALL,), replace(no, statements=policy(deny(PASS, Principal="*")).statements))
    assert (
        reason(evaluate(passing(), resource), resource) == "with an explicit deny in a resource-based policy"
    )
    scp = Policies((ALL,), scps=((ALL,), (ALL, no)))
    assert (
        reason(evaluate(passing(), scp), scp) == f"with an explicit deny in a service control policy: {arn}"
    )
    implicit = Policies((NOTHING,))
    assert reason(evaluate(passing(), implicit), implicit).startswith("because no identity-based policy")
