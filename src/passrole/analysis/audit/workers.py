"""What an audit's processes do: read a piece, and tell of the passes in it some hundreds at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import attrgetter
from typing import Final

import msgspec

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.extract import Found, extract, is_of_interest
from passrole.analysis.audit.faults import CannotOpen, Digest, Foreign, Skipped
from passrole.analysis.audit.sources import Piece, Reader
from passrole.analysis.audit.takers import Takers, takers
from passrole.analysis.sources import Source

_ENOUGH: Final = 200  # records that are looked into at once
_OFTEN: Final = 20  # batches of records after which progress is told


_NAME: Final = attrgetter("eventName")
_MESSAGE: Final = attrgetter("errorMessage")


class Report(msgspec.Struct, array_like=True):
    """What came out of a part of a piece. stored counts bytes of the file."""

    found: list[Found]
    skipped: list[Skipped]
    records: int = 0
    stored: int = 0
    untold: int = 0
    digest: bool = False
    done: bool = False  # the last report of this piece


class PassReader:
    """Reads pieces for their passes; a process has one for all its pieces."""

    def __init__(self, source: Source) -> None:
        self._reader = Reader(source)

    def __call__(self, piece: Piece) -> Iterator[Report]:
        """The passes in one piece; the last report has done set."""
        told = Report([], [])

        def fault(place: str, why: str) -> None:
            told.skipped.append(Skipped(piece.name, place, why))

        def progress(stored: int) -> None:
            told.stored += stored

        if piece.is_digest:
            yield Report([], [], stored=piece.size, digest=True, done=True)
            return
        table = takers()
        dull = table.uninteresting
        number = 0
        # Looked into together: in between, the records would drive that code out of the processor's cache.
        waiting: list[Record] = []
        try:
            for batch in self._reader.read(piece, fault, progress, Record):
                number += 1
                told.records += len(batch)
                waiting += [one for one in _possible(batch, dull) if is_of_interest(one, table)]
                if len(waiting) >= _ENOUGH or number % _OFTEN == 0:
                    _look(waiting, table, piece, told)
                    waiting = []
                    yield told
                    told = Report([], [])
        except Digest:
            told.digest = True
        except Foreign as error:
            fault("", str(error))
        except CannotOpen as error:
            told.skipped.append(Skipped(piece.name, "", str(error), unopened=True))
        _look(waiting, table, piece, told)
        told.done = True
        yield told


def _possible(batch: Sequence[Record], dull: Mapping[str, object]) -> Iterator[Record]:
    """The records that are not known to be dull by their names. Most are: no loop of Python's sees them."""
    names = list(map(_NAME, batch))
    fresh = set(names).difference(dull)
    yield from compress(batch, map(fresh.__contains__, names))
    for record in compress(batch, map(_MESSAGE, batch)):
        if record.eventName not in fresh:
            yield record


def _look(records: Sequence[Record], table: Takers, piece: Piece, told: Report) -> None:
    for record in records:
        try:
            extracted = extract(record, table)
        except (ValueError, RecursionError) as error:
            told.skipped.append(Skipped(piece.name, f"event {record.eventID}", f"not read: {error}"))
            continue
        told.found += extracted.passes
        told.untold += extracted.untold
