"""Every condition operator, over present, absent, empty and many values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy.conditions import OPERATORS, Condition, operator_named
from passrole.policy.variables import Context

KEY = "aws:Key"


def holds(operator: str, wanted: str | list[str], context: Context, *, live: bool = True) -> bool:
    values = [wanted] if isinstance(wanted, str) else wanted
    return Condition(operator, KEY, values, live=live).holds(context)


def asked(value: str | tuple[str, ...]) -> Context:
    return {"aws:key": value}


@pytest.mark.parametrize(
    ("operator", "value", "wanted", "expected"),
    [
        ("StringEquals", "red", "red", True),
        ("StringEquals", "Red", "red", False),
        ("StringEquals", "r*d", "r*", False),  # no wildcards here
        ("StringEqualsIgnoreCase", "Red", "rED", True),
        ("StringEqualsIgnoreCase", "blue", "red", False),
        ("StringLike", "home/bob/x", "home/*/?", True),
        ("StringLike", "Home/bob", "home/*", False),
        ("StringLike", "", "*", True),
        ("NumericEquals", "10.0", "10", True),
        ("NumericEquals", "ten", "10", False),
        ("NumericLessThan", "9", "10", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10.1", "10", True),
        ("NumericGreaterThanEquals", "10", "10.0", True),
        ("NumericGreaterThan", "abc", "10", False),
        ("DateEquals", "2026-01-01T00:00:00Z", "1767225600", True),
        ("DateEquals", "2026-01-01T01:00:00Z", "2026-01-01", False),  # an instant, not a day
        ("DateLessThan", "1767225599", "2026-01-01", True),
        ("DateLessThanEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
        ("DateGreaterThan", "2026-01-01T00:00:01Z", "2026-01-01", True),
        ("DateGreaterThanEquals", "2025-12-31T23:59:59Z", "2026-01-01", False),
        ("DateGreaterThan", "soon", "2026-01-01", False),
        ("Bool", "true", "true", True),
        ("Bool", "True", "true", True),
        ("Bool", "false", "true", False),
        ("Bool", "1", "true", False),
        ("BinaryEquals", "aGVsbG8=", "aGVsbG8=", True),
        ("BinaryEquals", "aGVsbG8=", "aGVsbG9v", False),
        ("BinaryEquals", "hello", "hello", False),  # neither is base64
        ("IpAddress", "203.0.113.7", "203.0.113.0/24", True),
        ("IpAddress", "2001:db8::1", "203.0.113.0/24", False),
        ("IpAddress", "here", "0.0.0.0/0", False),
        ("ArnEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/*", True),
        ("ArnLike", "arn:aws:iam::1:role/a", "arn:aws:iam::*:role/a", True),
        ("ArnLike", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/A", False),
        ("ArnLike", "arn:aws:iam::1:role/a", "*", False),  # no ARN
        ("ArnLike", "role/a", "arn:*:*:*:*:*", False),
    ],
)
def test_compares(operator: str, value: str, wanted: str, expected: bool) -> None:
    assert holds(operator, wanted, asked(value)) is expected


NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
VALUES = ["red", "Red", "r*", "10", "10.0", "2026", "1767225600", "true", "aGVsbG8=", "203.0.113.7", "::1",
          "arn:aws:iam::1:role/a", ""]  # fmt: skip


def test_the_table_is_whole() -> None:
    assert set(NEGATED) == {name for name, row in OPERATORS.items() if row.negated}
    assert len(OPERATORS) == 27


@pytest.mark.parametrize("negated", NEGATED)
@given(st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), max_size=3))
def test_a_negated_operator_turns_its_twin_round(negated: str, value: str, wanted: list[str]) -> None:
    assert holds(negated, wanted, asked(value)) is not holds(NEGATED[negated], wanted, asked(value))


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "Null"])
@given(st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), max_size=3))
def test_values_of_the_policy_are_alternatives(operator: str, value: str, wanted: list[str]) -> None:
    each = [holds(operator, [one], asked(value)) for one in wanted]
    expected = all(each) if OPERATORS[operator].negated else any(each)
    assert holds(operator, wanted, asked(value)) is expected


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "Null"])
@pytest.mark.parametrize("context", [{}, {"aws:key": ()}], ids=["absent", "empty"])
def test_without_a_value(operator: str, context: Context) -> None:
    negated = OPERATORS[operator].negated
    assert holds(operator, "x", context) is negated
    assert holds(f"{operator}IfExists", "x", context) is True
    assert holds(f"ForAllValues:{operator}", "x", context) is True
    assert holds(f"ForAllValues:{operator}IfExists", "x", context) is True
    assert holds(f"ForAnyValue:{operator}", "x", context) is False
    assert holds(f"ForAnyValue:{operator}IfExists", "x", context) is False


@pytest.mark.parametrize(
    ("operator", "values", "wanted", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", ("a", "d"), ["a", "b", "c"], False),
        ("ForAnyValue:StringEquals", ("a", "d"), ["a", "b", "c"], True),
        ("ForAnyValue:StringEquals", ("d", "e"), ["a", "b", "c"], False),
        # "key1*" of the User Guide's table on Deny with ForAllValues:StringNotLike
        ("ForAllValues:StringNotLike", ("key1:hr", "key1:personnel"), ["key1*"], False),
        ("ForAllValues:StringNotLike", ("key2:audit",), ["key1*"], True),
        ("ForAllValues:StringNotLike", ("key1:hr", "key2:audit"), ["key1*"], False),
        ("ForAnyValue:StringNotLike", ("key1:hr", "key2:audit"), ["key1*"], True),
        ("ForAnyValue:StringNotLike", ("key1:hr",), ["key1*"], False),
        # Without a set operator any of the values counts.
        ("StringEquals", ("a", "d"), ["a"], True),
        ("StringNotEquals", ("a", "d"), ["a"], True),
        ("StringNotEquals", ("a",), ["a"], False),
        ("ForAllValues:NumericLessThan", ("1", "2"), ["3"], True),
        ("ForAnyValue:Bool", ("true", "false"), ["true"], True),
        ("ForAllValues:ArnLike", ("arn:aws:s3:::a", "x"), ["arn:aws:s3:::*"], False),
    ],
)
def test_many_values(operator: str, values: tuple[str, ...], wanted: list[str], expected: bool) -> None:
    assert holds(operator, wanted, asked(values)) is expected


@pytest.mark.parametrize("value", ["", ("",)])
def test_an_empty_string_is_no_value_to_a_set_operator(value: str | tuple[str, ...]) -> None:
    assert holds("ForAllValues:StringEquals", "x", asked(value)) is True
    assert holds("ForAnyValue:StringEquals", "", asked(value)) is False
    assert holds("StringEquals", "", asked(value)) is True  # but it is there


@pytest.mark.parametrize(
    ("wanted", "context", "expected"),
    [
        ("true", {}, True),
        ("true", {"aws:key": ()}, True),
        ("true", {"aws:key": "x"}, False),
        ("true", {"aws:key": ""}, False),
        ("false", {"aws:key": "x"}, True),
        ("false", {"aws:key": ("x", "y")}, True),
        ("false", {}, False),
        ("perhaps", {}, False),
    ],
)
def test_null_asks_for_presence(wanted: str, context: Context, expected: bool) -> None:
    assert holds("Null", wanted, context) is expected


@pytest.mark.parametrize(
    "name", ["stringequals", "StringEqual", "ForAllValues:", "ForNoValue:StringEquals", "NullIfExists",
             "ForAnyValue:Null", "StringEqualsIfExistsIfExists", "", "IfExists", "ForAnyValue:All:Bool"]
)  # fmt: skip
def test_what_is_no_operator(name: str) -> None:
    assert operator_named(name) is None
    with pytest.raises(KeyError):
        Condition(name, KEY, ["x"], live=True)


NAME: Context = {"aws:key": "bob", "aws:username": "bob"}


@pytest.mark.parametrize(
    ("operator", "wanted", "context", "expected"),
    [
        ("StringEquals", "${aws:username}", NAME, True),
        ("StringNotEquals", "${aws:username}", NAME, False),
        ("StringLike", "${aws:username}*", {"aws:key": "b*bx", "aws:username": "b*b"}, True),
        ("StringLike", "${aws:username}*", {"aws:key": "bobx", "aws:username": "b*b"}, False),
        ("StringLike", "${*}", {"aws:key": "*"}, True),
        ("StringLike", "${*}", {"aws:key": "x"}, False),
        ("StringEquals", "${*}", {"aws:key": "*"}, True),
        ("StringEquals", "${aws:username, 'none'}", {"aws:key": "none"}, True),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:role/*",
         {"aws:key": "arn:aws:iam::1:role/a", "aws:principalaccount": "1"}, True),
        ("ArnLike", "${s3:Of}", {"aws:key": "arn:aws:s3:::a", "s3:of": "arn:aws:s3:::a"}, True),
        ("Bool", "${aws:username}", {"aws:key": "true", "aws:username": "true"}, True),
        # No variables in these.
        ("NumericEquals", "${aws:username}", {"aws:key": "1", "aws:username": "1"}, False),
        ("IpAddress", "${aws:username}", {"aws:key": "::1", "aws:username": "::1"}, False),
        # A variable without a value: nothing equals it, so what is negated holds.
        ("StringEquals", "${aws:username}", {"aws:key": "bob"}, False),
        ("StringLike", "*${aws:username}*", {"aws:key": "bob"}, False),
        ("StringNotEquals", "${aws:username}", {"aws:key": "bob"}, True),
        ("StringNotLike", "*${aws:username}*", {"aws:key": "bob"}, True),
        ("StringNotEqualsIfExists", "${aws:username}", {}, True),
        ("ForAllValues:StringEquals", "${aws:username}", {}, True),
        ("ForAllValues:StringNotEquals", "${aws:username}", {"aws:key": ("a", "b")}, True),
        ("ArnNotLike", "arn:aws:iam::1:user/${aws:username}", {"aws:key": "arn:aws:iam::1:user/a"}, True),
        ("StringEquals", "${aws:username}", {"aws:key": "bob", "aws:username": ("bob",)}, False),
    ],
)  # fmt: skip
def test_variables(operator: str, wanted: str, context: Context, expected: bool) -> None:
    assert holds(operator, wanted, context) is expected


def test_the_other_values_count_where_one_variable_has_none() -> None:
    values = ["bob", "${aws:username}"]
    assert holds("StringEquals", values, {"aws:key": "bob"}) is True
    assert holds("StringEquals", values, {"aws:key": "eve"}) is False
    assert holds("StringNotEquals", values, {"aws:key": "bob"}) is False
    assert holds("StringNotEquals", values, {"aws:key": "eve"}) is True


def test_before_2012_variables_are_text() -> None:
    assert holds("StringEquals", "${aws:username}", {"aws:key": "${aws:username}"}, live=False) is True
    assert holds("StringEquals", "${aws:username}", NAME, live=False) is False


def test_keys_compare_without_case() -> None:
    assert Condition("StringEquals", "AWS:KEY", ["x"], live=True).holds({"aws:key": "x"})


def test_what_a_condition_asks_for_is_told() -> None:
    condition = Condition("StringLike", "s3:Prefix", ["${aws:username}/*", "${aws:userid}"], live=True)
    assert condition.keys == ("s3:prefix", "aws:username", "aws:userid")
    assert (condition.key, condition.written, condition.name) == ("s3:prefix", "s3:Prefix", "StringLike")
