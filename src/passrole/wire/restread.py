"""Inputs of the rest protocols: members in path, query string, headers and body."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from passrole.wire import scalars
from passrole.wire.bodies import Bodies
from passrole.wire.models import Operation, Shape
from passrole.wire.percent import unquoted
from passrole.wire.request import RawRequest
from passrole.wire.scalars import BadInput
from passrole.wire.uri import template

# Never part of an operation's input, and so never of a map that takes all of the query string.
_SIGNING: Final = "X-Amz-"


@dataclass(frozen=True)
class _Source:
    """One member of the input and what reads it."""

    member: str
    key: str  # a label, a parameter, a header in lower case
    read: Callable[[str], object]


class RestReader:
    """Reads the input of one operation."""

    def __init__(self, operation: Operation, bodies: Bodies) -> None:
        self._uri = template(operation.uri)
        shape = operation.input
        members = shape.members if shape is not None else {}
        self._labels: list[_Source] = []
        self._query: list[tuple[str, str, bool, Callable[[str], object]]] = []
        self._query_map: tuple[str, bool] | None = None
        self._headers: list[_Source] = []
        self._prefixes: list[tuple[str, str]] = []
        for name, member in members.items():
            key = member.location_name or name
            match member.location:
                case "uri":
                    self._labels.append(_Source(name, key, _parameter(member, key)))
                case "querystring" if member.kind == "map":
                    self._query_map = name, member.value.kind == "list"
                case "querystring":
                    listed = member.kind == "list"
                    scalar = member.member if listed else member
                    self._query.append((name, key, listed, _parameter(scalar, key)))
                case "header":
                    self._headers.append(_Source(name, key.lower(), _header(member, key)))
                case "headers":
                    self._prefixes.append((name, member.location_name.lower()))
        self._body: Callable[[bytes], object] | None = None
        self._payload = ""
        if shape is not None:
            self._bind_body(shape, bodies)

    def _bind_body(self, shape: Shape, bodies: Bodies) -> None:
        if shape.payload is None:
            if any(not member.location for member in shape.members.values()):
                self._body = bodies.reader(shape, whole=False)
            return
        self._payload = shape.payload
        payload = shape.members[shape.payload]
        match payload.kind:
            case _ if payload.eventstream:
                # Events arrive one by one over HTTP/2, signed each; here they stay what they are.
                self._body = bytes
            case "blob":
                self._body = bytes
            case "string":
                self._body = _utf8
            case _:
                self._body = bodies.reader(payload, whole=True)

    def read(self, raw: RawRequest, path: str) -> dict[str, object]:
        """The input. path is as the operation's template has it. Raises BadInput."""
        found: dict[str, object] = {}
        if self._labels:
            labels = self._uri.match(path) or {}
            for source in self._labels:
                if source.key in labels:
                    found[source.member] = source.read(labels[source.key])
        if self._query or self._query_map is not None:
            self._read_query(raw.query, found)
        if self._headers or self._prefixes:
            self._read_headers(raw, found)
        if self._body is not None and raw.body:
            body = self._body(raw.body)
            if self._payload:
                found[self._payload] = body
            elif isinstance(body, dict):
                found.update(body)
        return found

    def _read_query(self, query: str, found: dict[str, object]) -> None:
        given: dict[str, list[str]] = {}
        if query:
            for pair in query.split("&"):
                name, _, value = pair.partition("=")
                if name:
                    given.setdefault(_decoded(name), []).append(_decoded(value))
        for member, key, listed, read in self._query:
            if key in given:
                values = given.pop(key)
                found[member] = [read(value) for value in values] if listed else read(values[0])
        if self._query_map is not None:
            member, listed = self._query_map
            rest = {
                name: values if listed else values[0]
                for name, values in given.items()
                if not name.startswith(_SIGNING) and name not in self._uri.query
            }
            if rest:
                found[member] = rest

    def _read_headers(self, raw: RawRequest, found: dict[str, object]) -> None:
        given: dict[str, str] = {}
        for name, value in raw.headers:
            given[name] = f"{given[name]},{value}" if name in given else value
        for source in self._headers:
            if source.key in given:
                found[source.member] = source.read(_unlatin(given[source.key]))
        for member, prefix in self._prefixes:
            size = len(prefix)
            entries = {
                name[size:]: _unlatin(value) for name, value in given.items() if name.startswith(prefix)
            }
            if entries:
                found[member] = entries


def _decoded(text: str) -> str:
    if "%" in text or "+" in text:
        return _utf8(unquoted(text))
    return text


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise BadInput("") from None


def _unlatin(value: str) -> str:
    """A header's text: UTF-8 where it is that, as S3 reads user metadata, else latin-1."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        return value


def _parameter(shape: Shape, key: str) -> Callable[[str], object]:
    convert = scalars.parser(shape.kind)
    if convert is str:
        return convert

    def read(text: str) -> object:
        try:
            return convert(text)
        except BadInput as problem:
            raise BadInput(problem.text, argument=key, value=text) from None

    return read


def _header(shape: Shape, key: str) -> Callable[[str], object]:
    if shape.kind == "list":
        read_item = _header(shape.member, key)
        split = _split_dates if _is_http_date(shape.member) else _split_list
        return lambda text: [read_item(item) for item in split(text)]
    if shape.json_value:
        return _read_json_value
    return _parameter(shape, key)


def _read_json_value(text: str) -> object:
    try:
        return orjson.loads(b64decode(text, validate=True))
    except (BinasciiError, ValueError):
        raise BadInput("") from None


def _is_http_date(shape: Shape) -> bool:
    return shape.kind == "timestamp" and shape.timestamp_format in ("", "rfc822")


def _split_dates(text: str) -> list[str]:
    """HTTP dates hold a comma themselves: every second one separates."""
    parts = text.split(",")
    return [",".join(parts[at : at + 2]).strip() for at in range(0, len(parts), 2)]


def _split_list(text: str) -> list[str]:
    """Items between commas; an item in double quotes may hold commas, and quotes after a backslash."""
    if '"' not in text:
        return [item.strip() for item in text.split(",")]
    items: list[str] = []
    item = ""
    quoted = escaped = False
    for letter in text:
        if escaped:
            item += letter
            escaped = False
        elif quoted and letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            items.append(item.strip())
            item = ""
        else:
            item += letter
    return [*items, item.strip()]
