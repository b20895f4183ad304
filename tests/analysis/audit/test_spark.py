"""The audit as a Spark job: the same rows as locally, and Parquet."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest
from tests.analysis.audit.organization_trail import deliver
from tests.analysis.audit.test_auditing import agrees

from passrole.analysis.audit import spark
from passrole.analysis.audit.auditing import audit
from passrole.analysis.audit.extract import Found
from passrole.analysis.audit.sources import pieces
from passrole.analysis.audit.workers import Report
from passrole.analysis.sources import Source
from passrole.analysis.spark import MissingSpark

NOWHERE = Source()


def test_a_missing_pyspark_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(MissingSpark, match=r"install passrole\[spark\]"):
        spark.audit([], NOWHERE)


def test_a_task_gives_what_a_process_gives(tmp_path: Path) -> None:
    truth = deliver(tmp_path, days=60)
    rows: list[tuple[object, ...]] = []
    records = 0
    for piece in pieces([str(tmp_path)], NOWHERE):
        for report in spark._read(msgspec.msgpack.encode(piece), NOWHERE):
            rows += spark._rows_of(report)
            bare = msgspec.msgpack.decode(spark._without_passes(report), type=Report)
            assert bare.found == []
            records += bare.records
    assert records == truth.records
    assert len(rows) == sum(map(sum, truth.counts.values())) + truth.failed + truth.repeated
    assert [column.split()[0] for column in spark._PASSES.split(", ")] == list(Found.__struct_fields__)


@pytest.mark.prove
@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="needs PySpark")
def test_spark_finds_the_rows_that_the_local_engine_finds(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    truth = deliver(trail, days=120)
    (trail / "foreign.txt").write_text("nothing\n")
    out = tmp_path / "rows"
    local = audit(pieces([str(trail)], NOWHERE), NOWHERE, jobs=1)
    distributed = spark.audit(pieces([str(trail)], NOWHERE), NOWHERE, out=out)
    agrees(distributed.usage, truth)
    assert [row.as_json() for row in distributed.usage] == [row.as_json() for row in local.usage]
    assert distributed.usage.days == local.usage.days
    assert (distributed.records, distributed.files, distributed.digests) == (
        local.records,
        local.files,
        local.digests,
    )
    assert (distributed.usage.failed, distributed.usage.repeated) == (
        local.usage.failed,
        local.usage.repeated,
    )
    assert distributed.skipped == local.skipped
    assert [path.suffix for path in out.iterdir() if path.name.startswith("part-")] == [".parquet"]
