"""Boxes of contexts against conditions asked one by one, over many contexts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy.conditions import Condition
from passrole.policy.contexts import ANYONE, Asked, Contexts, Value, contains, meet

TEXTS = ("a", "b", "ab", "A", "", "*")
STRINGS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "Null")
NUMBERS = ("NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEqualsIfExists")
ADDRESSES = ("IpAddress", "NotIpAddress")


def condition(name: str, key: str, *wanted: str) -> Condition:
    return Condition(name, key, wanted, live=True)


def conditions(key: str, names: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    wanted = st.lists(st.sampled_from(values), min_size=1, max_size=2)
    return st.builds(lambda name, texts: condition(name, key, *texts), st.sampled_from(names), wanted)


ONE = st.one_of(
    conditions("aws:k", STRINGS, (*TEXTS, "a*", "?b", "true")),
    conditions("aws:n", NUMBERS, ("1", "2.5", "3")),
    conditions("aws:ip", ADDRESSES, ("10.0.0.0/8", "10.1.0.0/16", "10.1.0.7")),
    conditions("aws:many", ("ForAnyValue:StringEquals", "ForAllValues:StringLike"), ("a", "b*")),
)
STATEMENTS = st.lists(st.lists(ONE, max_size=2), min_size=1, max_size=4)
ALL: dict[str, tuple[Value, ...]] = {
    "aws:k": (None, *TEXTS, "bb", "true", "c"),
    "aws:n": (None, "0", "1", "2", "2.5", "2.75", "3", "4", "no"),
    "aws:ip": (None, "10.0.0.1", "10.1.0.1", "10.1.0.7", "11.0.0.1", "2001:db8::1"),
    "aws:many": (None, ("a",), ("b",), ("a", "b"), ("c",), ("a", "c"), ("bb", "c"), ("a", "b", "c")),
}


def holds(statement: list[Condition], context: dict[str, Value]) -> bool:
    known = {key: value for key, value in context.items() if value is not None}
    return all(one.holds(known) for one in statement)


@given(STATEMENTS)
def test_a_box_is_where_conditions_hold_and_others_do_not(statements: list[list[Condition]]) -> None:
    contexts = Contexts((one, ANYONE) for statement in statements for one in statement)
    boxes = [contexts.box(statement, ANYONE) for statement in statements]
    first, rest = boxes[0], [box for box in boxes[1:] if box is not None]
    part = None if first is None else contexts.outside(first, rest)
    keys = sorted({one.key for statement in statements for one in statement})
    if part is None:
        for values in itertools.product(*(ALL[key] for key in keys)):
            context = dict(zip(keys, values, strict=True))
            covered = any(holds(other, context) for other in statements[1:])
            assert not holds(statements[0], context) or covered, context
    else:
        context = dict.fromkeys(keys) | contexts.example(part)
        assert holds(statements[0], context)
        assert not any(holds(other, context) for other in statements[1:])


def test_an_empty_value_stands_for_no_other() -> None:
    whole = [condition("NumericEquals", "aws:n", "2.5")]
    others = [
        [condition("ForAllValues:StringLike", "aws:many", "a")],
        [condition("ForAnyValue:StringEquals", "aws:many", "b*", "a")],
    ]
    contexts = Contexts((one, ANYONE) for statement in (whole, *others) for one in statement)
    first, *rest = (contexts.box(statement, ANYONE) for statement in (whole, *others))
    assert first is not None
    assert contexts.outside(first, [box for box in rest if box is not None]) is not None


def test_two_values_are_covered_by_one_statement_each() -> None:
    both = condition("StringEquals", "aws:RequestedRegion", "eu-west-1", "eu-west-3")
    one = condition("StringEquals", "aws:RequestedRegion", "eu-west-1")
    other = condition("StringLike", "aws:requestedregion", "eu-*")
    contexts = Contexts((each, ANYONE) for each in (both, one, other))
    whole = contexts.box([both], ANYONE)
    assert whole is not None
    assert contexts.outside(whole, [box for box in (contexts.box([one], ANYONE),) if box]) is not None
    assert contexts.outside(whole, [box for box in (contexts.box([other], ANYONE),) if box]) is None


def test_a_variable_stands_for_itself() -> None:
    mine = condition("StringEquals", "s3:prefix", "${aws:username}")
    same = condition("StringEquals", "s3:prefix", "${aws:username}")
    other = condition("StringEquals", "s3:prefix", "bob")
    contexts = Contexts((each, ANYONE) for each in (mine, same, other))
    boxes = [contexts.box([each], ANYONE) for each in (mine, same, other)]
    assert boxes[0] == boxes[1] != boxes[2]


def test_what_is_known_is_asked_at_once_and_an_own_key_is_another_for_each_side() -> None:
    team = condition("StringEquals", "aws:PrincipalTag/team", "red")
    mfa = condition("Bool", "aws:MultiFactorAuthPresent", "true")
    red = Asked("red", {"aws:principaltag/team": "red"}, own=lambda key: key.startswith("aws:multi"))
    blue = Asked("blue", {"aws:principaltag/team": "blue"}, own=lambda key: key.startswith("aws:multi"))
    contexts = Contexts((each, asked) for each in (team, mfa) for asked in (red, blue))
    assert contexts.box([team], red) == {}
    assert contexts.box([team], blue) is None
    mine, theirs = contexts.box([mfa], red), contexts.box([mfa], blue)
    assert mine is not None
    assert theirs is not None
    assert contexts.outside(mine, [theirs]) is not None


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [({0: 3}, {0: 1}, {0: 1}), ({0: 2}, {0: 1}, None), ({0: 1}, {1: 4}, {0: 1, 1: 4}), ({}, {}, {})],
)
def test_boxes_meet(one: dict[int, int], other: dict[int, int], common: dict[int, int] | None) -> None:
    assert meet(one, other) == common


def test_a_box_contains_what_is_narrower() -> None:
    assert contains({0: 3}, {0: 1, 1: 2})
    assert contains({}, {0: 1})
    assert not contains({0: 1}, {})
