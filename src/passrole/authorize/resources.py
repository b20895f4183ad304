"""Names of our own resources turned into ARNs: IAM's entities have paths that a request does not say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.authorize.call import Call
from passrole.catalog.services import linked_roles
from passrole.state.credentials import MfaDevice, ServerCertificate
from passrole.state.directory import Directory
from passrole.state.entities import Entity, Group, InstanceProfile, ManagedPolicy, Role, User
from passrole.state.organization import Member, OrganizationPolicy, Unit
from passrole.state.providers import OidcProvider, SamlProvider
from passrole.state.stacks import Stack
from passrole.state.stacks import named as stack_named
from passrole.state.trails import TrailDefinition
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn


@dataclass(frozen=True, slots=True)
class Named:
    """One resource of a call. arn is None where it is not known.

    entity is ours where it exists. new marks what the call is about to make: it has no tags of its own
    yet. several marks a pattern that stands for resources which the call does not name. boundary is the
    permissions boundary of the user or role at hand, for ``iam:PermissionsBoundary``.
    slot is how a denial names the resource, "" for its ARN.
    """

    arn: str | None
    entity: Entity | None = None
    new: bool = False
    several: bool = False
    boundary: str = ""
    slot: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one IAM resource type is named in requests."""

    entity: type[User | Group | Role | InstanceProfile | ManagedPolicy]
    member: str  # the input member that holds its name
    create: str  # the operation that makes one
    list: str  # the operation whose resource is every one under PathPrefix
    word: str  # in a denial: "role Web"


# Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM".
_KINDS: Final[Mapping[str, _Kind]] = {
    "user": _Kind(User, "UserName", "CreateUser", "ListUsers", "user"),
    "group": _Kind(Group, "GroupName", "CreateGroup", "ListGroups", "group"),
    "role": _Kind(Role, "RoleName", "CreateRole", "ListRoles", "role"),
    "instance-profile": _Kind(
        InstanceProfile,
        "InstanceProfileName",
        "CreateInstanceProfile",
        "ListInstanceProfiles",
        "instance profile",
    ),
    "policy": _Kind(ManagedPolicy, "PolicyName", "CreatePolicy", "ListPolicies", "policy"),
}


def entity_tags(entity: Entity | None) -> Mapping[str, str] | None:
    """The tags of one of our entities, {} for a kind that takes none."""
    if entity is None:
        return None
    if isinstance(entity, Stack):
        return dict(entity.wanted.tags)
    return dict(getattr(entity, "tags", ()))


# Other resources of ours that have tags, by service and kind in their ARN: its last part is their name or id.
# Source: Service Authorization Reference, resource types of IAM, Organizations and CloudTrail.
_TAGGED: Final[Mapping[tuple[str, str], type[Entity]]] = {
    ("cloudtrail", "trail"): TrailDefinition,
    ("iam", "mfa"): MfaDevice,
    ("iam", "oidc-provider"): OidcProvider,
    ("iam", "saml-provider"): SamlProvider,
    ("iam", "server-certificate"): ServerCertificate,
    ("organizations", "account"): Member,
    ("organizations", "ou"): Unit,
    ("organizations", "policy"): OrganizationPolicy,
    ("organizations", "root"): Unit,
}


def entity_of_arn(directory: Directory, text: str) -> Entity | None:
    """The one of our entities that an ARN names, where it is of a kind that named_by_us does not look up."""
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        return None
    if (arn.service, arn.kind) == ("cloudformation", "stack"):
        # stack/NAME/ID; a call by name is authorized on stack/NAME/*.
        name = arn.resource.split("/")[1] if arn.resource.endswith("/*") else text
        return stack_named(directory, arn.account, arn.region, name)
    kind = _TAGGED.get((arn.service, arn.kind))
    if kind is None:
        return None
    if arn.service == "organizations":
        return directory.by_id(kind, arn.name)
    name = f"{arn.region}/{arn.name}" if arn.service == "cloudtrail" else arn.name.lower()
    if arn.kind == "oidc-provider":
        name = arn.resource.partition("/")[2].lower()
    found = directory.by_key(kind, arn.account, name)
    return found if found is not None and getattr(found, "arn", "") == text else None


