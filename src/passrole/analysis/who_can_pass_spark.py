"""who-can-pass as a Spark job, for organizations larger than a machine: the extra ``passrole[spark]``.

A task reads whole accounts, one by one, as it is done locally. Every executor must have this package, and
reach the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from passrole.analysis.account_passes import Pass
from passrole.analysis.requirements import Requirement
from passrole.analysis.spark import job
from passrole.analysis.who_can_pass import Asked, Passes
from passrole.state.estate.accounts import Accounts, Entry, entry
from passrole.state.estate.estate import Estate
from passrole.state.estate.files import Content, expanded
from passrole.state.estate.notes import UnreadableEstate
from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from pyspark import RDD, Broadcast
    from pyspark.sql import SparkSession

_ROWS: Final = (
    "principal string, role string, service string, "
    "conditions array<struct<operator: string, key: string, values: array<string>>>"
)
_SLICES: Final = 16  # tasks a processor: accounts differ much in size

# What a task gives: (_ROW, principal, role, service, conditions), (_COUNT, name, count), (_NOTE, text) or
# (_FAILED, text).
Told = tuple[object, ...]
_ROW: Final = 0
_COUNT: Final = 1
_NOTE: Final = 2
_FAILED: Final = 3


class FolderTaken(PassroleError):
    """The folder for the rows holds something already."""


@contextmanager
def asked(paths: Iterable[Path | str], question: Asked) -> Iterator[Job]:
    """The question over files and folders of account details, for as long as the block lasts.

    Raises MissingSpark, SparkFailed and UnreadableEstate.
    """
    with job("passrole who-can-pass") as session:
        yield Job(session, list(expanded(paths)), question)


class Job:
    """A question that Spark has answered. notes are all that the answer leaves out."""

    def __init__(self, session: SparkSession, files: Sequence[tuple[str, bool]], question: Asked) -> None:
        from pyspark import StorageLevel

        self._session = session
        context = session.sparkContext
        most = _SLICES * context.defaultParallelism
        looked_at = context.parallelize(files, min(len(files), most) or 1).map(_entry).collect()
        for one, chosen in looked_at:
            if one.why_not and chosen:
                raise UnreadableEstate(one.why_not)
        entries = [one for one, _ in looked_at]
        ids = Accounts(entries).ids
        shared = context.broadcast(entries)
        # Persisted: told twice, once for the notes.
        self._told: RDD[Told] = (
            context.parallelize(ids, min(len(ids), most))
            .mapPartitions(lambda accounts: _told(shared, accounts, question))
            .persist(StorageLevel.MEMORY_AND_DISK)
        )
        said = self._told.filter(lambda one: one[0] in (_NOTE, _FAILED)).collect()
        for kind, text in said:
            if kind == _FAILED:
                raise UnreadableEstate(str(text))
        self.notes: Final = tuple(dict.fromkeys(str(text) for _, text in said))

    def rows(self) -> Iterator[Pass]:
        """The passes in the order in which they are listed locally, a part at a time."""
        for one in self._told.filter(lambda one: one[0] == _ROW).toLocalIterator():
            yield _pass(one)

    def counts(self) -> list[tuple[str, int]]:
        """As Passes.counts."""
        pairs = self._told.filter(lambda one: one[0] == _COUNT).map(_pair)
        return sorted(pairs.reduceByKey(int.__add__).collect(), key=lambda row: (-row[1], row[0]))

    def write(self, out: Path) -> int:
        """Writes the rows as Parquet into a new folder; returns how many they are. Raises FolderTaken."""
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise FolderTaken(f"--out {out}: there is something already")
        rows = self._told.filter(lambda one: one[0] == _ROW)
        frame = self._session.createDataFrame(rows.map(_cells), schema=_ROWS)
        frame.write.mode("overwrite").parquet(str(out))
        counted: int = rows.count()
        return counted


def _entry(file: tuple[str, bool]) -> tuple[Entry, bool]:
    path, chosen = file
    return entry(path, Content(), chosen=False), chosen


def _told(entries: Broadcast[list[Entry]], accounts: Iterable[str], question: Asked) -> Iterator[Told]:
    """What a task does: some accounts, each read, asked and forgotten."""
    notes: list[str] = []

    def noted(estates: Iterable[Estate]) -> Iterator[Estate]:
        for estate in estates:
            notes.extend(map(str, estate.notes))
            yield estate

    found = asdict(question)
    by = question.by
    del found["by"]
    passes = Passes(noted(Accounts(entries.value).read(accounts)), **found)
    try:
        if by is None:
            for row in passes.rows():
                conditions = [(one.operator, one.key, list(one.values)) for one in row.conditions]
                yield _ROW, row.principal, row.role, row.service, conditions
        else:
            for name, count in passes.counts(by):
                yield _COUNT, name, count
    except UnreadableEstate as error:
        yield _FAILED, str(error)
    for text in notes:
        yield _NOTE, text


def _cells(one: Told) -> Told:
    return one[1:]


def _pair(one: Told) -> tuple[str, int]:
    _, name, count = one
    assert isinstance(count, int)
    return str(name), count


def _pass(one: Told) -> Pass:
    _, principal, role, service, conditions = one
    assert isinstance(conditions, list)
    needed = tuple(Requirement(operator, key, tuple(values)) for operator, key, values in conditions)
    return Pass(str(principal), str(role), str(service), needed)
