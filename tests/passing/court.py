"""A small directory, and calls put before the permit: no bytes, no services."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from passrole.authorize.call import Call, Caller, NoFacts, ResourceFacts
from passrole.passing.permit import AuthorizedCall, Judging, permit
from passrole.passing.role_passes import RolePass, role_passes
from passrole.services import own
from passrole.state.accounts import add_account
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, ManagedPolicy, PolicyVersion, Role, Tags, User
from passrole.state.organization import SCP, Member, Organization, OrganizationPolicy, Unit
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire import services
from passrole.wire.request import RawRequest

ACCOUNT: Final = "111122223333"
OTHER: Final = "444455556666"
REGION: Final = "eu-west-1"
NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
USER: Final = f"arn:aws:iam::{ACCOUNT}:user/Ada"

Statement = Mapping[str, object]
ALL: Final[Statement] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALL_BUT_PASSING: Final[Statement] = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}

own.load()


def role_arn(name: str, *, path: str = "/", account: str = ACCOUNT) -> str:
    """The ARN of a role of that name."""
    return f"arn:aws:iam::{account}:role{path}{name}"


def allowing(resource: object = "*", effect: str = "Allow", **condition: Mapping[str, object]) -> Statement:
    """A statement about iam:PassRole."""
    statement = {"Effect": effect, "Action": "iam:PassRole", "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def to(*principals: str) -> Mapping[str, object]:
    """For ``allowing(StringEquals=…)``: passed to one of these services."""
    return {"iam:PassedToService": [f"{name}.amazonaws.com" for name in principals]}


def document(statements: Sequence[Statement]) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(*principals: str) -> str:
    """A trust policy that admits these services, less ``.amazonaws.com``."""
    named = [f"{name}.amazonaws.com" for name in principals]
    return document([{"Effect": "Allow", "Principal": {"Service": named}, "Action": "sts:AssumeRole"}])


class Told(NoFacts):
    """ResourceFacts that know just what a test tells them: attributes by ARN, one launch template."""

    def __init__(
        self,
        attributes: Mapping[str, Mapping[str, object]] | None = None,
        template: Mapping[str, object] | None = None,
    ) -> None:
        self._attributes = attributes or {}
        self._template = template

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return self._attributes.get(arn)

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return self._template


@dataclass
class Court:
    """Two accounts; the user Ada of the first may do what the test says."""

    directory: Directory = field(default_factory=Directory)
    facts: ResourceFacts = field(default_factory=NoFacts)
    ids: Ids = field(default_factory=Ids)
    report: bool = False

    def __post_init__(self) -> None:
        for account in (ACCOUNT, OTHER):
            add_account(self.directory, account, account, NOW)
        self._user = User(account=ACCOUNT, name="Ada", id="AIDAADA0000000000000A", created=NOW)
        self.directory.put(self._user)

    def ada(self, *statements: Statement, boundary: Sequence[Statement] = (), tags: Tags = ()) -> Caller:
        """Ada with these rights, and no others from now on."""
        arn = ""
        if boundary:
            version = PolicyVersion(id="v1", document=document(boundary), created=NOW)
            policy = ManagedPolicy(
                account=ACCOUNT, name="Limit", id="ANPALIMIT", created=NOW, updated=NOW, versions=(version,)
            )
            self.directory.put(policy)
            arn = policy.arn
        user = User(
            account=ACCOUNT,
            name="Ada",
            id=self._user.id,
            created=NOW,
            inline={"rights": document(statements)} if statements else {},
            boundary=arn,
            tags=tags,
        )
        self.directory.put(user)
        return Caller(Principal(PrincipalKind.USER, user.arn, ACCOUNT, user.id), "AKIAADA", None, user)

    def root(self, account: str = ACCOUNT) -> Caller:
        """An account's root."""
        return Caller(
            Principal(PrincipalKind.ROOT, f"arn:aws:iam::{account}:root", account, account), "AKIAROOT"
        )

    def organization(self, *denied: Statement) -> None:
        """Puts both accounts in one, the other's root in charge; the first one's SCP denies this."""
        id, root, full = "o-example1234", "r-root", "p-FullAWSAccess"
        self.directory.put(Organization(account=OTHER, id=id, root_id=root, created=NOW, policy_types=(SCP,)))
        self.directory.put(Unit(account=OTHER, id=root, name="Root", policies=(full,)))
        policy = OrganizationPolicy(
            account=OTHER, id="p-guard", name="guard", type=SCP, content=document(denied or [ALL])
        )
        self.directory.put(policy)
        for account, policies in ((OTHER, (full,)), (ACCOUNT, (full, "p-guard"))):
            self.directory.put(Member(account=OTHER, id=account, parent=root, joined=NOW, policies=policies))

    def role(
        self, name: str, trust: str = "", *, path: str = "/", account: str = ACCOUNT, tags: Tags = ()
    ) -> Role:
        """A role; one that trusts nobody unless told."""
        role = Role(
            account=account,
            name=name,
            path=path,
            id=self.ids.unique("AROA"),
            created=NOW,
            trust=trust or document([]),
            tags=tags,
        )
        self.directory.put(role)
        return role

    def profile(
        self, name: str, role: Role | None, *, path: str = "/", account: str = ACCOUNT
    ) -> InstanceProfile:
        """An instance profile that holds the role."""
        profile = InstanceProfile(
            account=account,
            name=name,
            path=path,
            id=self.ids.unique("AIPA"),
            created=NOW,
            role_id=role.id if role is not None else "",
        )
        self.directory.put(profile)
        return profile

    def call(self, name: str, given: Mapping[str, object], caller: Caller | None = None) -> Call:
        """``service:Operation`` as that caller asks for it, Ada where none is named."""
        service, _, operation = name.partition(":")
        caller = caller or Caller(
            Principal(PrincipalKind.USER, USER, ACCOUNT, self._user.id), "AKIAADA", None, self._user
        )
        return Call(
            raw=RawRequest("POST", "/", "", (("host", "127.0.0.1:4747"),), b"", "127.0.0.1"),
            body=b"",
            service=service,
            operation=operation,
            protocol=services.entry(service).protocols[0],
            input=given,
            caller=caller,
            account=caller.account,
            region=REGION,
            now=NOW,
            request_id="11111111-2222-4333-8444-555555555555",
        )

    def passes(self, name: str, given: Mapping[str, object]) -> tuple[RolePass, ...]:
        """The roles that a call passes on."""
        return role_passes(self.call(name, given), self.directory, self.facts)

    def permit(self, name: str, given: Mapping[str, object], caller: Caller) -> AuthorizedCall:
        """Raises what the service would answer."""
        judging = Judging(self.directory, self.facts, b"k" * 32, self.report)
        return permit(self.call(name, given, caller), judging)

    def refusal(self, name: str, given: Mapping[str, object], caller: Caller) -> tuple[str, int, str]:
        """Code, status and message of the error that the call gets."""
        try:
            self.permit(name, given, caller)
        except ServiceError as error:
            return error.code, error.status, error.message
        raise AssertionError(f"{name} was permitted")
