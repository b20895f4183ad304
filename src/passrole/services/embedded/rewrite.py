"""The judged input written as a request anew: what moto reads is what was authorized.

Passing the client's own bytes on would let two parsers read one request in two ways: an ``Action`` in the
query string beside an X-Amz-Target, a member given twice, a header of moto's own. A request written from the
input holds nothing that the checks did not see, and speaks a protocol that moto speaks.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, quote_plus

from passrole.wire import jsonio, models, scalars, services
from passrole.wire.models import Operation, Shape
from passrole.wire.rest import header_text
from passrole.wire.uri import template
from passrole.wire.xmlwrite import XmlWriter

# What moto cannot read at all; such a call goes to it as JSON.
CBOR: Final = "smithy-rpc-v2-cbor"

_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_UNRESERVED: Final = "~-._"  # beside letters and digits


@dataclass(frozen=True, slots=True)
class Written:
    """A request without its host and signature. path is percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


Write = Callable[[Mapping[str, object]], Written]


def spoken(protocol: str, service: str) -> str:
    """The protocol in which moto is asked: the caller's own where moto can read it."""
    return "json" if protocol == CBOR and "json" in services.entry(service).protocols else protocol


@lru_cache(maxsize=4096)
def writer(service: str, operation: str, protocol: str) -> Write:
    """What writes an operation's input in one of ``wire.services.Protocol``.

    Raises NoSuchOperation, and ValueError for a protocol that moto cannot read.
    """
    model = models.service(service).operation(operation)
    match protocol:
        case "query" | "ec2":
            return _form(model, ec2=protocol == "ec2")
        case "json":
            return _json(model)
        case "rest-json" | "rest-xml":
            return _Rest(model, _json_body if protocol == "rest-json" else _xml_body)
    raise ValueError(f"{service} is asked for in {protocol}, which moto does not speak")


# --- Forms --------------------------------------------------------------------------------------

Pairs = list[tuple[str, str]]
WriteForm = Callable[[str, Any, Pairs], None]  # (name so far, value, pairs)


def _form(operation: Operation, *, ec2: bool) -> Write:
    members = FormWriter(ec2=ec2).members(operation.input) if operation.input is not None else None
    head = [
        ("Action", operation.wire_name),
        ("Version", services.entry(operation.service.name).api_version),
    ]

    def write(given: Mapping[str, object]) -> Written:
        pairs = list(head)
        if members is not None:
            members("", given, pairs)
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
        return Written("POST", "/", "", {"content-type": _FORM}, body.encode())

    return write


class FormWriter:
    """Compiles shapes to what writes them as dotted names: ``wire.forms`` the other way round."""

    def __init__(self, *, ec2: bool) -> None:
        self._ec2 = ec2
        self._compiled: dict[tuple[str, bool], WriteForm] = {}

    def members(self, shape: Shape) -> WriteForm:
        """What writes a structure's members behind a prefix, "" for the input itself."""
        table = [
            (name, self._key(name, member), self._value(member)) for name, member in shape.members.items()
        ]

        def write(prefix: str, value: Mapping[str, object], pairs: Pairs) -> None:
            for name, key, write_member in table:
                member = value.get(name)
                if member is not None:
                    write_member(f"{prefix}.{key}" if prefix else key, member, pairs)

        return write

    def _key(self, name: str, member: Shape) -> str:
        if self._ec2:
            own = member.location_name
            return member.query_name or (own[0].upper() + own[1:] if own else name)
        if member.kind == "list" and member.flattened and member.member.location_name:
            return member.member.location_name
        return member.location_name or name

    def _value(self, shape: Shape) -> WriteForm:
        if shape.kind not in ("structure", "list", "map"):
            text = _text(shape)
            return lambda prefix, value, pairs: pairs.append((prefix, text(value)))
        known = self._compiled.get((shape.name, shape.flattened))
        if known is None:
            # Shapes may contain themselves: until this one is made, its users look it up when called.
            compiled = self._compiled
            key = (shape.name, shape.flattened)
            compiled[key] = lambda prefix, value, pairs: compiled[key](prefix, value, pairs)
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> WriteForm:
        if shape.kind == "structure":
            return self.members(shape)
        if shape.kind == "list":
            item = self._value(shape.member)
            infix = "" if self._ec2 or shape.flattened else f".{shape.member.location_name or 'member'}"
            ec2 = self._ec2

            def write_list(prefix: str, value: Sequence[object], pairs: Pairs) -> None:
                if not value and not ec2:
                    pairs.append((prefix, ""))  # how the query protocol says "an empty list"
                for number, entry in enumerate(value, 1):
                    item(f"{prefix}{infix}.{number}", entry, pairs)

            return write_list
        write_key, write_value = self._value(shape.key), self._value(shape.value)
        key_name = shape.key.location_name or "key"
        value_name = shape.value.location_name or "value"
        infix = "" if shape.flattened else ".entry"

        def write_map(prefix: str, value: Mapping[str, object], pairs: Pairs) -> None:
            for number, (name, entry) in enumerate(value.items(), 1):
                write_key(f"{prefix}{infix}.{number}.{key_name}", name, pairs)
                write_value(f"{prefix}{infix}.{number}.{value_name}", entry, pairs)

        return write_map


def _text(shape: Shape) -> Callable[[Any], str]:
    """A scalar in a form, a path or a query string."""
    match shape.kind:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "float" | "double":
            return scalars.float_text
        case "timestamp":
            return scalars.TIME_FORMATS[shape.timestamp_format or "iso8601"]
        case "blob":
            return _base64
    return str


