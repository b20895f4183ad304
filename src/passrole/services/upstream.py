"""Another emulator behind the gateway: the authorized call goes to it, its answer to the client.

Like moto in process, it gets a request written anew from the input that was judged, so that it cannot read in
it what nobody was asked about. It is told the account by an access key id that is the account's number, which
LocalStack and ministack take for one, and by moto's own header; it knows none of our keys.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import httptools

from passrole.authorize.call import Call, NoFacts
from passrole.passing.permit import AuthorizedCall
from passrole.services.answers import relabelled
from passrole.services.backend import Handled, answer_dry_run
from passrole.services.transfer import trailing_checksum, unwrapped
from passrole.values.errors import ServiceError
from passrole.wire.outputs import error_of, read_output
from passrole.wire.protocols import encode_request
from passrole.wire.request import RawRequest
from passrole.wire.services import entry, is_s3

# Seconds. A long poll of SQS lasts 20; an image is pulled at a container's first start.
_CONNECT: Final = 5.0
_ANSWER: Final = 120.0

_LARGEST: Final = 1 << 30  # bytes of an answer, as of a request


class UpstreamUnavailable(ServiceError):
    """The upstream cannot be reached, or what it says is no answer."""

    code, status = "ServiceUnavailable", 503


class Upstream:
    """Forwards to one HTTP endpoint, one connection a call: a repeated request could be acted on twice."""

    def __init__(self, url: str, *, connect: float = _CONNECT, answer: float = _ANSWER) -> None:
        """url is ``http://HOST:PORT`` or https; connect and answer are time limits in seconds."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http:// or https:// URL")
        self.url = url.rstrip("/")
        self._host = parts.netloc.rpartition("@")[2]
        self._name = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._base = parts.path.rstrip("/")
        self._connect = connect
        self._answer = answer

    def serves(self, service: str) -> bool:
        """True: what the upstream lacks, it says itself."""
        return True

    async def handle(self, authorized: AuthorizedCall) -> Handled:
        """The upstream's response. Raises UpstreamUnavailable, naming the upstream."""
        call = authorized.call
        answer_dry_run(call)
        request = self._request(call)
        try:
            status, headers, body = await self._exchange(request)
        except (TimeoutError, OSError, httptools.HttpParserError, _Cut) as problem:
            why = str(problem) or type(problem).__name__
            raise UpstreamUnavailable(f"The upstream {self.url} did not answer: {why}.") from problem
        response = relabelled(call.service, request.method, status, headers, body, call.request_id)
        error = error_of(response)
        if error is not None:
            return Handled(response, error=error)
        return Handled(
            response, output=partial(read_output, call.service, call.operation, call.protocol, response)
        )

    def _request(self, call: Call) -> RawRequest:
        # Queue URLs and the like are made of the host, so it is ours; a bucket's host would be no path.
        s3 = is_s3(call.service)
        host = self._host if s3 else call.raw.header("host") or self._host
        given = unwrapped(call) if s3 else call.input
        made = encode_request(call.service, call.operation, given, host, protocol=call.protocol)
        headers = dict(made.headers)
        if s3:
            headers |= trailing_checksum(call.raw)
            headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
        scope = f"{call.account}/{call.now:%Y%m%d}/{call.region}/{entry(call.service).signing_name}"
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={scope}/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
        )
        headers["x-amz-date"] = f"{call.now:%Y%m%dT%H%M%SZ}"
        headers["x-moto-account-id"] = call.account
        headers["content-length"] = str(len(made.body))
        headers["connection"] = "close"
        return RawRequest(made.method, self._base + made.path, made.query, tuple(headers.items()), made.body)

    async def _exchange(self, request: RawRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        async with asyncio.timeout(self._connect):
            reader, writer = await asyncio.open_connection(self._name, self._port, ssl=self._tls)
        try:
            async with asyncio.timeout(self._answer):
                writer.write(_head(request))
                writer.write(request.body)
                await writer.drain()
                return await _read(reader, head=request.method == "HEAD")
        finally:
            writer.close()


class UnseenFacts(NoFacts):
    """ResourceFacts where an upstream holds the resources: nothing is known, and what must be is said."""

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """Raises ServiceError: a profile that nobody here can read is a role that nobody judged."""
        raise ServiceError(
            f"The launch template {id or name} is the upstream's: this endpoint cannot see which role it"
            " would pass. Name the instance profile in the request.",
            code="NotImplemented",
            status=501,
        )


class _Cut(Exception):
    """An answer that ends too early, or does not end."""


def _head(request: RawRequest) -> bytes:
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
    return "\r\n".join((*lines, "", "")).encode("utf-8")


class _Parsed:
    """What httptools reports of one response."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []
        self.body: list[bytes] = []
        self.size = 0
        self.done = False
        self.begun = False

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, data: bytes) -> None:
        """A part of the body, without its frames."""
        self.size += len(data)
        if self.size > _LARGEST:
            raise _Cut(f"more than {_LARGEST} bytes")
        self.body.append(data)

    def on_message_complete(self) -> None:
        """The response is whole."""
        self.done = True


async def _read(reader: asyncio.StreamReader, *, head: bool) -> tuple[int, list[tuple[str, str]], bytes]:
    parsed = _Parsed()
    parser = httptools.HttpResponseParser(parsed)
    while not parsed.done and not (head and parsed.begun):
        data = await reader.read(1 << 16)
        if not data:
            # A body without a length ends with its connection.
            framed = {name for name, _ in parsed.headers} & {"content-length", "transfer-encoding"}
            if not parsed.begun or framed:
                raise _Cut("it ended the connection too early")
            break
        parser.feed_data(data)
    status: int = parser.get_status_code()
    return status, parsed.headers, b"".join(parsed.body)
