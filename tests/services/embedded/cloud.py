"""boto3 clients whose requests go through ``Embedded.handle`` instead of the network, all authorized."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from passrole.authorize.call import Call, Caller
from passrole.passing import permit
from passrole.passing.permit import AuthorizedCall
from passrole.services.backend import Handled
from passrole.services.embedded.dispatch import Embedded
from passrole.state.directory import Directory
from passrole.state.entities import Account, InstanceProfile, Role
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire import protocols
from passrole.wire.request import RawRequest, Response
from passrole.wire.route import route

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ALPHA, BETA = "111122223333", "444455556666"
KEYS = {ALPHA: "AKIAALPHA00000000000", BETA: "AKIABETA000000000000"}

TRUST_EC2 = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


@dataclass
class Cloud:
    """One endpoint without a gateway: every call is let through, and what follows from it is committed."""

    directory: Directory = field(default_factory=Directory)
    ids: Ids = field(default_factory=Ids)
    handled: list[Handled] = field(default_factory=list)
    errors: list[ServiceError] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.embedded = Embedded(self.directory)
        for account in KEYS:
            self.directory.put(Account(account=account, name=account, created=NOW))
        self.directory.commit()

    def role(self, name: str, account: str = ALPHA, *, path: str = "/", trust: str = TRUST_EC2) -> Role:
        """A new role."""
        role = Role(
            account=account, name=name, path=path, id=self.ids.unique("AROA"), created=NOW, trust=trust
        )
        self.directory.put(role)
        self.directory.commit()
        return role

    def profile(
        self, name: str, account: str = ALPHA, *, path: str = "/", role: Role | None = None
    ) -> InstanceProfile:
        """A new instance profile."""
        profile = InstanceProfile(
            account=account,
            name=name,
            path=path,
            id=self.ids.unique("AIPA"),
            created=NOW,
            role_id=role.id if role is not None else "",
        )
        self.directory.put(profile)
        self.directory.commit()
        return profile

    def client(self, service: str, account: str = ALPHA, region: str = "eu-west-1", **config: Any) -> Any:
        """An unmodified client, but for its transport."""
        client = _session(account).client(
            service,
            region_name=region,
            endpoint_url="http://localhost:4747",
            config=Config(retries={"max_attempts": 0}, **config),
        )
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return self.respond(request.url, self.answer(raw_request(request)))

    def respond(self, url: str, answer: Response) -> AWSResponse:
        """An answer as botocore's transport hands it on."""
        body = protocols.joined(answer)
        # What the server adds; a HEAD request's answer brings its own.
        headers = {"content-length": str(len(body))}
        headers |= {name.lower(): value for name, value in answer.headers}
        return AWSResponse(url, answer.status, headers, _Raw(body))

    def answer(self, raw: RawRequest) -> Response:
        """What a gateway that refuses nobody would answer."""
        call = self.call(raw)
        self.calls.append(call)
        try:
            handled = asyncio.run(self.embedded.handle(authorized(call)))
        except ServiceError as error:
            self.errors.append(error)
            return protocols.write_error(
                call.service, call.protocol, error, call.request_id, operation=call.operation
            )
        self.handled.append(handled)
        handled.apply(self.directory)
        self.directory.commit()
        return handled.response

    def call(self, raw: RawRequest) -> Call:
        """The call that a raw request makes."""
        found = route(raw)
        assert found.problem is None, found.problem
        scope = (
            dict(raw.headers).get("authorization", raw.query).partition("Credential=")[2].replace("%2F", "/")
        )
        key, _, region, *_ = scope.split("/")
        account = next(account for account, known in KEYS.items() if known == key)
        body = raw.body
        if (raw.header("x-amz-content-sha256") or "").startswith("STREAMING"):
            body = _unframed(raw.body)
        given = protocols.read(
            found.service,
            found.operation,
            found.protocol,
            RawRequest(raw.method, raw.path, raw.query, raw.headers, body),
            path=found.path,
        )
        return make_call(
            found.service,
            found.operation,
            given,
            account,
            region,
            raw=raw,
            body=body,
            protocol=found.protocol,
        )


@cache
def _session(account: str) -> Any:
    """Read models once: EC2's takes a third of a second."""
    return boto3.Session(aws_access_key_id=KEYS[account], aws_secret_access_key="secret")


def make_call(
    service: str,
    operation: str,
    given: Mapping[str, object],
    account: str = ALPHA,
    region: str = "eu-west-1",
    *,
    raw: RawRequest | None = None,
    body: bytes = b"",
    protocol: str = "",
) -> Call:
    """A call of an account's root."""
    return Call(
        raw=raw or RawRequest("POST", "/", "", (("host", "localhost:4747"),), b""),
        body=body,
        service=service,
        operation=operation,
        protocol=protocol,
        input=given,
        caller=Caller(Principal(PrincipalKind.ROOT, f"arn:aws:iam::{account}:root", account), KEYS[account]),
        account=account,
        region=region,
        now=NOW,
        request_id=Ids().uuid(),
    )


def authorized(call: Call) -> AuthorizedCall:
    """A permit as only passing.permit gives it: what is behind the gateway need not know how."""
    return AuthorizedCall(permit._SEAL, call, (), "")


def raw_request(request: AWSPreparedRequest) -> RawRequest:
    """A request as the server would have got it."""
    parts = urlsplit(request.url)
    headers = [(name.lower(), _text(value)) for name, value in request.headers.items()]
    if not any(name == "host" for name, _ in headers):
        headers.append(("host", parts.netloc))
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    return RawRequest(request.method, parts.path or "/", parts.query, tuple(headers), bytes(body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _unframed(body: bytes) -> bytes:
    """An aws-chunked body without its frames."""
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


class _Raw(io.BytesIO):
    """What botocore reads a response's body from."""

    def stream(self, **_: object) -> Any:
        while chunk := self.read(65536):
            yield chunk
