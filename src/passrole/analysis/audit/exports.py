"""Records as rows of columns, in which services export them: CloudTrail Lake, Athena, Splunk.

Athena's tables and CloudTrail Lake print the names of columns in lower case, and nested values as JSON, as
structures or as ``{type=IAMUser, arn=…}``; others have a column for each of their members. Sources:
CloudTrail User Guide, "View query results with the AWS CLI" and "Download saved query results"; Amazon
Athena User Guide, "Query AWS CloudTrail logs".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeVar

import msgspec
import orjson

from passrole.analysis.audit.events import Record, WholeRecord

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
    )
}
_NESTED: Final = ("userIdentity", "requestParameters")
_READ: Final = frozenset(name.lower() for name in WholeRecord.__struct_fields__)
_COLUMNS_OF: Final = tuple(name.lower() for name in _NESTED)
# A column that holds the whole record: CloudTrail Lake's own, and LookupEvents' member.
_WHOLE: Final = ("eventjson", "cloudtrailevent")
# Members of members that have a column of their own: the words to each, run together, and the names that
# Microsoft Sentinel has for some. Source: Azure Monitor reference, "AWSCloudTrail".
_OF_IDENTITY: Final = (
    ("type",),
    ("principalId",),
    ("arn",),
    ("accountId",),
    ("accessKeyId",),
    ("userName",),
    ("invokedBy",),
    *(("sessionContext", "sessionIssuer", name) for name in ("type", "principalId", "arn", "accountId")),
    ("sessionContext", "sessionIssuer", "userName"),
    ("sessionContext", "attributes", "mfaAuthenticated"),
    ("sessionContext", "attributes", "creationDate"),
)
_FLAT: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"useridentity{''.join(path).lower()}": ("useridentity", *path) for path in _OF_IDENTITY},
    **{
        f"{''.join(path[1:]).lower()}": ("useridentity", *path)
        for path in _OF_IDENTITY
        if "sessionIssuer" in path
    },
    **{
        f"session{path[-1].lower()}": ("useridentity", *path) for path in _OF_IDENTITY if "attributes" in path
    },
    "awseventid": ("eventid",),
    "awsrequestid": ("requestid",),
    "timegenerated": ("eventtime",),
}
_AMERICAN: Final = "%m/%d/%Y, %I:%M:%S.%f %p"  # as Microsoft Sentinel's page saves a time
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?: ?UTC|Z|\+00:?00)?", re.ASCII)
# Without these, a row tells of no pass.
_NEEDED: Final = ("userIdentity", "requestParameters")


def is_header(columns: Iterable[str]) -> bool:
    """Are these the columns of an export of records?"""
    names = {_bare(column) for column in columns}
    return any(whole in names for whole in _WHOLE) or {"eventname", "eventsource"} <= names


def is_wanted(column: str) -> bool:
    """Is it a column that a record is read from?"""
    return _root(column) in _READ or _root(column) in _WHOLE


def missing(columns: Iterable[str]) -> str:
    """What an export leaves out without which no pass can be found, "" where it has all."""
    names = {_root(column) for column in columns}
    if any(whole in names for whole in _WHOLE):
        return ""
    lacking = [name for name in _NEEDED if name.lower() not in names]
    return f"there is no column {' and no column '.join(lacking)}" if lacking else ""


def of_row(row: Mapping[str, object]) -> Mapping[str, object] | None:
    """The record in a row of columns, None for a row of another table."""
    columns: dict[str, object] = {}
    for column, path in read_from(tuple(row)):
        value = row[column]
        if value is None or value == "":
            continue
        if len(path) == 1:
            columns[path[0]] = value
        else:
            _put(columns, path, value)
    for whole in _WHOLE:
        text = columns.get(whole)
        if isinstance(text, str) and text:
            return object_of(text)
        if isinstance(text, Mapping):
            return text
    if not columns.get("eventname") or "eventsource" not in columns:
        return None
    made: dict[str, object] = {}
    for name, value in columns.items():
        member = _MEMBERS[name]
        if member in _NESTED:
            nested = object_of(value) if isinstance(value, str) else value
            made[member] = _respelled(nested) if member == "userIdentity" else nested
        elif member == "eventTime":
            made[member] = moment(value)
        else:
            made[member] = value if isinstance(value, str) else str(value)
    return made


@lru_cache(maxsize=1024)
def read_from(columns: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Those of the columns that a record is read from, each with where it stands; its root in lower case."""
    found = ((column, _nested_in(column)) for column in columns)
    return tuple((column, path) for column, path in found if path[0] in _READ or path[0] in _WHOLE)


