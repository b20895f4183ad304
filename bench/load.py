"""A client that costs little: it signs for itself, keeps its connection and is a process of its own."""

from __future__ import annotations

import hashlib
import hmac
import multiprocessing
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import quantiles
from time import gmtime, perf_counter, strftime
from typing import Final
from urllib.parse import urlencode

REGION: Final = "us-east-1"
VERSION: Final = "2010-05-08"
TRUST: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


@dataclass(frozen=True, slots=True)
class Key:
    """One user's key."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What all clients of one measurement saw. Latencies are in milliseconds."""

    rate: float  # requests a second
    p50: float
    p99: float
    failed: int  # answers other than 200
    cpu: float  # of the server, microseconds a request


class Signer:
    """Signs query requests to one service by one key (AWS4-HMAC-SHA256)."""

    def __init__(self, key: Key, service: str, host: str) -> None:
        self._key = key
        self._service = service
        self._host = host
        self._date = ""
        self._signing = b""

    def request(self, body: bytes) -> bytes:
        """The bytes of one request, signed for this second."""
        stamp = strftime("%Y%m%dT%H%M%SZ", gmtime())
        if stamp[:8] != self._date:
            self._date = stamp[:8]
            key = b"AWS4" + self._key.secret.encode()
            for part in (self._date, REGION, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._signing = key
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        scope = f"{self._date}/{REGION}/{self._service}/aws4_request"
        canonical = (
            f"POST\n/\n\ncontent-type:{kind}\nhost:{self._host}\nx-amz-date:{stamp}\n\n"
            f"content-type;host;x-amz-date\n{hashlib.sha256(body).hexdigest()}"
        )
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}".encode()
        signature = hmac.digest(self._signing, text, "sha256").hex()
        return (
            f"POST / HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {kind}\r\nX-Amz-Date: {stamp}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self._key.id}/{scope}, "
            f"SignedHeaders=content-type;host;x-amz-date, Signature={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


class Connection:
    """HTTP/1.1 over one socket, opened again where the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._received()
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._received()
        if lines[0].startswith(b"http/1.0") or b"connection: close" in lines:
            self.close()
        return int(lines[0].split()[1]), body

    def close(self) -> None:
        """Closes the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _received(self) -> bytes:
        data = self._socket.recv(65536) if self._socket is not None else b""
        if not data:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        return data


def get_role(client: int, number: int) -> dict[str, str]:
    """GetRole of one of a hundred roles."""
    return {"Action": "GetRole", "Version": VERSION, "RoleName": f"role-{(client * 37 + number) % 100}"}


def create_role(client: int, number: int) -> dict[str, str]:
    """CreateRole under a name that nobody else takes."""
    name = f"new-{Made.run}-{client}-{number}"
    return {
        "Action": "CreateRole",
        "Version": VERSION,
        "RoleName": name,
        "AssumeRolePolicyDocument": TRUST,
    }


class Made:
    """Which measurement this is: role names are unique over all of them."""

    run = 0


FORMS: Final[dict[str, Callable[[int, int], dict[str, str]]]] = {
    "GetRole": get_role,
    "CreateRole": create_role,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one client saw: seconds of each answer, how many were not 200, and the last of those."""

    taken: list[float]
    asked: int  # the warm-up included
    failed: int = 0
    failure: str = ""


def cpu_seconds(pid: int) -> float:
    """What a process has had of the processor, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(
    pid: int,
    port: int,
    keys: Sequence[Key],
    operation: str,
    seconds: float,
    run: int,
    *,
    failing: bool = False,
) -> Figures:
    """Drives the operation with one client a key, all at once, for so many seconds after a warm-up.

    pid is the server's; run tells measurements apart. Raises RuntimeError where an answer was not 200, unless
    failing: a peer may fail under load, and its failures are counted.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(keys))
    results: multiprocessing.SimpleQueue[Seen] = context.SimpleQueue()
    clients = [
        context.Process(target=_client, args=(port, key, operation, seconds, run, n, barrier, results))
        for n, key in enumerate(keys)
    ]
    before = cpu_seconds(pid)
    for client in clients:
        client.start()
    seen = [results.get() for _ in clients]
    spent = cpu_seconds(pid) - before
    for client in clients:
        client.join()
    failures = [one.failure for one in seen if one.failure]
    if failures and not failing:
        raise RuntimeError(f"{operation}: {failures[0]}")
    taken = [second for one in seen for second in one.taken]
    cuts = quantiles(taken, n=100)
    failed = sum(one.failed for one in seen)
    asked = sum(one.asked for one in seen)
    return Figures(len(taken) / seconds, cuts[49] * 1e3, cuts[98] * 1e3, failed, spent / asked * 1e6)


def _client(
    port: int,
    key: Key,
    operation: str,
    seconds: float,
    run: int,
    number: int,
    barrier: Barrier,
    results: multiprocessing.SimpleQueue[Seen],
) -> None:
    Made.run = run
    form = FORMS[operation]
    signer = Signer(key, "iam", f"127.0.0.1:{port}")
    connection = Connection(port)
    taken: list[float] = []
    failed, failure = 0, ""
    barrier.wait()
    start = perf_counter() + seconds / 5
    end = start + seconds
    asked = 0
    while (before := perf_counter()) < end:
        try:
            status, body = connection.ask(signer.request(urlencode(form(number, asked)).encode()))
        except OSError as error:
            connection.close()
            status, body = 0, str(error).encode()
        asked += 1
        after = perf_counter()
        if status != 200:
            failed, failure = failed + 1, f"{status} {body[:500]!r}"
        elif before >= start:
            taken.append(after - before)
    connection.close()
    results.put(Seen(taken, asked, failed, failure))
