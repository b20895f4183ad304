"""Responses read back: the output of an operation, or the error that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from xml.etree.ElementTree import Element

import orjson

from passrole.values.errors import ServiceError
from passrole.wire import cbor, jsonio, models, scalars, xmlread
from passrole.wire.models import Operation, Shape
from passrole.wire.request import Response
from passrole.wire.scalars import BadInput

Read = Callable[[Response], dict[str, object]]


class UnreadableAnswer(Exception):
    """A response that is not in its operation's shape."""


def read_output(service: str, operation: str, protocol: str, response: Response) -> dict[str, object]:
    """The output of a call that succeeded, in AWS's member names. Raises UnreadableAnswer."""
    try:
        return _reader(service, operation, protocol)(response)
    except BadInput as problem:
        raise UnreadableAnswer(f"{service}:{operation}") from problem


@lru_cache(maxsize=4096)
def _reader(service: str, operation: str, protocol: str) -> Read:
    model = models.service(service).operation(operation)
    if model.output is None:
        return lambda response: {}
    match protocol:
        case "query" | "ec2":
            return _xml(model.output, wrapper=model.output.result_wrapper if protocol == "query" else "")
        case "json":
            members = jsonio.JsonReader().structure(model.output)
            return lambda response: members(jsonio.parse(response.body or b"{}"))
        case "rest-json" | "rest-xml":
            return _rest(model, xml=protocol == "rest-xml")
        case "smithy-rpc-v2-cbor":
            read_item = cbor.CborReader().structure(model.output)
            return lambda response: read_item(cbor.decode(response.body)) if response.body else {}
    raise ValueError(f"no reader of {protocol} responses")


def _xml(shape: Shape, *, wrapper: str) -> Read:
    members = xmlread.XmlReader().structure(shape)

    def read(response: Response) -> dict[str, object]:
        root = xmlread.parse(response.body)
        if wrapper:
            inner = next((child for child in root if child.tag.rpartition("}")[2] == wrapper), None)
            return members(inner) if inner is not None else {}
        return members(root)

    return read


# Where rest protocols write output members. moto's header names vary in case.
_SCALARS: Final[Mapping[str, Callable[[str], object]]] = {
    kind: scalars.parser(kind)
    for kind in ("string", "integer", "long", "float", "double", "boolean", "timestamp")
}


def _rest(operation: Operation, *, xml: bool) -> Read:
    shape = operation.output
    if shape is None:
        return lambda response: {}
    headers: list[tuple[str, str, Callable[[str], object]]] = []
    prefixes: list[tuple[str, str]] = []
    status_member = ""
    for name, member in shape.members.items():
        key = (member.location_name or name).lower()
        match member.location:
            case "header" if member.kind in _SCALARS and not member.json_value:
                headers.append((name, key, _SCALARS[member.kind]))
            case "headers":
                prefixes.append((name, key))
            case "statusCode":
                status_member = name
    body = _body(shape, xml=xml)

    def read(response: Response) -> dict[str, object]:
        found = body(response.body) if response.body else {}
        given = {name.lower(): value for name, value in response.headers}
        for name, key, convert in headers:
            if key in given:
                found[name] = convert(given[key])
        for name, prefix in prefixes:
            found[name] = {
                key.removeprefix(prefix): value for key, value in given.items() if key.startswith(prefix)
            }
        if status_member:
            found[status_member] = response.status
        return found

    return read


def _body(shape: Shape, *, xml: bool) -> Callable[[bytes], dict[str, object]]:
    parse: Callable[[bytes], Any] = xmlread.parse if xml else jsonio.parse
    if shape.payload is None:
        structure: Callable[[Any], dict[str, object]]
        if xml:
            structure = xmlread.XmlReader().structure(shape, body_only=True)
        else:
            structure = jsonio.JsonReader().structure(shape, body_only=True)
        return lambda body: structure(parse(body))
    name = shape.payload
    payload = shape.members[name]
    if payload.kind == "string":
        return lambda body: {name: body.decode(errors="replace")}
    if payload.kind == "blob" or payload.eventstream:
        return lambda body: {name: body}
    whole: Callable[[Any], object]
    whole = xmlread.XmlReader().reader(payload) if xml else jsonio.JsonReader().reader(payload)
    return lambda body: {name: whole(parse(body))}


def element_text(root: Element, *names: str) -> str:
    """The text of the first element with one of these local names, "" where there is none."""
    for element in root.iter():
        if element.tag.rpartition("}")[2] in names and element.text:
            return element.text
    return ""


def error_of(answer: Response) -> ServiceError | None:
    """What an error response says, whichever protocol it is in; None for one that is no error."""
    if answer.status < 400:
        return None
    code = message = ""
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.body.lstrip().startswith(b"<"):
        try:
            root = xmlread.parse(answer.body)
        except BadInput:
            pass
        else:
            code, message = element_text(root, "Code"), element_text(root, "Message", "message")
    elif answer.body:
        given = _value(answer.body, cbor_coded="smithy-protocol" in headers)
        if isinstance(given, dict):
            code = str(given.get("__type") or given.get("code") or given.get("Code") or "")
            message = str(given.get("message") or given.get("Message") or "")
    code = headers.get("x-amzn-errortype", code).split(":")[0].rpartition("#")[2]
    return ServiceError(
        message, code=code or _BY_STATUS.get(answer.status, "InternalFailure"), status=answer.status
    )


def _value(body: bytes, *, cbor_coded: bool) -> object:
    """What a body says, None where it is not in its form."""
    try:
        return cbor.decode(body) if cbor_coded else orjson.loads(body)
    except (BadInput, orjson.JSONDecodeError):
        return None


# A HEAD request's errors have no body.
_BY_STATUS: Final = {304: "NotModified", 403: "AccessDenied", 404: "NotFound", 412: "PreconditionFailed"}
