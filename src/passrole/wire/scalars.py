"""Single values as they stand on the wire: times, numbers, booleans, base64.

Every reader takes what AWS takes, which is more than AWS documents, and raises BadInput for the
rest; its text is AWS's where one is known and "" where AWS gives none.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_ISO: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[T ]([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII | re.IGNORECASE,
)
_SPECIAL_FLOATS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BOUNDS: Final = {"integer": 2**31, "long": 2**63}


class BadInput(Exception):
    """Input that cannot be read. ``errors.bad_input`` makes a protocol's error of it."""

    def __init__(self, text: str, *, argument: str = "", value: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.argument = argument  # the header or query parameter that value was given for
        self.value = value


def integer(text: str, kind: str = "long") -> int:
    """A whole number; a leading ``+`` and zeros are taken. kind sets the range, 32 or 64 bits, signed."""
    if not _INTEGER.fullmatch(text):
        raise BadInput("")
    return in_range(int(text), kind)


def in_range(number: int, kind: str) -> int:
    """The number itself, if an integer or a long can hold it."""
    bound = _BOUNDS[kind]
    if -bound <= number < bound:
        return number
    raise BadInput("")


def number(text: str) -> float:
    """A float or double."""
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if not _NUMBER.fullmatch(text):
        raise BadInput("")
    return float(text)


def boolean(text: str) -> bool:
    """``true`` or ``false``, in any case."""
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise BadInput("")


def parser(kind: str) -> Callable[[str], object]:
    """What reads a single value of this kind from a text."""
    match kind:
        case "integer" | "long":
            return lambda text: integer(text, kind)
        case "float" | "double":
            return number
        case "boolean":
            return boolean
        case "timestamp":
            return timestamp
        case "blob":
            return blob
    return str


def blob(text: str) -> bytes:
    """Base64, of the standard alphabet. Source of the texts: answers of DynamoDB."""
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        if len(text) % 4:
            problem = f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}"
        else:
            found = next((letter for letter in text if not (letter.isalnum() or letter in "+/")), "=")
            problem = f"Invalid Base64 character: '{found}'"
        raise BadInput(f"'{text}' can not be converted to a Blob: {problem}") from None


def timestamp(text: str) -> datetime:
    """A time in any of AWS's forms: ISO 8601, HTTP's, or seconds since 1970. Aware, UTC."""
    found = _ISO.fullmatch(text)
    try:
        if found is not None and (not text.isdigit() or len(text) == 8):
            return _from_iso(found)
        if _NUMBER.fullmatch(text):
            return from_epoch(float(text))
        return _aware(parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        raise BadInput("") from None


def _from_iso(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    at = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        microsecond,
        tzinfo=UTC,
    )
    if zone is None or zone in "Zz":
        return at
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "")
    return at - sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _aware(at: datetime) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def from_epoch(seconds: float) -> datetime:
    """A time from seconds since 1970, to the microsecond. Raises BadInput beyond the years 1 to 9999."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        raise BadInput("") from None


def to_epoch(at: datetime) -> int | float:
    """Seconds since 1970, to the millisecond as AWS gives them; an int where they are whole."""
    since = _aware(at) - EPOCH
    seconds = since.days * 86_400 + since.seconds
    thousandths = since.microseconds // 1000
    return (seconds * 1000 + thousandths) / 1000 if thousandths else seconds


def iso_seconds(at: datetime) -> str:
    """``2026-01-02T03:04:05Z``, the fraction cut off: as IAM and STS print it."""
    utc = _aware(at)  # a format string costs a third of strftime
    return f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{utc.hour:02}:{utc.minute:02}:{utc.second:02}Z"


def iso_millis(at: datetime) -> str:
    """``2026-01-02T03:04:05.678Z``: as EC2, S3 and most others print it."""
    utc = _aware(at)
    return f"{utc.strftime('%Y-%m-%dT%H:%M:%S')}.{utc.microsecond // 1000:03d}Z"


def http_date(at: datetime) -> str:
    """``Fri, 02 Jan 2026 03:04:05 GMT``."""
    return format_datetime(_aware(at).replace(microsecond=0), usegmt=True)


def epoch_text(at: datetime) -> str:
    """Seconds since 1970 as text."""
    return str(to_epoch(at))


# How a timestampFormat trait writes a time as text.
TIME_FORMATS: Final[dict[str, Callable[[datetime], str]]] = {
    "iso8601": iso_millis,
    "rfc822": http_date,
    "unixtimestamp": epoch_text,
}


def float_text(number: float) -> str:
    """A float as text, with the names that Smithy gives to what is no number."""
    if math.isfinite(number):
        return repr(float(number))
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
