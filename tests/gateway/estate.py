"""A whole gateway in process, with a backend that only takes down what reaches it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import cbor2
from tests.wire.signing import KEY, SECRET, signed

from passrole.authorize.call import NoFacts, ResourceFacts
from passrole.gateway.authenticate import Authenticator
from passrole.gateway.clock import Clock
from passrole.gateway.recording import Recorder
from passrole.gateway.steps import Gateway
from passrole.passing.permit import AuthorizedCall
from passrole.services import own
from passrole.services.agents import Agents
from passrole.services.backend import Backend, Handled
from passrole.services.embedded.dispatch import Embedded
from passrole.services.kept.backend import Kept
from passrole.services.kept.facts import KeptFacts
from passrole.state.accounts import make_account
from passrole.state.commit import Committer
from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, InstanceProfile, Role, User
from passrole.state.secret import ensure_secrets, message_key
from passrole.state.store.memory import MemoryStore
from passrole.state.trail import EventQuery
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.wire import protocols, services
from passrole.wire.outputs import error_of, read_output
from passrole.wire.request import RawRequest, Response

ACCOUNT: Final = "111122223333"
OTHER_ACCOUNT: Final = "444455556666"
REGION: Final = "eu-west-1"
USER: Final = f"arn:aws:iam::{ACCOUNT}:user/Builder"

T = TypeVar("T")

# IAM and its like are signed for one region.
_ONE_REGION: Final = frozenset(("iam", "organizations", "cloudfront", "route53"))

CBOR: Final = "smithy-rpc-v2-cbor"

Statement = Mapping[str, object]
ALL: Final[Statement] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALL_BUT_PASSING: Final[Statement] = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}


@dataclass
class Recording:
    """Backend that answers everything with nothing, and keeps what it was handed."""

    handed: list[AuthorizedCall] = field(default_factory=list)

    def serves(self, service: str) -> bool:
        """Every service."""
        return True

    async def handle(self, authorized: AuthorizedCall) -> Handled:
        """An empty output."""
        self.handed.append(authorized)
        call = authorized.call
        return Handled(protocols.write(call.service, call.operation, call.protocol, {}, call.request_id))


class Estate:
    """One account with the user Builder, whose key signs every request. Used as a context manager.

    embedded puts moto behind the gateway, whose facts are then asked; else facts tell what they like.
    """

    def __init__(
        self, *, facts: ResourceFacts | None = None, embedded: bool = False, report: bool = False
    ) -> None:
        own.load()
        self.directory = Directory()
        self.ids = Ids()
        self.recording = Recording()
        self.embedded = Embedded(self.directory) if embedded else None
        self.facts = facts if facts is not None else NoFacts()
        behind: Backend = self.recording
        if self.embedded is not None:
            self.facts = KeptFacts(self.directory, self.embedded.facts)
            behind = Kept(self.directory, self.ids, self.embedded)
        self.now = datetime.now(UTC)
        ensure_secrets(self.directory, self.ids)
        for account in (ACCOUNT, OTHER_ACCOUNT):
            make_account(self.directory, self.ids, account, f"account {account}", self.now)
        self.user = User(account=ACCOUNT, name="Builder", id=self.ids.unique("AIDA"), created=self.now)
        self.directory.put(self.user)
        self.directory.put(
            AccessKey(account=ACCOUNT, id=KEY, secret=SECRET, user_id=self.user.id, created=self.now)
        )
        self.committer = Committer(MemoryStore())
        self.recorder = Recorder(self.directory, self.ids)
        self.gateway = Gateway(
            directory=self.directory,
            authenticator=Authenticator(self.directory),
            committer=self.committer,
            ids=self.ids,
            clock=Clock(),
            behind=behind,
            facts=self.facts,
            message_key=message_key(self.directory),
            recorder=self.recorder,
            agents=Agents(),
            report=report,
        )
        self._runner = asyncio.Runner()

    def __enter__(self) -> Estate:
        self._runner.run(self._start())
        return self

    async def _start(self) -> None:
        self.committer.start()
        await self.gateway.commit(())

    def __exit__(self, *error: object) -> None:
        self._runner.run(self.committer.close())
        self._runner.close()
        if self.embedded is not None:
            self.embedded.close()

    def allow(self, *statements: Statement) -> None:
        """Builder may do just this from now on."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.user = User(
            account=ACCOUNT,
            name=self.user.name,
            id=self.user.id,
            created=self.user.created,
            inline={"rights": document},
        )
        self.directory.put(self.user)
        self.directory.commit()

    def role(self, name: str, *trusted: str, path: str = "/", account: str = ACCOUNT) -> Role:
        """A role that may do everything for these service principals; one of the name is replaced."""
        known = self.directory.get(Role, account, name)
        role = Role(
            account=account,
            name=name,
            path=path,
            id=known.id if known is not None else self.ids.unique("AROA"),
            created=self.now,
            trust=trust(*trusted),
            inline={"rights": json.dumps({"Version": "2012-10-17", "Statement": [ALL]})},
        )
        self.directory.put(role)
        self.directory.commit()
        return role

    def profile(self, name: str, role: Role | None, *, path: str = "/") -> InstanceProfile:
        """An instance profile of the main account that holds the role."""
        profile = InstanceProfile(
            account=ACCOUNT,
            name=name,
            path=path,
            id=self.ids.unique("AIPA"),
            created=self.now,
            role_id=role.id if role is not None else "",
        )
        self.directory.put(profile)
        self.directory.commit()
        return profile

    def output(self, service: str, operation: str, given: Mapping[str, object]) -> dict[str, object]:
        """What Builder's call gives; it must succeed."""
        protocol = services.entry(service).protocols[0]
        response = self.answer(request(service, operation, given, protocol=protocol))
        assert response.status < 300, response.body
        return read_output(service, operation, protocol, response)

    def events(self, name: str, *, region: str = REGION) -> list[dict[str, Any]]:
        """The trail's records of that name, newest first."""
        found = self.committer.find(EventQuery(ACCOUNT, region, "EventName", name))
        return [json.loads(event.record) for _, event in found]

    def answer(self, raw: RawRequest) -> Response:
        """What the gateway says to a signed request."""
        return self.run(self.gateway.answer(raw))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of it, on the gateway's event loop."""
        return self._runner.run(work)

    def ask(
        self, service: str, operation: str, given: Mapping[str, object], *, region: str = REGION
    ) -> Response:
        """What the gateway says to Builder's call."""
        return self.answer(request(service, operation, given, region=region))


