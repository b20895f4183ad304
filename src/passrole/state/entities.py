"""The things an account holds, as they are kept: frozen, and stored as one row each.

Every entity knows its kind (the table it lives in), its account, its key (unique in account and
kind) and what it refers to; ``directory`` keeps the indexes over these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

import msgspec

Tags = tuple[tuple[str, str], ...]  # in the order given; keys are unique whatever their case


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One row. account is twelve digits."""

    kind: ClassVar[str] = ""
    account: str

    @property
    def key(self) -> str:
        """Unique in account and kind; lower-cased where AWS's names are unique whatever their case."""
        raise NotImplementedError

    @property
    def unique_id(self) -> str:
        """``AIDA…``, ``AROA…`` …; "" for what has none."""
        return ""

    def refers(self) -> Iterator[tuple[str, str]]:
        """(relation, value) pairs by which Directory.referring finds this entity."""
        return iter(())


class Account(Entity, frozen=True, kw_only=True):
    """An AWS account of this endpoint. account is its own id."""

    kind: ClassVar[str] = "account"
    name: str
    email: str = ""
    created: datetime
    alias: str = ""
    created_by: str = ""  # the management account, for one that Organizations made

    @property
    def key(self) -> str:
        return self.account


class Identified(Entity, frozen=True, kw_only=True):
    """What is known by its unique id alone."""

    id: str

    @property
    def key(self) -> str:
        return self.id

    @property
    def unique_id(self) -> str:
        return self.id


class Named(Entity, frozen=True, kw_only=True):
    """What IAM names: unique in its account whatever the case, below a path that is part of the ARN."""

    resource_type: ClassVar[str] = ""
    name: str
    path: str = "/"  # begins and ends with "/"
    id: str

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def unique_id(self) -> str:
        return self.id

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:TYPE/PATH/NAME``."""
        return f"arn:aws:iam::{self.account}:{self.resource_type}{self.path}{self.name}"


class Principalish(Named, frozen=True, kw_only=True):
    """What users, groups and roles have in common: policies of their own and attached ones."""

    created: datetime
    inline: Mapping[str, str] = {}  # policy name -> document as given
    attached: tuple[str, ...] = ()  # managed policy ARNs, in order of attachment

    def refers(self) -> Iterator[tuple[str, str]]:
        for policy in self.attached:
            yield ATTACHED, policy


class User(Principalish, frozen=True, kw_only=True):
    """An IAM user."""

    kind: ClassVar[str] = "user"
    resource_type: ClassVar[str] = "user"
    boundary: str = ""  # managed policy ARN
    tags: Tags = ()
    groups: tuple[str, ...] = ()  # group ids, in order of joining: names may change, ids do not
    password_last_used: datetime | None = None

    def refers(self) -> Iterator[tuple[str, str]]:
        yield from Principalish.refers(self)
        if self.boundary:
            yield BOUNDARY, self.boundary
        for group in self.groups:
            yield MEMBER_OF, group


class Group(Principalish, frozen=True, kw_only=True):
    """An IAM group."""

    kind: ClassVar[str] = "group"
    resource_type: ClassVar[str] = "group"


class Role(Principalish, frozen=True, kw_only=True):
    """An IAM role. trust is the document as given.

    trust_ids says which user or role each ARN in the trust policy meant when it was saved (ARN ->
    unique id): the policy stops matching once that very entity is gone, also when one of the
    same name follows. Source: IAM User Guide, "AWS JSON policy elements: Principal".
    """

    kind: ClassVar[str] = "role"
    resource_type: ClassVar[str] = "role"
    trust: str
    trust_ids: Mapping[str, str] = {}
    description: str = ""
    max_session: int = 3600  # seconds
    boundary: str = ""
    tags: Tags = ()
    last_used: datetime | None = None
    last_used_region: str = ""

    @property
    def service_linked(self) -> bool:
        """True for a role under ``/aws-service-role/``, which only its service edits."""
        return self.path.startswith("/aws-service-role/")

    def refers(self) -> Iterator[tuple[str, str]]:
        yield from Principalish.refers(self)
        if self.boundary:
            yield BOUNDARY, self.boundary


class InstanceProfile(Named, frozen=True, kw_only=True):
    """An instance profile; it holds at most one role."""

    kind: ClassVar[str] = "instance-profile"
    resource_type: ClassVar[str] = "instance-profile"
    created: datetime
    role_id: str = ""  # AROA…, "" while it is empty
    tags: Tags = ()

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.role_id:
            yield PROFILE_OF, self.role_id


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a managed policy: ``v1``, ``v2`` …; document is as given."""

    id: str
    document: str
    created: datetime


