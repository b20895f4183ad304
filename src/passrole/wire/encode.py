"""Inputs to requests: the way back from ``protocols.read``, for a request that is made or changed here.

The result is not signed. It says each thing once and nothing that the model does not know, so whoever
reads it next cannot understand something else than was authorized.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from passrole.wire import cbor, jsonio, models, scalars, services
from passrole.wire.bodies import Bodies, JsonBodies, XmlBodies
from passrole.wire.forms import form_key
from passrole.wire.models import Operation, Shape
from passrole.wire.request import RawRequest
from passrole.wire.restwrite import header_text, one_line

Encode = Callable[[Mapping[str, object], str], RawRequest]
_Pairs = Iterator[tuple[str, str]]


def encode_request(
    service: str, operation: str, given: Mapping[str, object], host: str, *, protocol: str = ""
) -> RawRequest:
    """The unsigned request that makes this call. host is the Host header.

    protocol is one that the service lists; its first where it is "". Raises KeyError for an unknown
    operation or a required part of the path that is missing.
    """
    return _encoder(service, operation, protocol or services.entry(service).protocols[0])(given, host)


@cache
def _encoder(service: str, operation: str, protocol: str) -> Encode:
    with models.COMPILING:
        return _compiled(services.entry(service), models.service(service).operation(operation), protocol)


def _compiled(entry: services.ServiceEntry, found: Operation, protocol: str) -> Encode:
    match protocol:
        case "query" | "ec2":
            return _form_encoder(entry, found, ec2=protocol == "ec2")
        case "json":
            return _json_encoder(entry, found)
        case "smithy-rpc-v2-cbor":
            return _cbor_encoder(entry, found)
        case "rest-json":
            return _RestEncoder(found, JsonBodies()).encode
        case "rest-xml":
            return _RestEncoder(found, XmlBodies(entry)).encode
    raise ValueError(f"no protocol {protocol!r}")


def _request(
    host: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str = "POST",
    path: str = "/",
    query: str = "",
) -> RawRequest:
    listed = [("host", host), *((name.lower(), one_line(value)) for name, value in headers.items())]
    if (body or method in ("POST", "PUT")) and "content-length" not in dict(listed):
        listed.append(("content-length", str(len(body))))
    return RawRequest(method, path, query, tuple(listed), body)


def _json_encoder(entry: services.ServiceEntry, operation: Operation) -> Encode:
    headers = {
        "x-amz-target": f"{entry.target_prefix}.{operation.name}",
        "content-type": f"application/x-amz-json-{entry.json_version or '1.1'}",
    }
    members = jsonio.JsonWriter().structure(operation.input) if operation.input is not None else dict
    return lambda given, host: _request(host, headers, jsonio.dump(members(given)))


def _cbor_encoder(entry: services.ServiceEntry, operation: Operation) -> Encode:
    path = f"/service/{entry.target_prefix}/operation/{operation.name}"
    headers = {"smithy-protocol": "rpc-v2-cbor", "accept": "application/cbor"}
    if operation.input is None:
        return lambda given, host: _request(host, headers, b"", path=path)
    write_input = cbor.CborWriter().writer(operation.input)

    def encode(given: Mapping[str, object], host: str) -> RawRequest:
        out = bytearray()
        write_input(given, out)
        return _request(host, {**headers, "content-type": "application/cbor"}, bytes(out), path=path)

    return encode


# --- Forms ------------------------------------------------------------------------------------


def _form_encoder(entry: services.ServiceEntry, operation: Operation, *, ec2: bool) -> Encode:
    start = f"Action={operation.name}&Version={entry.api_version}"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    shape = operation.input

    def encode(given: Mapping[str, object], host: str) -> RawRequest:
        pairs = _form_members(shape, given, "", ec2) if shape is not None else iter(())
        rest = "".join(f"&{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        return _request(host, headers, (start + rest).encode())

    return encode


def _form_members(shape: Shape, given: Mapping[str, object], prefix: str, ec2: bool) -> _Pairs:
    for name, value in given.items():
        member = shape.members.get(name)
        if member is not None and value is not None:
            yield from _form_value(member, value, prefix + form_key(name, member, ec2=ec2), ec2)


def _form_value(shape: Shape, value: Any, key: str, ec2: bool) -> _Pairs:
    match shape.kind:
        case "structure":
            yield from _form_members(shape, value, f"{key}.", ec2)
        case "list" if not value:
            if not ec2:
                yield key, ""
        case "list":
            inner = "" if ec2 or shape.flattened else f".{shape.member.location_name or 'member'}"
            for number, item in enumerate(value, 1):
                yield from _form_value(shape.member, item, f"{key}{inner}.{number}", ec2)
        case "map":
            inner = "" if shape.flattened else ".entry"
            for number, (name, item) in enumerate(value.items(), 1):
                entry = f"{key}{inner}.{number}"
                yield f"{entry}.{shape.key.location_name or 'key'}", name
                value_key = f"{entry}.{shape.value.location_name or 'value'}"
                yield from _form_value(shape.value, item, value_key, ec2)
        case _:
            yield key, scalar_text(shape)(value)


def scalar_text(shape: Shape) -> Callable[[Any], str]:
    """What writes a single value into a form or a query string."""
    match shape.kind:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "float" | "double":
            return scalars.float_text
        case "timestamp":
            return _time_text(shape)
        case "blob":
            return lambda value: b64encode(value.encode() if isinstance(value, str) else value).decode()
    return str


def _time_text(shape: Shape) -> Callable[[datetime], str]:
    return scalars.TIME_FORMATS[shape.timestamp_format or "iso8601"]


# --- rest -------------------------------------------------------------------------------------


class _RestEncoder:
    """Writes the requests of one rest operation."""

    def __init__(self, operation: Operation, bodies: Bodies) -> None:
        self._operation = operation
        self._bodies = bodies
        self._path, _, self._literals = operation.uri.partition("?")
        shape = operation.input
        self._body: Callable[[Any], bytes] | None = None
        self._payload = shape.payload if shape is not None else None
        if shape is None:
            return
        if self._payload is not None:
            payload = shape.members[self._payload]
            if payload.kind in ("blob", "string") or payload.eventstream:
                self._body = _octets
            else:
                self._body = bodies.writer(payload, payload.location_name or payload.name, whole=True)
        elif any(not member.location for member in shape.members.values()):
            self._body = bodies.writer(shape, shape.location_name or shape.name, whole=False)

    def encode(self, given: Mapping[str, object], host: str) -> RawRequest:
        path = self._path
        query: list[str] = [self._literals] if self._literals else []
        headers: dict[str, str] = {}
        members = self._operation.input.members if self._operation.input is not None else {}
        for name, member in members.items():
            value: Any = given.get(name)
            key = member.location_name or name
            if value is None:
                if member.location == "uri":
                    raise KeyError(name)
                continue
            match member.location:
                case "uri":
                    text = scalar_text(member)(value)
                    path = path.replace(f"{{{key}}}", quote(text, safe="~"))
                    path = path.replace(f"{{{key}+}}", quote(text, safe="/~"))
                case "querystring":
                    query += _query_pairs(member, key, value)
                case "header" if value != []:
                    headers[key] = header_text(member)(value)
                case "headers":
                    headers |= {key + entry: text for entry, text in value.items()}
        body = self._encode_body(given)
        if body and "content-type" not in {name.lower() for name in headers}:
            headers["content-type"] = self._bodies.content_type
        method = self._operation.method
        return _request(host, headers, body, method=method, path=path, query="&".join(query))

    def _encode_body(self, given: Mapping[str, object]) -> bytes:
        if self._body is None:
            return b""
        content = given.get(self._payload) if self._payload is not None else given
        return b"" if content is None else self._body(content)


def _octets(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _query_pairs(member: Shape, key: str, value: Any) -> list[str]:
    pairs: list[tuple[str, str]] = []
    if member.kind == "map":
        for name, items in value.items():
            pairs += [(name, item) for item in ([items] if isinstance(items, str) else items)]
    elif member.kind == "list":
        text = scalar_text(member.member)
        pairs = [(key, text(item)) for item in value]
    else:
        pairs = [(key, scalar_text(member)(value))]
    return [f"{quote(name, safe='-._~')}={quote(item, safe='-._~')}" for name, item in pairs]