def request(
    service: str,
    operation: str,
    given: Mapping[str, object],
    *,
    region: str = REGION,
    protocol: str = "",
) -> RawRequest:
    """Builder's call as signed bytes, in the service's first protocol unless told."""
    raw = protocols.encode_request(service, operation, given, "127.0.0.1:4747", protocol=protocol)
    headers = {name: value for name, value in raw.headers if name not in ("host", "content-length")}
    form = "s3" if services.is_s3(service) else "header"
    return signed(
        form,
        services.entry(service).signing_name,
        method=raw.method,
        path=f"{raw.path}?{raw.query}" if raw.query else raw.path,
        headers=headers,
        body=raw.body,
        region="us-east-1" if service in _ONE_REGION else region,
    )


def refused(response: Response) -> ServiceError:
    """The error of a response that must be one."""
    if dict(response.headers).get("Smithy-Protocol") or response.body[:1] > b"\x7f":
        body = cbor2.loads(response.body)
        code = str(body["__type"]).rpartition("#")[2]
        return ServiceError(body.get("message") or body.get("Message"), code=code, status=response.status)
    error = error_of(response)
    assert error is not None, response
    return error


def trust(*principals: str) -> str:
    """A trust policy that admits these service principals, one a statement as moto reads them."""
    statements = [
        {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
        for principal in principals
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
