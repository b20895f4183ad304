"""Trails as Parquet, as Athena, Security Lake and Spark write them."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.analysis.audit.organization_trail import START, Event, Maker
from tests.analysis.audit.test_auditing import EVENTS, NOWHERE, agrees, audited
from tests.analysis.audit.wrapped_trails import ecs, lower, ocsf, text

from passrole.analysis.audit.auditing import audit
from passrole.analysis.audit.events import Record, WholeRecord
from passrole.analysis.audit.exports import record_of
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.columns import _rows
from passrole.analysis.audit.forms.leaves import records_of
from passrole.analysis.audit.records import records
from passrole.analysis.audit.sources import Piece, Reader, pieces
from passrole.analysis.audit.streams import chunks
from passrole.analysis.audit.unwrapping import unwrapped

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet
else:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

ISSUER = pa.struct([(name, pa.string()) for name in ("type", "principalid", "arn", "accountid", "username")])
SESSION = [("mfaauthenticated", pa.string()), ("creationdate", pa.string())]
IDENTITY = pa.struct(
    [
        *(
            (name, pa.string())
            for name in ("type", "principalid", "arn", "accountid", "invokedby", "accesskeyid")
        ),
        ("username", pa.string()),
        ("sessioncontext", pa.struct([("attributes", pa.struct(SESSION)), ("sessionissuer", ISSUER)])),
    ]
)
TEXTS: tuple[str, ...] = (
    "eventversion",
    "eventtime",
    "eventsource",
    "eventname",
    "awsregion",
    "sourceipaddress",
    "useragent",
)
TEXTS += ("errorcode", "errormessage", "requestid", "eventid", "recipientaccountid", "vpcendpointid")


def athena(events: Sequence[Event]) -> pa.Table:
    """The table that the Athena User Guide makes of CloudTrail's logs."""
    schema = pa.schema(
        [
            *((name, pa.string()) for name in TEXTS),
            ("useridentity", IDENTITY),
            ("requestparameters", pa.string()),
            ("responseelements", pa.string()),
            ("resources", pa.list_(pa.struct([("arn", pa.string()), ("accountid", pa.string())]))),
        ]
    )
    rows = []
    for event in events:
        row = {name.lower(): value for name, value in event.items()}
        for name in ("requestparameters", "responseelements"):
            row[name] = None if row.get(name) is None else text(row[name])
        row["useridentity"] = lower(event["userIdentity"])
        row["resources"] = [{"arn": "arn:aws:s3:::x", "accountid": "111122223333"}]
        rows.append({name: row.get(name) for name in schema.names})
    return pa.Table.from_pylist(rows, schema)


def lake(events: Sequence[Event]) -> pa.Table:
    """The columns of CloudTrail Lake: maps of texts, and times."""
    table = athena(events)
    parameters = []
    for event in events:
        given = event["requestParameters"]
        pairs = given.items() if isinstance(given, dict) else ()
        texts = [(name, one if isinstance(one, str) else text(one)) for name, one in pairs]
        parameters.append(texts if isinstance(given, dict) else None)
    times = [datetime.fromisoformat(str(event["eventTime"]).replace("Z", "+00:00")) for event in events]
    table = table.set_column(
        table.schema.get_field_index("requestparameters"),
        "requestparameters",
        pa.array(parameters, pa.map_(pa.string(), pa.string())),
    )
    return table.set_column(
        table.schema.get_field_index("eventtime"),
        "eventtime",
        pa.array([one.astimezone(UTC).replace(tzinfo=None) for one in times], pa.timestamp("ms")),
    )


def spark(events: Sequence[Event]) -> pa.Table:
    """What Spark makes of JSON: one structure of all parameters that any event has, spelled as they are."""
    return inferred([pruned(event) for event in events])


def inferred(rows: Sequence[Event]) -> pa.Table:
    """A table with all columns that any row has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])


def pruned(value: dict[str, object]) -> dict[str, object]:
    """Without structures of nothing, which no table can hold."""
    made: dict[str, object] = {}
    for name, one in value.items():
        told = pruned(one) if isinstance(one, dict) else one
        if told not in ({}, None):
            made[name] = told
    return made


def security_lake(events: Sequence[Event]) -> pa.Table:
    """Security Lake's table: what is not mapped is a map of texts."""
    rows = [ocsf(event) for event in events]
    table = inferred([pruned(row) for row in rows])
    unmapped = [list(row["unmapped"].items()) for row in rows if isinstance(row["unmapped"], dict)]
    times = [datetime.fromtimestamp(int(str(row["time"])) / 1000, UTC) for row in rows]
    return table.set_column(
        table.schema.get_field_index("unmapped"),
        "unmapped",
        pa.array(unmapped, pa.map_(pa.string(), pa.string())),
    ).append_column("time_dt", pa.array(times, pa.timestamp("us", "UTC")))


