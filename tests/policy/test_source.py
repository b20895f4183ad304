"""The reader that keeps places, against json."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy.document import NumberText
from passrole.policy.source import DEEPEST, JsonError, Source, Value, element_span, statement_spans


def plain(value: Value) -> object:
    if value.items is not None:
        return [plain(item) for item in value.items]
    if value.members is not None:
        return {name: plain(member) for name, _, member in value.members}
    if isinstance(value.value, NumberText):
        return cast(object, json.loads(value.value))
    return value.value


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=15,
)


@given(DOCUMENTS, st.sampled_from([None, 0, 2]), st.booleans())
def test_reads_as_json_does(document: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    source = Source(f" \n{text}\t")
    assert plain(source.root) == document
    assert source.text[source.root.start : source.root.end] == text


@given(st.text(alphabet='{}[]",:tru0123.eE-+\\ nlfas\n', max_size=14))
def test_takes_what_json_takes(text: str) -> None:
    def constant(text: str) -> None:
        raise ValueError(text)

    try:
        expected = json.loads(text, parse_constant=constant)
    except ValueError:
        with pytest.raises(JsonError):
            Source(text)
    else:
        assert plain(Source(text).root) == expected


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("", 0),
        ("{", 1),
        ('{"a" 1}', 5),
        ('{"a":1,}', 7),
        ("[1 2]", 3),
        ("[1,]", 3),
        ('"a\nb"', 0),
        ('"\\x"', 0),
        ("01", 1),
        ("1.", 1),
        ("nul", 0),
        ("{} x", 3),
        ("NaN", 0),
    ],
)
def test_says_where_it_broke(text: str, offset: int) -> None:
    with pytest.raises(JsonError) as caught:
        Source(text)
    assert caught.value.offset == offset


def test_depth_is_bounded() -> None:
    assert Source("[" * DEEPEST + "]" * DEEPEST).root.items is not None
    for text in ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "[" * 1_000_000, '{"a":' * 1_000_000):
        with pytest.raises(JsonError, match="too deep"):
            Source(text)


def test_repeated_keys_are_kept() -> None:
    members = Source('{"a": 1, "a": 2}').root.members
    assert members is not None
    assert [(name, at) for name, at, _ in members] == [("a", 1), ("a", 9)]


TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "One", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    {
      "Effect": "Deny",
      "Action": ["iam:*"],
      "Resource": "*",
      "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }
  ]
}"""


def test_statements_have_places() -> None:
    first, second = statement_spans(TEXT)
    assert (first.start.line, first.start.column, first.end.line, first.end.column) == (4, 5, 4, 73)
    assert (second.start.line, second.start.column, second.end.line, second.end.column) == (5, 5, 10, 6)
    assert TEXT[second.start.offset] == "{"
    assert TEXT[second.end.offset - 1] == "}"


def test_simulated_positions_are_those_that_iam_gave() -> None:
    # Recorded: SimulatePrincipalPolicy on this document answered columns 41 and 113 of line 1.
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
        }
    )
    assert statement_spans(text)[0].simulated == ((1, 41), (1, 113))


def test_elements_have_places() -> None:
    span = element_span(TEXT, 1, "Condition", "Bool", "aws:SecureTransport")
    assert span is not None
    assert TEXT[span.start.offset : span.end.offset] == '"aws:SecureTransport": "false"'
    assert (span.start.line, span.start.column) == (9, 30)
    assert element_span(TEXT, 1, "Sid") is None
    assert element_span(TEXT, 2, "Action") is None
