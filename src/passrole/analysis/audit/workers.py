"""Pieces of a trail read by several processes, each with one piece at a time.

A process tells what it found some hundreds of passes at a time, and waits until that is taken: however large
a piece, and however slow the reader of the answers, no more is in memory.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final

import msgspec

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.extract import Found, extract, is_of_interest
from passrole.analysis.audit.faults import CannotOpen, Digest, Foreign, Skipped
from passrole.analysis.audit.sources import Piece, Reader
from passrole.analysis.audit.takers import Takers, takers
from passrole.analysis.sources import Source
from passrole.values.errors import PassroleError

_ENOUGH: Final = 400  # passes that are told of at once
_OFTEN: Final = 20  # batches of records after which progress is told


class Report(msgspec.Struct, array_like=True):
    """What came out of a part of a piece. raw counts bytes of records, stored those of the file."""

    found: list[Found]
    skipped: list[Skipped]
    records: int = 0
    stored: int = 0
    untold: int = 0
    digest: bool = False
    done: bool = False  # the last report of this piece


class WorkerLost(PassroleError):
    """A process that ended while it had work: out of memory, or ended by someone."""


_reports: Final = msgspec.msgpack.Decoder(Report)
_pieces: Final = msgspec.msgpack.Decoder(Piece)


def read_piece(piece: Piece, reader: Reader) -> Iterator[Report]:
    """The passes in one piece, some hundreds at a time; the last report has done set."""
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
    try:
        for batch in reader.read(piece, fault, progress, Record):
            number += 1
            told.records += len(batch)
            for record in [one for one in batch if one.eventName not in dull or one.errorMessage is not None]:
                if is_of_interest(record, table):
                    _look(record, table, piece, told)
            if len(told.found) >= _ENOUGH or number % _OFTEN == 0:
                yield told
                told = Report([], [])
    except Digest:
        told.digest = True
    except (Foreign, CannotOpen) as error:
        fault("", str(error))
    told.done = True
    yield told


def _look(record: Record, table: Takers, piece: Piece, told: Report) -> None:
    try:
        extracted = extract(record, table)
    except (msgspec.DecodeError, RecursionError) as error:
        told.skipped.append(Skipped(piece.name, f"event {record.eventID}", f"not read: {error}"))
        return
    told.found += extracted.passes
    told.untold += extracted.untold


def usual_jobs() -> int:
    """As many processes as this one may have processors."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read_pieces(pieces: Iterable[Piece], source: Source, jobs: int) -> Iterator[Report]:
    """The reports of all pieces, in the order in which they come. Raises WorkerLost and CannotOpen."""
    waiting = iter(pieces)
    first = [piece for _, piece in zip(range(jobs), waiting, strict=False)]
    if len(first) < 2 or jobs < 2:
        reader = Reader(source)
        for piece in first:
            yield from read_piece(piece, reader)
        for piece in waiting:
            yield from read_piece(piece, reader)
        return
    takers()  # made once, before processes are made of this one
    with _Pool(len(first), source) as pool:
        for piece in first:
            pool.give(piece)
        while pool.busy:
            for report in pool.reports():
                yield report
                if report.done and (following := next(waiting, None)) is not None:
                    pool.give(following)


class _Pool:
    """The processes, each at the other end of a pipe."""

    def __init__(self, jobs: int, source: Source) -> None:
        # Forked, a process has the catalog already; elsewhere than on Linux that is not safe.
        forked = sys.platform == "linux"
        context = multiprocessing.get_context("fork") if forked else multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}
        self._idle: list[Connection] = []
        self.busy: set[Connection] = set()
        for _ in range(jobs):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, source), daemon=True)
            process.start()
            there.close()
            self._processes[here] = process
            self._idle.append(here)

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in self._processes.items():
            connection.close()
            process.terminate()
        for process in self._processes.values():
            process.join()

    def give(self, piece: Piece) -> None:
        """Has an idle process read a piece."""
        connection = self._idle.pop()
        connection.send_bytes(msgspec.msgpack.encode(piece))
        self.busy.add(connection)

    def reports(self) -> Iterator[Report]:
        """What has come, once something has."""
        for ready in wait(list(self.busy)):
            if not isinstance(ready, Connection):
                continue
            try:
                report = _reports.decode(ready.recv_bytes())
            except (EOFError, ConnectionError):
                self._processes[ready].join()
                code = self._processes[ready].exitcode
                raise WorkerLost(f"a process that read the trail has ended (exit status {code})") from None
            if report.done:
                self.busy.discard(ready)
                self._idle.append(ready)
            yield report


def _work(connection: Connection, source: Source) -> None:
    """The life of a process: piece after piece, until the other end closes."""
    gc.freeze()  # what was made before the fork stays shared with the other processes
    reader = Reader(source)
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            piece = _pieces.decode(connection.recv_bytes())
            for report in read_piece(piece, reader):
                connection.send_bytes(msgspec.msgpack.encode(report))