def of_text(name: str, events: Sequence[Event], kind: pa.DataType) -> pa.Table:
    """Whole records in one column, beside others."""
    return pa.table(
        {
            "time": pa.array(range(len(events))),
            "host": ["h"] * len(events),
            name: pa.array([text(one).encode() for one in events]).cast(kind),
        }
    )


FORMS: Mapping[str, Callable[[Sequence[Event]], pa.Table]] = {
    "Athena": athena,
    "CloudTrail Lake": lake,
    "Spark": spark,
    "Security Lake": security_lake,
    "Elastic": lambda events: inferred([pruned(ecs(one)) for one in events]),
    "a text": lambda events: of_text("_raw", events, pa.string()),
    "bytes": lambda events: of_text("message", events, pa.binary()),
    "eventJson": lambda events: of_text("eventJson", events, pa.large_string()),
}


def as_parquet(table: pa.Table, **how: object) -> bytes:
    """A Parquet file."""
    made = io.BytesIO()
    parquet.write_table(table, made, **how)
    return made.getvalue()


WRITTEN: Mapping[str, Callable[[pa.Table], bytes]] = {
    "Parquet": lambda table: as_parquet(table, row_group_size=17),
    "Parquet by Zstandard": lambda table: as_parquet(table, compression="zstd"),
    "Parquet in gzip": lambda table: gzip.compress(as_parquet(table)),
}


def day(count: int = 60) -> tuple[list[Event], Maker]:
    """A day's events, and what is true of them."""
    maker = Maker(7)
    return list(maker.day("111122223333", "us-east-1", START, count)), maker


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("form", FORMS)
def test_reads_every_table(tmp_path: Path, form: str, written: str) -> None:
    events, maker = day()
    path = tmp_path / "part-0"
    path.write_bytes(WRITTEN[written](FORMS[form](events)))
    stored: list[int] = []
    found = audit(pieces([str(path)], NOWHERE), NOWHERE, jobs=1, progress=stored.append)
    assert found.skipped == []
    assert found.records == len(events)
    agrees(found.usage, maker.truth)
    assert sum(stored) == path.stat().st_size


@pytest.mark.parametrize("form", FORMS)
def test_gives_what_the_log_gives(form: str) -> None:
    """Who called, and with what, as a replay asks."""
    for event, record in zip(EVENTS, read(as_parquet(FORMS[form](EVENTS)))[0], strict=True):
        found = record.as_event()
        for name in ("eventName", "eventSource", "eventTime", "eventID", "awsRegion", "recipientAccountId"):
            assert found[name] == event[name]
        assert found["errorCode"] == event.get("errorCode")
        assert found["errorMessage"] == event.get("errorMessage")
        assert record.caller() == WholeRecord(userIdentity=record.userIdentity).caller()
        identity = found["userIdentity"]
        given = event["userIdentity"]
        assert isinstance(identity, dict)
        assert isinstance(given, dict)
        assert identity["arn"] == given["arn"]
        assert bool(identity.get("sessionContext")) == bool(given.get("sessionContext"))
        if not event["requestParameters"]:
            assert found["requestParameters"] is None


@pytest.mark.parametrize("kind", [Record, WholeRecord])
@pytest.mark.parametrize("form", ["Athena", "CloudTrail Lake", "Spark", "Security Lake"])
def test_columns_tell_what_rows_tell(form: str, kind: type[Record]) -> None:
    """Records are made of columns where all tell by their types, and else row by row: to the same end."""

    def told(record: Record | None) -> object:
        assert record is not None
        members = {name: getattr(record, name) for name in record.__struct_fields__}
        return members | {"userIdentity": record.identity(), "requestParameters": record.parameters()}

    events, _ = day(200)
    (batch,) = FORMS[form](events).combine_chunks().to_batches()
    fast = records_of(batch, kind)
    assert fast is not None
    slow = [record_of(event, kind) for row in _rows(batch) for event in unwrapped(row)]
    assert list(map(told, fast)) == list(map(told, slow))


def test_rows_are_looked_at_where_columns_do_not_tell() -> None:
    table = athena(EVENTS)
    at = table.schema.get_field_index("requestparameters")
    printed = ["{role=arn:aws:iam::111122223333:role/Web}"] * len(EVENTS)
    assert records_of(table.set_column(at, "requestparameters", [printed]).to_batches()[0], Record) is None
    assert (
        records_of(table.rename_columns(["x", *table.schema.names[1:]]).to_batches()[0], Record) is not None
    )
    assert records_of(of_text("_raw", EVENTS, pa.string()).to_batches()[0], Record) is None
    found, faults = read(as_parquet(table.set_column(at, "requestparameters", [printed])))
    assert {str(one.parameters()) for one in found} == {"{'role': 'arn:aws:iam::111122223333:role/Web'}"}
    assert faults == []


