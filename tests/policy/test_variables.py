"""Policy variables: what is one, what stands in its place, and where there is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy import variables
from passrole.policy.variables import Context, Template, Variable
from passrole.values.glob import ANY, ONE, Token, pattern_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${aws:username}", (Variable("aws:username"),)),
        ("${AWS:UserName}", (Variable("aws:username"),)),
        ("a/${aws:PrincipalTag/team, 'none'}/*", ("a/", Variable("aws:principaltag/team", "none"), "/", ANY)),
        ("${aws:PrincipalTag/cost center}", (Variable("aws:principaltag/cost center"),)),
        ("${ aws:username , '' }", (Variable("aws:username", ""),)),
        ("${aws:userid, 'a}b'}?", (Variable("aws:userid", "a}b"), ONE)),
    ],
)
def test_templates(text: str, parts: tuple[Token | Variable, ...]) -> None:
    assert variables.parse(text, live=True, wildcards=True) == Template(parts)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("${*}x*", ("*", "x", ANY)),
        ("${?}${$}", ("?", "$")),
        ("$", ("$",)),
        ("${", ("${",)),
        ("${}", ("${}",)),
        ("${aws:username", ("${aws:username",)),
        ("${aws:username, none}", ("${aws:username, none}",)),
        ("", ()),
    ],
)
def test_what_is_no_variable_is_text(text: str, tokens: tuple[Token, ...]) -> None:
    assert variables.parse(text, live=True, wildcards=True) == tokens


def test_before_2012_variables_are_text() -> None:
    assert variables.parse("a${aws:username}*", live=False, wildcards=True) == ("a${aws:username}", ANY)
    assert variables.parse("${*}", live=False, wildcards=True) == ("${", ANY, "}")


@pytest.mark.parametrize(
    ("context", "filled"),
    [
        ({"aws:username": "bob"}, ("home/", "bob")),
        ({"aws:username": ""}, ("home/", "")),
        ({"aws:username": "b*b"}, ("home/", "b*b")),
        ({}, None),
        ({"aws:username": ("bob",)}, None),  # a multivalued key has no one value
    ],
)
def test_filling(context: Context, filled: tuple[str, ...] | None) -> None:
    template = variables.parse("home/${aws:username}", live=True, wildcards=True)
    assert isinstance(template, Template)
    assert template.fill(context) == filled


def test_a_default_counts_for_an_absent_key_alone() -> None:
    assert Variable("k", "d").value({}) == "d"
    assert Variable("k", "d").value({"k": ""}) == ""
    assert Variable("k", "d").value({"k": ("a", "b")}) is None


@given(st.text("ab*?$", max_size=6), st.text("ab*?", max_size=6))
def test_a_wildcard_that_is_filled_in_is_literal(value: str, other: str) -> None:
    template = variables.parse("${k}", live=True, wildcards=True)
    assert isinstance(template, Template)
    filled = template.fill({"k": value})
    assert filled is not None
    assert pattern_of(filled).matches(other) == (value == other)


def test_names_are_told_as_written() -> None:
    assert variables.names("${aws:PrincipalTag/Team, 'x'}${*}${sts:ExternalId}") == (
        "aws:PrincipalTag/Team",
        "sts:ExternalId",
    )
