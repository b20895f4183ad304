"""What the indexes find is what reading everything finds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.decision.questions import (
    ACTIONS,
    ALICE,
    ALL,
    READ,
    RESOURCES,
    SESSION,
    THERE,
    allow,
    ask,
    deny,
    policy,
    statements,
)

from passrole.decision.compile import Rule, Rules, Sheet, Stack
from passrole.decision.evaluate import evaluate
from passrole.decision.layers import IDENTITY, RESOURCE
from passrole.decision.plan import compiled
from passrole.decision.request import Policies
from passrole.policy.document import Policy

_RESOURCES = st.lists(
    st.text("ab/*?", min_size=0, max_size=6).map("arn:aws:s3:::".__add__)
    | st.sampled_from(["*", "arn:aws:s3:::${aws:username}", "arn:aws:s3", "arn:aws:s3:::ab/a"]),
    min_size=1,
    max_size=3,
)
_MANY = st.lists(
    st.builds(
        lambda element, resources: {"Effect": "Allow", "Action": "*", element: resources},
        st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]),
        _RESOURCES,
    ),
    min_size=1,
    max_size=40,
)


def rules_of(made: Policy) -> list[Rule]:
    return [Rule(statement, made, IDENTITY) for statement in made.statements]


@given(_MANY, st.text("ab/", max_size=6).map("arn:aws:s3:::".__add__) | st.sampled_from(["*", "x", ""]))
def test_every_rule_that_covers_the_resource_is_near(made: list[dict[str, object]], resource: str) -> None:
    rules = Rules(rules_of(policy(*made)))
    context = {"aws:username": "ab"}
    for _ in range(4):  # the index is made when it pays
        near = rules.near(resource)
    assert {rule for rule in rules.all if rule.covers(resource, context)} == {
        rule for rule in near if rule.covers(resource, context)
    }
    assert rules.near(None) == rules.all


@given(st.lists(statements(), min_size=9, max_size=30), st.sampled_from(RESOURCES))
def test_rules_stay_in_the_order_of_the_documents(made: list[dict[str, object]], resource: str) -> None:
    rules = Rules(Sheet(policy(*made), IDENTITY).rules)
    for _ in range(60):  # before and after there is an index
        near = rules.near(resource)
        assert sorted(near, key=rules.all.index) == [*near]


@given(st.lists(statements(), max_size=12), st.sampled_from(ACTIONS))
def test_every_rule_that_names_the_action_is_found(made: list[dict[str, object]], action: str) -> None:
    sheet = Sheet(policy(*made), IDENTITY)
    folded = action.lower()
    denies, allows = sheet.about(folded)
    expected = [rule for rule in sheet.rules if rule.names_action(folded)]
    assert [*denies] == [rule for rule in expected if not rule.allows]
    assert [*allows] == [rule for rule in expected if rule.allows]
    assert sheet.about(folded) == (denies, allows)


def test_many_statements_need_few_looks() -> None:
    many = policy(*(allow(READ, f"arn:aws:s3:::bucket-{place:04}/*") for place in range(1_000)))
    (_, rules) = Stack(IDENTITY, (many,)).about(READ.lower())
    assert len(rules.all) == 1_000
    for _ in range(3):
        near = rules.near("arn:aws:s3:::bucket-0500/x")
    assert len(near) == 1
    assert rules.near("arn:aws:s3:::other/x") == ()


def test_a_resource_policy_needs_principals() -> None:
    nameless = policy(allow(), allow(Principal="*"))
    assert len(Sheet(nameless, RESOURCE).rules) == 1
    assert len(Sheet(nameless, IDENTITY).rules) == 2


@given(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=3))
def test_simple_rules_hold_as_they_cover(written: list[str]) -> None:
    (rule,) = rules_of(policy(allow(resource=written)))
    for resource in RESOURCES:
        assert rule.holds(resource, {}, ALICE) is rule.covers(resource, {})


def test_what_was_compiled_stays_with_the_policies() -> None:
    policies = Policies((ALL,))
    first = compiled(policies)
    assert evaluate(ask(), policies).allowed
    assert compiled(policies) is first is compiled(Policies((ALL,)))
    assert first.plan(ask()) is first.plan(ask(SESSION).__class__(ALICE, READ, "*"))
    assert first.plan(ask()) is not first.plan(ask(SESSION))
    assert first.plan(ask()) is not first.plan(ask(owner=THERE))
    # A change makes new policies, and never sees what was compiled for the old ones.
    assert not evaluate(ask(), replace(policies, identity=(ALL, policy(deny())))).allowed
    assert policies == Policies((ALL,))


def test_what_is_remembered_is_bounded() -> None:
    policies = Policies((ALL,))
    for number in range(3_000):
        assert evaluate(ask(action=f"s3:Get{number}"), policies).allowed
    kept = compiled(policies)
    assert sum(len(plans) for plans in kept._plans) <= 256
    sheet = Sheet(ALL, IDENTITY)
    for number in range(3_000):
        sheet.about(f"s3:get{number}")
    assert len(sheet._by_action) <= 256