def test_a_row_without_a_name_is_named() -> None:
    table = athena(EVENTS)
    names = [None, *(str(one["eventName"]) for one in EVENTS[1:])]
    at = table.schema.get_field_index("eventname")
    found, faults = read(as_parquet(table.set_column(at, "eventname", [names])))
    assert len(found) == len(EVENTS) - 1
    assert faults == [("row 1", "not a CloudTrail record")]


def read(content: bytes, file: io.BytesIO | None = None) -> tuple[list[WholeRecord], list[tuple[str, str]]]:
    """The records of a file, and its faults."""
    faults: list[tuple[str, str]] = []
    found = records(
        chunks(file or io.BytesIO(content)),
        lambda place, why: faults.append((place, why)),
        WholeRecord,
        lambda: file,
    )
    return [one for batch in found for one in batch], faults


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_a_pipe_is_put_into_a_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = as_parquet(athena(EVENTS))
    writer = threading.Thread(target=path.write_bytes, args=(content,))
    writer.start()
    found = audited(path)
    writer.join()
    assert (found.records, found.skipped) == (len(EVENTS), [])


class Counting(io.BytesIO):
    """Counts what is read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """As any file's."""
        found = super().read(size)
        self.taken += len(found)
        return found


def test_only_the_columns_of_a_record_are_read() -> None:
    table = athena(EVENTS * 5)
    responses = [os.urandom(20_000).hex() for _ in range(table.num_rows)]
    table = table.set_column(
        table.schema.get_field_index("responseelements"), "responseelements", [responses]
    )
    content = as_parquet(table, use_dictionary=False)
    assert len(content) > 4_000_000
    file = Counting(content)
    found, faults = read(content, file)
    assert (len(found), faults) == (table.num_rows, [])
    assert file.taken < 1_000_000


def test_memory_is_bounded_however_large_a_row_group(tmp_path: Path) -> None:
    some = athena(EVENTS * 25)
    whole = pa.concat_tables([some] * 80)
    path = tmp_path / "one row group.parquet"
    parquet.write_table(whole, path, row_group_size=whole.num_rows, use_dictionary=False)
    before = pa.total_allocated_bytes()
    most = 0
    for _ in Reader(NOWHERE).read(Piece("file", "x", str(path)), print, lambda stored: None, Record):
        most = max(most, pa.total_allocated_bytes() - before)
    assert whole.nbytes > 30 << 20
    assert most < 16 << 20


def test_a_missing_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Foreign, match=r"Parquet.*install passrole\[parquet\]"):
        read(as_parquet(athena(EVENTS)))
    with pytest.raises(Foreign, match=r"Zstandard: install passrole\[parquet\]"):
        read(b"\x28\xb5\x2f\xfd....")


ANSWER = [
    {
        "principal": "p",
        "role": "r",
        "service": "s",
        "operation": "o",
        "account": "a",
        "allowed": 1,
        "denied": 0,
    }
]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (pa.Table.from_pylist(ANSWER), "an answer, not a trail"),
        (pa.table({"a": [1], "b": [2.0]}), "without the columns of a trail: it has a, b"),
        (pa.table({"a": ["x"] * 3000}), "Parquet without records"),
        (
            pa.Table.from_pylist([{"class_uid": 4001, "metadata": {"product": {"name": "Amazon VPC"}}}]),
            "OCSF events of Amazon VPC",
        ),
        (
            pa.Table.from_pylist(
                [{"api": {"operation": "get"}, "metadata": {"product": {"name": "Amazon EKS"}}}]
            ),
            "OCSF events of Amazon EKS",
        ),
    ],
)
def test_another_table_is_named(table: pa.Table, why: str) -> None:
    faults: list[str] = []
    with pytest.raises(Foreign, match=why):
        list(records(chunks(io.BytesIO(as_parquet(table))), lambda place, why: faults.append(why), Record))
    assert faults == []


def test_a_table_without_parameters_says_so() -> None:
    found, faults = read(as_parquet(athena(EVENTS).drop_columns(["requestparameters"])))
    assert len(found) == len(EVENTS)
    assert faults == [("", "there is no column requestParameters")]


def test_a_damaged_file_is_named() -> None:
    content = as_parquet(athena(EVENTS))
    for broken in (content[:-100], content[:400], b"PAR1" + content[200:]):
        with pytest.raises(Foreign, match="damaged Parquet"):
            read(broken)


def test_a_damaged_page_costs_what_is_behind_it() -> None:
    content = bytearray(
        as_parquet(athena(EVENTS * 100), row_group_size=1000, use_dictionary=False, compression="none")
    )
    start = parquet.ParquetFile(io.BytesIO(content)).metadata.row_group(2).column(3).data_page_offset
    content[start : start + 40] = b"\xff" * 40
    found, faults = read(bytes(content))
    assert len(found) == 2000
    assert [place for place, _ in faults] == ["behind row 2000"]
    assert "damaged Parquet" in faults[0][1]


def test_an_empty_table_is_an_empty_trail() -> None:
    assert read(as_parquet(athena([]))) == ([], [])
