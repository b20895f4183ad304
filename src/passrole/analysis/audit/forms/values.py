"""JSON values of other kinds, as commands, queues and searches print them: one, or several after one another.

Each is taken in whole, unless it is large: then it is stepped into, and what is in it is read one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, Generic

import msgspec

from passrole.analysis.audit.exports import R, record_of
from passrole.analysis.audit.forms.doubt import Doubt
from passrole.analysis.audit.forms.intake import BROKEN, LARGEST, NO_RECORD, SCANNER, Intake, past
from passrole.analysis.audit.schemas import product_of
from passrole.analysis.audit.unwrapping import cells, is_athena, is_empty, unwrapped

_TAKEN: Final = 1 << 20  # bytes that are gone through at once
_LARGE: Final = 8 << 20  # bytes of a value that is stepped into
_BATCH: Final = 500
_NEAR: Final = 16  # letters from the end of a text in which a fault may come of the end
_BETWEEN: Final = " \t\r\n\0,:"
_FIRST: Final = re.compile(rb'\{\s*"([^"\\]*)"\s*:')
# What people have beside their trails, by a member of it.
_KINDS: Final[Mapping[str, str]] = {
    "UserDetailList": "an account's details, which --details takes",
    "insightDetails": "CloudTrail Insights, which has no calls",
    "s3ObjectKey": "a notification of a log, not the log itself",
    "planned_values": "a Terraform plan",
}

# What stands before a value of which nothing is known: between two values, and between two items.
_VALUE: Final = re.compile(rb'\}\s*(?=\{\s*")')
_ITEM: Final = re.compile(rb'\}\s*,\s*(?=\{\s*")')


def values(intake: Intake[R]) -> Iterator[list[R]]:
    """The records of each value, one after the other. Raises Foreign for a file that has none, and Digest."""
    return _Values(intake).read()


def of_content(
    intake: Intake[R], content: object, place: str, doubt: Doubt, *, quiet: bool = False
) -> list[R]:
    """The records in a value; what is none is a fault, and so is, unless quiet, a value without any.

    Raises Digest.
    """
    found: list[R] = []
    some = False

    def broken() -> None:
        doubt.lift()
        doubt.fault(place, BROKEN)

    for event in unwrapped(content, broken):
        some = True
        try:
            found.append(record_of(event, intake.kind))
        except (TypeError, ValueError, RecursionError):
            doubt.fault(place, NO_RECORD)
    if found or is_empty(content):
        doubt.lift()
    elif not some and not quiet:
        if isinstance(content, Mapping) and (kind := _kind_of(content)):
            doubt.why = f"not a trail: {kind}"
        doubt.fault(place, NO_RECORD)
    return found


def _kind_of(content: Mapping[str, object]) -> str:
    """What a value is that has no records, "" for what is not known here."""
    known = next((kind for member, kind in _KINDS.items() if member in content), "")
    return known or product_of(content)


class _Values(Generic[R]):
    """Reads the values of one file."""

    def __init__(self, intake: Intake[R]) -> None:
        self._in = intake
        self._doubt = Doubt(intake.fault)
        self._open: list[str] = []  # brackets of what was stepped into
        self._number = 0  # of the value before
        self._name = b""  # of the first member of the first value: where the next one may begin
        self._header: list[str] = []  # of an Athena result that was stepped into
        self._cut_off = False  # is what is stepped into cut off?

    def read(self) -> Iterator[list[R]]:
        """All of them. Raises Foreign and Digest."""
        into = self._in
        while True:
            text = into.left.decode("latin-1")  # one letter a byte
            at = 0
            found: list[R] = []
            while (at := past(text, at, _BETWEEN)) < len(text):
                following = self._next(text, at, found)
                if following == at:
                    break
                at = following
                if len(found) >= _BATCH:
                    yield found
                    found = []
            into.left = into.left[at:]
            yield found
            if not into.more(max(_TAKEN, len(into.left))) and not into.left.strip(b" \t\r\n\0,"):
                break
        if self._cut_off:
            self._doubt.why = f"not a trail: {BROKEN}"
            self._fault("cut off" if into.cut is not None else f"{BROKEN}: it is not closed")
        self._doubt.end()

    def _next(self, text: str, at: int, found: list[R]) -> int:
        """Reads what begins there; where that ends, or the same place where more must be taken in."""
        into = self._in
        if text[at] in "]}":
            if self._open:
                self._open.pop()
            return at + 1
        left = len(text) - at
        try:
            _, end = SCANNER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            torn = error.msg.startswith("Unterminated") or error.pos >= len(text) - _NEAR
            if torn and not into.over and left <= _LARGE:
                return at
            if not torn:
                return self._behind(text, at)
            self._cut_off = self._cut_off or into.over
            if text[at] not in "[{":
                return len(text)
            # Too large to be taken whole, or cut off: what is in it may be whole.
            self._open.append(text[at])
            return at + 1
        except RecursionError:
            return self._behind(text, at)
        self._take(into.left[at:end], found)
        return end

    def _take(self, piece: bytes, found: list[R]) -> None:
        item = not self._open or self._open[-1] == "["
        if item:
            self._number += 1
        if not self._name and (first := _FIRST.match(piece)) is not None:
            self._name = first[1]
        place = f"value {self._number}"
        try:
            content: object = msgspec.json.decode(piece)
        except (ValueError, RecursionError):
            self._fault(BROKEN)
            return
        if self._open and is_athena(content):
            row = cells(content)
            if not self._header:
                self._header = row
                return
            content = dict(zip(self._header, row, strict=False))
        found += of_content(self._in, content, place, self._doubt, quiet=not item or self._cut_off)

    def _behind(self, text: str, at: int) -> int:
        """Where the next value begins behind a broken one."""
        into = self._in
        name = self._name
        if not name and (first := _FIRST.match(into.left, at)) is not None:
            name = first[1]
        begins = re.compile(rb'[\]}\s,]\s*(?=\{\s*"' + re.escape(name) + rb'"\s*:)')
        if not name:
            begins = _ITEM if self._open else _VALUE
        after = begins.search(into.left, at + 1)
        if after is None and not into.over and len(text) - at <= LARGEST:
            return at
        self._number += 1
        self._doubt.why = f"not a trail: {BROKEN}"
        self._fault(BROKEN)
        return after.end() if after is not None else len(text)

    def _fault(self, why: str) -> None:
        self._doubt.fault(f"value {self._number}", why)
