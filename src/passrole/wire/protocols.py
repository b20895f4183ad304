"""Requests to inputs and outputs to responses, for every protocol that AWS's models name.

Each operation's reader and writer are compiled from its shapes at first use and kept. Inputs and
outputs are mappings in AWS's member names, as boto3 takes and gives them: times are aware datetimes
in UTC, blobs bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from passrole.wire import errors, models, services
from passrole.wire.bodies import JsonBodies, XmlBodies
from passrole.wire.codecs import CborCodec, JsonCodec, QueryCodec, Reader, RestCodec, Writer
from passrole.wire.encode import encode_request
from passrole.wire.errorwrite import write_error
from passrole.wire.request import RawRequest, Response
from passrole.wire.scalars import BadInput

__all__ = ["encode_request", "joined", "read", "reader", "write", "write_error", "writer"]

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
    with models.COMPILING:
        read_input = _codec(service, protocol).reader(found)
    return _inflating(read_input) if found.compressible else read_input


@cache
def writer(service: str, operation: str, protocol: str) -> Writer:
    """The compiled writer of an operation. Raises models.NoSuchService or NoSuchOperation."""
    found = models.service(service).operation(operation)
    with models.COMPILING:
        return _codec(service, protocol).writer(found)


@cache
def _codec(service: str, protocol: str) -> QueryCodec | JsonCodec | CborCodec | RestCodec:
    entry = services.entry(service)
    match protocol:
        case "query" | "ec2":
            return QueryCodec(entry, ec2=protocol == "ec2")
        case "json":
            return JsonCodec(entry)
        case "smithy-rpc-v2-cbor":
            return CborCodec()
        case "rest-json":
            return RestCodec(entry, JsonBodies())
        case "rest-xml":
            return RestCodec(entry, XmlBodies(entry))
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


def joined(response: Response) -> bytes:
    """The whole body of a response, streamed or not."""
    parts: Iterable[bytes] = response.stream or ()
    return b"".join([response.body, *parts])
