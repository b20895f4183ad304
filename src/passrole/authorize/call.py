"""A call whose signature holds: who asks for which operation with what input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from passrole.state.entities import Role, Session, Tags, User
from passrole.values.principal import Principal
from passrole.wire.request import RawRequest


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Caller:
    """The principal behind a verified signature, with the credentials it used.

    user is set for an IAM user and its GetSessionToken and federated sessions, role for role
    sessions, session for temporary credentials; all three are None for the root's own key, for an
    anonymous caller and for a service principal.
    """

    principal: Principal
    access_key_id: str = ""
    session: Session | None = None
    user: User | None = None
    role: Role | None = None

    @property
    def account(self) -> str:
        """The account that the call is made in, "" for an anonymous caller."""
        return self.principal.account

    @property
    def tags(self) -> Tags:
        """``aws:PrincipalTag/…``: session tags override the role's tags of the same key, in any case."""
        own: Tags = ()
        if self.role is not None:
            own = self.role.tags
        elif self.user is not None:
            own = self.user.tags
        if self.session is None or not self.session.tags:
            return own
        overridden = {key.lower() for key, _ in self.session.tags}
        return tuple(tag for tag in own if tag[0].lower() not in overridden) + self.session.tags


@dataclass(frozen=True, slots=True)
class Call:
    """One operation asked for by a known caller; nothing has been authorized yet.

    service and operation are botocore's names. input is the parsed request in AWS's member names.
    account and region are where it happens. body is the payload without aws-chunked framing.
    called_via names the services that forwarded the caller's credentials, first to last.
    """

    raw: RawRequest
    body: bytes
    service: str
    operation: str
    protocol: str
    input: Mapping[str, object]
    caller: Caller
    account: str
    region: str
    now: datetime
    request_id: str
    called_via: tuple[str, ...] = ()
    presigned: bool = False
    secure: bool = False
    # What a service adds (its source IP name …), and what an identity provider says of the caller.
    extra: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


class ResourceFacts(Protocol):
    """What only the services behind the gateway know, asked while a call is authorized.

    Each answer may be None for "not known"; an empty value means that it is known to be empty.
    Implemented by ``services.embedded``; handed in at start.
    """

    def resource_policy(self, account: str, region: str, arn: str) -> str | None:
        """The resource-based policy's text on that resource; "" where it has none."""

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """The tags of the resource that the ARN names."""

    def owner(self, arn: str) -> str | None:
        """The account that owns a resource whose ARN does not say (an S3 bucket or its objects)."""

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """LaunchTemplateData of a template's version: a number, ``$Latest``, ``$Default`` or "" for
        the default. None where there is no such template or version.
        """

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """What a describe call would tell of the resource (an instance's type, its VPC …)."""


class NoFacts:
    """ResourceFacts of an endpoint without services behind it: nothing is known."""

    def resource_policy(self, account: str, region: str, arn: str) -> str | None:
        """See ResourceFacts."""
        return None

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts."""
        return None

    def owner(self, arn: str) -> str | None:
        """See ResourceFacts."""
        return None

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return None

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return None
