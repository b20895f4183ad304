"""The types of condition values: numbers, dates, addresses, bytes. None is what is no value of the type."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from calendar import timegm
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

# Bounds that keep hostile text cheap: no AWS value of these types comes near them.
_LONGEST_NUMBER: Final = 64

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_EPOCH: Final = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
# W3C's profile of ISO 8601, the form that AWS documents, and the same without its hyphens and colons.
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?)?)?"
    r"|(?P<byear>\d{4})(?P<bmonth>\d\d)(?P<bday>\d\d)[Tt](?P<bhour>\d\d)(?P<bminute>\d\d)(?P<bsecond>\d\d)[Zz]",
    re.ASCII,
)


@lru_cache(maxsize=16_384)
def number(text: str) -> Decimal | None:
    """An integer or decimal.

    >>> number("10") == number("10.0")
    True
    """
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


@lru_cache(maxsize=16_384)
def instant(text: str) -> Fraction | None:
    """Seconds since 1970 of an ISO 8601 date or of epoch seconds.

    Four digits alone are a year. A time without a zone is UTC; a date without a time its first second.

    >>> instant("2026-01-01") == instant("1767225600") == instant("2026-01-01T01:00:00+01:00")
    True
    """
    if len(text) > _LONGEST_NUMBER:
        return None
    if _EPOCH.fullmatch(text) is not None and _YEAR.fullmatch(text) is None:
        return Fraction(text)
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    part = found.group
    year = int(part("year") or part("byear"))
    month, day = int(part("month") or part("bmonth") or 1), int(part("day") or part("bday") or 1)
    hour, minute = int(part("hour") or part("bhour") or 0), int(part("minute") or part("bminute") or 0)
    second = int(part("second") or part("bsecond") or 0)
    if not (year and 1 <= month <= 12 and 1 <= day <= _days(year, month)):
        return None
    # 24:00 is the end of the day, and a second may be a leap second.
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    seconds = Fraction(timegm((year, month, day, hour, minute, second)))
    if part("part"):
        seconds += Fraction(int(part("part")), 10 ** len(part("part")))
    zone = part("zone") or "Z"
    if zone not in "Zz":
        digits = zone[1:].replace(":", "")
        offset = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
        seconds += -offset if zone[0] == "+" else offset
    return seconds


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@dataclass(frozen=True, slots=True)
class Address:
    """An address as a number, and its family: 4 or 6."""

    family: int
    bits: int


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of one family whose first bits are the same."""

    family: int
    bits: int
    mask: int

    def __contains__(self, address: Address) -> bool:
        return address.family == self.family and address.bits & self.mask == self.bits


@lru_cache(maxsize=16_384)
def address(text: str) -> Address | None:
    """An IPv4 or IPv6 address, whatever way the latter is spelled.

    >>> address("2001:DB8::1") == address("2001:db8:0:0:0:0:0:1")
    True
    """
    if len(text) > _LONGEST_NUMBER or "%" in text:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return Address(found.version, int(found))


@lru_cache(maxsize=16_384)
def network(text: str) -> Network | None:
    """A CIDR block, or one address. Bits after the prefix do not count.

    >>> address("203.0.113.9") in network("203.0.113.7/24")
    True
    """
    base, slash, length = text.partition("/")
    found = address(base)
    if found is None:
        return None
    width = 32 if found.family == 4 else 128
    prefix = width
    if slash:
        if not (length.isascii() and length.isdigit() and len(length) <= 3) or int(length) > width:
            return None
        prefix = int(length)
    mask = (1 << width) - (1 << (width - prefix))
    return Network(found.family, found.bits & mask, mask)


@lru_cache(maxsize=256)
def binary(text: str) -> bytes | None:
    """Bytes from base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
