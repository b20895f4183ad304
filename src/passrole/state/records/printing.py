"""JSON text of what clients send and services answer, whatever is in it, within CloudTrail's bounds.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import orjson

_LARGEST: Final = 100 * 1024  # bytes of requestParameters or responseElements
_OMITTED: Final = b'{"omitted":true}'
_LONGEST: Final = 1024  # bytes of an error's code or message, and of the user agent


def cut(given: str) -> str:
    """At most 1 KB: a longer text ends in three dots, as EC2's encoded messages do."""
    if len(given) <= _LONGEST // 4:  # no character takes more than four bytes
        return given
    encoded = given.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST:
        return given
    return encoded[: _LONGEST - 3].decode("utf-8", "ignore") + "..."


def text(given: str) -> bytes:
    """A text as JSON."""
    try:
        return orjson.dumps(given)
    except orjson.JSONEncodeError:
        return orjson.dumps(_clean(given))


def json(value: object) -> bytes:
    """A value as JSON; beyond the bound, that it was left out."""
    try:
        printed = orjson.dumps(value)
    except orjson.JSONEncodeError:
        printed = orjson.dumps(_clean(value))
    return printed if len(printed) <= _LARGEST else _OMITTED


def _clean(value: object) -> object:
    """What orjson takes, of what a client can send: half characters, endless integers, bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else ""
