"""Requests to inputs and outputs to responses, for every protocol that AWS's models name.

Each operation's reader and writer are compiled from its shapes at first use and kept. Inputs and
outputs are mappings in AWS's member names, as boto3 takes and gives them: times are aware datetimes
in UTC, blobs bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from passrole.wire import cbor, errors, eventstream, forms, jsonio, models, scalars, services, xmlread
from passrole.wire.models import Operation, Shape
from passrole.wire.errorwrite import write_error
from passrole.wire.request import RawRequest, Response
from passrole.wire.rest import Bodies, EventWriter, Headers, RestReader, RestWriter
from passrole.wire.s3errors import host_id
from passrole.wire.scalars import BadInput
from passrole.wire.xmlwrite import XML_DECLARATION, XmlWriter, escape

__all__ = ["joined", "read", "reader", "write", "write_error", "writer"]

Reader = Callable[[RawRequest, str], dict[str, object]]
Writer = Callable[[Mapping[str, object], str], Response]

# Services that print times in XML to the second; the others print milliseconds.
# Source: sample responses in the IAM and STS API References.
_WHOLE_SECONDS: Final = frozenset({"iam", "sts"})

# More than a client may send uncompressed anywhere; a gzip body must not make more of itself.
_LARGEST_INFLATED: Final = 16 * 1024 * 1024


def read(
    service: str, operation: str, protocol: str, raw: RawRequest, *, path: str = ""
) -> dict[str, object]:
    """The input of an operation, in the model's member names.

    path is for S3 requests that name the bucket in their host: the path as the model has it
    (``route.Route.path``). An aws-chunked body has been decoded already. Raises ServiceError with
    the protocol's own code where the request cannot be read, KeyError for an unknown operation.
    """
    try:
        return reader(service, operation, protocol)(raw, path or raw.path)
    except BadInput as problem:
        raise errors.bad_input(protocol, service, problem) from None
    except RecursionError:  # nested deeper than any honest input
        raise errors.bad_input(protocol, service, BadInput("")) from None


def write(
    service: str, operation: str, protocol: str, output: Mapping[str, object], request_id: str
) -> Response:
    """The response to a call that succeeded. What is not in the operation's output is left out."""
    return writer(service, operation, protocol)(output, request_id)


@cache
def reader(service: str, operation: str, protocol: str) -> Reader:
    """The compiled reader of an operation. Raises models.NoSuchService or NoSuchOperation."""
    found = models.service(service).operation(operation)
    read_input = _codec(service, protocol).reader(found)
    return _inflating(read_input) if found.compressible else read_input


@cache
def writer(service: str, operation: str, protocol: str) -> Writer:
    """The compiled writer of an operation. Raises models.NoSuchService or NoSuchOperation."""
    return _codec(service, protocol).writer(models.service(service).operation(operation))


@cache
def _codec(service: str, protocol: str) -> _Query | _Json | _Cbor | _Rest:
    entry = services.entry(service)
    match protocol:
        case "query" | "ec2":
            return _Query(entry, ec2=protocol == "ec2")
        case "json":
            return _Json(entry)
        case "smithy-rpc-v2-cbor":
            return _Cbor()
        case "rest-json":
            return _Rest(entry, _JsonBodies())
        case "rest-xml":
            return _Rest(entry, _XmlBodies(entry))
    raise ValueError(f"no protocol {protocol!r}")


def _inflating(read_input: Reader) -> Reader:
    def read_inflated(raw: RawRequest, path: str) -> dict[str, object]:
        if raw.header("content-encoding") == "gzip":
            inflate = zlib.decompressobj(31)
            try:
                body = inflate.decompress(raw.body, _LARGEST_INFLATED)
            except zlib.error:
                raise BadInput("") from None
            if inflate.unconsumed_tail or not inflate.eof:
                raise BadInput("")
            raw = RawRequest(raw.method, raw.path, raw.query, raw.headers, body, raw.client)
        return read_input(raw, path)

    return read_inflated


def xml_time(service: str) -> Callable[[datetime], str]:
    """How a service prints times in XML."""
    return scalars.iso_seconds if service in _WHOLE_SECONDS else scalars.iso_millis


