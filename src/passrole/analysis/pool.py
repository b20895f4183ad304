"""Pieces of work gone through by several processes, each with one piece at a time.

A process tells what it found part by part, and waits until that is taken: however large a piece, and however
slow who takes the parts, no more is in memory.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from passrole.values.errors import PassroleError


class Part(Protocol):
    """What is told of a piece; done marks the last of its parts."""

    done: bool


P = TypeVar("P", bound=Part)
T = TypeVar("T")  # a piece, which has to be told to a process: it is pickled
Work = Callable[[T], Iterator[P]]

# Forked, a process has the catalog and the account already; elsewhere than on Linux that is not safe.
FORKS: Final = sys.platform == "linux"


class WorkerLost(PassroleError):
    """A process that ended while it had work: out of memory, or ended by someone."""


# Objects between two collections of garbage: there are hardly any cycles, and each collection empties caches.
_RARELY: Final = 100_000
_WAITING: Final = 4  # processes a processor where pieces come from afar: it is waited for most of the time


def usual_jobs(*, far: bool = False) -> int:
    """As many processes as this one may have processors; more where pieces come from afar."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return own * (_WAITING if far else 1)


def spread(
    pieces: Iterable[T],
    work: Work[T, P],
    kind: type[P],
    jobs: int,
    *,
    far: Callable[[T], bool] = lambda piece: False,
) -> Iterator[P]:
    """The parts of all pieces, in the order in which they come.

    kind is what work tells, a structure of msgspec's. jobs 0 is as many processes as is usual, more where the
    first piece is far; a lone piece is gone through in this one. Raises WorkerLost, and what pieces raises.
    """
    waiting = iter(pieces)
    first = list(islice(waiting, 1))
    if first:
        first += islice(waiting, (jobs or usual_jobs(far=far(first[0]))) - 1)
    if len(first) < 2:
        for piece in first:
            yield from work(piece)
        for piece in waiting:
            yield from work(piece)
        return
    with _Pool[T, P](len(first), work, kind) as pool:
        for piece in first:
            pool.give(piece)
        while pool.busy:
            for part in pool.parts():
                yield part
                if part.done and (following := next(waiting, None)) is not None:
                    pool.give(following)


class _Pool(Generic[T, P]):
    """The processes, each at the other end of a pipe."""

    def __init__(self, jobs: int, work: Work[T, P], kind: type[P]) -> None:
        context = multiprocessing.get_context("fork") if FORKS else multiprocessing.get_context("spawn")
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._processes: dict[Connection, BaseProcess] = {}
        self._idle: list[Connection] = []
        self.busy: set[Connection] = set()
        for _ in range(jobs):
            here, there = context.Pipe()
            process = context.Process(target=_live, args=(there, work), daemon=True)
            process.start()
            there.close()
            self._processes[here] = process
            self._idle.append(here)

    def __enter__(self) -> _Pool[T, P]:
        return self

    def __exit__(self, *_: object) -> None:
        for connection, process in self._processes.items():
            connection.close()
            process.terminate()
        for process in self._processes.values():
            process.join()

    def give(self, piece: T) -> None:
        """Has an idle process go through a piece."""
        connection = self._idle.pop()
        connection.send(piece)
        self.busy.add(connection)

    def parts(self) -> Iterator[P]:
        """What has come, once something has."""
        for ready in wait(list(self.busy)):
            if not isinstance(ready, Connection):
                continue
            try:
                part = self._decode(ready.recv_bytes())
            except (EOFError, ConnectionError):
                self._processes[ready].join()
                code = self._processes[ready].exitcode
                raise WorkerLost(f"a process has ended at its work (exit status {code})") from None
            if part.done:
                self.busy.discard(ready)
                self._idle.append(ready)
            yield part


def _live(connection: Connection, work: Work[T, P]) -> None:
    """The life of a process: piece after piece, until the other end closes."""
    gc.freeze()  # what was made before the fork stays shared with the other processes
    gc.set_threshold(_RARELY)
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            for part in work(connection.recv()):
                connection.send_bytes(msgspec.msgpack.encode(part))
