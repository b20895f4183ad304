"""Organizations: who is in one, where in its tree, and which policies reach an account.

Rows of an organization belong to its management account. Source of the identifiers' and ARNs'
shapes: Organizations API Reference, data types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from passrole.state.directory import Directory
from passrole.state.entities import Entity, Identified, Tags, register

SCP: Final = "SERVICE_CONTROL_POLICY"
RCP: Final = "RESOURCE_CONTROL_POLICY"

Level = tuple[tuple[str, str, str], ...]  # (document, name, ARN) of each policy attached there


@register
class Organization(Entity, frozen=True, kw_only=True):
    """An organization. account is the management account's; policy_types the enabled ones."""

    kind: ClassVar[str] = "organization"
    id: str  # o-…
    root_id: str  # r-…
    created: datetime
    feature_set: str = "ALL"  # or CONSOLIDATED_BILLING
    policy_types: tuple[str, ...] = ()
    iam_features: tuple[str, ...] = ()  # RootCredentialsManagement, RootSessions
    resource_policy: str = ""
    resource_policy_id: str = ""  # rp-…
    resource_policy_tags: Tags = ()

    @property
    def key(self) -> str:
        return "organization"

    @property
    def unique_id(self) -> str:
        return self.id

    @property
    def arn(self) -> str:
        """``arn:aws:organizations::MANAGEMENT:organization/o-…``."""
        return f"arn:aws:organizations::{self.account}:organization/{self.id}"

    def arn_of(self, kind: str, rest: str) -> str:
        """``arn:aws:organizations::MANAGEMENT:KIND/o-…/REST``."""
        return f"arn:aws:organizations::{self.account}:{kind}/{self.id}/{rest}"


@register
class Unit(Identified, frozen=True, kw_only=True):
    """The root (parent "") or an organizational unit. account is the management account's."""

    kind: ClassVar[str] = "organizational-unit"
    id: str  # r-… or ou-…
    name: str
    parent: str = ""
    policies: tuple[str, ...] = ()  # ids of attached policies, of every type
    tags: Tags = ()

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.parent:
            yield CHILD_OF, self.parent
        for policy in self.policies:
            yield POLICY_TARGET, policy


@register
class Member(Identified, frozen=True, kw_only=True):
    """An account's place in an organization. account is the management account's.

    id is the member's own: twelve digits are no other entity's id.
    """

    kind: ClassVar[str] = "organization-member"
    parent: str
    joined: datetime
    joined_method: str = "CREATED"  # or INVITED
    status: str = "ACTIVE"  # or SUSPENDED
    policies: tuple[str, ...] = ()
    tags: Tags = ()

    def refers(self) -> Iterator[tuple[str, str]]:
        yield CHILD_OF, self.parent
        for policy in self.policies:
            yield POLICY_TARGET, policy


@register
class OrganizationPolicy(Identified, frozen=True, kw_only=True):
    """A policy of an organization. account is the management account's."""

    kind: ClassVar[str] = "organization-policy"
    id: str  # p-…
    name: str
    type: str
    content: str
    description: str = ""
    tags: Tags = ()


@register
class DelegatedAdministrator(Entity, frozen=True, kw_only=True):
    """A member that administers one service for the organization. account is the management account's."""

    kind: ClassVar[str] = "delegated-administrator"
    member: str
    service: str  # service principal
    enabled: datetime  # for that service
    registered: datetime  # as an administrator of anything at all

    @property
    def key(self) -> str:
        return f"{self.member} {self.service}"


@register
class ServiceAccess(Entity, frozen=True, kw_only=True):
    """Trusted access of a service to the organization. account is the management account's."""

    kind: ClassVar[str] = "service-access"
    service: str  # service principal
    enabled: datetime

    @property
    def key(self) -> str:
        return self.service


@register
class AccountRequest(Entity, frozen=True, kw_only=True):
    """CreateAccount at work. account is the management account's."""

    kind: ClassVar[str] = "account-request"
    id: str  # car-…
    name: str
    state: str  # IN_PROGRESS, SUCCEEDED or FAILED
    requested: datetime
    completed: datetime | None = None
    made: str = ""  # the new account's id
    failure: str = ""

    @property
    def key(self) -> str:
        return self.id


@register
class Handshake(Identified, frozen=True, kw_only=True):
    """An invitation, or the request to enable all features. account is the management account's."""

    kind: ClassVar[str] = "handshake"
    id: str  # h-…
    action: str  # INVITE, ENABLE_ALL_FEATURES or APPROVE_ALL_FEATURES
    state: str  # REQUESTED, OPEN, CANCELED, ACCEPTED, DECLINED or EXPIRED
    requested: datetime
    expires: datetime
    recipient: str = ""  # account id, or the e-mail address that was invited
    recipient_type: str = "ACCOUNT"
    notes: str = ""
    organization_id: str
    tags: Tags = ()

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.recipient:
            yield HANDSHAKE_FOR, self.recipient


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """A policy that AWS provides to every organization; it cannot be changed."""

    id: str
    name: str
    type: str
    content: str
    description: str

    @property
    def arn(self) -> str:
        """``arn:aws:organizations::aws:policy/TYPE/p-…``."""
        return f"arn:aws:organizations::aws:policy/{self.type.lower()}/{self.id}"


