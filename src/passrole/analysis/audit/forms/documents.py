"""JSON values of other kinds, as commands and consoles print them: each is taken in whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from passrole.analysis.audit.exports import R, record_of, unwrapped
from passrole.analysis.audit.faults import Digest, Foreign
from passrole.analysis.audit.forms.intake import BROKEN, LARGEST, NO_RECORD, SCANNER, Intake, past

# Members of what may have records in it; of these, the ones that are lists may be empty.
_LISTS: Final = ("Records", "Events", "events", "QueryResultRows", "ResultSet")
_KNOWN: Final = (
    *_LISTS,
    "CloudTrailEvent",
    "EventName",
    "detail",
    "digestPublicKeyFingerprint",
    "eventJson",
    "eventName",
    "eventname",
)


def documents(intake: Intake[R]) -> Iterator[list[R]]:
    """The records of each value, one after the other. Raises Foreign for a file that has none, and Digest."""
    intake.more(LARGEST)
    text = intake.left.decode("latin-1")
    at, number, some = 0, 0, False
    while (at := past(text, at, " \t\r\n\0")) < len(text):
        number += 1
        try:
            _, end = SCANNER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            if not some:
                raise Foreign("not a trail: broken JSON, or too large to be looked at whole") from None
            intake.fault(f"byte {at}", BROKEN)
            return
        try:
            content = msgspec.json.decode(intake.left[at:end])
        except (msgspec.DecodeError, RecursionError):
            intake.fault(f"value {number}", BROKEN)
        else:
            if not some and not _has_records(content):
                raise Foreign("not a trail: JSON without records")
            yield list(of_content(intake, content, f"value {number}"))
        some = True
        at = end


def of_content(intake: Intake[R], content: object, place: str) -> Iterator[R]:
    """The records in a JSON value; a fault where there are none. Raises Digest."""
    some = False
    try:
        for event in unwrapped(content):
            some = True
            yield record_of(event, intake.kind)
    except Digest:
        raise
    except (msgspec.DecodeError, TypeError, ValueError):
        intake.fault(place, NO_RECORD)
        return
    if not some and not (isinstance(content, Mapping) and any(name in content for name in _LISTS)):
        intake.fault(place, NO_RECORD)


def _has_records(content: object) -> bool:
    return isinstance(content, Mapping) and any(name in content for name in _KNOWN)
