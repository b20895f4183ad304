"""HTTP in and out: a bare ASGI application that hands raw requests to the gateway or to a mount."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from passrole.wire.request import RawRequest, Response

# ASGI's own types: dictionaries whose values depend on their "type".
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

Answer = Callable[[RawRequest], Awaitable[Response]]

log = logging.getLogger(__name__)

# S3 takes 5 GiB in one PUT; a body is held in memory here, so it ends sooner. Everything else AWS takes is
# at most 10,000,000 bytes (query) or 50 MB (a Lambda zip).
MAX_BODY: Final = 1 << 30

_TOO_LARGE: Final = Response(413, (("content-type", "text/plain"),), b"")


@dataclass(frozen=True, slots=True)
class Mount:
    """An extra path: everything below prefix is answered by answer."""

    prefix: str  # "/_passrole/health"
    answer: Answer


class Server:
    """The ASGI application of one endpoint."""

    def __init__(self, answer: Answer, mounts: Sequence[Mount], *, max_body: int = MAX_BODY) -> None:
        self._answer = answer
        # The longest prefix wins.
        self._mounts = sorted(mounts, key=lambda mount: len(mount.prefix), reverse=True)
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3. Only HTTP is spoken; the server runs without a lifespan."""
        if scope["type"] != "http":
            raise ValueError(f"passrole speaks HTTP only, not {scope['type']}")
        body = await self._body(receive)
        if body is None:
            await _send(send, _TOO_LARGE, head=False)
            return
        raw = RawRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
            ),
            body=body,
            client=scope["client"][0] if scope.get("client") else "127.0.0.1",
        )
        answer = self._answer
        if raw.path.startswith("/_passrole/"):
            for mount in self._mounts:
                if raw.path == mount.prefix or raw.path.startswith(mount.prefix.rstrip("/") + "/"):
                    answer = mount.answer
                    break
        response = await answer(raw)
        await _send(send, response, head=raw.method == "HEAD")

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body; None where it is larger than the endpoint takes."""
        message = await receive()
        if not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return body if len(body) <= self._max_body else None
        parts = [message.get("body", b"")]
        size = len(parts[0])
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            part = message.get("body", b"")
            size += len(part)
            if size > self._max_body:
                return None
            parts.append(part)
        return b"".join(parts)


async def _send(send: Send, response: Response, *, head: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.stream is None:
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else response.body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if not head:
        for chunk in response.stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def json_response(status: int, text: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer of one of our own paths."""
    more = tuple((headers or {}).items())
    return Response(status, (("content-type", "application/json"), *more), text)
