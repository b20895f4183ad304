"""A record a line, or something that holds records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic

import msgspec

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.forms.documents import of_content
from passrole.analysis.audit.forms.intake import BROKEN, LARGEST, Intake

_LOOKED_AT: Final = 4  # lines that tell whether a file is one of lines


def is_lines(head: bytes) -> bool:
    """Is one of the first lines a whole JSON object? The very first may be broken."""
    lines = head.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    return len(lines) > 1 and any(map(_is_object, lines))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


class Lines(Generic[R]):
    """Reads the lines of one file."""

    def __init__(self, intake: Intake[R]) -> None:
        self._in = intake
        self._number = 0  # of the line before

    def read(self) -> Iterator[list[R]]:
        """All of them, many at a time. Raises Digest."""
        into = self._in
        while True:
            at = into.left.rfind(b"\n") + 1
            if not at and len(into.left) > LARGEST:
                into.fault(f"line {self._number + 1}", "too long a line")
                return
            if at:
                piece, into.left = into.left[:at], into.left[at:]
                yield self._decoded(piece)
            if not into.more(len(into.left)):
                piece, into.left = into.left, b""
                yield self._decoded(piece)
                return

    def _decoded(self, piece: bytes) -> list[R]:
        try:
            found = self._in.one.decode_lines(piece)
        except (msgspec.DecodeError, RecursionError):
            found = []
        if found and all(one.eventName for one in found):
            self._number += piece.count(b"\n")
            return found
        found = []
        for line in piece.split(b"\n"):
            self._number += 1
            if line.strip():
                found += self._of_line(line, f"line {self._number}")
        self._number -= 1  # behind the last end of a line there is no line yet
        return found

    def _of_line(self, line: bytes, place: str) -> Iterator[R]:
        into = self._in
        try:
            one = into.one.decode(line)
        except (msgspec.DecodeError, RecursionError):
            one = into.kind()
        if one.eventName:
            yield one
            return
        try:
            content = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            cut_off = into.cut is not None and into.over and not into.left
            into.fault(place, "cut off" if cut_off else BROKEN)
            return
        yield from of_content(into, content, place)
