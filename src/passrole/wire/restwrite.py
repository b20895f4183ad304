"""Outputs of the rest protocols: members in status, headers and body, or one by one as events."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from passrole.wire import eventstream, scalars
from passrole.wire.bodies import Bodies
from passrole.wire.models import Operation, Shape
from passrole.wire.request import Response

Headers = list[tuple[str, str]]


class RestWriter:
    """Writes the output of one operation."""

    def __init__(self, operation: Operation, bodies: Bodies) -> None:
        self._status = operation.status
        self._head = operation.method == "HEAD"
        self._content_type = bodies.content_type
        self._headers: list[tuple[str, str, Callable[[Any], str]]] = []
        self._prefixes: list[tuple[str, str]] = []
        self._status_member = ""
        self._payload = ""
        self._body: Callable[[Any], bytes | Iterable[bytes]] | None = None
        shape = operation.output
        if shape is None:
            return
        for name, member in shape.members.items():
            match member.location:
                case "header":
                    self._headers.append((name, member.location_name or name, header_text(member)))
                case "headers":
                    self._prefixes.append((name, member.location_name))
                case "statusCode":
                    self._status_member = name
        if shape.payload is not None:
            self._payload = shape.payload
            payload = shape.members[shape.payload]
            if payload.eventstream:
                self._content_type = "application/vnd.amazon.eventstream"
                self._body = EventWriter(payload, bodies)
            elif payload.kind in ("blob", "string"):
                self._content_type = "application/octet-stream" if payload.kind == "blob" else "text/plain"
                self._body = _raw
            else:
                tag = payload.location_name or payload.name
                self._body = bodies.writer(payload, tag, whole=True)
        elif any(not member.location for member in shape.members.values()):
            self._body = bodies.writer(shape, shape.location_name or shape.name, whole=False)
        elif bodies.content_type == "application/json" and self._status not in (202, 204):
            self._body = _empty_object

    def write(self, output: Mapping[str, object], headers: Headers) -> Response:
        """The response; headers are those that every response of the service carries."""
        status = self._status
        if self._status_member and isinstance(chosen := output.get(self._status_member), int):
            status = chosen
        for name, header, text in self._headers:
            value = output.get(name)
            if value is not None and value != []:
                headers.append((header, one_line(text(value))))
        for name, prefix in self._prefixes:
            entries = output.get(name)
            if isinstance(entries, Mapping):
                headers += [(prefix + key, one_line(value)) for key, value in entries.items()]
        body: bytes | Iterable[bytes] = b""
        if self._body is not None and not self._head:
            content = output.get(self._payload) if self._payload else output
            if content is not None:
                body = self._body(content)
        if status == 204 and body != b"":
            # Some models promise both "no content" and content (chime:PutRetentionSettings). HTTP clients
            # read no body after a 204.
            status, body = (204, b"") if body == b"{}" else (200, body)
        if body != b"" and all(name.lower() != "content-type" for name, _ in headers):
            headers.insert(0, ("Content-Type", self._content_type))
        if isinstance(body, bytes):
            return Response(status, tuple(headers), body)
        return Response(status, tuple(headers), stream=body)


def _raw(value: bytes | str | Iterable[bytes]) -> bytes | Iterable[bytes]:
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return value.encode() if isinstance(value, str) else value


def _empty_object(value: object) -> bytes:
    return b"{}"


def one_line(text: str) -> str:
    """Text that can end neither its header nor its line."""
    if "\r" in text or "\n" in text or "\0" in text:
        return text.replace("\r", " ").replace("\n", " ").replace("\0", " ")
    return text


def header_text(shape: Shape) -> Callable[[Any], str]:
    """What writes a value into a header."""
    if shape.json_value:
        return lambda value: b64encode(orjson.dumps(value)).decode()
    match shape.kind:
        case "list":
            item = header_text(shape.member)
            quote = shape.member.kind == "string"

            def write_list(values: Sequence[object]) -> str:
                texts = [item(value) for value in values]
                return ",".join([_quoted(text) for text in texts] if quote else texts)

            return write_list
        case "boolean":
            return lambda value: "true" if value else "false"
        case "float" | "double":
            return scalars.float_text
        case "timestamp":
            return header_time(shape)
    return str


def header_time(shape: Shape) -> Callable[[datetime], str]:
    """How a timestamp is written in a header: HTTP's own form unless the model says otherwise."""
    return scalars.TIME_FORMATS[shape.timestamp_format or "rfc822"]


def _quoted(text: str) -> str:
    if "," in text or '"' in text:
        escaped = text.replace('"', '\\"')
        return f'"{escaped}"'
    return text


class EventWriter:
    """Writes the events of a stream: an iterable of ``{event name: its members}``."""

    def __init__(self, stream: Shape, bodies: Bodies) -> None:
        self._events = {name: _event(name, shape, bodies) for name, shape in stream.members.items()}

    def __call__(self, events: Iterable[Mapping[str, Mapping[str, object]]]) -> Iterator[bytes]:
        for entry in events:
            for name, members in entry.items():
                yield self._events[name](members)


def _event(name: str, shape: Shape, bodies: Bodies) -> Callable[[Mapping[str, object]], bytes]:
    """What writes one event. Header members are left to their text form, as AWS sends them."""
    headers = [member for member, part in shape.members.items() if part.eventheader]
    payload = next((member for member, part in shape.members.items() if part.eventpayload), "")
    if payload:
        part = shape.members[payload]
        kind = "application/octet-stream" if part.kind == "blob" else bodies.content_type
        plain = part.kind in ("blob", "string")
        write_payload = None if plain else bodies.writer(part, part.name, whole=True)
    else:
        kind = bodies.content_type
        write_payload = bodies.writer(shape, shape.name, whole=True)

    def write(members: Mapping[str, object]) -> bytes:
        content: Any = members.get(payload, b"") if payload else members
        if write_payload is not None:
            data = write_payload(content)
        else:
            data = content.encode() if isinstance(content, str) else bytes(content)
        extra = {header: str(members[header]) for header in headers if header in members}
        return eventstream.event(name, data, kind, extra)

    return write
