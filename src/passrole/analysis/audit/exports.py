"""Records in the forms in which services export them: CloudTrail Lake, Athena, LookupEvents, EventBridge.

Athena's tables and CloudTrail Lake print the names of columns in lower case, and nested values as JSON or as
``{type=IAMUser, arn=…}``. Sources: CloudTrail User Guide, "View query results with the AWS CLI" and "Download
saved query results"; Amazon Athena User Guide, "Query AWS CloudTrail logs".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
import orjson

from passrole.analysis.audit.events import Record, WholeRecord
from passrole.analysis.audit.faults import Digest

R = TypeVar("R", bound=Record)

# The members of a record that an audit reads, as they are spelled in it.
_MEMBERS: Final[Mapping[str, str]] = {
    name.lower(): name
    for name in (
        *WholeRecord.__struct_fields__,
        # of userIdentity
        "type",
        "principalId",
        "arn",
        "accountId",
        "accessKeyId",
        "userName",
        "invokedBy",
        "sessionContext",
        "sessionIssuer",
        "attributes",
        "mfaAuthenticated",
        "creationDate",
        "sourceIdentity",
        "webIdFederationData",
        # the others that a question may be asked about
        "eventVersion",
        "responseElements",
        "readOnly",
        "sharedEventID",
    )
}
_NESTED: Final = ("userIdentity", "requestParameters", "responseElements")
_TEXT: Final = tuple(
    name for name in WholeRecord.__struct_fields__ if name not in ("userIdentity", "requestParameters")
)
# A column that holds the whole record: CloudTrail Lake's own, and LookupEvents' member.
_WHOLE: Final = ("eventjson", "cloudtrailevent")
_DIGEST: Final = "digestPublicKeyFingerprint"


def unwrapped(content: object) -> Iterator[Mapping[str, object]]:
    """The records in a JSON value of any form; none in what is no trail's. Raises Digest."""
    if isinstance(content, list):
        for one in content:
            yield from unwrapped(one)
        return
    if not isinstance(content, Mapping):
        return
    if "eventName" in content and "eventSource" in content:
        yield content
        return
    if _DIGEST in content:
        raise Digest("a digest of log files")
    for member in ("Records", "Events", "events", "Detail", "detail"):
        inner = content.get(member)
        if isinstance(inner, list | Mapping):
            yield from unwrapped(inner)
            return
    if isinstance(rows := content.get("QueryResultRows"), list):
        for row in rows:
            yield from unwrapped(_merged(row))
    elif isinstance(results := content.get("ResultSet"), Mapping):
        yield from _athena(results.get("Rows"))
    elif (row := of_row(content)) is not None:
        yield row


def _merged(row: object) -> Mapping[str, object]:
    """CloudTrail Lake gives a row as a list of objects of one column each."""
    made: dict[str, object] = {}
    for cell in row if isinstance(row, list) else [row]:
        if isinstance(cell, Mapping):
            made |= cell
    return made


def _athena(rows: object) -> Iterator[Mapping[str, object]]:
    """Athena gives the columns' names as the first row."""
    texts: list[list[str]] = []
    for row in rows if isinstance(rows, list) else ():
        cells = row.get("Data") if isinstance(row, Mapping) else None
        texts.append([
            str(cell.get("VarCharValue", "")) if isinstance(cell, Mapping) else ""
            for cell in (cells if isinstance(cells, list) else ())
        ])  # fmt: skip
    for cells in texts[1:]:
        found = of_row(dict(zip(texts[0], cells, strict=False)))
        if found is not None:
            yield found


def is_header(columns: Sequence[str]) -> bool:
    """Are these the columns of an export of records?"""
    names = {_bare(column) for column in columns}
    return any(whole in names for whole in _WHOLE) or {"eventname", "eventsource"} <= names


def of_row(row: Mapping[str, object]) -> Mapping[str, object] | None:
    """The record in a row of columns, None for a row of another table."""
    columns = {_bare(name): value for name, value in row.items() if isinstance(name, str)}
    for whole in _WHOLE:
        text = columns.get(whole)
        if isinstance(text, str) and text:
            return _object(text)
        if isinstance(text, Mapping):
            return text
    if not columns.get("eventname") or "eventsource" not in columns:
        return None
    made: dict[str, object] = {}
    for name, value in columns.items():
        member = _MEMBERS.get(name)
        if member is None or value in ("", None):
            continue
        if member in _NESTED:
            nested = _object(value) if isinstance(value, str) else value
            made[member] = _respelled(nested) if member == "userIdentity" else nested
        elif member in _TEXT:
            made[member] = _moment(str(value)) if member == "eventTime" else str(value)
        else:
            made[member] = value
    return made


def _bare(column: str) -> str:
    """``event_name``, ``eventName`` and ``t.eventname`` are one column."""
    return column.strip().rpartition(".")[2].replace("_", "").lower()


def _object(text: str) -> Mapping[str, object] | None:
    found: object
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = _Struct(text).read() if text.startswith("{") else None
    return found if isinstance(found, Mapping) else None


def _respelled(value: object) -> object:
    if isinstance(value, Mapping):
        return {_MEMBERS.get(str(name).lower(), str(name)): _respelled(one) for name, one in value.items()}
    return value


def _moment(text: str) -> str:
    """``2026-01-05 09:12:44.000`` as a record has it."""
    stamp = text.replace(" ", "T", 1).partition(".")[0].removesuffix("Z")
    return f"{stamp}Z" if len(stamp) == len("2026-01-05T09:12:44") else text


class _Struct:
    """Reads ``{type=AssumedRole, arn=…, sessioncontext={…}}``, as Presto prints structures and maps.

    Commas stand inside of values, too: a value ends where ``, name=`` or the closing brace follows.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> dict[str, object] | None:
        """The structure; None for a text of another form."""
        found = self._structure()
        return found if self._at == len(self._text) else None

    def _structure(self) -> dict[str, object] | None:
        made: dict[str, object] = {}
        self._at += 1
        while self._at < len(self._text) and self._text[self._at] != "}":
            name, equals, _ = self._text[self._at :].partition("=")
            if not equals:
                return None
            self._at += len(name) + 1
            value = self._value()
            if value not in ("null", ""):
                made[name.lstrip(", ")] = value
            if self._text.startswith(", ", self._at):
                self._at += 2
        self._at += 1
        return made

    def _value(self) -> object:
        text, start = self._text, self._at
        if text.startswith("{", start):
            try:
                found, length = json.JSONDecoder().raw_decode(text[start:])
            except json.JSONDecodeError:
                return self._structure()
            self._at += length
            return found
        depth = 0
        while self._at < len(text):
            letter = text[self._at]
            if letter in "{[":
                depth += 1
            elif letter in "]}":
                if not depth:
                    break
                depth -= 1
            elif letter == "," and not depth and self._name_follows():
                break
            self._at += 1
        return text[start : self._at]

    def _name_follows(self) -> bool:
        rest = self._text[self._at + 2 : self._at + 66]
        name, equals, _ = rest.partition("=")
        return bool(equals) and name.replace("_", "").isalnum() and self._text[self._at + 1] == " "


def record_of(event: Mapping[str, object], kind: type[R]) -> R:
    """A record that is parsed already. Raises msgspec.ValidationError for what is no record."""
    return msgspec.json.decode(orjson.dumps(event), type=kind)
