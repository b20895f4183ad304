"""Records in whatever they are handed on in add up to what is true."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.audit.organization_trail import START, Maker
from tests.analysis.audit.test_auditing import EVENTS, MANY, Dripping, agrees, audited, compact, peak, read
from tests.analysis.audit.wrapped_trails import (
    CONTROL,
    WRAPPED,
    data_message,
    filtered,
    lines,
    notification,
    of_eventbridge,
    run_together,
    splunk,
    table,
    text,
)

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.exports import object_of
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.records import records
from passrole.analysis.audit.streams import chunks
from passrole.analysis.audit.unwrapping import is_empty, unwrapped


@pytest.mark.parametrize("form", WRAPPED)
def test_reads_every_wrapping(tmp_path: Path, form: str) -> None:
    maker = Maker(7)
    path = tmp_path / "trail"
    path.write_bytes(WRAPPED[form](list(maker.day("111122223333", "us-east-1", START, 40))))
    found = audited(path)
    assert found.skipped == []
    assert found.records == 40
    agrees(found.usage, maker.truth)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(WRAPPED)), st.lists(st.integers(1, 50_000), min_size=1, max_size=8))
def test_reads_the_same_however_the_bytes_come(form: str, sizes: list[int]) -> None:
    faults: list[str] = []
    stream = Dripping(WRAPPED[form](MANY), sizes)
    found = [
        one.eventID
        for batch in records(chunks(stream), lambda place, why: faults.append(why), Record)
        for one in batch
    ]
    assert faults == []
    assert found == [event["eventID"] for event in MANY]


# --- Large values --------------------------------------------------------------------------------


def many(count: int) -> list[dict[str, object]]:
    """So many records, each with its own id."""
    return [{**EVENTS[number % len(EVENTS)], "eventID": f"e-{number}"} for number in range(count)]


@pytest.mark.parametrize("form", ["filter-log-events", "athena", "lake", "lookup-events", "indented"])
def test_a_value_larger_than_memory_is_stepped_into(form: str) -> None:
    from tests.analysis.audit.test_auditing import athena, lake_columns, looked_up

    events = many(18_000)
    content = {
        "filter-log-events": lambda: compact(filtered(events)),
        "athena": lambda: compact(athena(events)),
        "lake": lambda: compact(lake_columns(events)),
        "lookup-events": lambda: compact(looked_up(events)),
        "indented": lambda: orjson.dumps({"took": 3, "hits": filtered(events)}, option=orjson.OPT_INDENT_2),
    }[form]()
    assert len(content) > 9 << 20
    found, faults = read(content)
    assert faults == []
    assert [one.eventID for one in found] == [one["eventID"] for one in events]


def test_memory_does_not_grow_with_a_value() -> None:
    output = (
        b'{"searchedLogStreams": [], "events": [',
        b",".join(orjson.dumps({"message": text(one)}) for one in EVENTS),
    )
    assert peak(*output, 24_000) < 1.3 * peak(*output, 12_000)


# --- Faults --------------------------------------------------------------------------------------


def test_a_broken_text_costs_one_record() -> None:
    message = data_message(EVENTS)
    rows = message["logEvents"]
    assert isinstance(rows, list)
    rows[3]["message"] = rows[3]["message"][:-20]
    found, faults = read(run_together([message]))
    assert [one.eventID for one in found] == [one["eventID"] for one in EVENTS[:3] + EVENTS[4:]]
    assert faults == [("value 1", "broken JSON")]


def test_a_record_of_another_form_costs_one_record() -> None:
    events = [*EVENTS[:3], {**EVENTS[3], "eventName": 3}, *EVENTS[4:]]
    found, faults = read(compact({"Events": [of_eventbridge(one) for one in events]}))
    assert len(found) == len(EVENTS) - 1
    assert faults == [("value 1", "not a CloudTrail record")]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_fault_in_any_place_costs_one_value(data: st.DataObject) -> None:
    pieces = [compact(of_eventbridge(one)) for one in EVENTS]
    which = data.draw(st.integers(0, len(pieces) - 1))
    at = data.draw(st.integers(1, len(pieces[which]) - 2))
    pieces[which] = pieces[which][:at] + b"\x01" + pieces[which][at:]
    found, faults = read(b"".join(pieces))
    kept = {one.eventID for one in found}
    assert kept == {str(one["eventID"]) for number, one in enumerate(EVENTS) if number != which}
    assert faults == [(f"value {which + 1}", "broken JSON")]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.booleans())
def test_values_cut_anywhere_give_what_is_before_the_cut(data: st.DataObject, wrapped: bool) -> None:
    content = compact(filtered(EVENTS)) if wrapped else run_together([of_eventbridge(one) for one in EVENTS])
    cut = data.draw(st.integers(2, len(content) - 1))
    try:
        found, faults = read(content[:cut])
    except Foreign:
        assert cut < 2000
        return
    ids = [one.eventID for one in found]
    assert ids == [event["eventID"] for event in EVENTS][: len(ids)]
    assert len(ids) >= content[:cut].count(b'},{"logStreamName"' if wrapped else b'}{"version"')
    assert len(faults) <= 1
    # A cut between two values leaves nothing broken behind.
    assert faults or content[cut:].startswith(b'{"version"')


def test_a_record_counts_once_however_often_its_wrapping_has_it() -> None:
    row = splunk(EVENTS[0])
    row["again"] = EVENTS[0]
    assert [one["eventID"] for one in unwrapped(row)] == [EVENTS[0]["eventID"]]
    assert len(list(unwrapped([EVENTS[0], EVENTS[0]]))) == 2  # that is for the audit to tell


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lines([{"a": 1}, {"b": 2}]), "JSON without records"),
        (lines([{"a": number} for number in range(5000)]), "JSON without records"),
        (compact([{"a": number} for number in range(5)] + [3, "x", None]), "JSON without records"),
        (compact(notification({"s3Bucket": "logs", "s3ObjectKey": ["a.json.gz"]})), "JSON without records"),
        (compact({"s3Bucket": "logs", "s3ObjectKey": ["a.json.gz"]}), "a notification of a log"),
        (compact({"UserDetailList": [], "RoleDetailList": []}), "which --details takes"),
        (
            compact(
                {
                    "eventType": "AwsCloudTrailInsight",
                    "insightDetails": {"eventName": "A", "eventSource": "b"},
                }
            ),
            "CloudTrail Insights",
        ),
        (
            lines([{"class_uid": 4001, "type_uid": 400106, "metadata": {"product": {"name": "Amazon VPC"}}}]),
            "OCSF events of Amazon VPC",
        ),
        (
            lines(
                [
                    {
                        "api": {"operation": "get", "service": {"name": "x"}},
                        "metadata": {"product": {"name": "Amazon EKS"}},
                    }
                ]
                * 2
            ),
            "OCSF events of Amazon EKS",
        ),
        (table(["Event name", "Event time", "Event source"], [["A", "b", "c"]]), "download it as JSON"),
        (b"Obj\x01", "Avro"),
        (b"ORC\x0a\x00", "ORC"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\xff\x06\x00\x00sNaPpY", "Snappy"),
    ],
)
def test_what_is_no_trail_is_named_once(content: bytes, why: str) -> None:
    faults: list[str] = []
    with pytest.raises(Foreign, match=why):
        list(records(chunks(io.BytesIO(content)), lambda place, why: faults.append(why), Record))
    assert faults == []


def test_rows_may_end_as_they_did_on_old_machines() -> None:
    header = ["eventName", "eventSource", "eventID", "userIdentity", "requestParameters"]
    rows = [
        [str(one["eventName"]), str(one["eventSource"]), str(one["eventID"]), "{}", "{}"] for one in EVENTS
    ]
    for end in (b"\r\n", b"\r", b"\n"):
        found, faults = read(table(header, rows).replace(b"\r\n", end))
        assert ([one.eventID for one in found], faults) == ([one["eventID"] for one in EVENTS], [])


def test_a_table_without_parameters_says_so() -> None:
    header = ["eventname", "eventsource", "eventtime", "useridentity"]
    rows = [[str(one["eventName"]), str(one["eventSource"]), str(one["eventTime"]), "{}"] for one in EVENTS]
    found, faults = read(table(header, rows))
    assert len(found) == len(EVENTS)
    assert faults == [("", "there is no column requestParameters")]


@pytest.mark.parametrize(
    "content",
    [
        CONTROL,
        {"events": [], "searchedLogStreams": []},
        {"results": [], "status": "Complete"},
        {"hits": {"total": {"value": 0}, "hits": []}},
        {"QueryStatus": "FINISHED", "QueryResultRows": []},
        {"ResultSet": {"Rows": []}},
        {"Messages": []},
    ],
)
def test_an_answer_without_anything_is_an_empty_trail(content: object) -> None:
    assert is_empty(content)
    assert read(compact(content)) == ([], [])


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("{a=1, b={c=x, y, d=2}}", {"a": "1", "b": {"c": "x, y", "d": "2"}}),
        (
            "{targets=[{id=1, arn=x}, {id=2}], rest=z}",
            {"targets": [{"id": "1", "arn": "x"}, {"id": "2"}], "rest": "z"},
        ),
        ("{names=[a, b], none=null, empty=[]}", {"names": ["a", "b"], "empty": "[]"}),
        (
            '{json=[{"a":1}], texts=["a, b"], one={"a":"b=c, d=e"}}',
            {"json": '[{"a":1}]', "texts": '["a, b"]', "one": {"a": "b=c, d=e"}},
        ),
        ("no structure", None),
    ],
)
def test_structures_are_read_as_they_are_printed(printed: str, meant: object) -> None:
    assert object_of(printed) == meant