class _Query:
    """The query and ec2 protocols: forms in, XML out."""

    def __init__(self, entry: services.ServiceEntry, *, ec2: bool) -> None:
        self._ec2 = ec2
        self._forms = forms.FormReader(ec2=ec2)
        self._xml = XmlWriter(xml_time(entry.name))
        # ec2's model has its namespace without the slash that EC2 answers with.
        self._namespace = entry.xml_namespace.rstrip("/") + "/"

    def reader(self, operation: Operation) -> Reader:
        if operation.input is None:
            return lambda raw, path: {}
        members = self._forms.structure(operation.input)
        parameters = forms.parameters
        return lambda raw, path: members(parameters(raw))

    def writer(self, operation: Operation) -> Writer:
        return self._ec2_writer(operation) if self._ec2 else self._query_writer(operation)

    def _query_writer(self, operation: Operation) -> Writer:
        name = operation.name
        shape = operation.output
        wrapper = shape.result_wrapper if shape is not None else ""
        members = self._xml.members(shape) if shape is not None else _nothing
        start = f'<{name}Response xmlns="{self._namespace}">'
        end = f"</RequestId></ResponseMetadata></{name}Response>"
        middle = "<ResponseMetadata><RequestId>"
        if wrapper:
            start, middle = f"{start}<{wrapper}>", f"</{wrapper}>{middle}"

        def write_xml(output: Mapping[str, object], request_id: str) -> Response:
            out = [start]
            members(output, out)
            out += (middle, request_id, end)
            headers = (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id))
            return Response(200, headers, "".join(out).encode())

        return write_xml

    def _ec2_writer(self, operation: Operation) -> Writer:
        name = operation.name
        shape = operation.output
        start = f'{XML_DECLARATION}<{name}Response xmlns="{self._namespace}"><requestId>'
        # Operations without an output say that they have done it.
        middle = "</requestId>" if shape is not None else "</requestId><return>true</return>"
        end = f"</{name}Response>"
        members = self._xml.members(shape) if shape is not None else _nothing

        def write_xml(output: Mapping[str, object], request_id: str) -> Response:
            out = [start, request_id, middle]
            members(output, out)
            out.append(end)
            headers = (("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id))
            return Response(200, headers, "".join(out).encode())

        return write_xml


def _nothing(value: object, out: list[str]) -> None:
    return None


class _Json:
    """The json protocol, 1.0 and 1.1."""

    def __init__(self, entry: services.ServiceEntry) -> None:
        self._reader = jsonio.JsonReader()
        self._writer = jsonio.JsonWriter()
        self._content_type = f"application/x-amz-json-{entry.json_version or '1.1'}"

    def reader(self, operation: Operation) -> Reader:
        if operation.input is None:
            return lambda raw, path: {}
        members = self._reader.structure(operation.input)

        def read_json(raw: RawRequest, path: str) -> dict[str, object]:
            value = jsonio.parse(raw.body)
            if not isinstance(value, dict | list):
                raise BadInput("")
            return members(value)

        return read_json

    def writer(self, operation: Operation) -> Writer:
        content_type = self._content_type
        shape = operation.output
        if shape is None:
            return lambda output, request_id: Response(200, _json_headers(content_type, request_id))
        members = self._writer.structure(shape)
        streamed = _streamed(shape, _JsonBodies(), lambda output: jsonio.dump(members(output)))
        if streamed is not None:
            return streamed

        def write_json(output: Mapping[str, object], request_id: str) -> Response:
            return Response(200, _json_headers(content_type, request_id), jsonio.dump(members(output)))

        return write_json


def _json_headers(content_type: str, request_id: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("x-amzn-RequestId", request_id))


class _Cbor:
    """Smithy's rpc-v2-cbor."""

    def __init__(self) -> None:
        self._reader = cbor.CborReader()
        self._writer = cbor.CborWriter()

    def reader(self, operation: Operation) -> Reader:
        if operation.input is None:
            return lambda raw, path: {}
        members = self._reader.structure(operation.input)

        def read_cbor(raw: RawRequest, path: str) -> dict[str, object]:
            return members(cbor.decode(raw.body)) if raw.body else {}

        return read_cbor

    def writer(self, operation: Operation) -> Writer:
        shape = operation.output
        if shape is None:
            return lambda output, request_id: Response(200, cbor_headers(request_id)[1:])
        write_body = _CborBodies(self._writer).writer(shape, "", whole=True)
        streamed = _streamed(shape, _CborBodies(self._writer), write_body)
        if streamed is not None:
            return streamed
        return lambda output, request_id: Response(200, cbor_headers(request_id), write_body(output))


def cbor_headers(request_id: str) -> tuple[tuple[str, str], ...]:
    """What every rpc-v2-cbor response with a body carries."""
    return (
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", request_id),
    )


def _streamed(shape: Shape, bodies: Bodies, write_first: Callable[[Any], bytes]) -> Writer | None:
    """An rpc operation that answers in events sends its other members first, as an event too."""
    member = next((name for name, part in shape.members.items() if part.eventstream), None)
    if member is None:
        return None
    events = EventWriter(shape.members[member], bodies)

    def stream(output: Mapping[str, Any]) -> Iterator[bytes]:
        first = {name: value for name, value in output.items() if name != member}
        yield eventstream.event("initial-response", write_first(first), bodies.content_type, {})
        yield from events(output.get(member, ()))

    def write_events(output: Mapping[str, Any], request_id: str) -> Response:
        headers = (
            ("Content-Type", "application/vnd.amazon.eventstream"),
            ("x-amzn-RequestId", request_id),
        )
        return Response(200, headers, stream=stream(output))

    return write_events


class _Rest:
    """The rest-json and rest-xml protocols; they differ in their bodies."""

    def __init__(self, entry: services.ServiceEntry, bodies: Bodies) -> None:
        self._bodies = bodies
        self._s3 = services.is_s3(entry.name)

    def reader(self, operation: Operation) -> Reader:
        return RestReader(operation, self._bodies).read

    def writer(self, operation: Operation) -> Writer:
        rest = RestWriter(operation, self._bodies)
        headers_of = s3_headers if self._s3 else rest_headers

        def write_rest(output: Mapping[str, object], request_id: str) -> Response:
            return rest.write(output, headers_of(request_id))

        return write_rest


def rest_headers(request_id: str) -> Headers:
    """What every rest response carries, S3's aside."""
    return [("x-amzn-RequestId", request_id)]


def s3_headers(request_id: str) -> Headers:
    """What every response of S3 carries."""
    return [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]


class _JsonBodies:
    """rest-json's bodies."""

    content_type = "application/json"

    def __init__(self) -> None:
        self._reader = jsonio.JsonReader()
        self._writer = jsonio.JsonWriter()

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        members: jsonio.Read
        members = self._reader.reader(shape) if whole else self._reader.structure(shape, body_only=True)
        return lambda body: members(jsonio.parse(body))

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        members: jsonio.Write | None
        members = self._writer.writer(shape) if whole else self._writer.structure(shape, body_only=True)
        if members is None:
            return jsonio.dump
        write_members = members
        return lambda value: jsonio.dump(write_members(value))


class _CborBodies:
    """The payloads of rpc-v2-cbor: the same for a body and for an event."""

    content_type = "application/cbor"

    def __init__(self, writer: cbor.CborWriter) -> None:
        self._writer = writer

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        raise NotImplementedError("rpc-v2-cbor has no rest bindings")

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        write_value = self._writer.writer(shape)

        def write_body(value: object) -> bytes:
            out = bytearray()
            write_value(value, out)
            return bytes(out)

        return write_body


class _XmlBodies:
    """rest-xml's bodies."""

    def __init__(self, entry: services.ServiceEntry) -> None:
        self.content_type = "application/xml" if services.is_s3(entry.name) else "text/xml"
        self._reader = xmlread.XmlReader()
        self._writer = XmlWriter(xml_time(entry.name))
        self._namespace = f' xmlns="{escape(entry.xml_namespace)}"' if entry.xml_namespace else ""

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        members: xmlread.Read
        members = self._reader.reader(shape) if whole else self._reader.structure(shape, body_only=True)
        return lambda body: members(xmlread.parse(body))

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        members = self._writer.members(shape, body_only=not whole)
        start, end = f"{XML_DECLARATION}<{tag}{self._namespace}>", f"</{tag}>"

        def write_body(value: object) -> bytes:
            out = [start]
            members(value, out)
            out.append(end)
            return "".join(out).encode()

        return write_body


def joined(response: Response) -> bytes:
    """The whole body of a response, streamed or not."""
    parts: Iterable[bytes] = response.stream or ()
    return b"".join([response.body, *parts])
