"""One codec a protocol: what makes readers and writers of a service's operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from passrole.wire import cbor, eventstream, forms, jsonio, services
from passrole.wire.bodies import Bodies, CborBodies, JsonBodies, xml_time
from passrole.wire.models import Operation, Shape
from passrole.wire.request import RawRequest, Response
from passrole.wire.restread import RestReader
from passrole.wire.restwrite import EventWriter, Headers, RestWriter
from passrole.wire.s3errors import host_id
from passrole.wire.scalars import BadInput
from passrole.wire.xmlwrite import XML_DECLARATION, XmlWriter

Reader = Callable[[RawRequest, str], dict[str, object]]
Writer = Callable[[Mapping[str, object], str], Response]


class QueryCodec:
    """The query and ec2 protocols: forms in, XML out."""

    def __init__(self, entry: services.ServiceEntry, *, ec2: bool) -> None:
        self._ec2 = ec2
        self._compatible = entry.query_compatible
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
        wrapper = ""
        if shape is not None:
            # The model of a service that has left query for json (SQS) no longer names the wrapper.
            wrapper = shape.result_wrapper or (f"{name}Result" if self._compatible else "")
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


class JsonCodec:
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
        streamed = _streamed(shape, JsonBodies(), lambda output: jsonio.dump(members(output)))
        if streamed is not None:
            return streamed

        def write_json(output: Mapping[str, object], request_id: str) -> Response:
            return Response(200, _json_headers(content_type, request_id), jsonio.dump(members(output)))

        return write_json


def _json_headers(content_type: str, request_id: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("x-amzn-RequestId", request_id))


class CborCodec:
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
        write_body = CborBodies(self._writer).writer(shape, "", whole=True)
        streamed = _streamed(shape, CborBodies(self._writer), write_body)
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


class RestCodec:
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
