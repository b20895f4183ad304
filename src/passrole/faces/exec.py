"""``passrole exec``: runs a command as if it ran on an instance, in a function or in a task.

The command finds that workload's metadata on a loopback port of its own, the endpoint, the region, and no
other credentials.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Final, Self, cast
from urllib.parse import quote, urlsplit

from passrole.metadata.access import Access
from passrole.metadata.paths import CONTAINERS, IMDS, TOKEN, TOKEN_SECONDS
from passrole.values.arn import Arn
from passrole.values.errors import PassroleError
from passrole.wire.request import RawRequest

# Seconds to connect, and between two parts of an answer.
_TIMEOUT: Final = 10.0

# Seconds after which the relay sees that it is no longer needed.
_POLL: Final = 0.1

# Shells answer so for a command that is not there or cannot be run, and for one that a signal ended.
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
_SIGNALED: Final = 128

# Everything that an SDK or the AWS CLI takes credentials or another endpoint from.
# Source: AWS SDKs and Tools Reference Guide, "Environment variables"; botocore's credential chain.
_REMOVED: Final = frozenset(
    (
        "AWS_ACCESS_KEY_ID",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_CREDENTIAL_FILE",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    )
)
_REMOVED_PREFIXES: Final = ("AWS_CONTAINER_", "AWS_ENDPOINT_URL", "AWS_BEARER_TOKEN_", "PASSROLE_ROOT_")

# Headers that belong to one connection, not to the request. Source: RFC 9110, section 7.6.1.
_HOP_BY_HOP: Final = frozenset(
    ("connection", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)

_FORWARDED: Final = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT")
_FROM_TERMINAL: Final = ("SIGINT", "SIGQUIT")


class CannotRun(PassroleError):
    """The command was not started: said in one line, exit status 2."""


class Upstream:
    """The endpoint, reached without a proxy."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotRun(f"exec: {url} is not an http:// or https:// URL")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of an answer. Raises OSError or HTTPException where there is none."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=_TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, self._base + path, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    def find(self, method: str, path: str, headers: Mapping[str, str], name: str) -> tuple[int, str]:
        """Status and text of an answer that shows that the endpoint knows the workload.

        Raises CannotRun where it does not, where nothing answers and where others than this machine ask.
        """
        try:
            status, _, body = self.ask(method, path, headers)
        except (OSError, http.client.HTTPException) as error:
            raise CannotRun(f"exec: no endpoint answers at {self.url}: {error}") from error
        text = body.decode("utf-8", "replace").strip().replace("\n", " ")
        # An instance whose metadata service is switched off answers 403 with a page: the command may run.
        if status == 404 or (status == 403 and not text.startswith("<")):
            raise CannotRun(f"exec: {name} at {self.url}: {text or 'not found'}")
        return status, text


