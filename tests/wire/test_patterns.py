from __future__ import annotations

import re
import warnings

import pytest

from passrole.wire import models, services
from passrole.wire.constraints import problems
from passrole.wire.patterns import MISSTATED, UNREADABLE, Unreadable, matcher, translated


def matches(pattern: str, text: str) -> bool:
    match = matcher(pattern)
    assert match is not None
    return match(text) is not None


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"[\w+=,.@-]+", ["Role-1", "a@b"], ["a b", "", "é"]),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", ["équipe 漢字 ٣", "a\u00a0b"], ["a!", "", "a\tb"]),
        (r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", ["", "é\n"], ["\u0100", "\x00"]),
        (r"\P{C}+", ["visible é"], ["a\x07", ""]),
        (r"[\P{C}\s]*", ["a\nb"], ["\x07"]),
        (r"^[\p{Alnum}]+$", ["a1"], ["é"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["😀\t"], ["\n", "\ufffe"]),
        (r"[\w-.~]+", ["a-b.c~"], ["a b"]),
        (r"[\s-_]+", ["- _"], ["a"]),
        (r"\A[a-z]+\z", ["abc"], ["abc\n", "ABC"]),
        (r"^(?i)(true|false)$", ["TRUE", "false"], ["no"]),
        (r"[\p{Print}&&[^|:/]]+", ["a b"], ["a|b", "a:b", "a/b", "\x00"]),
        (r"[\p{L}||\p{N}]+", ["a1é", "a|b"], ["-"]),
        (r"[a\x{22}]+", ['a"'], ["b"]),
        # Without an anchor the whole text is meant, with one what the pattern says.
        (r"abc", ["abc"], ["abcd", "xabc"]),
        (r"^arn:aws", ["arn:aws:iam"], ["xarn:aws"]),
    ],
)
def test_javas_patterns_mean_the_same_here(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not matches(pattern, text)] == []
    assert [text for text in no if matches(pattern, text)] == []


def test_every_pattern_of_every_model_is_read_or_listed() -> None:
    patterns: set[str] = set()
    for name in services.index():
        patterns |= models.service(name).patterns()
    assert len(patterns) > 4000
    failed = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pattern in patterns:
            try:
                # Without the categories' thousands of ranges, which take most of the time.
                re.compile(re.sub(r"\\[pP]\{(?:L|N|Z|M|P|S|C)\}", "a", translated(pattern)))
            except (re.error, Unreadable):
                failed.add(pattern)
    assert failed == UNREADABLE.keys()
    assert patterns >= MISSTATED.keys()


def test_a_pattern_that_forbids_what_its_service_asks_for_is_not_enforced() -> None:
    given = {
        "DatasetName": "a",
        "Domain": "RETAIL",
        "DatasetType": "TARGET_TIME_SERIES",
        "Schema": {"Attributes": [{"AttributeName": "a", "AttributeType": "string"}]},
        "EncryptionConfig": {
            "RoleArn": "arn:aws:iam::111122223333:role/Forecast",
            "KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-4333-8444-555555555555",
        },
    }
    assert problems("forecast", "CreateDataset", given) == []


def test_an_unknown_property_is_not_enforced() -> None:
    assert matcher(r"\p{Klingon}+") is None
