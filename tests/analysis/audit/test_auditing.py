"""Whole audits: an organization's trail with a known truth, faults in every place, and bounds."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.audit.organization_trail import START, Event, Maker, Truth, deliver

from passrole.analysis.audit.auditing import Audit, audit
from passrole.analysis.audit.events import Record
from passrole.analysis.audit.faults import CannotOpen, Cut, Digest, Foreign, StoppedAt
from passrole.analysis.audit.records import records
from passrole.analysis.audit.seen import Seen
from passrole.analysis.audit.sources import Piece, is_far, pieces
from passrole.analysis.audit.streams import chunks
from passrole.analysis.audit.usage import Usage, Used
from passrole.analysis.audit.workers import PassReader, Report
from passrole.analysis.pool import WorkerLost, spread, usual_jobs
from passrole.analysis.sources import Source

NOWHERE = Source()


def audited(*trails: Path, jobs: int = 1, strict: bool = False) -> Audit:
    """The audit of some trails."""
    return audit(pieces(map(str, trails), NOWHERE), NOWHERE, jobs=jobs, strict=strict)


def agrees(found: Iterable[Used], truth: Truth) -> None:
    """Fails unless the rows are what is true."""
    rows = {row.key: row for row in found}
    assert rows.keys() == truth.counts.keys()
    assert {key: [row.allowed, row.denied] for key, row in rows.items()} == truth.counts
    assert {key: row.first for key, row in rows.items()} == truth.first
    assert {key: row.last for key, row in rows.items()} == truth.last
    assert {key: row.account for key, row in rows.items()} == truth.account


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    """A year of an organization's trail."""
    folder = tmp_path_factory.mktemp("trail")
    return folder, deliver(folder)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_year_of_an_organization_s_trail_adds_up_to_what_is_true(
    year: tuple[Path, Truth], jobs: int
) -> None:
    folder, truth = year
    found = audited(folder, jobs=jobs)
    agrees(found.usage, truth)
    assert (found.records, found.files, found.digests) == (truth.records, truth.files, truth.files)
    assert (found.usage.failed, found.usage.repeated) == (truth.failed, truth.repeated)
    assert truth.repeated > 0
    assert sum(sum(day) for day in found.usage.days.values()) == sum(map(sum, truth.counts.values()))
    assert found.skipped == []


def test_a_trail_given_twice_counts_once(year: tuple[Path, Truth]) -> None:
    folder, truth = year
    agrees(audited(folder, folder).usage, truth)


# --- Forms of files ------------------------------------------------------------------------------


# More than is looked at before the form of a file is known.
MANY = list(Maker(8).day("111122223333", "us-east-1", START, 120))
EVENTS = list(Maker(7).day("111122223333", "us-east-1", START, 40))


def compact(value: object) -> bytes:
    """JSON as CloudTrail writes it."""
    return orjson.dumps(value)


def spaced(value: object) -> bytes:
    """JSON as people write it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def other_order(events: list[Event]) -> list[Event]:
    """The same records, each with its members in another order than the one before."""
    turned: list[Event] = []
    for number, event in enumerate(events):
        names = list(event)
        at = number % len(names)
        turned.append({name: event[name] for name in (*names[at:], *names[:at])})
    return turned


def athena(events: list[Event]) -> object:
    """What aws athena get-query-results prints."""
    columns = ["eventname", "eventsource", "eventtime", "eventid", "awsregion", "useridentity"]
    columns += ["requestparameters", "errorcode", "errormessage", "recipientaccountid"]
    rows = [columns, *([_cell(event, column) for column in columns] for event in events)]
    return {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell} for cell in row]} for row in rows]}}


def _cell(event: Event, column: str) -> str:
    for name, value in event.items():
        if name.lower() == column:
            if column == "useridentity":
                return presto(value)
            if isinstance(value, dict):
                return orjson.dumps(value).decode()
            return "" if value is None else str(value)
    return ""


def presto(value: object) -> str:
    """A structure as Athena prints it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name.lower()}={presto(one)}" for name, one in value.items()) + "}"
    return "null" if value is None else str(value)


def of_lake(value: object) -> str:
    """A map of texts as CloudTrail Lake prints it: what is no text in it is JSON."""
    if not isinstance(value, dict):
        return ""
    texts = {name: one if isinstance(one, str) else orjson.dumps(one).decode() for name, one in value.items()}
    return "{" + ", ".join(f"{name}={text}" for name, text in texts.items()) + "}"


