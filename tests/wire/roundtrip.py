"""Requests and responses there and back again, with botocore at the other end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.parsers
import botocore.serialize
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import ServiceModel

from passrole.wire import protocols, services
from passrole.wire.request import RawRequest, Response
from passrole.wire.route import route

from .generate import Shape, Values

HERE: Final = "127.0.0.1:4747"
REQUEST_ID: Final = "11111111-2222-4333-8444-555555555555"

# Ways that cannot be told apart or cannot come back, each with its reason.
EXCEPTIONS: Final[Mapping[str, Any]] = json.loads(Path(__file__).with_name("exceptions.json").read_text())


@dataclass(frozen=True)
class Way:
    """One operation over one protocol."""

    service: str
    operation: str
    protocol: str

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}:{self.protocol}"

    def listed(self, kind: str) -> bool:
        """Whether the exceptions of this kind name the operation."""
        operations = EXCEPTIONS[kind].get(self.service, {}).get("operations", ())
        return operations == "*" or self.operation in operations


@cache
def model(service: str) -> Any:
    """botocore's model, without what its client adds to it (sdk-extras)."""
    loader = Loader(include_default_extras=False)
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def ways(service: str) -> Iterator[Way]:
    """Every operation of a service over every protocol that it lists."""
    for operation in model(service).operation_names:
        for protocol in services.entry(service).protocols:
            yield Way(service, operation, protocol)


def given_input(way: Way) -> dict[str, Any]:
    """An input with every member, but for streams of events.

    Those come one by one over HTTP/2, each with a signature of its own.
    """
    shape = model(way.service).operation_model(way.operation).input_shape
    if shape is None:
        return {}
    drawn = Values(way, way.protocol, millis=True).structure(shape)
    return {name: value for name, value in drawn.items() if not _is_stream(shape, name)}


def _is_stream(shape: Shape, name: str) -> bool:
    return bool(shape.members[name].serialization.get("eventstream"))


def request(way: Way, given: Mapping[str, Any], host: str = HERE) -> RawRequest:
    """What botocore would send, with a credential scope but no true signature."""
    operation = model(way.service).operation_model(way.operation)
    serializer = botocore.serialize.create_serializer(way.protocol, include_validation=False)
    serialized = serializer.serialize_to_request(given, operation)
    # A prefix that an input fills is for AWS's hosts; here one port takes them all.
    serialized.pop("host_prefix", None)
    prepare_request_dict(serialized, f"http://{host}", context={"client_config": None})
    prepared = create_request_object(serialized).prepare()
    url = urlsplit(prepared.url)
    body = prepared.body or b""
    scope = f"AKIDEXAMPLE/20260102/eu-west-1/{services.entry(way.service).signing_name}/aws4_request"
    headers = [(str(name).lower(), _text(value)) for name, value in prepared.headers.items()]
    headers += [
        ("host", host),
        ("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),
    ]
    return RawRequest(
        prepared.method, url.path, url.query, tuple(headers), body.encode() if isinstance(body, str) else body
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def reads(way: Way) -> str:
    """Nothing where our reader sees what botocore was given, else how they differ."""
    given = given_input(way)
    raw = request(way, given)
    found = route(raw)
    if (found.service, found.operation, found.protocol) != (way.service, way.operation, way.protocol):
        if way.listed("route_by_host"):
            found = route(request(way, given, f"{services.entry(way.service).endpoint_prefix}.amazonaws.com"))
        elif way.listed("route_never"):
            found = route(raw)
            if found.problem is None:
                return _same(given, _seen(way, raw, raw.path))
        if (found.service, found.operation, found.protocol) != (way.service, way.operation, way.protocol):
            return f"{way} was taken for {found.service}:{found.operation} ({found.problem})"
    return _same(given, _seen(way, raw, found.path))


def _seen(way: Way, raw: RawRequest, path: str) -> dict[str, Any]:
    seen = protocols.read(way.service, way.operation, way.protocol, raw, path=path)
    shape = model(way.service).operation_model(way.operation).input_shape
    return {name: value for name, value in seen.items() if not _is_stream(shape, name)}


def _same(given: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    return "" if seen == given else f"given {given!r}\n seen {seen!r}"


def encodes(way: Way) -> str:
    """Nothing where the request that we make says what it was given, else how they differ."""
    given = given_input(way)
    raw = protocols.encode_request(way.service, way.operation, given, "127.0.0.1", protocol=way.protocol)
    return _same(given, protocols.read(way.service, way.operation, way.protocol, raw))


def writes(way: Way) -> str:
    """Nothing where botocore sees what our writer was given, else how they differ."""
    shape = model(way.service).operation_model(way.operation).output_shape
    given = _given_output(way, shape) if shape is not None else {}
    response = protocols.write(way.service, way.operation, way.protocol, given, REQUEST_ID)
    return _same(given, parsed(way, shape, response))


def _given_output(way: Way, shape: Shape) -> dict[str, Any]:
    # IAM and STS print whole seconds. ec2 has a form for an empty structure on the way out.
    values = Values(f"{way} out", way.protocol, millis=way.service not in ("iam", "sts"))
    given = values.structure(shape)
    for name in given:
        if shape.members[name].serialization.get("location") == "statusCode":
            given[name] = 201
    if shape.event_stream_name:
        events = shape.members[shape.event_stream_name].members
        given[shape.event_stream_name] = [
            {name: values.structure(event, 1)}
            for name, event in events.items()
            if not event.metadata.get("exception")
        ]
    return given


def parsed(way: Way, shape: Shape, response: Response) -> dict[str, Any]:
    """What botocore's client makes of a response."""
    body: Any = protocols.joined(response)
    payload = shape.serialization.get("payload") if shape is not None else None
    events = shape.event_stream_name if shape is not None else None
    if events or (payload and shape.members[payload].type_name == "blob"):
        body = _Stream(body)
    found = botocore.parsers.create_parser(way.protocol).parse(
        {
            "headers": HeadersDict(response.headers),
            "status_code": response.status,
            "body": body,
            "context": {"operation_name": way.operation},
        },
        shape,
    )
    if payload and isinstance(found.get(payload), _Stream):
        found[payload] = found[payload].read()
    if events:
        found[events] = list(found[events])
    metadata = found.pop("ResponseMetadata", {})
    # botocore looks for no request id where rpc-v2-cbor has no output or events come.
    if not events and not (way.protocol == "smithy-rpc-v2-cbor" and shape is None):
        assert metadata.get("RequestId") == REQUEST_ID, metadata
    return dict(found)


class _Stream(BytesIO):
    """A body as botocore's client would hand it on."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()