def _base64(value: bytes | str) -> str:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


# --- JSON ---------------------------------------------------------------------------------------


def _json(operation: Operation) -> Write:
    entry = services.entry(operation.service.name)
    headers = {
        "content-type": f"application/x-amz-json-{entry.json_version or '1.1'}",
        "x-amz-target": f"{entry.target_prefix}.{operation.wire_name}",
    }
    members = jsonio.JsonWriter().structure(operation.input) if operation.input is not None else dict

    def write(given: Mapping[str, object]) -> Written:
        return Written("POST", "/", "", headers, jsonio.dump(members(given)))

    return write


# --- The rest protocols -------------------------------------------------------------------------

Body = tuple[str, Callable[[Any], bytes]]  # (content type, what writes it)


def _json_body(shape: Shape, *, whole: bool) -> Body:
    if whole and (shape.kind != "structure" or shape.document):
        write_value = jsonio.JsonWriter().writer(shape)
        return "application/json", lambda value: jsonio.dump(
            value if write_value is None else write_value(value)
        )
    members = jsonio.JsonWriter().structure(shape, body_only=not whole)
    return "application/json", lambda value: jsonio.dump(members(value))


def _xml_body(shape: Shape, *, whole: bool) -> Body:
    xml = XmlWriter(scalars.iso_millis)
    tag = shape.location_name or shape.name
    if whole:
        element = xml.element(tag, shape)

        def write_element(value: object) -> bytes:
            out: list[str] = []
            element(value, out)
            return "".join(out).encode()

        return "application/xml", write_element
    members = xml.members(shape, body_only=True)
    namespace = f' xmlns="{shape.xml_namespace.uri}"' if shape.xml_namespace is not None else ""

    def write_members(value: object) -> bytes:
        out = [f"<{tag}{namespace}>"]
        members(value, out)
        out.append(f"</{tag}>")
        return "".join(out).encode()

    return "application/xml", write_members


class _Rest:
    """Writes one operation's input into path, query string, headers and body."""

    def __init__(self, operation: Operation, bodies: Callable[..., Body]) -> None:
        self._method = operation.method
        self._path = operation.uri.partition("?")[0]
        self._constant = [
            f"{name}={value}" if value else name for name, value in template(operation.uri).query.items()
        ]
        self._labels: list[tuple[str, str, str, Callable[[Any], str]]] = []
        self._parameters: list[tuple[str, str, bool, Callable[[Any], str]]] = []
        self._parameter_map = ""
        self._headers: list[tuple[str, str, Callable[[Any], str]]] = []
        self._prefixes: list[tuple[str, str]] = []
        self._payload = ""
        self._body: Body | None = None
        shape = operation.input
        if shape is None:
            return
        for name, member in shape.members.items():
            key = member.location_name or name
            match member.location:
                case "uri":
                    greedy = f"{{{key}+}}" in self._path
                    safe = _UNRESERVED + "/" if greedy else _UNRESERVED
                    self._labels.append(
                        (name, f"{{{key}+}}" if greedy else f"{{{key}}}", safe, _text(member))
                    )
                case "querystring" if member.kind == "map":
                    self._parameter_map = name
                case "querystring":
                    listed = member.kind == "list"
                    self._parameters.append((name, key, listed, _text(member.member if listed else member)))
                case "header":
                    self._headers.append((name, key.lower(), header_text(member)))
                case "headers":
                    self._prefixes.append((name, key.lower()))
        if shape.payload is not None:
            self._payload = shape.payload
            payload = shape.members[shape.payload]
            if payload.kind in ("blob", "string") or payload.eventstream:
                self._body = "", _raw
            else:
                self._body = bodies(payload, whole=True)
        elif any(not member.location for member in shape.members.values()):
            self._body = bodies(shape, whole=False)

    def __call__(self, given: Mapping[str, object]) -> Written:
        path = self._path
        for name, label, safe, text in self._labels:
            path = path.replace(label, quote(text(given[name]), safe=safe), 1)
        headers: dict[str, str] = {}
        for name, header, text in self._headers:
            if (value := given.get(name)) is not None:
                headers[header] = text(value)
        for name, prefix in self._prefixes:
            if isinstance(entries := given.get(name), Mapping):
                headers |= {prefix + key: str(value) for key, value in entries.items()}
        body = b""
        if self._body is not None:
            content_type, write_body = self._body
            content = given.get(self._payload) if self._payload else given
            if content is not None:
                body = write_body(content)
                if content_type:
                    headers.setdefault("content-type", content_type)
        return Written(self._method, path, self._query(given), headers, body)

    def _query(self, given: Mapping[str, object]) -> str:
        pairs = list(self._constant)
        for name, key, listed, text in self._parameters:
            value = given.get(name)
            if value is not None:
                for entry in value if listed and isinstance(value, list) else (value,):
                    pairs.append(f"{quote(key, safe=_UNRESERVED)}={quote(text(entry), safe=_UNRESERVED)}")
        entries = given.get(self._parameter_map) if self._parameter_map else None
        if isinstance(entries, Mapping):
            for key, value in entries.items():
                for entry in value if isinstance(value, list) else (value,):
                    pairs.append(f"{quote(key, safe=_UNRESERVED)}={quote(str(entry), safe=_UNRESERVED)}")
        return "&".join(pairs)


def _raw(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
