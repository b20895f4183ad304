"""One file on its way in: the bytes that are not read yet, and what is told of those that were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final, Generic

import msgspec

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.faults import Cut

Fault = Callable[[str, str], None]  # (place, why)

# The most of a file that is kept: a record has 256 KB at most, and a document that is no list of records is
# looked at as a whole.
LARGEST: Final = 32 << 20
SPACE: Final = b" \t\r\n"
BROKEN: Final = "broken JSON"
NO_RECORD: Final = "not a CloudTrail record"

# Finds where a JSON value ends, which quicker parsers do not tell. It is given one letter a byte.
SCANNER: Final = json.JSONDecoder(strict=False)


_NAME: Final = attrgetter("eventName")


class Intake(Generic[R]):
    """What a file holds, taken in as needed. left are the bytes to be read next."""

    def __init__(self, chunks: Iterable[bytes], fault: Fault, kind: type[R]) -> None:
        self.kind: Final = kind
        self.decode_list = msgspec.json.Decoder(list[kind]).decode  # type: ignore[valid-type]  # as it is given
        self.one = msgspec.json.Decoder(kind)
        self.fault: Final = fault
        self.left = b""
        self.over = False
        self.count = 0  # records so far, broken ones included
        self.cut: Cut | None = None
        self._chunks = iter(chunks)

    def more(self, least: int = 1) -> bool:
        """Takes pieces in until there are so many bytes more; False at the end."""
        if self.over:
            return False
        pieces = [self.left]
        taken = 0
        while taken < max(1, least):
            try:
                piece = next(self._chunks, None)
            except Cut as cut:
                self.cut = cut
                piece = None
            if piece is None:
                self.over = True
                break
            pieces.append(piece)
            taken += len(piece)
        self.left = b"".join(pieces)
        return taken > 0

    def kept(self, found: list[R]) -> list[R]:
        """The records among what decoded as such; others are told of."""
        start = self.count
        self.count += len(found)
        if all(map(_NAME, found)):  # a third of what a comprehension takes
            return found
        for number, one in enumerate(found, start + 1):
            if not one.eventName:
                self.fault(f"record {number}", NO_RECORD)
        return [one for one in found if one.eventName]

    def single(self, piece: bytes) -> list[R]:
        """The one record in a JSON value; none, and a fault, where it is another thing."""
        try:
            return self.kept([self.one.decode(piece)])
        except (ValueError, RecursionError):
            self.count += 1
            self.fault(f"record {self.count}", NO_RECORD)
            return []


def past(text: str, at: int, skipped: str) -> int:
    """The first place from there on where none of these letters stands."""
    while at < len(text) and text[at] in skipped:
        at += 1
    return at
