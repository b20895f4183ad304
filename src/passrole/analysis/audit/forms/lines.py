"""A record a line, or something that holds records; the time of CloudWatch Logs may stand before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic

import msgspec

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.forms.doubt import Doubt
from passrole.analysis.audit.forms.intake import BROKEN, LARGEST, SCANNER, Intake, past
from passrole.analysis.audit.forms.values import of_content

_LOOKED_AT: Final = 4  # lines that tell whether a file is one of lines
_LEAD: Final = 256  # bytes that may stand before the record in a line
_RAW: Final = b'"_raw":'  # beside which other members do not make a record


def is_lines(head: bytes) -> bool:
    """Is one of the first lines a whole JSON object? The very first may be broken."""
    lines = head.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    return len(lines) > 1 and any(map(_is_object, lines))


def _bare(line: bytes) -> bytes:
    """Without what stands before the object: CloudWatch Logs exports ``2026-01-05T09:12:44.000Z {…}``."""
    at = line.find(b"{", 0, _LEAD)
    return line[at:] if at > 0 and b'"' not in line[:at] and b"[" not in line[:at] else line


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(_bare(line)), dict)
    except (ValueError, RecursionError):
        return False


class Lines(Generic[R]):
    """Reads the lines of one file."""

    def __init__(self, intake: Intake[R]) -> None:
        self._in = intake
        self._doubt = Doubt(intake.fault)
        self._number = 0  # of the line before

    def read(self) -> Iterator[list[R]]:
        """All of them, many at a time. Raises Foreign where no line has any, and Digest."""
        into = self._in
        while True:
            at = into.left.rfind(b"\n") + 1
            if not at and len(into.left) > LARGEST:
                self._doubt.fault(f"line {self._number + 1}", "too long a line")
                self._doubt.end()
                return
            if at:
                piece, into.left = into.left[:at], into.left[at:]
                yield self._decoded(piece)
            if not into.more(len(into.left)):
                piece, into.left = into.left, b""
                yield self._decoded(piece)
                self._doubt.end()
                return

    def _decoded(self, piece: bytes) -> list[R]:
        try:
            found = self._in.one.decode_lines(piece)
        except (ValueError, RecursionError):
            found = []
        if found and all(one.eventName for one in found) and _RAW not in piece:
            self._doubt.lift()
            self._number += piece.count(b"\n")
            return found
        found = []
        for line in piece.split(b"\n"):
            self._number += 1
            if line.strip():
                found += self._of_line(line, f"line {self._number}")
        self._number -= 1  # behind the last end of a line there is no line yet
        return found

    def _of_line(self, line: bytes, place: str) -> list[R]:
        into = self._in
        line = _bare(line)
        try:
            one = into.one.decode(line)
        except (ValueError, RecursionError):
            one = into.kind()
        if one.eventName and _RAW not in line:
            self._doubt.lift()
            return [one]
        try:
            content = msgspec.json.decode(line)
        except (ValueError, RecursionError):
            return self._of_several(line, place)
        return of_content(into, content, place, self._doubt)

    def _of_several(self, line: bytes, place: str) -> list[R]:
        """What several values in one line hold, as Firehose puts them after one another."""
        into = self._in
        found: list[R] = []
        text = line.decode("latin-1")  # one letter a byte
        at = 0
        while (at := past(text, at, " \t\r\0,")) < len(text):
            try:
                _, end = SCANNER.raw_decode(text, at)
                content = msgspec.json.decode(line[at:end])
            except (ValueError, RecursionError):
                cut_off = into.cut is not None and into.over and not into.left
                self._doubt.fault(place, "cut off" if cut_off else BROKEN)
                break
            found += of_content(into, content, place, self._doubt)
            at = end
        return found
