"""Gains: known pairs, and random ones against the engine, request by request."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.analysis.details import (
    Json,
    allow,
    arn,
    deny,
    document,
    estate,
    managed,
    organization,
    page,
    role,
    trust,
    user,
)

from passrole.analysis import action_sets
from passrole.analysis.askers import Asker, asker_named
from passrole.analysis.gain import Gain, gains
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Request
from passrole.state.estate.estate import Estate
from passrole.values.glob import Pattern

ALICE, ROLE = arn("user", "alice"), arn("role", "R")
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
IN_EUROPE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def pair(alices: list[Json], roles: list[Json], bounded: str = "") -> Estate:
    return estate(
        page(
            users=[user("alice", document(*alices), tags={"team": "red"}, bounded=bounded)],
            roles=[role("R", trust("ec2.amazonaws.com"), document(*roles), tags={"team": "blue"})],
            policies=[managed("Bound", document(allow(action="ec2:*")))],
        )
    )


def found(alices: list[Json], roles: list[Json], bounded: str = "") -> Gain:
    return gains(pair(alices, roles, bounded), ALICE, ROLE)


def actions_of(gain: Gain) -> list[str]:
    return list(action_sets.named(gain.gained))


def test_alice_cannot_and_the_role_can() -> None:
    gain = found([allow(action="ec2:*")], [allow(action=["s3:*", "ec2:Run*"])])
    assert gain
    assert gain.text == "s3:*"
    assert gain.gained == action_sets.of_pattern(Pattern.parse("s3:*"))
    assert gain.witnesses[0].action.startswith("s3:")
    assert gain.witnesses[0].certain
    assert not gain.administrator


@pytest.mark.parametrize(
    ("alices", "roles", "gained"),
    [
        ([allow(action="*")], [allow(action="*")], []),
        ([allow(action="s3:*")], [allow("arn:aws:s3:::b/*", action="s3:GetObject")], []),
        ([allow("arn:aws:s3:::b/*", action="s3:*")], [allow(action="s3:GetObject")], ["s3:GetObject"]),
        # A pattern that takes in all objects is as good as "*" for an action that is about objects.
        ([allow("arn:aws:s3:::*", action="s3:*")], [allow(action="s3:GetObject")], []),
        (
            [allow(action="sqs:*"), deny(action="sqs:Purge*")],
            [allow(action="sqs:PurgeQueue")],
            ["sqs:PurgeQueue"],
        ),
        ([allow(action="sqs:*")], [allow(action="sqs:*"), deny(action="sqs:Send*")], []),
        (
            [{"Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"}],
            [allow(action=["iam:*", "sqs:PurgeQueue"])],
            ["sqs:PurgeQueue"],
        ),
        (
            [{"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:jobs"}],
            [allow("arn:aws:sqs:*:*:j*", action="sqs:PurgeQueue")],
            ["sqs:PurgeQueue"],
        ),
        (
            [{"Effect": "Allow", "Action": "sqs:*", "NotResource": "arn:aws:sqs:*:*:jobs"}],
            [allow("arn:aws:sqs:*:*:k*", action="sqs:PurgeQueue")],
            [],
        ),
        ([allow(condition=IN_EUROPE)], [allow(condition=IN_EUROPE)], []),
        ([allow(condition=IN_EUROPE)], [allow()], ["iam:PassRole"]),
        # Alice's tag and the role's are known, and not the same.
        ([allow(condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})], [allow()], []),
        ([allow(condition={"StringEquals": {"aws:PrincipalTag/team": "blue"}})], [allow()], ["iam:PassRole"]),
        ([], [allow(condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})], []),
        (
            [allow("arn:aws:s3:::h/${aws:username}/*", action="s3:*")],
            [allow("arn:aws:s3:::h/alice/*", action="s3:GetObject")],
            [],
        ),
        (
            [allow("arn:aws:s3:::h/${aws:username}/*", action="s3:*")],
            [allow("arn:aws:s3:::h/bob/*", action="s3:GetObject")],
            ["s3:GetObject"],
        ),
    ],
)
def test_gained_actions(alices: list[Json], roles: list[Json], gained: list[str]) -> None:
    assert actions_of(found(alices, roles)) == gained


def test_what_depends_on_the_one_who_asks_is_gained_but_not_for_certain() -> None:
    (one,) = found([allow(condition=MFA)], [allow()]).witnesses
    assert not one.certain
    assert one.context == {"aws:MultiFactorAuthPresent": None}
    (other,) = found([allow(condition=IN_EUROPE)], [allow()]).witnesses
    assert other.certain


def test_a_certain_example_is_certain_itself() -> None:
    """A session may bring a tag that its role lacks: what a variable of it matches is not known."""
    tagged = "arn:aws:s3:::${aws:PrincipalTag/project}*"
    (one,) = found([], [allow(tagged, action="s3:ListBucket")]).witnesses
    assert not one.certain
    (one,) = found([], [allow([tagged, "arn:aws:s3:::ours"], action="s3:ListBucket")]).witnesses
    assert (one.certain, one.resource) == (True, "arn:aws:s3:::ours")
    barred: Json = {"Effect": "Deny", "Action": "s3:*", "Resource": tagged}
    (one,) = found([], [allow(action="s3:ListBucket"), barred]).witnesses
    assert not one.certain


def test_a_boundary_narrows_what_is_told() -> None:
    whole = estate(
        page(
            users=[user("alice", document(allow(action="sqs:*")))],
            roles=[
                role(
                    "R",
                    trust("ec2.amazonaws.com"),
                    document(allow(action="*")),
                    bounded=arn("policy", "Bound"),
                )
            ],
            policies=[managed("Bound", document(allow(action=["sqs:*", "iam:PassRole"])))],
        )
    )
    assert gains(whole, ALICE, ROLE).actions == ("iam:PassRole",)


def test_boundaries_and_service_control_policies_limit_both() -> None:
    assert actions_of(
        found([allow(action="*")], [allow(action="sqs:PurgeQueue")], arn("policy", "Bound"))
    ) == ["sqs:PurgeQueue"]
    denied = document(allow(action="*"), deny(action="sqs:*"))
    whole = estate(
        page(
            users=[user("alice")],
            roles=[
                role(
                    "R",
                    trust("ec2.amazonaws.com"),
                    document(allow(action=["sqs:PurgeQueue", "iam:PassRole"])),
                )
            ],
        ),
        organization=organization([denied]),
    )
    assert actions_of(gains(whole, ALICE, ROLE)) == ["iam:PassRole"]


def test_an_administrator_gains_nothing_and_is_known_as_one() -> None:
    gain = found([allow(action="iam:*")], [allow(action="*")])
    assert gain.administrator
    assert gain.count == action_sets.everything().bit_count() - action_sets.of_service("iam").bit_count()
    assert not found([allow(action="*")], [allow(action="*")])


# --- Random pairs -----------------------------------------------------------------------------

ACTIONS = ("s3:GetObject", "s3:PutObject", "sqs:PurgeQueue", "iam:GetUser")
RESOURCES = {
    "s3": ("arn:aws:s3:::a/a", "arn:aws:s3:::ab/x", "arn:aws:s3:::b/a/b"),
    "sqs": ("arn:aws:sqs:eu-west-1:111122223333:a", "arn:aws:sqs:us-east-1:111122223333:ab"),
    "iam": ("arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:user/p/ab"),
}
PATTERNS = (
    "*",
    "arn:aws:s3:::a*",
    "arn:aws:s3:::*/a",
    "arn:aws:sqs:eu-*:*:a*",
    "arn:aws:iam::*:user/?",
    "arn:*:*b",
)


@st.composite
def statements(draw: st.DrawFn) -> Json:
    action = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
    made: Json = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(
            st.lists(
                st.sampled_from(["*", "s3:*", "s3:Get*", "sqs:P*", "iam:GetUser"]), min_size=1, max_size=2
            )
        ),
        resource: draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)),
    }
    condition = draw(
        st.sampled_from([None, None, None, IN_EUROPE, MFA, {"StringNotLike": {"aws:RequestedRegion": "eu*"}}])
    )
    return made | ({"Condition": condition} if condition else {})


def answers(asker: Asker, action: str, resource: str, region: str) -> set[bool]:
    """Whether it may, with and without MFA: of either of the two it is not known."""
    found: set[bool] = set()
    for mfa in (None, "true", "false"):
        context = {**asker.context, "aws:requestedregion": region}
        if mfa is not None:
            context["aws:multifactorauthpresent"] = mfa
        request = Request(asker.caller.principal, action, resource, context=context)
        found.add(evaluate(request, asker.policies).allowed)
    return found


@settings(max_examples=30, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(statements(), max_size=4), st.lists(statements(), min_size=1, max_size=4))
def test_gains_are_what_the_engine_finds(alices: list[Json], roles: list[Json]) -> None:
    whole = pair(alices or [deny()], roles)
    gain = gains(whole, ALICE, ROLE)
    alice, other = asker_named(whole, ALICE), asker_named(whole, ROLE)
    gained = set(actions_of(gain))
    for action, region in itertools.product(ACTIONS, ("eu-west-1", "us-east-1")):
        for resource in RESOURCES[action.partition(":")[0]]:
            if True in answers(other, action, resource, region) and False in answers(
                alice, action, resource, region
            ):
                assert action in gained, (action, resource, region)
    for one in gain.witnesses:
        asked = one.context.get("aws:RequestedRegion", "us-east-1")
        if not isinstance(asked, str) or one.action.startswith(("sts:", "kms:")):
            continue  # what a policy of the resource must allow too is not looked at
        mine = answers(alice, one.action, one.resource, asked)
        theirs = answers(other, one.action, one.resource, asked)
        assert one.action in gained
        assert False in mine
        assert True in theirs