CHILD_OF: Final = "child-of"  # root or OU id -> OUs and members right under it
HANDSHAKE_FOR: Final = "handshake-for"  # account id or e-mail address -> handshakes
POLICY_TARGET: Final = "policy-target"  # organization policy id -> units and members

# Source: Organizations User Guide, "Service control policies" and "Resource control policies".
AWS_POLICIES: Final[Mapping[str, AwsPolicy]] = {
    policy.id: policy
    for policy in (
        AwsPolicy(
            "p-FullAWSAccess",
            "FullAWSAccess",
            SCP,
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
            "Allows access to every operation",
        ),
        AwsPolicy(
            "p-RCPFullAWSAccess",
            "RCPFullAWSAccess",
            RCP,
            '{"Version":"2012-10-17","Statement":'
            '[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
            "Allows access to every resource",
        ),
    )
}


def member_of(directory: Directory, account: str) -> Member | None:
    """The account's membership, None where it is in no organization."""
    return directory.by_id(Member, account)


def organization_of(directory: Directory, account: str) -> Organization | None:
    """The organization that the account is in, as its management account or as a member."""
    member = member_of(directory, account)
    return directory.by_key(Organization, member.account, "organization") if member else None


def administered(directory: Directory, account: str, service: str) -> Organization | None:
    """The organization that the account administers a service of: as its management account or by delegation.

    service is a service principal, ``cloudtrail.amazonaws.com``.
    """
    organization = organization_of(directory, account)
    if organization is None or organization.account == account:
        return organization
    key = f"{account} {service}"
    return organization if directory.by_key(DelegatedAdministrator, organization.account, key) else None


def org_id(directory: Directory, account: str) -> str:
    """``aws:PrincipalOrgID`` of an account, "" outside any organization."""
    organization = organization_of(directory, account)
    return organization.id if organization else ""


def org_path(directory: Directory, account: str) -> str:
    """``aws:PrincipalOrgPaths`` of an account: ``o-…/r-…/ou-…/``; "" outside any organization.

    Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalOrgPaths.
    """
    organization = organization_of(directory, account)
    if organization is None:
        return ""
    units = (node.id for node in path(directory, account) if isinstance(node, Unit))
    return "/".join((organization.id, *units, ""))


def path(directory: Directory, account: str) -> tuple[Unit | Member, ...]:
    """The root, the OUs and the member itself, top first; () outside any organization."""
    member = member_of(directory, account)
    if member is None:
        return ()
    found: list[Unit | Member] = [member]
    above = member.parent
    while above:
        unit = directory.by_id(Unit, above)
        if unit is None:
            break
        found.append(unit)
        above = unit.parent
    return tuple(reversed(found))


def scps_for(directory: Directory, account: str) -> tuple[Level, ...]:
    """The service control policies over an account's principals, one level each from the root down.

    () where none apply: outside an organization, for its management account, and while the
    policy type is not enabled. Source: Organizations User Guide, "SCP evaluation".
    """
    return _levels(directory, account, SCP)


def rcps_for(directory: Directory, account: str) -> tuple[Level, ...]:
    """The resource control policies over an account's resources; as scps_for otherwise.

    Source: Organizations User Guide, "RCP evaluation".
    """
    return _levels(directory, account, RCP)


def suspended(directory: Directory, account: str) -> bool:
    """True once CloseAccount has closed the account: none of its credentials work any more."""
    member = member_of(directory, account)
    return member is not None and member.status == "SUSPENDED"


def policy_named(
    directory: Directory, organization: Organization, id: str
) -> OrganizationPolicy | AwsPolicy | None:
    """A policy of the organization or of AWS."""
    return AWS_POLICIES.get(id) or directory.by_key(OrganizationPolicy, organization.account, id)


def policy_arn(organization: Organization, policy: OrganizationPolicy | AwsPolicy) -> str:
    """``arn:aws:organizations::MANAGEMENT:policy/o-…/TYPE/p-…``, or AWS's own."""
    if isinstance(policy, AwsPolicy):
        return policy.arn
    return organization.arn_of("policy", f"{policy.type.lower()}/{policy.id}")


def _levels(directory: Directory, account: str, type: str) -> tuple[Level, ...]:
    organization = organization_of(directory, account)
    if organization is None or account == organization.account or type not in organization.policy_types:
        return ()
    levels = []
    for node in path(directory, account):
        level = []
        for id in node.policies:
            policy = policy_named(directory, organization, id)
            if policy is not None and policy.type == type:
                level.append((policy.content, policy.name, policy_arn(organization, policy)))
        levels.append(tuple(level))
    return tuple(levels)
