"""Comparisons of patterns against enumeration of every short text."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from passrole.values import glob, partition
from passrole.values.glob import ANY, ANY_IN_FIELD, ONE, ONE_IN_FIELD, Pattern

TOKENS = st.lists(
    st.one_of(
        st.text("ab:", min_size=1, max_size=2), st.sampled_from([ANY, ONE, ANY_IN_FIELD, ONE_IN_FIELD])
    ),
    max_size=4,
).map(lambda given: glob.pattern_of(tuple(given)))
PLAIN = st.text("ab*?", max_size=5).map(Pattern.parse)

# "c" stands for every character that no pattern names. Two patterns of at most eight characters and four
# wildcards tell apart nothing that texts up to here do not show.
TEXTS = ["".join(letters) for length in range(6) for letters in itertools.product("abc:", repeat=length)]


def matched(patterns: list[Pattern], text: str) -> int:
    return sum(1 << number for number, one in enumerate(patterns) if one.matches(text))


@given(st.lists(st.one_of(TOKENS, PLAIN), max_size=3))
def test_every_text_is_of_a_kind_that_is_found(patterns: list[Pattern]) -> None:
    kinds = partition.kinds(patterns)
    assert {matched(patterns, text) for text in TEXTS} <= kinds.keys()


@given(st.lists(st.one_of(TOKENS, PLAIN), max_size=4))
def test_every_kind_has_an_example(patterns: list[Pattern]) -> None:
    for kind, shown in partition.kinds(patterns).items():
        assert matched(patterns, shown) == kind


@given(st.lists(TOKENS, max_size=3), TOKENS)
def test_within_leaves_out_what_it_does_not_match(patterns: list[Pattern], within: Pattern) -> None:
    whole = partition.kinds([*patterns, within])
    most = 1 << len(patterns)
    kinds = partition.kinds(patterns, within=[within])
    assert set(kinds) == {kind - most for kind in whole if kind & most}
    assert all(within.matches(shown) for shown in kinds.values())


@settings(max_examples=500)
@given(TOKENS, TOKENS)
@example(glob.pattern_of((ANY, "bb", ANY_IN_FIELD)), glob.pattern_of((ANY, "b", ANY_IN_FIELD)))
def test_inclusion_and_intersection(one: Pattern, other: Pattern) -> None:
    both = [text for text in TEXTS if one.matches(text) and other.matches(text)]
    only = [text for text in TEXTS if one.matches(text) and not other.matches(text)]
    if both:
        assert partition.meet(one, other)
    if only:
        assert not partition.covers(other, one)
    shown = partition.beyond([one], [other])
    assert (shown is None) == partition.covers(other, one)
    if shown is not None:
        assert one.matches(shown)
        assert not other.matches(shown)
    elif partition.meet(one, other):
        assert partition.find([one], lambda matched: matched == 1) is not None


@given(st.lists(PLAIN, min_size=1, max_size=3), st.lists(PLAIN, max_size=3))
def test_a_difference_of_unions(these: list[Pattern], those: list[Pattern]) -> None:
    shown = partition.beyond(these, those)
    if shown is None:
        for text in TEXTS:
            assert not any(one.matches(text) for one in these) or any(one.matches(text) for one in those)
    else:
        assert any(one.matches(shown) for one in these)
        assert not any(one.matches(shown) for one in those)


def resource(written: str) -> Pattern:
    head, field = glob.split_resource(written)
    return glob.pattern_of(head if field is None else (*head, *glob.tokens(field)))


@pytest.mark.parametrize(
    ("whole", "part", "included"),
    [
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/2026/*", True),
        ("arn:aws:s3:::logs*", "arn:aws:s3:::logs/*", True),
        ("arn:aws:s3:::logs/*", "arn:aws:s3:::logs*", False),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/app/*", True),
        ("arn:aws:iam::1111????3333:role/*", "arn:aws:iam::111122223333:role/app/*", True),
        ("arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/app/*", False),
        # The star in the middle of a field stays there, the one that ends it does not.
        ("arn:aws:sqs:us-*-1:1:jobs", "arn:aws:sqs:us-*-*-1:1:jobs", True),
        ("arn:aws:sqs:us-*1:1:jobs", "arn:aws:sqs:us-*:1:jobs", False),
        ("arn:aws:sqs:us-*:1:jobs", "arn:aws:sqs:us-*1:1:jobs", True),
        ("arn:aws:lambda:*:function:Web", "arn:aws:lambda:eu-*:1:function:Web", True),
        ("arn:aws:s3:::Logs/*", "arn:aws:s3:::logs/*", False),  # case counts
    ],
)
def test_resources_are_compared_by_field(whole: str, part: str, included: bool) -> None:
    assert partition.covers(resource(whole), resource(part)) is included


def test_three_pieces_may_cover_what_none_does() -> None:
    pieces = [Pattern.parse(text) for text in ("", "?", "??*")]
    assert partition.beyond([Pattern.parse("*")], pieces) is None
    assert partition.beyond([Pattern.parse("*")], pieces[1:]) == ""


def test_hundreds_of_patterns_take_a_moment() -> None:
    patterns = [resource(f"arn:aws:s3:::bucket-{number}/team-{number % 7}/*") for number in range(400)]
    patterns += [resource(f"arn:aws:iam::111122223333:role/a{number}-*-x") for number in range(100)]
    began = time.process_time()
    assert len(partition.kinds(patterns)) == 501
    assert time.process_time() - began < 20  # a second here; what must not happen is hours


def test_a_question_may_be_answered_where_not_all_kinds_can_be_told() -> None:
    # A star that ends a field crosses colons, so that one text may match any number of these.
    patterns = [resource(f"arn:aws:sqs:*:111122223333:queue-{number}-*-x") for number in range(200)]
    assert partition.beyond([resource("arn:aws:sqs:*:111122223333:queue-7-*")], patterns) is not None
    assert partition.beyond([resource("arn:aws:sqs:eu-west-1:111122223333:queue-7-a-x")], patterns) is None
    with pytest.raises(partition.TooManyStates):
        partition.kinds(patterns, states=1000)


def test_hostile_patterns_get_no_answer_rather_than_no_end() -> None:
    patterns = [Pattern.parse(f"*{letter}{letter}*") for letter in "abcdefghijklmnopqrst"]
    with pytest.raises(partition.TooManyStates):
        partition.kinds(patterns, states=1000)


def test_a_pattern_of_many_stars_is_no_trouble() -> None:
    many = Pattern.parse("*a*" * 200)
    assert partition.covers(Pattern.parse("*a*"), many)
    assert partition.beyond([Pattern.parse("a" * 199)], [many]) == "a" * 199
