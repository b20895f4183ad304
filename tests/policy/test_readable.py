"""What reads as a policy, told without parsing: the same as the parser tells."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy.document import Policy, UnreadablePolicy, load_json
from passrole.policy.readable import _is_plain, why_unreadable

PLAIN: Mapping[str, object] = {
    "Version": "2012-10-17",
    "Id": "x",
    "Statement": [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Principal": {"AWS": ["*"], "Service": "ec2.amazonaws.com"},
            "Action": ["iam:*", "s3:Get*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"a:b": ["x", True, 5]}, "Bool": {"aws:SecureTransport": "true"}},
        },
        {"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "NotResource": ["a", "b"]},
    ],
}
ODDITIES: tuple[object, ...] = (
    None,
    True,
    5,
    1.5,
    "x",
    "*",
    [],
    ["x"],
    [5],
    {},
    {"x": "y"},
    {"AWS": 5},
    [[]],
    [{}],
)


def parser_says(text: str) -> str:
    try:
        Policy.read(text.encode("utf-8", "surrogatepass"))
    except UnreadablePolicy as error:
        return str(error)
    return ""


def places(value: object, place: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [place]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*place, key))
    return found


def changed(value: object, place: tuple[object, ...], new: object, name: str) -> object:
    """The value with what stands at a place replaced, or, with a name, put in beside it."""
    if not place:
        return new
    first, *rest = place
    if isinstance(value, list):
        return [changed(one, tuple(rest), new, name) if at == first else one for at, one in enumerate(value)]
    assert isinstance(value, dict)
    if not rest and name:
        return {**value, name: new}
    return {key: changed(one, tuple(rest), new, name) if key == first else one for key, one in value.items()}


NAMES = st.sampled_from(
    ("", "", "", "NotAction", "Resource", "NotResource", "NotPrincipal", "Extra", "Condition")
)


@given(st.sampled_from(places(PLAIN)), st.sampled_from(ODDITIES), NAMES)
def test_says_what_the_parser_says(place: tuple[object, ...], new: object, name: str) -> None:
    text = json.dumps(changed(PLAIN, place, new, name))
    assert why_unreadable(text) == parser_says(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "5",
        '{"Statement":[],"Statement":[]}',
        '{"Version":NaN}',
        '"\\ud800"',
        '{"Id":"\ud800","Statement":[]}',
        "[" * 100_000,
    ],
)
def test_says_what_is_wrong_with_the_json(text: str) -> None:
    assert why_unreadable(text) == parser_says(text) != ""


def test_what_is_as_it_mostly_is_needs_no_parser() -> None:
    assert _is_plain(load_json(json.dumps(PLAIN)))
    assert _is_plain({"Statement": {"Effect": "Allow", "Action": "*"}})