def named_by_us(call: Call, action: str, kind: str, directory: Directory) -> Iterator[Named] | None:
    """The resources of that type where they are ours to name, None where the catalog's template is enough."""
    namer = _NAMERS.get(call.service)
    return namer(call, action, kind, directory) if namer is not None else None


def listed_by_us(call: Call) -> str:
    """What a list of IAM's is authorized on: everything under its path; "" for every other call.

    The reference names no resource for it, but denials do: ``arn:aws:iam::111122223333:role/``.
    """
    if call.service != "iam":
        return ""
    for kind, known in _KINDS.items():
        if call.operation == known.list:
            prefix = call.input.get("PathPrefix")
            return f"arn:aws:iam::{call.account}:{kind}{prefix if isinstance(prefix, str) else '/'}"
    return ""


def _iam(call: Call, action: str, kind: str, directory: Directory) -> Iterator[Named] | None:
    known = _KINDS.get(kind)
    if known is None:
        return None
    return _iam_named(call, kind, known, directory)


def _iam_named(call: Call, kind: str, known: _Kind, directory: Directory) -> Iterator[Named]:
    given = call.input
    base = f"arn:aws:iam::{call.account}:{kind}"
    if kind == "policy" and isinstance(given.get("PolicyArn"), str):
        arn = str(given["PolicyArn"])
        parts = arn.split(":", 5)
        own = None
        if len(parts) == 6 and parts[4] == call.account:
            own = directory.get(ManagedPolicy, call.account, arn.rsplit("/", 1)[-1])
            own = own if own is not None and own.arn == arn else None
        yield Named(arn, own, slot=f"policy {arn}")
        return
    name = given.get(known.member)
    if call.operation == known.create and isinstance(name, str):
        path = given.get("Path")
        boundary = given.get("PermissionsBoundary")
        yield Named(
            f"{base}{path if isinstance(path, str) and path else '/'}{name}",
            new=True,
            boundary=boundary if isinstance(boundary, str) else "",
        )
        return
    if call.operation == "CreateServiceLinkedRole" and kind == "role":
        service = given.get("AWSServiceName")
        suffix = given.get("CustomSuffix")
        yield Named(
            f"{base}/aws-service-role/{service}/"
            + linked_role_name(str(service), suffix if isinstance(suffix, str) else ""),
            new=True,
        )
        return
    if not isinstance(name, str):
        # Users may leave their own name out.
        if kind == "user" and call.caller.user is not None:
            user = call.caller.user
            yield Named(user.arn, user, boundary=user.boundary, slot=f"user {user.name}")
        elif kind == "user" and call.caller.principal.arn.endswith(":root"):
            yield Named(call.caller.principal.arn)
        else:
            yield Named(None)
        return
    entity = directory.get(known.entity, call.account, name)
    arn = entity.arn if entity is not None else f"{base}/{name}"
    boundary = entity.boundary if isinstance(entity, (User, Role)) else ""
    # Put…PermissionsBoundary is judged by the boundary that it would set.
    asked = given.get("PermissionsBoundary")
    yield Named(
        arn,
        entity,
        boundary=asked if isinstance(asked, str) else boundary,
        slot=f"{known.word} {name}",
    )


def linked_role_name(service: str, suffix: str) -> str:
    """The name that AWS gives a service-linked role; ``*`` where the service is not in the catalog."""
    known = linked_roles().get(service)
    if known is None:
        return "*"
    return known.role_name + (f"_{suffix}" if suffix else "")


def _sts(call: Call, action: str, kind: str, directory: Directory) -> Iterator[Named] | None:
    if kind != "role":
        return None
    return _sts_named(call, directory)


def _sts_named(call: Call, directory: Directory) -> Iterator[Named]:
    arn = call.input.get("RoleArn")
    if not isinstance(arn, str):
        yield Named(None)
        return
    yield Named(arn, role_of_arn(directory, arn))


def role_of_arn(directory: Directory, arn: str) -> Role | None:
    """The role of exactly that ARN, path and case included, in whatever account."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    role = directory.get(Role, parts[4], parts[5].rsplit("/", 1)[-1])
    return role if role is not None and role.arn == arn else None


_NAMERS: Final[Mapping[str, Callable[[Call, str, str, Directory], Iterator[Named] | None]]] = {
    "iam": _iam,
    "sts": _sts,
}
