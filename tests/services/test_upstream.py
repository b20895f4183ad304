"""Another emulator behind the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.services.embedded.cloud import ALPHA, authorized, make_call

from passrole.authorize.call import Call
from passrole.services.backend import Handled
from passrole.services.upstream import Upstream, UpstreamUnavailable
from passrole.wire.request import RawRequest

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def exchange(server: Answer, *calls: Call, **limits: float) -> list[Handled]:
    """What comes of calls whose upstream is a server of our own."""

    async def play() -> list[Handled]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await server(reader, writer)
            finally:
                writer.close()

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listening:
            port = listening.sockets[0].getsockname()[1]
            upstream = Upstream(f"http://127.0.0.1:{port}/base/", **limits)
            assert upstream.serves("anything")
            return [await upstream.handle(authorized(call)) for call in calls]

    return asyncio.run(play())


def says(text: bytes, seen: list[bytes] | None = None) -> Answer:
    """A server that reads one request and says that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        body = await reader.readexactly(length)
        if seen is not None:
            seen.append(head + body)
        writer.write(text)
        await writer.drain()

    return answer


LIST = make_call("sqs", "ListQueues", {"QueueNamePrefix": "a"}, protocol="json")


def test_the_judged_call_goes_there_and_its_answer_comes_back() -> None:
    seen: list[bytes] = []
    body = b'{"QueueUrls": ["http://localhost:4747/1/a"]}'
    answer = b"HTTP/1.1 200 OK\r\nServer: x\r\nx-amzn-RequestId: theirs\r\nTransfer-Encoding: chunked\r\n"
    answer += b"Content-Type: application/x-amz-json-1.0\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    raw = RawRequest(
        "POST", "/", "Action=DeleteQueue", (("host", "localhost:4747"), ("x-moto-account-id", "9")), b"{}"
    )
    (handled,) = exchange(says(answer, seen), replace(LIST, raw=raw))
    assert handled.response.status == 200
    assert handled.response.body == body
    assert handled.output() == {"QueueUrls": ["http://localhost:4747/1/a"]}
    assert handled.error is None
    headers = {name.lower(): value for name, value in handled.response.headers}
    assert headers == {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": LIST.request_id}
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /base/ HTTP/1.1"
    assert "host: localhost:4747" in lines
    assert f"x-moto-account-id: {ALPHA}" in lines
    assert any(f"Credential={ALPHA}/20261124/eu-west-1/sqs/aws4_request" in line for line in lines)
    assert "x-amz-target: AmazonSQS.ListQueues" in lines
    assert sent == b'{"QueueNamePrefix":"a"}'


def test_its_errors_are_errors() -> None:
    body = b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}'
    answer = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    (handled,) = exchange(says(answer), LIST)
    assert handled.error is not None
    assert (handled.error.code, handled.error.message, handled.error.status) == (
        "QueueDoesNotExist",
        "no",
        400,
    )
    assert handled.output() == {}


def test_heads_and_bodies_that_end_with_the_connection() -> None:
    head = make_call("s3", "HeadObject", {"Bucket": "a-bucket", "Key": "k"}, protocol="rest-xml")
    (handled,) = exchange(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\n"), head)
    assert (handled.response.status, handled.response.body) == (200, b"")
    assert ("content-length", "5") in handled.response.headers
    get = make_call("s3", "GetObject", {"Bucket": "a-bucket", "Key": "k"}, protocol="rest-xml")
    seen: list[bytes] = []
    (handled,) = exchange(says(b"HTTP/1.1 200 OK\r\n\r\nto the end", seen), get)
    assert handled.response.body == b"to the end"
    assert seen[0].startswith(b"GET /base/a-bucket/k HTTP/1.1\r\nhost: 127.0.0.1:")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"220 smtp.example.com ready\r\n",
    ],
)
def test_no_answer_is_said_to_be_none(text: bytes) -> None:
    with pytest.raises(
        UpstreamUnavailable, match=r"The upstream http://127\.0\.0\.1:\d+/base did not answer"
    ) as caught:
        exchange(says(text), LIST)
    assert (caught.value.code, caught.value.status) == ("ServiceUnavailable", 503)


def test_it_is_waited_for_so_long_and_no_longer() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()

    with pytest.raises(UpstreamUnavailable):
        exchange(silent, LIST, answer=0.1)


def test_nobody_there() -> None:
    async def ask() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        await Upstream(f"http://127.0.0.1:{port}").handle(authorized(LIST))

    with pytest.raises(UpstreamUnavailable):
        asyncio.run(ask())


@pytest.mark.parametrize("url", ["ftp://x", "localhost:4566", "http://"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Upstream(url)
