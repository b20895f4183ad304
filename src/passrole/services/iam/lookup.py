"""Finding what a request names, or failing in IAM's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from passrole.services.iam.errors import (
    EntityAlreadyExists,
    NoSuchEntity,
    UnmodifiableEntity,
    ValidationError,
)
from passrole.services.operation import ServiceCall
from passrole.state.credentials import MfaDevice, ServerCertificate
from passrole.state.entities import Entity, Group, InstanceProfile, ManagedPolicy, Role, User
from passrole.state.providers import OidcProvider, SamlProvider
from passrole.values.principal import PrincipalKind

E = TypeVar("E", User, Group, Role, InstanceProfile, ServerCertificate)

_MISSING: Final[Mapping[type[Entity], str]] = {
    User: "The user with name {} cannot be found.",
    Group: "The group with name {} cannot be found.",
    Role: "The role with name {} cannot be found.",
    InstanceProfile: "Instance Profile {} cannot be found.",
    ServerCertificate: "The Server Certificate with name {} cannot be found.",
}

_TAKEN: Final[Mapping[type[Entity], str]] = {
    User: "User with name {} already exists.",
    Group: "Group with name {} already exists.",
    Role: "Role with name {} already exists.",
    InstanceProfile: "Instance Profile {} already exists.",
    ManagedPolicy: "A policy called {} already exists. Duplicate names are not allowed.",
    ServerCertificate: "The Server Certificate with name {} already exists.",
    MfaDevice: "MFA device already exists.",
    SamlProvider: "A provider with name {} already exists.",  # assumed: no recording found
    OidcProvider: "Provider with url {} already exists.",
}


def moment(call: ServiceCall) -> datetime:
    """The call's time in whole seconds, as IAM keeps and prints times."""
    return call.now.replace(microsecond=0)


def find(call: ServiceCall, kind: type[E], name: str) -> E:
    """The entity of that very name in the caller's account. Raises NoSuchEntity."""
    found = call.directory.get(kind, call.account, name)
    if found is None:
        raise NoSuchEntity(_MISSING[kind].format(name))
    return found


def editable_role(call: ServiceCall, name: str) -> Role:
    """A role that its account may edit. Raises NoSuchEntity or UnmodifiableEntity."""
    role = find(call, Role, name)
    if role.service_linked:
        raise UnmodifiableEntity.role(role.name)
    return role


def ensure_free(call: ServiceCall, kind: type[Entity], name: str, *, shown: str = "") -> None:
    """Raises EntityAlreadyExists where the account has an entity of that name in any case.

    shown is what the message prints in place of the name.
    """
    if call.directory.taken(kind, call.account, name) is not None:
        raise EntityAlreadyExists(_TAKEN[kind].format(shown or name))


def user_or_caller(call: ServiceCall, name: str | None) -> User:
    """The user of that name, or the caller where the request names none.

    Raises NoSuchEntity, and ValidationError where the caller is no user.
    """
    if name is not None:
        return find(call, User, name)
    user = own_user(call)
    if user is None:
        raise ValidationError("Must specify userName when calling with non-User credentials")
    return user


def own_user(call: ServiceCall) -> User | None:
    """The user who calls, with whatever credentials; None for anyone else."""
    if call.caller.principal.kind is not PrincipalKind.USER or call.caller.user is None:
        return None
    return call.directory.by_id(User, call.caller.user.id)


def is_root(call: ServiceCall) -> bool:
    """True where the account's root calls."""
    return call.caller.principal.kind is PrincipalKind.ROOT


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose credentials a request means. id is the user's, or the account's digits for its root."""

    id: str
    user: User | None

    @property
    def name(self) -> str:
        """The user's name; IAM prints the root so where it must print one."""
        return self.user.name if self.user is not None else "root"


def owner(call: ServiceCall, name: str | None) -> Owner:
    """The user of that name, or whoever calls where none is given.

    Raises NoSuchEntity, and ValidationError for a role session that names nobody.
    """
    if name is None and is_root(call):
        return Owner(call.account, None)
    user = user_or_caller(call, name)
    return Owner(user.id, user)
