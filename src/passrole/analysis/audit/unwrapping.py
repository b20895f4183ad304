"""Records in whatever they were handed on in: services, queues, searches and commands wrap them up.

There is one rule for all: a record is what has an event's name and source and who called. It is looked for in
every member and item, and in every text that is JSON, or base64 of gzip, again. Sources: Amazon CloudWatch
Logs User Guide, "Log group-level subscription filters"; EventBridge User Guide, "AWS service events delivered
via AWS CloudTrail"; SNS Developer Guide, "Amazon SNS message and JSON formats"; CloudTrail User Guide, "View
query results with the AWS CLI".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

import msgspec
from isal import isal_zlib

from passrole.analysis.audit.exports import of_row
from passrole.analysis.audit.faults import Digest
from passrole.analysis.audit.schemas import of_schema

Event = Mapping[str, object]
Broken = Callable[[], object]

_DIGEST: Final = "digestPublicKeyFingerprint"
_DEEPEST: Final = 32  # wrappings in one another
_LARGEST: Final = 64 << 20  # bytes that a text of base64 makes
_GZIP: Final = "H4sI"  # as base64 has its first bytes
_OBJECT: Final = "eyJ"  # the same of ``{"``
_GZIP_FORM: Final = 31
_DAMAGED: Final = cast(type[Exception], isal_zlib.error)  # isal's types take the class for one of its errors
_SCANNER: Final = json.JSONDecoder(strict=False)
_NAMES: Final = ("eventName", "eventname", "EventName", "event_name", '"api"')
# One of these stands in every record, beside its name and source: what else has such members is no call.
_MARKS: Final = ("userIdentity", "eventVersion", "eventID", "eventTime", "requestParameters")
_PARAMETERS: Final = ("requestparameters", "requestParameters")
_IDENTITIES: Final = ("useridentity", "userIdentity")
_STREAM: Final = "aws:"  # what streams' own events have for a source: "aws:kinesis"
_STRUCTURES: Final = ("userIdentity", "requestParameters")
# Lists that hold records in what commands and services print, and may be empty.
_LISTS: Final = (
    "Records",
    "Events",
    "events",
    "logEvents",
    "results",
    "hits",
    "Messages",
    "QueryResultRows",
    "Rows",
)
_CONTROL: Final = "CONTROL_MESSAGE"  # CloudWatch Logs' own, to see whether a subscription works


def unwrapped(content: object, broken: Broken = lambda: None, depth: int = 0) -> Iterator[Event]:
    """The records in a value of any form, in order; none in what is no trail's.

    broken is told of each text that should be a record and cannot be parsed. Raises Digest.
    """
    if depth > _DEEPEST:
        return
    if isinstance(content, str):
        for one in _parsed(content, broken):
            yield from unwrapped(one, broken, depth + 1)
    elif isinstance(content, Mapping):
        if is_record(content):
            yield content
        elif (found := _of_table(content)) is not None:
            yield found
        else:
            yield from _of_members(content, broken, depth)
    elif isinstance(content, list):
        row = row_of(content)
        for one in content if row is None else [row]:
            yield from unwrapped(one, broken, depth + 1)


def is_record(content: Event) -> bool:
    """Is it a record itself? A row is not, nor what has the record's text beside some of its members."""
    return (
        "eventName" in content
        and "eventSource" in content
        and any(mark in content for mark in _MARKS)
        and not str(content["eventSource"]).startswith(_STREAM)
        and not any(isinstance(content.get(member), str) for member in _STRUCTURES)
        and not any(isinstance(value, str) and may_hold(value) for value in content.values())
    )


def _of_table(content: Event) -> Event | None:
    """The record in a row that has all columns of one, or in an event of a schema that keeps no text."""
    if any(name in content for name in _PARAMETERS) and any(name in content for name in _IDENTITIES):
        return of_row(content)
    return of_schema(content) if isinstance(content.get("api"), Mapping) else None


