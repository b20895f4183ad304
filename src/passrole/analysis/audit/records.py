"""A trail's bytes taken apart into records, many at a time and never a whole file at once.

CloudTrail's own files are ``{"Records":[…]}``. All records of a file begin with the same member, so a piece
of the file is cut before the last beginning that is in it, and decoded as a list in one go. That checks every
byte and still passes most of a record over; where a piece does not decode, it is gone through record by
record, and only what is broken is left out. Lines are decoded likewise; every other form of JSON, and exports
as CSV, are read one by one.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic

import msgspec

from passrole.analysis.audit.exports import R, is_header, of_row, record_of, unwrapped
from passrole.analysis.audit.faults import Cut, Digest, Foreign

Fault = Callable[[str, str], None]  # (place, why)

# The most of a file that is kept: a record has 256 KB at most, a document that is no list of records is
# looked at as a whole.
_LARGEST: Final = 32 << 20
_ENOUGH: Final = 1 << 16  # bytes that tell the form of a file
_LOOKED_AT: Final = 4  # lines that tell whether a file is one of lines
_LINES: Final = 4 << 20  # bytes of one line

_LIST: Final = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_FIRST: Final = re.compile(rb'\s*\{\s*"(\w+)"\s*:')
_USUAL: Final = b"eventVersion"  # what a record begins with
_SPACE: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_COLUMNAR: Final[Mapping[bytes, str]] = {b"PAR1": "Parquet", b"ORC": "ORC", b"Obj\x01": "Avro"}
_BROKEN: Final = "broken JSON"
_NO_RECORD: Final = "not a CloudTrail record"

_scanner: Final = json.JSONDecoder(strict=False)

csv.field_size_limit(_LINES)


def records(chunks: Iterable[bytes], fault: Fault, kind: type[R]) -> Iterator[list[R]]:
    """The records in a file, in order, some hundreds at a time.

    kind is Record, or WholeRecord where more of each is needed; fault is told of each thing that is left
    out, by its place. Raises Foreign for a file that is no trail and Digest for CloudTrail's own proofs.
    """
    reader = _Reader(chunks, fault, kind)
    try:
        yield from reader.read()
    except Foreign:
        if reader.cut is None:
            raise
    if reader.cut is not None:
        fault(reader.cut.place, reader.cut.why)


class _Reader(Generic[R]):
    """One file on its way through."""

    def __init__(self, chunks: Iterable[bytes], fault: Fault, kind: type[R]) -> None:
        self._kind = kind
        self._decode_list = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]  # as it is given
        self._decode_one = msgspec.json.Decoder(kind)
        self._chunks = iter(chunks)
        self._fault = fault
        self._left = b""
        self._over = False
        self._count = 0  # records so far, broken ones included
        self.cut: Cut | None = None

    def read(self) -> Iterator[list[R]]:
        """All of it."""
        while len(self._left) < _ENOUGH and self._more():
            pass
        if self._left.startswith(_BOM):
            self._left = self._left[len(_BOM) :]
        head = self._left.lstrip(_SPACE)
        if not head:
            return
        for magic, name in _COLUMNAR.items():
            if head.startswith(magic):
                raise Foreign(f"{name}, which is not read here: export JSON or CSV")
        if _LIST.match(head) or head.startswith(b"["):
            yield from self._lists()
        elif head.startswith(b"{"):
            yield from self._lines() if self._is_lines(head) else self._documents()
        elif (header := _csv_row(head)) is not None and is_header(header):
            yield from self._csv()
        else:
            raise Foreign("not a trail: neither JSON nor an export of records")

    def _more(self) -> bool:
        """Takes the next piece in; False at the end."""
        if self._over:
            return False
        try:
            piece = next(self._chunks, None)
        except Cut as cut:
            self.cut = cut
            piece = None
        if piece is None:
            self._over = True
            return False
        self._left = self._left + piece if self._left else piece
        return True

    def _kept(self, found: list[R]) -> list[R]:
        """The records among what decoded as such; others are told of."""
        start = self._count
        self._count += len(found)
        kept = [one for one in found if one.eventName]
        if len(kept) < len(found):
            for number, one in enumerate(found, start + 1):
                if not one.eventName:
                    self._fault(f"record {number}", _NO_RECORD)
        return kept

    # Lists of records

    def _lists(self) -> Iterator[list[R]]:
        """``{"Records":[…]}`` or ``[…]``, one or several after one another."""
        while True:
            while (opening := self._opening()) is None:
                if not self._more():
                    if self._left.strip(_SPACE + b"\0"):
                        self._fault(f"after record {self._count}", "something that is no list of records")
                    return
                if len(self._left) > _LARGEST:
                    self._fault(f"after record {self._count}", "something that is no list of records")
                    return
            self._left = self._left[opening:]
            yield from self._list()

    def _opening(self) -> int | None:
        """Where the records of a list begin."""
        opening = _LIST.match(self._left)
        if opening is not None:
            return opening.end()
        bare = self._left.lstrip(_SPACE)
        return len(self._left) - len(bare) + 1 if bare.startswith(b"[") else None

    def _list(self) -> Iterator[list[R]]:
        """The records up to the end of the list, whose opening bracket is behind."""
        first = _FIRST.match(self._left)
        name = first[1] if first is not None else _USUAL
        # What stands between two records: with CloudTrail's own files a text, else a pattern.
        plain = b'},{"' + name + b'":'
        spaced = re.compile(rb'\}\s*,\s*\{\s*"' + re.escape(name) + rb'"\s*:')
        while True:
            at = self._left.rfind(plain)
            if at < 0:
                at = max((found.start() for found in spaced.finditer(self._left)), default=-1)
            if at >= 0:
                piece, left = self._left[: at + 1], self._left[at + 1 :].lstrip(_SPACE + b",")
                found, ended = self._decoded(piece, spaced)
                yield found
                if ended:  # and another one has begun
                    self._left += b"," + left
                    return
                self._left = left
            if self._more():
                if len(self._left) > _LARGEST:
                    found, ended = self._one_by_one(spaced, last=False)
                    yield found
                    if ended:
                        return
                continue
            # The last record, or all of them where no two begin alike, with what closes the list.
            found, _ = self._one_by_one(spaced, last=True)
            yield found
            return

    def _decoded(self, piece: bytes, spaced: re.Pattern[bytes]) -> tuple[list[R], bool]:
        """The records in a piece, and whether the list ended in it: what is behind is then left."""
        try:
            found = self._decode_list(b"[" + piece + b"]")
        except (msgspec.DecodeError, RecursionError):
            self._left = piece
            return self._one_by_one(spaced, last=True, closed=False)
        return self._kept(found), False

    def _one_by_one(
        self, spaced: re.Pattern[bytes], *, last: bool, closed: bool = True
    ) -> tuple[list[R], bool]:
        """The records in what is left, each decoded by itself; whether the list ended.

        last tells that nothing follows, closed that the list must be closed by then. What was read is
        taken off.
        """
        text = self._left.decode("latin-1")  # one letter a byte: only where values end is looked for
        found: list[R] = []
        at = 0
        while True:
            at = _past(text, at, " \t\r\n,")
            if at >= len(text):
                if last and closed and self.cut is None:
                    self._fault(f"after record {self._count}", "the list of records is not closed")
                break
            if text[at] == "]":
                at = _past(text, at + 1, " \t\r\n")
                self._left = self._left[at + 1 :] if text[at : at + 1] == "}" else self._left[at:]
                return found, True
            try:
                _, end = _scanner.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                after = spaced.search(self._left, at + 1)
                if after is None and not last:
                    break
                self._count += 1
                self._fault(
                    f"record {self._count}", _BROKEN if after is not None or not self.cut else "cut off"
                )
                if after is None:
                    at = len(text)
                    break
                at = after.start() + 1
                continue
            found += self._single(self._left[at:end])
            at = end
        self._left = self._left[at:]
        return found, False

    def _single(self, piece: bytes) -> list[R]:
        try:
            return self._kept([self._decode_one.decode(piece)])
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._count += 1
            self._fault(f"record {self._count}", _NO_RECORD)
            return []

    # Lines

    @staticmethod
    def _is_lines(head: bytes) -> bool:
        """Is one of the first lines a whole JSON object? The very first may be broken."""
        lines = head[:_ENOUGH].split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
        return len(lines) > 1 and any(map(_is_object, lines))

    def _lines(self) -> Iterator[list[R]]:
        """A record, or something that holds records, a line."""
        number = 0
        while True:
            at = self._left.rfind(b"\n") + 1
            if not at and len(self._left) > _LARGEST:
                self._fault(f"line {number + 1}", "too long a line")
                return
            if at:
                piece, self._left = self._left[:at], self._left[at:]
                found, number = self._of_lines(piece, number)
                yield found
            if not self._more():
                found, _ = self._of_lines(self._left, number)
                self._left = b""
                yield found
                return

    def _of_lines(self, piece: bytes, number: int) -> tuple[list[R], int]:
        """The records in some lines, of which the first has that number less one."""
        try:
            found = self._decode_one.decode_lines(piece)
        except (msgspec.DecodeError, RecursionError):
            found = []
        if found and all(one.eventName for one in found):
            return found, number + piece.count(b"\n")
        found = []
        for line in piece.split(b"\n"):
            number += 1
            if line.strip():
                found += self._of_line(line, f"line {number}")
        return found, number - 1

    def _of_line(self, line: bytes, place: str) -> Iterator[R]:
        try:
            one = self._decode_one.decode(line)
        except (msgspec.DecodeError, RecursionError):
            one = self._kind()
        if one.eventName:
            yield one
            return
        try:
            content = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            why = "cut off" if self.cut is not None and self._over and not self._left else _BROKEN
            self._fault(place, why)
            return
        yield from self._of_content(content, place)

    def _of_content(self, content: object, place: str) -> Iterator[R]:
        """The records in a JSON value that is none itself."""
        some = False
        try:
            for event in unwrapped(content):
                some = True
                yield record_of(event, self._kind)
        except Digest:
            raise
        except (msgspec.DecodeError, TypeError, ValueError):
            self._fault(place, _NO_RECORD)
            return
        if not some and not _is_empty(content):
            self._fault(place, _NO_RECORD)

    # Documents

    def _documents(self) -> Iterator[list[R]]:
        """JSON values of another form, as they are printed by commands: each is taken in whole."""
        while len(self._left) <= _LARGEST and self._more():
            pass
        text = self._left.decode("latin-1")
        at, number, some = 0, 0, False
        while (at := _past(text, at, " \t\r\n\0")) < len(text):
            number += 1
            try:
                _, end = _scanner.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                if not some:
                    raise Foreign("not a trail: broken JSON, or too large to be looked at whole") from None
                self._fault(f"byte {at}", _BROKEN)
                return
            try:
                content = msgspec.json.decode(self._left[at:end])
            except (msgspec.DecodeError, RecursionError):
                self._fault(f"value {number}", _BROKEN)
            else:
                yield list(self._of_content(content, f"value {number}")) if some else self._first(content)
            some = True
            at = end

    def _first(self, content: object) -> list[R]:
        """The records of a file's first value: a file that has none is no trail."""
        found = list(self._of_content(content, "value 1")) if not _is_foreign(content) else []
        if not found and _is_foreign(content):
            raise Foreign("not a trail: JSON without records")
        return found

    # Comma-separated values

    def _csv(self) -> Iterator[list[R]]:
        rows = csv.reader(self._texts())
        header: list[str] = next(rows)
        found: list[R] = []
        number = 1
        while True:
            number += 1
            try:
                row = next(rows)
            except StopIteration:
                break
            except csv.Error as error:
                self._fault(f"row {number}", f"broken CSV: {error}")
                continue
            if row:
                found += self._of_row(dict(zip(header, row, strict=False)), f"row {number}")
            if len(found) >= 500:
                yield found
                found = []
        yield found

    def _of_row(self, row: Mapping[str, str], place: str) -> Iterator[R]:
        event = of_row(row)
        try:
            if event is not None:
                yield record_of(event, self._kind)
                return
        except (msgspec.DecodeError, TypeError, ValueError):
            pass
        self._fault(place, _NO_RECORD)

    def _texts(self) -> Iterator[str]:
        """The lines, with their ends: a quoted cell may go on over several."""
        while True:
            at = self._left.rfind(b"\n") + 1
            piece, self._left = self._left[:at], self._left[at:]
            for line in piece.splitlines(keepends=True):
                yield line.decode("utf-8", "replace")
            if not self._more():
                if self._left:
                    yield self._left.decode("utf-8", "replace")
                    self._left = b""
                return


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _past(text: str, at: int, skipped: str) -> int:
    while at < len(text) and text[at] in skipped:
        at += 1
    return at


def _csv_row(head: bytes) -> list[str] | None:
    line = head.partition(b"\n")[0].decode("utf-8", "replace")
    try:
        return next(csv.reader([line]), None)
    except csv.Error:
        return None


def _is_foreign(content: object) -> bool:
    """Is it a JSON value in which no records could be?"""
    if not isinstance(content, Mapping):
        return True
    known = (
        "Records",
        "Events",
        "events",
        "QueryResultRows",
        "ResultSet",
        "detail",
        "eventName",
        "EventName",
    )
    names = (*known, "CloudTrailEvent", "eventJson", "eventname", "digestPublicKeyFingerprint")
    return not any(name in content for name in names)


def _is_empty(content: object) -> bool:
    """A list of records that has none."""
    lists = ("Records", "Events", "events", "QueryResultRows", "ResultSet")
    return isinstance(content, Mapping) and any(name in content for name in lists)
