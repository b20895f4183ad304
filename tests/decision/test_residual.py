"""The three-valued answer against every concrete one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decision.questions import (
    ALL,
    KEYS,
    READ,
    REQUESTS,
    RESOURCES,
    WORDS,
    WORLDS,
    World,
    allow,
    ask,
    deny,
    policy,
)

from passrole.decision.doubt import is_unknown
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Outcome, Policies, Request
from passrole.decision.residual import Answer, residual
from passrole.policy.document import Policy

VALUES: tuple[str | tuple[str, ...] | None, ...] = (None, *WORDS, (), ("alice", "red"))


def concrete(request: Request) -> Iterator[Request]:
    """Requests of which everything is known, and that agree with this one."""
    resources = RESOURCES if request.resource is None else (request.resource,)
    unknown = sorted(key for key in request.unknown if key in KEYS)
    for resource, values in product(resources, product(VALUES, repeat=len(unknown))):
        context = dict(request.context)
        for key, value in zip(unknown, values, strict=True):
            context.pop(key, None)
            if value is not None:
                context[key] = value
        yield replace(request, resource=resource, context=context, unknown=frozenset())


UNKNOWN = st.builds(
    lambda request, forget, keys: replace(
        request, resource=None if forget else request.resource, unknown=frozenset(keys)
    ),
    REQUESTS,
    st.booleans(),
    st.lists(st.sampled_from(KEYS), max_size=2),
)


@given(UNKNOWN, WORLDS)
def test_no_doubt_becomes_an_allow_and_no_refusal_is_wrong(request: Request, world: World) -> None:
    policies = world.policies()
    found = residual(request, policies)
    worst = evaluate(request, policies)
    outcomes = {evaluate(each, policies).outcome for each in concrete(request)}
    if worst.allowed:
        assert outcomes == {Outcome.ALLOWED}
    if worst.outcome is Outcome.EXPLICIT_DENY and not worst.doubtful:
        assert outcomes == {Outcome.EXPLICIT_DENY}
    if found.answer is Answer.REFUSED:
        assert Outcome.ALLOWED not in outcomes
    assert found.worst == worst
    assert (found.answer is Answer.ALLOWED) is worst.allowed
    if found.answer is not Answer.DEPENDS:
        assert found.depends_on == ()
    elif request.resource is not None:  # whether an unknown one is a KMS key is no statement's matter
        assert found.depends_on != ()


@given(REQUESTS, WORLDS)
def test_with_everything_known_nothing_is_left_open(request: Request, world: World) -> None:
    policies = world.policies()
    found = residual(request, policies)
    decision = evaluate(request, policies)
    assert (found.worst, found.best, found.depends_on) == (decision, decision, ())


RED = {"StringEquals": {"aws:ResourceTag/team": "red"}}


def test_what_it_depends_on_is_told() -> None:
    tagged = policy(
        allow(READ, "arn:aws:s3:::data/*", Condition=RED | {"Bool": {"aws:A": "true"}}), name="tagged"
    )
    question = ask(resource=None, unknown=frozenset(("aws:resourcetag/",)), aws_a="true")
    found = residual(question, Policies((tagged,)))
    assert found.answer is Answer.DEPENDS
    (open_statement,) = found.depends_on
    assert open_statement.statement.policy == "tagged"
    resource, asked = open_statement.parts
    assert (resource.element, resource.wanted) == ("Resource", ("arn:aws:s3:::data/*",))
    assert (asked.element, asked.operator, asked.key, asked.wanted) == (
        "Condition",
        "StringEquals",
        "aws:ResourceTag/team",
        ("red",),
    )


@pytest.mark.parametrize(
    ("identity", "answer", "effects"),
    [
        ((ALL,), Answer.ALLOWED, []),
        ((policy(allow("ec2:*")),), Answer.REFUSED, []),
        ((policy(allow(Condition=RED)),), Answer.DEPENDS, ["Allow"]),
        ((ALL, policy(deny(Condition=RED))), Answer.DEPENDS, ["Deny"]),
        ((policy(allow(Condition=RED)), policy(deny(Condition=RED))), Answer.DEPENDS, ["Deny", "Allow"]),
        ((ALL, policy(deny(), deny(Condition=RED))), Answer.REFUSED, []),
        ((ALL, policy(allow(Condition=RED))), Answer.ALLOWED, []),
    ],
)
def test_answers(identity: tuple[Policy, ...], answer: Answer, effects: list[str]) -> None:
    found = residual(ask(unknown=frozenset(("aws:*",))), Policies(identity))
    assert found.answer is answer
    assert [each.statement.effect for each in found.depends_on] == effects


@pytest.mark.parametrize(
    ("entry", "key", "unknown"),
    [
        ("aws:resourcetag/", "aws:resourcetag/team", True),
        ("aws:resourcetag/", "aws:requesttag/team", False),
        ("kms:encryptioncontext:", "kms:encryptioncontext:aws:s3:arn", True),
        ("kms:encryptioncontext:", "kms:encryptioncontextkeys", False),
        ("ec2:*", "ec2:region", True),
        ("ec2:*", "ec2messages:region", False),
    ],
)
def test_entries_that_stand_for_many_keys(entry: str, key: str, unknown: bool) -> None:
    assert is_unknown(replace(ask(), unknown=frozenset((entry,))), key) is unknown