def lake_columns(events: list[Event]) -> object:
    """What aws cloudtrail get-query-results prints for SELECT *."""
    rows = []
    for event in events:
        row = {name.lower(): "" if value is None else str(value) for name, value in event.items()}
        row["useridentity"] = presto(event["userIdentity"])
        row["requestparameters"] = of_lake(event["requestParameters"])
        row["eventtime"] = str(event["eventTime"]).replace("T", " ").replace("Z", ".000")
        rows.append([{name: text} for name, text in row.items()])
    return {"QueryStatus": "FINISHED", "QueryResultRows": rows}


def csv_of(events: list[Event]) -> bytes:
    """What Athena and CloudTrail Lake save."""
    rows = athena(events)
    assert isinstance(rows, dict)
    lines = [
        ",".join('"' + cell["VarCharValue"].replace('"', '""') + '"' for cell in row["Data"])
        for row in rows["ResultSet"]["Rows"]
    ]
    return "\n".join(lines).encode() + b"\n"


def lake(events: list[Event]) -> object:
    """What aws cloudtrail get-query-results prints for SELECT eventJson."""
    return {
        "QueryStatus": "FINISHED",
        "QueryResultRows": [[{"eventJson": compact(one).decode()}] for one in events],
    }


def looked_up(events: list[Event]) -> object:
    """What aws cloudtrail lookup-events prints."""
    return {
        "Events": [
            {
                "EventId": one["eventID"],
                "EventName": one["eventName"],
                "CloudTrailEvent": compact(one).decode(),
            }
            for one in events
        ]
    }


def of_eventbridge(event: Event) -> Event:
    """An event of EventBridge."""
    return {"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.x", "detail": event}


def halves(events: list[Event]) -> list[Event]:
    """Two logs."""
    return [{"Records": events[:9]}, {"Records": events[9:]}]