class Relay(ThreadingHTTPServer):
    """A workload's metadata on a loopback port. paths maps what is asked here to what the endpoint has."""

    daemon_threads = True

    def __init__(self, upstream: Upstream, prefix: str, only: str = "", authorization: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.prefix = prefix  # what stands before the path on the endpoint
        self.only = only  # the one path that is answered here, as prefix itself; "" for all below prefix
        self.authorization = authorization  # what the Authorization header must be, "" for no matter what

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to tell the user of the command."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def do_GET(self) -> None:
        self._relay()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 (http.server's names)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: stderr is the command's."""

    def _relay(self) -> None:
        length = self.headers.get("content-length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        relay = self.server
        asked = RawRequest(
            self.command, self.path, "", tuple(headers.items()), b"", client=self.client_address[0]
        )
        # The endpoint sees this program, so whoever asks it is judged here.
        problem = Access().problem(asked)
        if problem:
            self._answer(403, [], problem.encode())
            return
        if relay.only and self.path.partition("?")[0] != relay.only:
            self._answer(404, [], b"")
            return
        if relay.authorization and not secrets.compare_digest(
            headers.get("authorization", "").encode(), relay.authorization.encode()
        ):
            self._answer(401, [], b"")
            return
        kept = {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
        path = relay.prefix if relay.only else relay.prefix + self.path
        try:
            status, answered, content = relay.upstream.ask(self.command, path, kept, body)
        except (OSError, http.client.HTTPException):
            # As a metadata service that is overloaded: clients try again.
            self._answer(503, [], b"")
            return
        self._answer(status, answered, content)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def run(
    command: list[str],
    *,
    endpoint: str,
    region: str,
    instance: str | None,
    function: str | None,
    task: str | None,
) -> int:
    """Runs the command as the workload and returns its exit status, 128 + n where signal n ended it.

    Raises CannotRun where the endpoint does not answer or does not know the workload.
    """
    upstream = Upstream(endpoint)
    environment = own_environment(os.environ)
    if instance is not None:
        relay, region = _instance_relay(upstream, instance, region)
        environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = relay.url
    else:
        workload = function or task or ""
        if workload.startswith("arn:"):
            region = Arn.parse(workload).region
        relay = _container_relay(upstream, workload, region)
        environment |= {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": relay.url + relay.only,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": relay.authorization,
            # This machine may be an instance of its own.
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    environment |= {
        "AWS_ENDPOINT_URL": upstream.url,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    with relay:
        threading.Thread(target=relay.serve_forever, args=(_POLL,), daemon=True).start()
        status = _run(command, environment)
        relay.shutdown()
    return status


def own_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without any source of credentials or of another endpoint."""
    kept = {
        name: value
        for name, value in given.items()
        if name not in _REMOVED and not name.startswith(_REMOVED_PREFIXES)
    }
    # Empty files: what stands in the user's own would come before the metadata service.
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG"):
        kept[name] = os.devnull
    # A proxy that the user needs for the world outside does not know this port.
    for name in ("NO_PROXY", "no_proxy"):
        if any(proxy in kept for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")):
            kept[name] = ",".join(filter(None, (kept.get(name, ""), "127.0.0.1", "localhost")))
    return kept


def _instance_relay(upstream: Upstream, instance: str, region: str) -> tuple[Relay, str]:
    """The relay, and the instance's own region where its metadata tell it."""
    prefix = f"{IMDS}/{quote(instance, safe='')}"
    name = f"instance {instance}"
    status, token = upstream.find("PUT", f"{prefix}/latest/api/token", {TOKEN_SECONDS: "60"}, name)
    if status == 200:
        path = f"{prefix}/latest/meta-data/placement/region"
        status, found = upstream.find("GET", path, {TOKEN: token}, name)
        region = found if status == 200 else region
    return Relay(upstream, prefix), region


def _container_relay(upstream: Upstream, workload: str, region: str) -> Relay:
    path = f"{CONTAINERS}/{quote(workload, safe='')}/credentials?region={quote(region)}"
    status, text = upstream.find("GET", path, {}, workload)
    if status == 400:
        raise CannotRun(f"exec: {workload} at {upstream.url}: {text}")
    return Relay(
        upstream, path, only=f"/v2/credentials/{uuid.uuid4()}", authorization=secrets.token_urlsafe(32)
    )


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    with _Signals() as signals:
        try:
            child = subprocess.Popen(command, env=dict(environment))
        except FileNotFoundError:
            print(f"passrole: exec: {command[0]}: command not found", file=sys.stderr)
            return _NOT_FOUND
        except OSError as error:
            print(f"passrole: exec: {command[0]}: {error.strerror}", file=sys.stderr)
            return _NOT_EXECUTABLE
        signals.to(child)
        status = child.wait()
    return status if status >= 0 else _SIGNALED - status


class _Signals:
    """While it lasts, the signals that this process gets are the child's."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []  # came before there was a child
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for name in _FORWARDED:
            number = getattr(signal, name, None)
            if number is not None:
                self._before[number] = signal.signal(number, self._forward)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, cast("signal._HANDLER", handler))

    def to(self, child: subprocess.Popen[bytes]) -> None:
        """Names the child, and sends it what came before it was there."""
        self._child = child
        for number in self._early:
            self._send(child, number)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        if signal.Signals(number).name in _FROM_TERMINAL and _on_terminal():
            return  # The terminal has sent it to every process of the group, the child too.
        if self._child is None:
            self._early.append(number)
        else:
            self._send(self._child, number)

    def _send(self, child: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)


def _on_terminal() -> bool:
    """Is this the terminal's foreground group, which gets what is typed as Ctrl-C."""
    if not hasattr(os, "tcgetpgrp"):
        return sys.stdin.isatty()
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # standard input is no terminal
        return False
