"""What is taken from a service model's file: the traits that matter here, and no documentation."""

from __future__ import annotations

import msgspec


class XmlNamespace(msgspec.Struct, frozen=True, gc=False):
    """The xmlns of an element; prefix is "" for the default namespace."""

    uri: str
    prefix: str = ""


class ErrorTrait(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What an error shape says of itself. code is "" where the shape's name is the code."""

    code: str = ""
    http_status_code: int = 0
    sender_fault: bool | None = None


class Traits(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """What both a shape and a reference to one may say; the reference wins."""

    location_name: str | None = None
    query_name: str | None = None
    location: str | None = None
    flattened: bool | None = None
    streaming: bool | None = None
    timestamp_format: str | None = None
    xml_namespace: XmlNamespace | str | None = None
    result_wrapper: str | None = None
    xml_attribute: bool | None = None
    eventpayload: bool | None = None
    eventheader: bool | None = None
    jsonvalue: bool | None = None
    host_label: bool | None = None
    idempotency_token: bool | None = None
    sensitive: bool | None = None
    enum: tuple[str, ...] | None = None


class Reference(Traits):
    """What a member, a list, a map or an operation says of the shape that it is of."""

    shape: str


class Definition(Traits):
    """A shape as the file defines it."""

    type: str
    members: dict[str, Reference] = {}
    member: Reference | None = None
    key: Reference | None = None
    value: Reference | None = None
    required: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    payload: str | None = None
    exception: bool = False
    fault: bool = False
    error: ErrorTrait = ErrorTrait()
    union: bool = False
    document: bool = False
    sparse: bool = False
    eventstream: bool = False
    event: bool = False


class Http(msgspec.Struct, rename="camel", gc=False):
    """Method and path of an operation; the path is a template with a query string in it."""

    method: str
    request_uri: str
    response_code: int = 200


class OperationModel(msgspec.Struct, gc=False):
    """An operation as the file defines it."""

    http: Http
    name: str = ""
    input: Reference | None = None
    output: Reference | None = None
    errors: tuple[Reference, ...] = ()
    authtype: str = ""
    auth: tuple[str, ...] = ()
    endpoint: dict[str, str] = {}
    requestcompression: dict[str, tuple[str, ...]] = {}
    deprecated: bool = False


class Model(msgspec.Struct):
    """A whole file."""

    operations: dict[str, OperationModel]
    shapes: dict[str, Definition]
