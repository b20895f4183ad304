"""A small endpoint for tests of our own services: state, clock and seeded ids, no bytes and no gateway.

Calls are taken as authorized: who may do what is not tested here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from urllib.parse import unquote

from passrole.authorize.call import Call, Caller
from passrole.authorize.limits import check_credentials
from passrole.passing.permit import AuthorizedCall
from passrole.passing.role_passes import RolePass
from passrole.services import own
from passrole.services.operation import OPERATIONS, PRECHECKS, ServiceCall
from passrole.state.accounts import make_account
from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Role, Session, User
from passrole.state.secret import ensure_secrets
from passrole.state.trail import Event, EventQuery
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire.request import RawRequest
from passrole.wire.validate import validate

ACCOUNT: Final = "111122223333"
START: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

# Members that IAM gives back percent-encoded; clients decode them, and so does a test's reader.
_DOCUMENTS: Final = frozenset(("AssumeRolePolicyDocument", "PolicyDocument", "Document"))

own.load()


@dataclass(frozen=True, slots=True)
class _Authorized:
    """What a handler sees of an AuthorizedCall."""

    call: Call
    passes: tuple[RolePass, ...] = ()
    would_deny: str = ""


class _Trail:
    """Handlers here ask the trail nothing."""

    def later(self, event: Event) -> None:
        raise AssertionError(event)

    def find(self, query: EventQuery) -> Sequence[tuple[int, Event]]:
        return ()

    def newest(self) -> int:
        return 0


@dataclass
class World:
    """One endpoint. now moves only when a test moves it."""

    now: datetime = START
    directory: Directory = field(default_factory=Directory)
    ids: Ids = field(default_factory=lambda: Ids(random.Random(20260301).randbytes))
    roots: dict[str, str] = field(default_factory=dict)  # account -> its root's key id

    def __post_init__(self) -> None:
        ensure_secrets(self.directory, self.ids)
        self.account(ACCOUNT)

    def account(self, account: str) -> str:
        """The root key id of that account, which is made where it is missing."""
        if account not in self.roots:
            key = make_account(self.directory, self.ids, account, f"account {account}", self.now)
            self.roots[account] = key.id
            self.directory.commit()
        return self.roots[account]

    def advance(self, **time: float) -> None:
        """As timedelta: advance(hours=1)."""
        self.now += timedelta(**time)

    def call(
        self,
        name: str,
        given: Mapping[str, object] | None = None,
        *,
        key: str = "",
        region: str = "us-east-1",
        host: str = "127.0.0.1:4747",
    ) -> dict[str, object]:
        """Calls ``service:Operation`` with the key's rights (default: the main account's root).

        Policy documents in the output are parsed. Raises ServiceError; nothing has changed then.
        """
        service, _, operation = name.partition(":")
        caller = self.caller(key or self.roots[ACCOUNT])
        given = dict(given or {})
        call = Call(
            raw=self.raw(host),
            body=b"",
            service=service,
            operation=operation,
            protocol="json" if service == "organizations" else "query",
            input=given,
            caller=caller,
            account=caller.account,
            region=region,
            now=self.now,
            request_id=self.ids.uuid(),
        )
        authorized = cast(AuthorizedCall, _Authorized(call))
        try:
            check_credentials(call)
            validate(service, operation, given, protocol=call.protocol)
            precheck = PRECHECKS.get((service, operation))
            if precheck is not None:
                precheck(given)
            handler = OPERATIONS[(service, operation)]
            output = handler(ServiceCall(authorized, self.directory, _Trail(), self.ids), given)
        except BaseException:
            self.directory.rollback()
            raise
        self.directory.commit()
        return cast("dict[str, object]", _decoded(output))

    def refused(self, name: str, given: Mapping[str, object] | None = None) -> tuple[str, int, str]:
        """Code, status and message of the error that a call must end in."""
        try:
            output = self.call(name, given)
        except ServiceError as error:
            return error.code, error.status, error.message
        raise AssertionError(f"{name} answered {output}")

    def raw(self, host: str = "127.0.0.1:4747") -> RawRequest:
        """A request of which nothing but the host is looked at."""
        return RawRequest("POST", "/", "", (("host", host),), b"")

    def caller(self, key_id: str) -> Caller:
        """Who signs with that key; "anonymous" for nobody."""
        if key_id == "anonymous":
            return Caller(Principal(PrincipalKind.ANONYMOUS, "*", "", "anonymous"))
        session = self.directory.by_id(Session, key_id)
        if session is not None:
            return self._session(session)
        key = self.directory.by_id(AccessKey, key_id)
        assert key is not None, f"no key {key_id}"
        user = self.directory.by_id(User, key.user_id) if key.user_id else None
        if user is None:
            arn = f"arn:aws:iam::{key.account}:root"
            return Caller(Principal(PrincipalKind.ROOT, arn, key.account, key.account), key_id)
        principal = Principal(PrincipalKind.USER, user.arn, user.account, user.id)
        return Caller(principal, key_id, None, user)

    def _session(self, session: Session) -> Caller:
        role = self.directory.by_id(Role, session.role_id) if session.role_id else None
        user = self.directory.by_id(User, session.user_id) if session.user_id else None
        kind = {"role": PrincipalKind.ROLE_SESSION, "federated": PrincipalKind.FEDERATED_USER}.get(
            session.sort, PrincipalKind.USER if user is not None else PrincipalKind.ROOT
        )
        arn = user.arn if kind is PrincipalKind.USER and user is not None else session.arn
        principal = Principal(
            kind,
            arn,
            session.account,
            session.principal_id,
            role_arn=role.arn if role is not None else "",
        )
        return Caller(principal, session.id, session, user, role)


def _decoded(value: object, name: str = "") -> object:
    if isinstance(value, Mapping):
        return {key: _decoded(member, key) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_decoded(member) for member in value]
    if name in _DOCUMENTS and isinstance(value, str):
        return json.loads(unquote(value))
    return value