class ManagedPolicy(Named, frozen=True, kw_only=True):
    """A customer managed policy with up to five versions, oldest first."""

    kind: ClassVar[str] = "policy"
    resource_type: ClassVar[str] = "policy"
    created: datetime
    updated: datetime
    description: str = ""
    versions: tuple[PolicyVersion, ...]
    default: str = "v1"
    next_version: int = 2  # a deleted version's number is never given again
    tags: Tags = ()

    @property
    def document(self) -> str:
        """The default version's text."""
        return next(version.document for version in self.versions if version.id == self.default)


class AccessKey(Identified, frozen=True, kw_only=True):
    """A long-term key of a user, or of the account's root where user_id is ""."""

    kind: ClassVar[str] = "access-key"
    secret: str
    user_id: str = ""
    active: bool = True
    created: datetime
    last_used: datetime | None = None
    last_used_region: str = ""
    last_used_service: str = ""

    def refers(self) -> Iterator[tuple[str, str]]:
        yield KEY_OF, self.user_id or self.account


class Session(Identified, frozen=True, kw_only=True):
    """Temporary credentials. id is the access key id (``ASIA…``).

    Exactly one of role_id and user_id is set (both "" for the root's own session): the entity the
    session lives and dies with. arn and principal_id are the session's as GetCallerIdentity
    prints them. policies holds the session policies' texts, policy_arns the managed ones; None
    means that none was given, which for a federated user denies everything.
    """

    kind: ClassVar[str] = "session"
    secret: str
    token: str
    sort: str  # "role", "federated" (GetFederationToken), "token" (GetSessionToken), "root" (AssumeRoot)
    arn: str
    principal_id: str
    role_id: str = ""
    user_id: str = ""
    issued: datetime
    expires: datetime
    policies: tuple[str, ...] | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()
    transitive: tuple[str, ...] = ()  # keys of tags that follow into the next AssumeRole
    source_identity: str = ""
    mfa_at: datetime | None = None
    chained: bool = False
    provider: str = ""  # aws:FederatedProvider
    context: Mapping[str, str] = {}  # keys that ride on the credentials: ec2:SourceInstanceArn …
    invoked_by: str = ""  # the service that assumed the role for itself: "autoscaling.amazonaws.com"
    workload: str = ""  # ARN of the instance, task or function whose metadata gave them: they end with it

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.role_id or self.user_id:
            yield SESSION_OF, self.role_id or self.user_id
        if self.workload:
            yield SESSION_OF, self.workload


class Association(Entity, frozen=True, kw_only=True):
    """A role that a resource holds: what PassRole was asked for, and lasts after the right is gone.

    resource is the ARN of the instance, function, stack …; holder says which parameter of it.
    profile_id is the instance profile through which an instance has its role: its metadata serve
    the role that this very profile holds now.
    """

    kind: ClassVar[str] = "association"
    resource: str
    holder: str  # "IamInstanceProfile", "Role", …
    role_id: str = ""
    profile_id: str = ""
    service: str = ""  # service principal: "ec2.amazonaws.com"
    created: datetime

    @property
    def key(self) -> str:
        return f"{self.resource} {self.holder}"

    def refers(self) -> Iterator[tuple[str, str]]:
        yield ASSOCIATED_WITH, self.resource
        if self.role_id:
            yield ROLE_ASSOCIATION, self.role_id
        if self.profile_id:
            yield PROFILE_ASSOCIATION, self.profile_id


# Relations of Directory.referring.
ATTACHED: Final = "attached"  # managed policy ARN -> users, groups, roles
BOUNDARY: Final = "boundary"  # managed policy ARN -> users, roles
MEMBER_OF: Final = "member-of"  # group id -> users
KEY_OF: Final = "key-of"  # user id, or the account of a root -> access keys
PROFILE_OF: Final = "profile-of"  # role id -> instance profiles
SESSION_OF: Final = "session-of"  # role or user id, or workload's ARN -> sessions
ASSOCIATED_WITH: Final = "associated-with"  # resource ARN -> associations
ROLE_ASSOCIATION: Final = "role-association"  # role id -> associations
PROFILE_ASSOCIATION: Final = "profile-association"  # profile id -> associations

KINDS: Final[dict[str, type[Entity]]] = {
    entity.kind: entity
    for entity in (
        Account,
        User,
        Group,
        Role,
        InstanceProfile,
        ManagedPolicy,
        AccessKey,
        Session,
        Association,
    )
}


def register(entity: type[Entity]) -> type[Entity]:
    """Adds a kind that another module of this floor defines (organization's, for one)."""
    if KINDS.setdefault(entity.kind, entity) is not entity:
        raise ValueError(f"two kinds of entity are called {entity.kind!r}")
    return entity