def _nested_in(column: str) -> tuple[str, ...]:
    """Where a column's value stands in a record, as ``t.userIdentity.arn`` or ``user_identity_arn``."""
    names = column.strip().split(".")
    for at, name in enumerate(names[:-1]):
        root = name.replace("_", "").lower()
        if root in _COLUMNS_OF:
            return (root, *names[at + 1 :])
    bare = _bare(column)
    return _FLAT.get(bare, (bare,))


def is_member(name: str) -> bool:
    """Is it one of a record's own, in lower case?"""
    return name in _READ


def member_of(name: str) -> str:
    """A name as a record spells it."""
    return _MEMBERS.get(name.lower(), name)


def _root(column: str) -> str:
    """The member of a record that a column is, or is a part of."""
    return _nested_in(column)[0]


def _put(columns: dict[str, object], path: Sequence[str], value: object) -> None:
    """Sets a member of a member, unless its whole is there already."""
    inner: object = columns
    for name in path[:-1]:
        if not isinstance(inner, dict):
            return
        inner = inner.setdefault(name, {})
    if isinstance(inner, dict):
        inner.setdefault(path[-1], value)


def _bare(column: str) -> str:
    """``event_name``, ``eventName`` and ``t.eventname`` are one column."""
    return column.strip().rpartition(".")[2].replace("_", "").lower().removesuffix(" [utc]")


def object_of(text: str) -> Mapping[str, object] | None:
    """What a text of JSON means, or of a structure as Presto prints it; None for another text."""
    found: object
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = _Struct(text).read() if text.startswith("{") else None
    return found if isinstance(found, Mapping) else None


def _respelled(value: object) -> object:
    """A structure has all of its members, most of them null."""
    if isinstance(value, Mapping):
        return {member_of(str(name)): _respelled(one) for name, one in value.items() if one is not None}
    return moment(value) if isinstance(value, datetime) else value


def moment(value: object) -> str:
    """A time, or ``2026-01-05 09:12:44.000``, as a record has it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC) if value.tzinfo else value:%Y-%m-%dT%H:%M:%SZ}"
    text = str(value)
    found = _MOMENT.fullmatch(text)
    if found is not None:
        return f"{found[1]}T{found[2]}Z"
    try:
        return moment(datetime.strptime(text, _AMERICAN)) if text.endswith("M") else text
    except ValueError:
        return text


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
        return _list_of(text[start : self._at])

    def _name_follows(self) -> bool:
        rest = self._text[self._at + 2 : self._at + 66]
        name, equals, _ = rest.partition("=")
        return bool(equals) and name.replace("_", "").isalnum() and self._text[self._at + 1] == " "


def _list_of(text: str) -> object:
    """The items of ``[{id=1, arn=…}, {id=2, arn=…}]``; another text, JSON among them, as it is."""
    if not (text.startswith("[") and text.endswith("]")) or text[1:2] in ('"', "]"):
        return text
    if text[1:2] == "{" and text[2:3] == '"':
        return text
    items: list[object] = []
    depth, start = 0, 1
    for at, letter in enumerate(text):
        depth += (letter in "[{") - (letter in "]}")
        if (depth == 1 and text.startswith(", ", at)) or (depth == 0 and at == len(text) - 1):
            item = text[start:at]
            items.append(_Struct(item).read() or item if item.startswith("{") else item)
            start = at + 2
    return items


def record_of(event: Mapping[str, object], kind: type[R]) -> R:
    """A record that is parsed already. Raises msgspec.ValidationError for what is no record."""
    return msgspec.json.decode(orjson.dumps(event), type=kind)
