"""A whole trail replayed, by as many processes as there are, each event once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from passrole.analysis.audit.events import WholeRecord
from passrole.analysis.audit.faults import CannotOpen, Digest, Foreign, Skipped, StoppedAt
from passrole.analysis.audit.seen import Seen
from passrole.analysis.audit.sources import Piece, Reader, is_far
from passrole.analysis.audit.takers import takers
from passrole.analysis.pool import FORKS, spread
from passrole.analysis.replay import Replay
from passrole.analysis.replayed import Judged, Replayed
from passrole.analysis.sources import Source

_NAMED: Final = 1000  # faults that are kept one by one; all are counted


class Part(msgspec.Struct, array_like=True):
    """What came of some of a piece's calls."""

    judged: list[Judged]
    skipped: list[Skipped]
    stored: int = 0
    done: bool = False


class _Replayer:
    """Replays pieces; a process has one for all its pieces."""

    def __init__(self, replay: Replay, source: Source) -> None:
        self._replay = replay
        self._reader = Reader(source)

    def __call__(self, piece: Piece) -> Iterator[Part]:
        """What comes of the calls in one piece, batch by batch."""
        part = Part([], [])

        def fault(place: str, why: str) -> None:
            part.skipped.append(Skipped(piece.name, place, why))

        def progress(stored: int) -> None:
            part.stored += stored

        try:
            for batch in () if piece.is_digest else self._reader.read(piece, fault, progress, WholeRecord):
                for record in batch:
                    try:
                        part.judged.append(self._replay.judge(record.as_event()))
                    except (ValueError, RecursionError) as error:
                        fault(f"event {record.eventID}", f"not read: {error}")
                yield part
                part = Part([], [])
        except Digest:
            pass
        except Foreign as error:
            fault("", str(error))
        except CannotOpen as error:
            part.skipped.append(Skipped(piece.name, "", str(error), unopened=True))
        part.done = True
        yield part


@dataclass(slots=True)
class Replaying:
    """A trail on its way through a replay: how its calls came out, and what could not be read."""

    counts: Counter[str] = field(default_factory=Counter)  # by outcome, see replayed.OUTCOMES
    skipped: list[Skipped] = field(default_factory=list)  # the first of them
    left_out: int = 0

    def rows(
        self,
        replay: Replay,
        pieces: Iterable[Piece],
        source: Source,
        *,
        jobs: int = 0,
        strict: bool = False,
        progress: Callable[[int], object] = lambda stored: None,
    ) -> Iterator[Replayed]:
        """The calls that come out otherwise, or of which that is not known, as they are found.

        See ``auditing.audit`` for the rest. Raises StoppedAt and CannotOpen.
        """
        takers()  # made once, before processes are made of this one
        seen = Seen()
        for part in spread(pieces, _Replayer(replay, source), Part, jobs if FORKS else 1, far=is_far):
            if strict and part.skipped:
                raise StoppedAt(str(part.skipped[0]))
            self.left_out += len(part.skipped)
            self.skipped += part.skipped[: _NAMED - len(self.skipped)]
            progress(part.stored)
            for one in part.judged:
                if not seen.before(one.event):
                    self.counts[one.outcome] += 1
                    if one.row is not None:
                        yield one.row
