"""Responses of services that are not ours, as they go to the client: with our request id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from passrole.wire import services
from passrole.wire.request import Response
from passrole.wire.s3errors import host_id

# What our server writes itself, and what another says about its own connection and call.
_DROPPED: Final = frozenset(
    (
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "status",
        "transfer-encoding",
        "x-amz-request-id",
        "x-amz-id-2",
        "x-amzn-requestid",
    )
)
_REQUEST_ID: Final = re.compile(rb"(<(?:RequestId|requestId|RequestID)>)[^<]*(</)")
_HOST_ID: Final = re.compile(rb"(<HostId>)[^<]*(</)")


def relabelled(
    service: str,
    method: str,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    request_id: str,
) -> Response:
    """The response to a request of that method, under our request id in headers and body."""
    given = list(headers)
    kept = [(name, value) for name, value in given if name.lower() not in _DROPPED]
    if method == "HEAD":
        kept += [(name, value) for name, value in given if name.lower() == "content-length"]
    if services.is_s3(service):
        kept += [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]
        if status >= 300:  # never an object's own bytes
            body = _with_id(body, request_id)
            body = _HOST_ID.sub(rb"\g<1>" + host_id(request_id).encode() + rb"\2", body)
    else:
        kept.append(("x-amzn-RequestId", request_id))
        if body.startswith(b"<"):
            body = _with_id(body, request_id)
    if body and not any(name.lower() == "content-type" for name, _ in kept):
        kept.append(("Content-Type", _content_type(service, body)))
    return Response(status, tuple(kept), body)


def _with_id(body: bytes, request_id: str) -> bytes:
    # At the end of query responses and at the start of EC2's: a look at both ends spares megabytes.
    if len(body) <= 8192:
        return _REQUEST_ID.sub(rb"\g<1>" + request_id.encode() + rb"\2", body)
    return _with_id(body[:2048], request_id) + body[2048:-2048] + _with_id(body[-2048:], request_id)


def _content_type(service: str, body: bytes) -> str:
    entry = services.entry(service)
    if body.startswith(b"<"):
        return "text/xml"
    return f"application/x-amz-json-{entry.json_version}" if entry.json_version else "application/json"
