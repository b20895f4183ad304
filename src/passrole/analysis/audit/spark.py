"""The same audit as a Spark job, for trails larger than a machine: the extra ``passrole[spark]``.

Each task reads whole pieces as a process does locally; passes are a DataFrame from then on, which Spark rids
of repetitions and adds up. Where the job runs is Spark's own configuration; on this machine if that says
nothing. Every executor must have this package, and reach the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from passrole.analysis.audit.auditing import Audit
from passrole.analysis.audit.extract import ALLOWED, DENIED, FAILED, Found
from passrole.analysis.audit.faults import StoppedAt
from passrole.analysis.audit.sources import Piece
from passrole.analysis.audit.usage import SHOWN, Usage, Used
from passrole.analysis.audit.workers import PassReader, Report
from passrole.analysis.sources import Source
from passrole.analysis.spark import job
from passrole.state.directory import Directory

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

_PASSES: Final = (
    "principal string, role string, service string, operation string, account string, outcome string, "
    "time string, event string, resource string, address string, by string, services array<string>"
)
_ROWS: Final = (
    "principal string, role string, service string, operation string, account string, allowed long, "
    "denied long, first string, last string, resources array<string>, addresses array<string>"
)
_KEYS: Final = ("principal", "role", "by", "service", "operation", "services")
_ONE_PASS: Final = ("account", "event", "role", "service", "operation")


def audit(
    pieces: Iterable[Piece],
    source: Source,
    *,
    directory: Directory | None = None,
    out: Path | None = None,
    strict: bool = False,
) -> Audit:
    """Reads pieces of a trail as a Spark job; out is a folder that gets the rows as Parquet.

    See ``auditing.audit`` for the rest. Raises MissingSpark where PySpark is not installed, and
    SparkFailed.
    """
    listed = list(pieces)
    with job("passrole audit") as session:
        return _audited(session, listed, source, directory, out, strict=strict)


def _audited(
    session: SparkSession,
    pieces: list[Piece],
    source: Source,
    directory: Directory | None,
    out: Path | None,
    *,
    strict: bool,
) -> Audit:
    from pyspark import StorageLevel

    found = Audit(Usage(directory))
    context = session.sparkContext
    encoded = [msgspec.msgpack.encode(piece) for piece in pieces]
    slices = max(1, min(len(encoded), 16 * context.defaultParallelism))
    reports = context.parallelize(encoded, slices).flatMap(lambda piece: _read(piece, source))
    reports.persist(StorageLevel.MEMORY_AND_DISK)
    for told in reports.map(_without_passes).collect():
        found.take(msgspec.msgpack.decode(told, type=Report))
        if strict and found.skipped:
            raise StoppedAt(str(found.skipped[0]))
    passes = session.createDataFrame(reports.flatMap(_rows_of), schema=_PASSES)
    _added_up(passes, found.usage)
    reports.unpersist()
    found.skipped.sort(key=lambda one: (one.file, one.place))
    if out is not None:
        rows = [tuple(row.as_json().values()) for row in found.usage.rows()]
        session.createDataFrame(rows, schema=_ROWS).coalesce(1).write.mode("overwrite").parquet(str(out))
    return found


def _read(piece: bytes, source: Source) -> Iterator[bytes]:
    """What a task does: the reports of one piece."""
    for report in PassReader(source)(msgspec.msgpack.decode(piece, type=Piece)):
        yield msgspec.msgpack.encode(report)


def _without_passes(encoded: bytes) -> bytes:
    report = msgspec.msgpack.decode(encoded, type=Report)
    report.found = []
    return msgspec.msgpack.encode(report)


def _rows_of(encoded: bytes) -> Iterator[tuple[object, ...]]:
    for found in msgspec.msgpack.decode(encoded, type=Report).found:
        yield tuple(_plain(getattr(found, name)) for name in Found.__struct_fields__)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _added_up(passes: DataFrame, usage: Usage) -> None:
    """What Usage.add does, by Spark."""
    from pyspark.sql import functions as f

    # An event without an id was never met before.
    once = passes.where("event <> ''").dropDuplicates(list(_ONE_PASS)).unionByName(passes.where("event = ''"))
    once.persist()
    usage.failed = once.where(f.col("outcome") == FAILED).count()
    usage.repeated = passes.count() - once.count()
    counted = once.where(f.col("outcome") != FAILED)
    times = f.when(f.col("time") != "", f.col("time"))
    rows = counted.groupBy(*_KEYS).agg(
        f.min("account").alias("account"),
        f.sum((f.col("outcome") == ALLOWED).cast("long")).alias("allowed"),
        f.sum((f.col("outcome") == DENIED).cast("long")).alias("denied"),
        f.min(times).alias("first"),
        f.max(times).alias("last"),
        *(
            f.slice(f.array_sort(f.collect_set(f.when(f.col(one) != "", f.col(one)))), 1, SHOWN).alias(name)
            for one, name in (("resource", "resources"), ("address", "addresses"))
        ),
    )
    for row in rows.collect():
        usage.merge(_used(row), row["by"])
    by_day = counted.where("time <> ''").groupBy(f.substring("time", 1, 10).alias("day"), "outcome").count()
    for row in by_day.collect():
        usage.days.setdefault(row["day"], [0, 0])[row["outcome"] == DENIED] += row["count"]


def _used(row: Row) -> Used:
    return Used(
        principal=row["principal"],
        role=row["role"],
        service=row["service"],
        operation=row["operation"],
        account=row["account"],
        allowed=row["allowed"],
        denied=row["denied"],
        first=row["first"] or "",
        last=row["last"] or "",
        services=tuple(row["services"]),
        resources=list(row["resources"]),
        addresses=list(row["addresses"]),
    )
