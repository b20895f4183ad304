"""Whatever is damaged, and wherever: it is told of, and nothing else goes wrong."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.audit.test_auditing import EVENTS, FORMS, NOWHERE, compact, read
from tests.analysis.audit.test_columns import FORMS as TABLES
from tests.analysis.audit.test_columns import WRITTEN
from tests.analysis.audit.test_streams import ARCHIVES, LOG, PACKED
from tests.analysis.audit.wrapped_trails import WRAPPED

from passrole.analysis.audit.events import Record, WholeRecord
from passrole.analysis.audit.faults import Digest, Foreign
from passrole.analysis.audit.records import records
from passrole.analysis.audit.sources import Piece
from passrole.analysis.audit.streams import chunks
from passrole.analysis.audit.workers import PassReader


def in_table(table: str, written: str) -> bytes:
    """A table, written so."""
    return WRITTEN[written](TABLES[table](EVENTS))


MADE: Mapping[str, Callable[[], bytes]] = {
    **{name: partial(made, EVENTS) for name, made in {**FORMS, **WRAPPED}.items()},
    **{f"{name}, {how}": partial(in_table, name, how) for name in TABLES for how in WRITTEN},
    **ARCHIVES,
    **{f"packed by {name}": partial(packed, LOG) for name, packed in PACKED.items()},
}


@cache
def file(name: str) -> bytes:
    """A file that is whole."""
    return MADE[name]()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The same with some bytes changed, taken out, put in or moved."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(min(len(made), chance.choice((200, len(made) + 1))) + 1)
        match chance.randrange(5):
            case 0:
                made[at : at + 1] = chance.randbytes(1)
            case 1:
                del made[at : at + chance.choice((1, 5, 100))]
            case 2:
                made[at:at] = chance.randbytes(chance.choice((1, 8)))
            case 3:
                made[at:at] = made[chance.randrange(len(made) + 1) :][:50]
            case _:
                del made[len(made) - chance.randrange(len(made) // 2 + 1) :]
    return bytes(made)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MADE)), st.randoms(use_true_random=False))
def test_a_damaged_file_is_told_of_and_no_more(name: str, chance: random.Random) -> None:
    content = damaged(file(name), chance)
    found: list[WholeRecord] = []
    try:
        for batch in records(chunks(io.BytesIO(content)), lambda place, why: None, WholeRecord):
            found += batch
    except (Foreign, Digest):
        pass
    for record in found:
        try:
            record.as_event()
            record.caller()
        except (ValueError, RecursionError):  # which each command tells of by the event's id
            pass


@pytest.mark.parametrize("form", ["log", "a record a line", "EventBridge through Firehose", "Splunk"])
@pytest.mark.parametrize("member", ["eventName", "requestParameters", "userIdentity", "tlsDetails"])
def test_a_byte_that_is_no_text_costs_one_record(form: str, member: str) -> None:
    """What is no UTF-8 is no JSON. It may show only once the member is looked at."""
    events = [{**one, "tlsDetails": {"tlsVersion": "TLSv1.3"}} for one in EVENTS]
    inner = {
        "eventName": "@@",
        "requestParameters": {"x": "@@"},
        "userIdentity": {"arn": "@@"},
        "tlsDetails": "@@",
    }
    events[5] = {**events[5], "eventID": "broken", member: inner[member]}
    made = {**FORMS, **WRAPPED}[form](events).replace(b"@@", b"\xff\xfe")
    found, faults = read(made)
    good = [one for one in found if one.eventID != "broken"]
    assert [one.eventID for one in good] == [one["eventID"] for one in events if one["eventID"] != "broken"]
    assert len(faults) + len(found) == len(events)


def test_an_audit_names_the_event_that_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    event = {
        **EVENTS[0],
        "eventName": "RunInstances",
        "eventSource": "ec2.amazonaws.com",
        "eventID": "broken",
    }
    event["requestParameters"] = {"iamInstanceProfile": {"name": "@@"}}
    path.write_bytes(compact({"Records": [event, *EVENTS]}).replace(b"@@", b"\xff\xfe"))
    reports = list(PassReader(NOWHERE)(Piece("file", "log", str(path))))
    assert sum(one.records for one in reports) >= len(EVENTS)
    assert [skipped.file for one in reports for skipped in one.skipped] == ["log"]
    assert reports[-1].done


def test_a_record_of_bytes_that_are_no_text_has_no_caller() -> None:
    record = Record(userIdentity=msgspec.Raw(b'{"arn":"\xff"}'))
    with pytest.raises(ValueError, match="utf-8"):
        record.caller()