def is_empty(content: object) -> bool:
    """Is it a trail's that happens to hold no record?"""
    if not isinstance(content, Mapping):
        return content == []
    if content.get("messageType") == _CONTROL:
        return True
    for name in _LISTS:
        inner = content.get(name)
        if inner == [] or (isinstance(inner, Mapping) and is_empty(inner)):
            return True
    return isinstance(results := content.get("ResultSet"), Mapping) and is_empty(results)


def _of_members(content: Event, broken: Broken, depth: int) -> Iterator[Event]:
    if _DIGEST in content:
        raise Digest("a digest of log files")
    rows = content.get("Rows")
    if isinstance(rows, list) and is_athena(next(iter(rows), None)):
        yield from _athena(content, rows)
        return
    some = False
    told: set[object] = set()  # a search gives an event's text and its fields side by side
    for value in content.values():
        if not (may_hold(value) if isinstance(value, str) else isinstance(value, list | Mapping)):
            continue
        before = frozenset(told)
        for event in unwrapped(value, broken, depth + 1):
            some = True
            id = event.get("eventID")
            if id not in before:
                told.add(id)
                yield event
        told.discard(None)
    if not some:
        found = of_schema(content) or of_row(content)
        if found is not None and any(mark in found for mark in _MARKS):
            yield found


def row_of(items: Sequence[object]) -> Event | None:
    """A row whose cells are objects, as CloudTrail Lake and Logs Insights give it; None for another list."""
    made: dict[str, object] = {}
    for item in items:
        if not isinstance(item, Mapping):
            return None
        if item.keys() == {"field", "value"}:
            made[str(item["field"])] = item["value"]
        elif len(item) == 1 and not made.keys() & item.keys():
            made.update(item)
        else:
            return None
    return made if made else None


# Athena's rows


def is_athena(row: object) -> bool:
    """Is it a row as Athena gives it?"""
    return isinstance(row, Mapping) and isinstance(row.get("Data"), list)


def cells(row: object) -> list[str]:
    """The texts in a row of Athena's."""
    data = row.get("Data") if isinstance(row, Mapping) else None
    return [
        str(cell.get("VarCharValue", "")) if isinstance(cell, Mapping) else ""
        for cell in (data if isinstance(data, list) else ())
    ]


def _athena(results: Event, rows: Sequence[object]) -> Iterator[Event]:
    """The columns' names are in the first row of the first page, and with every page."""
    header = _columns(results) or cells(rows[0])
    for row in rows:
        found = cells(row)
        if found != header and (event := of_row(dict(zip(header, found, strict=False)))) is not None:
            yield event


def _columns(results: Event) -> list[str]:
    metadata = results.get("ResultSetMetadata")
    columns = metadata.get("ColumnInfo") if isinstance(metadata, Mapping) else None
    return [
        str(one.get("Name", ""))
        for one in (columns if isinstance(columns, list) else ())
        if isinstance(one, Mapping)
    ]


# Texts


def may_hold(text: str) -> bool:
    """Might it be the text of a record, or of what holds one?"""
    if text.startswith((_GZIP, _OBJECT)):
        return True
    return text.lstrip()[:1] in ("{", "[") and any(name in text for name in _NAMES)


def _parsed(text: str, broken: Broken) -> Iterator[object]:
    """The values in a text of JSON, one after the other."""
    if not may_hold(text):
        return
    if text.startswith((_GZIP, _OBJECT)):
        text = _decoded(text)
        if not may_hold(text):
            return
    try:
        yield msgspec.json.decode(text)
        return
    except (ValueError, RecursionError):
        pass
    at = 0
    text = text.strip()
    while at < len(text):
        try:
            value, at = _SCANNER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            broken()
            return
        yield value
        while at < len(text) and text[at] in " \t\r\n\0":
            at += 1


def _decoded(text: str) -> str:
    """What a text of base64 stands for, as streams' readers and Lambda functions get it; "" for another."""
    import base64  # here as most trails have none, and it takes as long as a small one

    try:
        found = base64.b64decode(text, validate=True)
        if text.startswith(_GZIP):
            found = isal_zlib.decompressobj(_GZIP_FORM).decompress(found, _LARGEST)
    except (ValueError, _DAMAGED):
        return ""
    return found.decode("utf-8", "replace")
