"""An audit: every role pass of a trail added up, with a word on all that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from passrole.analysis.audit.faults import Skipped, StoppedAt
from passrole.analysis.audit.sources import Piece, is_far
from passrole.analysis.audit.takers import takers
from passrole.analysis.audit.usage import Usage
from passrole.analysis.audit.workers import PassReader, Report
from passrole.analysis.pool import spread
from passrole.analysis.sources import Source
from passrole.state.directory import Directory

_NAMED: Final = 1000  # faults that are kept one by one; all are counted


@dataclass(slots=True)
class Audit:
    """What an audit found, and what it went through."""

    usage: Usage
    files: int = 0
    records: int = 0
    digests: int = 0
    untold: int = 0  # roles of which a record does not tell: a launch template's, a hidden one
    skipped: list[Skipped] = field(default_factory=list)  # the first of them
    left_out: int = 0  # all of them

    def take(self, report: Report) -> None:
        """Adds what was read."""
        self.usage.add(report.found)
        self.records += report.records
        self.untold += report.untold
        self.digests += report.digest
        self.files += report.done and not report.digest
        self.left_out += len(report.skipped)
        self.skipped += report.skipped[: _NAMED - len(self.skipped)]


def audit(
    pieces: Iterable[Piece],
    source: Source,
    *,
    directory: Directory | None = None,
    jobs: int = 0,
    strict: bool = False,
    progress: Callable[[int], object] = lambda stored: None,
) -> Audit:
    """Reads pieces of a trail, see ``sources.pieces``, on so many processes (0: as many as processors).

    directory, of the account's details, tells whose role a name or an instance profile is. progress is told
    of stored bytes as they are read. strict stops at the first thing that cannot be read, by StoppedAt.
    Raises CannotOpen for a trail that is not there.
    """
    found = Audit(Usage(directory))
    takers()  # made once, before processes are made of this one
    for report in spread(pieces, PassReader(source), Report, jobs, far=is_far):
        if strict and report.skipped:
            raise StoppedAt(str(report.skipped[0]))
        found.take(report)
        progress(report.stored)
    found.skipped.sort(key=lambda one: (one.file, one.place))
    return found
