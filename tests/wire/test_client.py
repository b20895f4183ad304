"""The client: what it signs, how it pages, when it asks again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from passrole.values.errors import ServiceError
from passrole.wire import sigv4
from passrole.wire.client import Client, NotReached
from passrole.wire.models import Credentials, CredentialsFailed, credentials
from passrole.wire.request import RawRequest

KEY = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "the-token")
Answer = tuple[int, bytes]


class _Server(ThreadingHTTPServer):
    """Gives its answers one after the other, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[RawRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path, _, query = self.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        self.server.asked.append(RawRequest("POST", path, query, headers, body))
        status, content = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if content.startswith(b"<!DOCTYPE"):
            self.send_header("Content-Type", "text/html;charset=utf-8")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(*answers: Answer) -> Iterator[_Server]:
    with _Server(list(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def client(server: _Server, waits: list[float] | None = None) -> Client:
    return Client(KEY, url=server.url, region="eu-west-1", sleep=(waits if waits is not None else []).append)


def identity(account: str) -> Answer:
    inner = f"<GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult>"
    return 200, f"<GetCallerIdentityResponse>{inner}</GetCallerIdentityResponse>".encode()


def page(members: Mapping[str, object]) -> Answer:
    return 200, json.dumps(members).encode()


THROTTLED = 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'


def test_what_it_signs_is_what_the_service_verifies() -> None:
    with served(identity("111122223333")) as server, client(server) as one:
        assert one.call("sts", "GetCallerIdentity") == {"Account": "111122223333"}
        (asked,) = server.asked
    signature = sigv4.parse(asked)
    assert signature is not None
    assert signature.credential.service == "sts"
    assert signature.credential.region == "eu-west-1"
    assert signature.session_token == "the-token"
    sigv4.check_time(signature, datetime.now(UTC), s3=False)
    sigv4.verify(asked, signature, KEY.secret, keys=sigv4.SigningKeyCache())


def test_global_services_are_signed_for_their_own_region() -> None:
    answer = 200, b"<ListAccountAliasesResponse><ListAccountAliasesResult/></ListAccountAliasesResponse>"
    with served(answer) as server, client(server) as one:
        one.call("iam", "ListAccountAliases")
        signature = sigv4.parse(server.asked[0])
    assert signature is not None
    assert signature.credential.region == "us-east-1"


def test_pages_are_followed_to_the_last() -> None:
    first, last = page({"Roots": [{"Id": "r-1"}], "NextToken": "t"}), page({"Roots": [{"Id": "r-2"}]})
    with served(first, last) as server, client(server) as one:
        found = [answer["Roots"] for answer in one.pages("organizations", "ListRoots")]
        assert found == [[{"Id": "r-1"}], [{"Id": "r-2"}]]
        assert [json.loads(asked.body) for asked in server.asked] == [{}, {"NextToken": "t"}]


def test_throttling_is_waited_out_longer_each_time() -> None:
    waits: list[float] = []
    failed = 500, b'{"__type":"InternalFailure"}'
    with served(THROTTLED, failed, THROTTLED, page({"Roots": []})) as server, client(server, waits) as one:
        assert one.call("organizations", "ListRoots") == {"Roots": []}
    assert len(waits) == 3
    assert all(0.5 <= wait / (0.2 * 2**number) <= 1 for number, wait in enumerate(waits))


def test_throttling_without_end_is_an_error() -> None:
    with served(*[THROTTLED] * 6) as server, client(server) as one:
        with pytest.raises(ServiceError, match="Rate exceeded"):
            one.call("organizations", "ListRoots")
        assert server.answers == []


def test_a_refusal_is_not_asked_again() -> None:
    refused = 400, b'{"__type":"AccessDeniedException","Message":"no"}'
    with served(refused) as server, client(server) as one, pytest.raises(ServiceError) as found:
        one.call("organizations", "ListRoots")
    assert (found.value.code, found.value.status) == ("AccessDeniedException", 400)


@pytest.mark.parametrize("url", ["127.0.0.1:4747", "ftp://x", "http://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(NotReached, match="not an http"):
        Client(KEY, url=url)


def test_nothing_that_answers_and_what_is_no_answer_are_said() -> None:
    with served() as server:
        url = server.url
    with Client(KEY, url=url) as one, pytest.raises(NotReached, match="does not answer"):
        one.call("sts", "GetCallerIdentity")
    with (
        served((200, b"<html>")) as server,
        client(server) as one,
        pytest.raises(NotReached, match="not sts"),
    ):
        one.call("sts", "GetCallerIdentity")


def test_the_chain_takes_the_environment_first_and_profiles_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    shared = tmp_path / "credentials"
    shared.write_text(
        "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = s\nregion = eu-west-3\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "e")
    assert credentials() == Credentials("AKIAENV", "e")
    assert credentials("other") == Credentials("AKIAOTHER", "s", "", "eu-west-3")
    with pytest.raises(CredentialsFailed, match="nobody"):
        credentials("nobody")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert credentials() is None
    assert "secret" not in repr(KEY)
    assert KEY.secret not in repr(KEY)


class _Leaving(_Handler):
    """Says that it keeps the connection, and ends it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        super().do_POST()
        self.close_connection = True


def test_a_connection_that_was_ended_while_idle_is_made_anew() -> None:
    answer = page({"Roots": [{"Id": "r-1"}]})
    with served(answer, answer) as server:
        server.RequestHandlerClass = _Leaving
        with client(server) as asking:
            assert asking.call("organizations", "ListRoots") == asking.call("organizations", "ListRoots")
        assert len(server.asked) == 2


def test_a_web_server_is_no_endpoint_and_is_not_asked_again() -> None:
    answer = 501, b"<!DOCTYPE html><p>Unsupported method"
    with served(answer) as server, client(server) as one:
        with pytest.raises(NotReached, match=r"is not sts, but a web server \(status 501\)"):
            one.call("sts", "GetCallerIdentity")
        assert server.answers == []
