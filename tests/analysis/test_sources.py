"""Live accounts: throttled, refused in part, and only ever read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.analysis.details import allow, arn, deny, document, organization, trust

from passrole import Endpoint, Options
from passrole.analysis.live import CannotRead, read_live, read_organization
from passrole.analysis.sources import Source
from passrole.analysis.who_can_pass import who_can_pass
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
EC2 = "ec2.amazonaws.com"
READ = ("Get", "List", "Describe")
USERS = 12
THROTTLED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"
    b"</Error><RequestId>1</RequestId></ErrorResponse>"
)


@dataclass
class Front:
    """What stands before an endpoint: it notes every operation, and answers some calls by Throttling."""

    url: str
    throttled: int = 0  # so many of the next calls
    asked: list[str] = field(default_factory=list)


@contextmanager
def front(behind: str) -> Iterator[Front]:
    """A server that hands calls on as they are, so that their signatures still fit."""
    address = urlsplit(behind).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            target = self.headers.get("X-Amz-Target", "")
            made.asked.append(target.rpartition(".")[2] or parse_qs(body.decode())["Action"][0])
            if made.throttled:
                made.throttled -= 1
                self.answer(400, THROTTLED, {"Content-Type": "text/xml"})
                return
            connection = HTTPConnection(address, timeout=60)
            connection.request("POST", self.path, body=body, headers=dict(self.headers.items()))
            got = connection.getresponse()
            self.answer(got.status, got.read(), dict(got.getheaders()))
            connection.close()

        def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Front(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Live:
    endpoint: Endpoint
    front: Front
    root: Client  # straight to the endpoint

    def client(self, key: Credentials, waits: list[float] | None = None) -> Client:
        return Client(key, url=self.front.url, sleep=(waits if waits is not None else []).append)


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT, testing=True)) as endpoint,
        front(endpoint.url) as before,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        for number in range(USERS):
            root.call("iam", "CreateUser", {"UserName": f"u{number:02}"})
            policy = json.dumps(document(allow()))
            given = {"UserName": f"u{number:02}", "PolicyName": "p", "PolicyDocument": policy}
            root.call("iam", "PutUserPolicy", given)
        trusted = json.dumps(trust(EC2))
        root.call("iam", "CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": trusted})
        yield Live(endpoint, before, root)


def reader(live: Live, name: str, *statements: dict[str, object]) -> Credentials:
    """The key of a new user with these rights."""
    live.root.call("iam", "CreateUser", {"UserName": name})
    policy = json.dumps(document(*statements))
    live.root.call("iam", "PutUserPolicy", {"UserName": name, "PolicyName": "p", "PolicyDocument": policy})
    key = live.root.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]
    assert isinstance(key, dict)
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def test_pages_are_followed_and_throttled_calls_asked_again(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passrole.analysis.live._PAGE", 5)
    waits: list[float] = []
    with live.client(Credentials(*ROOT), waits) as client:
        whole = len(who_can_pass(read_live(client)))
        asked = list(live.front.asked)
        assert asked.count("GetAccountAuthorizationDetails") > 2
        assert waits == []
        live.front.asked.clear()
        live.front.throttled = 4
        assert len(who_can_pass(read_live(client))) == whole >= USERS
    assert live.front.asked == asked[:1] * 4 + asked
    # From try to try it waits longer, and not always the same.
    assert len(waits) == 4
    assert all(0.1 * 2**place <= wait <= 0.2 * 2**place for place, wait in enumerate(waits))


def test_an_account_that_stays_throttled_is_told_so(live: Live) -> None:
    live.front.throttled = 100
    waits: list[float] = []
    try:
        with live.client(Credentials(*ROOT), waits) as client, pytest.raises(CannotRead, match="Throttling"):
            read_live(client)
    finally:
        live.front.throttled = 0
    assert len(waits) == 5
    assert max(waits) <= 8


def test_only_reading_operations_are_called(live: Live) -> None:
    """With an organization, which takes more of them; and the caller may do nothing else."""
    live.front.asked.clear()
    key = reader(
        live,
        "auditor",
        allow(action=[f"{service}:{verb}*" for service in ("iam", "organizations") for verb in READ]),
        deny(action="iam:PassRole"),
    )
    live.root.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
    try:
        with live.client(key) as client:
            estate = read_live(client)
    finally:
        live.root.call("organizations", "DeleteOrganization")
    assert estate.organized
    assert list(estate.notes) == []
    assert {"GetCallerIdentity", "GetAccountAuthorizationDetails", "ListPolicies"} <= set(live.front.asked)
    assert [one for one in live.front.asked if not one.startswith(READ)] == []


def test_what_the_caller_may_not_read_is_noted(live: Live) -> None:
    key = reader(live, "half", allow(action="iam:GetAccountAuthorizationDetails"))
    live.root.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
    try:
        with live.client(key) as client:
            estate = read_live(client)
            with pytest.raises(CannotRead, match="organizations:DescribeOrganization"):
                read_organization(client)
    finally:
        live.root.call("organizations", "DeleteOrganization")
    assert not estate.organized
    first, second = map(str, estate.notes)
    assert first.startswith("111122223333: organization: not read: AccessDenied")
    assert "organizations:DescribeOrganization" in first
    assert second.endswith("its organization's policies are not known, and not counted")
    assert len(who_can_pass(estate)) >= USERS


def test_who_may_not_read_the_account_gets_no_answer(live: Live) -> None:
    key = reader(live, "nobody", allow(action="s3:*"))
    with live.client(key) as client, pytest.raises(CannotRead, match="iam:GetAccountAuthorizationDetails"):
        read_live(client)


def test_an_organizations_export_goes_with_a_live_account(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "organization.json"
    path.write_text(json.dumps(organization([document(deny(arn("role", "Web")))])))
    for name, value in zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ROOT, strict=True):
        monkeypatch.setenv(name, value)
    source = Source((path,), endpoint=live.front.url)
    (estate,) = source.estates()
    assert estate.organized
    assert who_can_pass(estate, role="Web") == []
    (alone,) = Source(endpoint=live.front.url).estates()
    assert len(who_can_pass(alone, role="Web")) == USERS


def test_it_is_the_services_own_error_that_stops_a_call(live: Live) -> None:
    live.front.asked.clear()
    with live.client(Credentials(*ROOT)) as client, pytest.raises(ServiceError, match="NoSuchEntity"):
        client.call("iam", "GetUser", {"UserName": "absent"})
    assert live.front.asked == ["GetUser"]
