"""Patterns against a slow matcher written from the definition, and against the clock of their own steps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.values import glob
from passrole.values.glob import ANY, ANY_IN_FIELD, ONE, ONE_IN_FIELD, Pattern, Token, Tokens


def slowly(given: Tokens, text: str) -> bool:
    """The definition of a match, over every prefix of the text: quadratic, and plain to see."""
    alive = {0}
    for token in given:
        following: set[int] = set()
        for place in alive:
            if isinstance(token, str):
                if text.startswith(token, place):
                    following.add(place + len(token))
            elif token in (ONE, ONE_IN_FIELD):
                if place < len(text) and (token is ONE or text[place] != ":"):
                    following.add(place + 1)
            else:
                following.add(place)
                for end in range(place, len(text)):
                    if token is ANY_IN_FIELD and text[end] == ":":
                        break
                    following.add(end + 1)
        alive = following
    return len(text) in alive


SMALL = st.text("ab:", max_size=9)
TOKENS = st.lists(
    st.one_of(
        st.text("ab:", min_size=1, max_size=3), st.sampled_from([ANY, ONE, ANY_IN_FIELD, ONE_IN_FIELD])
    ),
    max_size=7,
).map(tuple)


@given(TOKENS, SMALL)
def test_matches_by_definition(tokens: Tokens, text: str) -> None:
    assert glob.pattern_of(tokens).matches(text) == slowly(tokens, text)


@given(st.text("ab?*", max_size=8), SMALL)
def test_plain_patterns_match_by_definition(written: str, text: str) -> None:
    assert Pattern.parse(written).matches(text) == slowly(glob.tokens(written), text)


@given(st.text("a:*?$", max_size=9), SMALL)
def test_what_is_written_reads_back(written: str, text: str) -> None:
    pattern = Pattern.parse(written)
    assert Pattern.parse(pattern.text) == pattern


def test_a_literal_wildcard_is_a_character() -> None:
    pattern = glob.pattern_of(("a*b", ANY))
    assert pattern.matches("a*bc")
    assert not pattern.matches("axbc")
    assert pattern.text == "a${*}b*"


@pytest.mark.parametrize(
    ("written", "everything", "exact", "prefix", "head"),
    [
        ("*", True, False, False, ""),
        ("**", True, False, False, ""),
        ("abc", False, True, False, "abc"),
        ("", False, True, False, ""),
        ("abc*", False, False, True, "abc"),
        ("ab*c", False, False, False, "ab"),
        ("?", False, False, False, ""),
    ],
)
def test_shapes(written: str, everything: bool, exact: bool, prefix: bool, head: str) -> None:
    pattern = Pattern.parse(written)
    assert (pattern.everything, pattern.exact, pattern.prefix, pattern.head) == (
        everything,
        exact,
        prefix,
        head,
    )


def resource(written: str) -> Pattern:
    head, field = glob.split_resource(written)
    return glob.pattern_of(head if field is None else (*head, *glob.tokens(field)))


ROLE = "arn:aws:iam::111122223333:role/app/Web"
QUEUE = "arn:aws:sqs:us-east-1:111122223333:jobs"


@pytest.mark.parametrize(
    ("written", "asked", "matches"),
    [
        ("*", ROLE, True),
        ("*", "*", True),
        ("arn:aws:iam::111122223333:role/*", ROLE, True),
        ("arn:aws:iam::111122223333:role/Web", ROLE, False),  # the path is part of the name
        ("arn:aws:iam::111122223333:role/App/Web", ROLE, False),  # case counts
        ("arn:aws:iam::*:role/app/Web", ROLE, True),
        ("arn:aws:iam::1111*3333:role/app/W?b", ROLE, True),
        ("arn:aws:iam::1111????3333:role/app/Web", ROLE, True),
        ("arn:aws:iam::11?:role/app/Web", ROLE, False),
        ("arn:aws:sqs:us-*-1:111122223333:jobs", QUEUE, True),
        ("arn:aws:sqs:us*1:111122223333:jobs", QUEUE, True),
        ("arn:aws:sqs:u*s-east-1:11*22223333:jobs", QUEUE, True),
        # A star that ends a field reaches beyond the colon, one in the middle of it does not.
        ("arn:aws:sqs:us*:jobs", QUEUE, False),  # five fields: the sixth is filled in
        ("arn:aws:s3:::b/*:x", "arn:aws:s3:::b/a:b:x", True),
        ("arn:aws:lambda:*:function:Web", "arn:aws:lambda:us-east-1:1:function:Web", True),
        ("arn:aws:lambda:us-*-1:function:Web", "arn:aws:lambda:us-east-1:1:function:Web", False),
        ("arn:aws:sqs:*t-1:111122223333:jobs", QUEUE, True),
        ("arn:aws:sqs:*1:jobs:x", "arn:aws:sqs:us-east-1:1:jobs:x", False),
        # Fields that are missing are stars.
        ("arn:aws:sqs", QUEUE, True),
        ("arn:aws:sqs:us-east-1", QUEUE, True),
        ("arn:aws:sqs:us-west-1", QUEUE, False),
        ("arn:aws:s3", QUEUE, False),
        # A request without a resource.
        ("arn:aws:s3:::*", "*", False),
        ("?", "*", False),
        ("*:*", "*", False),
    ],
)
def test_resources(written: str, asked: str, matches: bool) -> None:
    assert resource(written).matches(asked) is matches


def test_variables_part_no_fields() -> None:
    head, field = glob.split_resource("arn:aws:s3:::logs/${aws:username}/*")
    assert head == ("arn", ":", "aws", ":", "s3", ":", ":", ":")
    assert field == "logs/${aws:username}/*"


@pytest.mark.parametrize(
    ("written", "asked", "matches"),
    [
        # The example of the User Guide, "Amazon Resource Name (ARN) condition operators".
        (
            "arn:aws:someservice:*:111122223333:finance/*",
            "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            False,
        ),
        ("arn:aws:iam::*:role/*", ROLE, True),
        ("arn:aws:lambda:*:*:function:*", "arn:aws:lambda:eu-west-1:1:function:Web:PROD", True),
        ("arn:*:iam::111122223333:role/app/Web", ROLE, True),
        ("arn:aws:iam:?:111122223333:role/app/Web", ROLE, False),
        ("arn:aws:iam::111122223333:role/*Web", ROLE, True),
    ],
)
def test_arn_conditions_match_field_by_field(written: str, asked: str, matches: bool) -> None:
    pattern = glob.arn_pattern(glob.tokens(written))
    assert pattern is not None
    assert pattern.matches(asked) is matches


@pytest.mark.parametrize(
    "written", ["*", "", "arn:aws:iam", "arn:aws:iam::1", "a:b:c:d:e:f", "role/x", "*:::::x"]
)
def test_what_is_no_arn_has_no_pattern(written: str) -> None:
    assert glob.arn_pattern(glob.tokens(written)) is None


class Counted(str):
    """A text that counts how many of its characters were looked at."""

    __slots__ = ("looked_at",)
    looked_at: int

    @classmethod
    def of(cls, text: str) -> Counted:
        counted = cls(text)
        counted.looked_at = 0
        return counted

    def startswith(  # type: ignore[override]  # the pattern hands over one prefix and a place
        self, prefix: str, start: int = 0
    ) -> bool:
        self.looked_at += len(prefix)
        return super().startswith(prefix, start)

    def find(  # type: ignore[override]  # the pattern always gives both ends
        self, sub: str, start: int, end: int
    ) -> int:
        found = super().find(sub, start, end)
        self.looked_at += (end if found < 0 else found + len(sub)) - start
        return found

    def __getitem__(self, place: object) -> str:
        assert isinstance(place, int)
        self.looked_at += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[str]:
        for character in super().__iter__():
            self.looked_at += 1
            yield character


LONG = 10_000


@pytest.mark.skipif(
    not glob.__file__.endswith(".py"), reason="compiled code reads a text without calling its methods"
)
@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        (glob.tokens("a*" * 50 + "b"), "a" * LONG),
        (glob.tokens("*" + "ab*" * 50 + "c*"), "ab" * (LONG // 2)),
        (glob.tokens("*" + "a?a*" * 50 + "c*"), "a" * LONG),
        (glob.tokens("*" + "a?" * 50 + "b*"), "a" * LONG),
        (glob.tokens("?*" * 50 + "b*"), "a" * LONG),
        ((*((ANY_IN_FIELD, "a") * 50), "b", ANY), "a" * LONG),
        ((*((ANY, "a", ONE_IN_FIELD) * 50), ":b"), "a" * LONG),
    ],
    ids=lambda value: "".join(map(str, value))[:24] if isinstance(value, tuple) else None,
)
def test_looks_at_each_character_a_fixed_number_of_times(tokens: Tokens, text: str) -> None:
    pattern = glob.pattern_of(tokens)
    counted = Counted.of(text)
    assert not pattern.matches(counted)
    size = sum(len(token) if isinstance(token, str) else 1 for token in tokens)
    assert 0 < counted.looked_at <= 3 * len(text) + 2 * size
    assert looked_at(pattern, text * 2) <= 2 * counted.looked_at + size


def looked_at(pattern: Pattern, text: str) -> int:
    counted = Counted.of(text)
    pattern.matches(counted)
    return counted.looked_at


def test_all_small_patterns_against_all_small_texts() -> None:
    alphabet: list[Token] = ["a", ":", ANY, ONE, ANY_IN_FIELD, ONE_IN_FIELD]
    texts = ["".join(text) for size in range(5) for text in itertools.product("a:", repeat=size)]
    for size in range(4):
        for tokens in itertools.product(alphabet, repeat=size):
            pattern = glob.pattern_of(tokens)
            for text in texts:
                assert pattern.matches(text) == slowly(tokens, text), (tokens, text)


FIELD = st.lists(
    st.one_of(st.text("ab", min_size=1, max_size=2), st.sampled_from([ANY, ONE, ANY_IN_FIELD, ONE_IN_FIELD])),
    max_size=3,
)


@given(
    st.lists(FIELD, min_size=6, max_size=6),
    st.lists(st.text("ab", max_size=3), min_size=6, max_size=8),
)
def test_six_fields_match_by_definition(fields: list[list[Token]], parts: list[str]) -> None:
    tokens: list[Token] = []
    for place, field in enumerate(fields):
        tokens += [*([":"] if place else []), *field]
    text = ":".join(parts)
    assert glob.pattern_of(tuple(tokens)).matches(text) == slowly(tuple(tokens), text)