FORMS: dict[str, Callable[[list[Event]], bytes]] = {
    "log": lambda events: compact({"Records": events}),
    "indented log": lambda events: spaced({"Records": events}),
    "log in another order": lambda events: compact({"Records": other_order(events)}),
    "list": compact,
    "logs after one another": lambda events: b"".join(map(compact, halves(events))),
    "a log a line": lambda events: b"\n".join(map(compact, halves(events))),
    "a record a line": lambda events: b"\n".join(map(compact, events)),
    "an event a line": lambda events: b"\n".join(compact(of_eventbridge(one)) for one in events) + b"\n",
    "indented records": lambda events: b"\n".join(map(spaced, events)),
    "lookup-events": lambda events: spaced(looked_up(events)),
    "athena": lambda events: spaced(athena(events)),
    "csv": csv_of,
    "csv of whole records": lambda events: b"eventJson\n" + b"".join(
        b'"' + compact(one).replace(b'"', b'""') + b'"\n' for one in events
    ),
    "lake": lambda events: compact(lake(events)),
    "columns of lake": lambda events: compact(lake_columns(events)),
    "with a byte order mark": lambda events: b"\xef\xbb\xbf" + compact({"Records": events}),
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", FORMS)
def test_reads_every_form(tmp_path: Path, form: str, packed: bool) -> None:
    maker = Maker(7)
    content = FORMS[form](list(maker.day("111122223333", "us-east-1", START, 40)))
    path = tmp_path / "trail"
    path.write_bytes(gzip.compress(content) if packed else content)
    found = audited(path)
    assert found.skipped == []
    assert found.records == 40
    agrees(found.usage, maker.truth)


def test_a_long_log_whose_records_begin_in_any_way_is_read_piece_by_piece() -> None:
    events = other_order(EVENTS * 80)
    content = compact({"Records": events})
    assert len(content) > 2 << 20
    found, faults = read(content)
    assert faults == []
    assert [one.eventID for one in found] == [event["eventID"] for event in events]


def test_a_log_that_is_broken_for_good_is_not_kept_in_memory() -> None:
    content = compact({"Records": other_order(EVENTS)})[:-3] + b',{"a":' + b"[" * (33 << 20)
    found, faults = read(content)
    assert len(found) >= 39
    assert "nothing behind it can be read" in faults[-1][1] or "broken" in faults[-1][1]


class Dripping:
    """A stream that gives little at a time."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data = data
        self._sizes = sizes
        self._turn = 0

    def read(self, size: int, /) -> bytes:
        """A few bytes."""
        few = self._sizes[self._turn % len(self._sizes)]
        self._turn += 1
        found, self._data = self._data[:few], self._data[few:]
        return found


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)), st.booleans(), st.lists(st.integers(1, 50_000), min_size=1, max_size=8)
)
def test_reads_the_same_however_the_bytes_come(form: str, packed: bool, sizes: list[int]) -> None:
    content = FORMS[form](MANY)
    faults: list[str] = []
    stream = Dripping(gzip.compress(content) if packed else content, sizes)
    found = [
        one.eventID
        for batch in records(chunks(stream), lambda place, why: faults.append(why), Record)
        for one in batch
    ]
    assert faults == []
    assert found == [event["eventID"] for event in MANY]


# --- Faults --------------------------------------------------------------------------------------


def read(content: bytes) -> tuple[list[Record], list[tuple[str, str]]]:
    """The records of a file, and its faults."""
    faults: list[tuple[str, str]] = []
    found = records(chunks(io.BytesIO(content)), lambda place, why: faults.append((place, why)), Record)
    return [one for batch in found for one in batch], faults


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_fault_in_any_place_costs_one_record(data: st.DataObject) -> None:
    # A letter that stands for nothing in JSON, anywhere inside of one record.
    pieces_ = [compact(one) for one in EVENTS]
    which = data.draw(st.integers(0, len(pieces_) - 1))
    at = data.draw(st.integers(1, len(pieces_[which]) - 2))
    broken = pieces_[which][:at] + b"\x00" + pieces_[which][at:]
    content = b'{"Records":[' + b",".join([*pieces_[:which], broken, *pieces_[which + 1 :]]) + b"]}"
    found, faults = read(content)
    kept = {one.eventID for one in found}
    assert kept >= {str(one["eventID"]) for number, one in enumerate(EVENTS) if number != which}
    assert len(found) + len(faults) >= len(EVENTS)
    if len(found) < len(EVENTS):
        assert [place for place, _ in faults] == [f"record {which + 1}"]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.booleans())
def test_a_log_cut_anywhere_gives_what_is_before_the_cut(data: st.DataObject, packed: bool) -> None:
    content = compact({"Records": EVENTS})
    whole = gzip.compress(content) if packed else content
    cut = data.draw(st.integers(1, len(whole) - 1))
    try:
        found, faults = read(whole[:cut])
    except Foreign:
        assert cut < 40
        return
    ids = [one.eventID for one in found]
    assert ids == [event["eventID"] for event in EVENTS][: len(ids)]
    if not packed:
        # Every record that is whole counts.
        before = content[:cut].count(b',{"eventVersion"')
        assert len(ids) >= before
    assert faults or (packed and len(ids) == len(EVENTS)) or content[cut:] in (b"}", b"")


@pytest.mark.parametrize("number", [0, 17, 39])
def test_a_broken_line_is_named_and_the_rest_goes_on(tmp_path: Path, number: int) -> None:
    lines = [compact(one) for one in EVENTS]
    lines[number] = lines[number][:-20]
    path = tmp_path / "trail.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    found = audited(path)
    assert found.records == 39
    assert [str(one) for one in found.skipped] == [f"{path}: line {number + 1}: broken JSON"]
    with pytest.raises(StoppedAt, match=f"line {number + 1}"):
        audited(path, strict=True)


def test_what_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(compact({"Records": [EVENTS[0], {"a": 1}, EVENTS[1], 3, EVENTS[2]]}))
    found = audited(path)
    assert found.records == 3
    assert [(one.place, one.why) for one in found.skipped] == [
        ("record 2", "not a CloudTrail record"),
        ("record 4", "not a CloudTrail record"),
    ]


def test_a_cut_off_gzip_is_named_with_its_place(tmp_path: Path) -> None:
    packed = gzip.compress(compact({"Records": EVENTS}))
    path = tmp_path / "x.json.gz"
    path.write_bytes(packed[: len(packed) // 2])
    found = audited(path)
    assert 0 < found.records < len(EVENTS)
    assert any("cut-off gzip" in one.why and one.place.startswith("byte ") for one in found.skipped)


def test_a_damaged_gzip_is_named_with_its_place(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(compact({"Records": EVENTS})))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "x.json.gz"
    path.write_bytes(packed)
    found = audited(path)
    assert found.left_out >= 1
    assert all(one.file == str(path) for one in found.skipped)


def test_gzips_after_one_another_are_read_on(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(b"".join(gzip.compress(compact(one) + b"\n") for one in EVENTS) + b"\0\0")
    assert audited(path).records == len(EVENTS)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hello\nworld\n", "neither JSON nor an export"),
        (b"\x89PNG\r\n\x1a\n", "neither JSON nor an export"),
        (b"PAR1....PAR1", "damaged Parquet"),
        (b'{"a": [1, 2]}', "JSON without records"),
        (b'{"a": ', "broken JSON"),
        (b"name,price\na,1\n", "neither JSON nor an export"),
    ],
)
def test_a_foreign_file_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    good = tmp_path / "good.json"
    good.write_bytes(compact({"Records": EVENTS}))
    found = audited(path, good)
    assert found.records == len(EVENTS)
    assert [one.file for one in found.skipped] == [str(path)]
    assert why in found.skipped[0].why


def test_a_digest_is_known_by_what_is_in_it() -> None:
    with pytest.raises(Digest):
        read(compact({"digestPublicKeyFingerprint": "0", "logFiles": []}))


@pytest.mark.parametrize("content", [b"", b"  \n", b'{"Records":[]}', b"[]", b'{"Records": [ ]}\n'])
def test_an_empty_trail_has_no_records_and_no_faults(content: bytes) -> None:
    assert read(content) == ([], [])


def test_a_trail_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="no such file"):
        audited(tmp_path / "none")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are not forked")
def test_a_process_that_dies_ends_the_audit(
    year: tuple[Path, Truth], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(self: PassReader, piece: Piece) -> Iterator[Report]:
        os._exit(9)

    monkeypatch.setattr(PassReader, "__call__", dying)
    with pytest.raises(WorkerLost, match="exit status 9"):
        audited(year[0], jobs=2)


@pytest.mark.parametrize(("kind", "at_once"), [("file", 1), ("object", 4)])
def test_more_is_asked_for_at_once_of_what_comes_from_afar(kind: str, at_once: int) -> None:
    jobs = usual_jobs() * at_once
    asked: list[int] = []

    def some() -> Iterator[Piece]:
        for number in range(2 * jobs):
            asked.append(number)
            yield Piece(kind, f"piece {number}", f"bucket/{number}")

    def work(piece: Piece) -> Iterator[Report]:
        yield Report([], [], done=True)

    parts = spread(some(), work, Report, jobs=0, far=is_far)
    next(parts)
    assert len(asked) == jobs
    assert len([*parts]) == 2 * jobs - 1


def test_a_stream_that_fails_is_cut_there() -> None:
    class Failing:
        def read(self, size: int, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(Cut, match="Input/output"):
        list(chunks(Failing()))


# --- Bounds --------------------------------------------------------------------------------------


class Endless:
    """A list of so many repetitions of the same items, made as it is read."""

    def __init__(self, opening: bytes, items: bytes, times: int) -> None:
        self._opening = opening
        self._items = items
        self._left = times

    def read(self, size: int, /) -> bytes:
        """One more time all items."""
        if not self._left:
            return b""
        self._left -= 1
        opening, self._opening = self._opening, b","
        return opening + self._items + (b"" if self._left else b"]}")


def peak(opening: bytes, items: bytes, count: int) -> int:
    """The most memory that reading takes of so many records, of which items has all EVENTS."""
    stream = Endless(opening, items, count // len(EVENTS))
    tracemalloc.start()
    number = sum(len(batch) for batch in records(chunks(stream), print, Record))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == count
    return most


def test_memory_does_not_grow_with_the_trail() -> None:
    log = b'{"Records":[', b",".join(map(compact, EVENTS))
    assert peak(*log, 20_000) < 1.5 * peak(*log, 2_000)


def test_ids_are_told_apart_and_kept_in_little_memory() -> None:
    seen = Seen()
    ids = [f"id-{number}" for number in range(100_000)]
    assert not any(map(seen.before, ids))
    assert all(map(seen.before, ids))
    assert not seen.before("")
    assert not seen.before("")


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.booleans()), max_size=60))
def test_a_row_names_the_same_few_resources_in_whatever_order_they_come(
    given_: list[tuple[str, bool]],
) -> None:
    from passrole.analysis.audit.usage import SHOWN, _note

    few: list[str] = []
    for text, _ in given_:
        _note(few, text)
    assert few == sorted({text for text, _ in given_})[:SHOWN]
    assert isinstance(Usage().rows(), list)
