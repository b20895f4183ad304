"""Numbers, dates, addresses and bytes as conditions read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy import scalars


@pytest.mark.parametrize(
    ("one", "other"),
    [("10", "10.0"), ("1e3", "1000"), ("-0", "0"), ("+5", "5"), (".5", "0.50"), ("007", "7")],
)
def test_equal_numbers(one: str, other: str) -> None:
    assert scalars.number(one) is not None
    assert scalars.number(one) == scalars.number(other)


@pytest.mark.parametrize("text", ["", "ten", "1,5", "0x10", "NaN", "Infinity", "1e9999", "٣", " 1", "9" * 65])
def test_what_is_no_number(text: str) -> None:
    assert scalars.number(text) is None


@given(st.integers(), st.integers())
def test_integers_compare_as_integers(one: int, other: int) -> None:
    left, right = scalars.number(str(one)), scalars.number(str(other))
    if left is not None and right is not None:
        assert (left < right) == (one < other)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026", 1767225600),
        ("2026-01", 1767225600),
        ("2026-01-01", 1767225600),
        ("2026-01-01T00:00Z", 1767225600),
        ("2026-01-01T00:00:00Z", 1767225600),
        ("2026-01-01T00:00:00", 1767225600),
        ("2026-01-01T02:00:00+02:00", 1767225600),
        ("2025-12-31T19:30:00-0430", 1767225600),
        ("20260101T000000Z", 1767225600),
        ("1767225600", 1767225600),
        ("0", 0),
        ("-1", -1),
        ("1969-12-31T23:59:59Z", -1),
        ("2024-02-29", 1709164800),
        ("2025-12-31T24:00:00Z", 1767225600),
    ],
)
def test_instants(text: str, seconds: int) -> None:
    assert scalars.instant(text) == seconds


def test_fractions_of_a_second_count() -> None:
    earlier, later = scalars.instant("2026-01-01T00:00:00.1Z"), scalars.instant("2026-01-01T00:00:00.100001Z")
    assert earlier is not None
    assert later is not None
    assert earlier < later
    assert earlier == scalars.instant("1767225600.10")


@pytest.mark.parametrize(
    "text",
    ["", "today", "2026-13", "2026-02-30", "2025-02-29", "1900-02-29", "2026-01-01T25:00:00Z", "2026-1-1",
     "2026-01-01T00:60:00Z", "0000-01-01", "2026-01-01 00:00:00Z", "2026*", "1" * 65],
)  # fmt: skip
def test_what_is_no_instant(text: str) -> None:
    assert scalars.instant(text) is None


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 1, 1)),
    st.integers(-12 * 60, 14 * 60),
)
def test_instants_agree_with_datetime(moment: datetime, offset: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    read = scalars.instant(zoned.isoformat())
    assert read is not None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert read * 1_000_000 == (zoned - epoch) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("address", "network", "inside"),
    [
        ("203.0.113.9", "203.0.113.0/24", True),
        ("203.0.114.9", "203.0.113.0/24", False),
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.8", "203.0.113.9", False),
        ("8.8.8.8", "0.0.0.0/0", True),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("8.8.8.8", "::/0", False),
        ("2001:DB8:0::1", "2001:db8::/32", True),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1", True),
        ("2001:db8::2", "2001:db8::1", False),
        ("2001:db9::", "2001:db8::/31", True),
        ("203.0.113.9", "203.0.113.200/24", True),
    ],
)
def test_networks(address: str, network: str, inside: bool) -> None:
    host, block = scalars.address(address), scalars.network(network)
    assert host is not None
    assert block is not None
    assert (host in block) is inside


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.256", "01.2.3.4", "fe80::1%eth0", "::g", "1.2.3.4/33", "::/129", "1.2.3.4/",
             "1.2.3.4/-1", "1.2.3.4/255.0.0.0", "1.2.3.4/2 "]
)  # fmt: skip
def test_what_is_no_network(text: str) -> None:
    assert scalars.network(text) is None


def test_bytes() -> None:
    assert scalars.binary("aGVsbG8=") == b"hello"
    assert scalars.binary("") == b""
    assert scalars.binary("aGVsbG8") is None
    assert scalars.binary("hä") is None
