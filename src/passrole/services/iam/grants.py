"""Which services the policies of a user, group, role or policy grant anything of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.catalog import actions
from passrole.policy.document import Policy as Document
from passrole.policy.document import UnreadablePolicy
from passrole.services.iam import managed
from passrole.services.iam.errors import InvalidInput, NoSuchEntity
from passrole.services.operation import ServiceCall
from passrole.state.entities import ATTACHED, MEMBER_OF, Group, Role, User
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

Entity = User | Group | Role


@dataclass(frozen=True, slots=True)
class Grant:
    """One policy that an entity has, and through whom: itself, or a group it is in."""

    name: str
    document: str
    arn: str = ""  # of a managed policy
    through: Group | None = None


def entity_of(call: ServiceCall, arn: str) -> Entity | managed.Policy:
    """The user, group, role or policy of an ARN. Raises NoSuchEntity or InvalidInput.

    Assumed wordings: no recordings found.
    """
    try:
        parsed = Arn.parse(arn)
    except InvalidArn:
        raise InvalidInput(f"ARN {arn} is not valid.") from None
    kinds: dict[str, type[Entity]] = {"user": User, "group": Group, "role": Role}
    found: Entity | managed.Policy | None
    if parsed.kind == "policy":
        found = managed.look_up(call.directory, arn) if parsed.account in ("aws", call.account) else None
    elif parsed.kind in kinds:
        found = call.directory.get(kinds[parsed.kind], call.account, parsed.name)
    else:
        raise InvalidInput(f"ARN {arn} is not valid.")
    if found is None or found.arn != arn:
        raise NoSuchEntity(f"ARN {arn} cannot be found.")
    return found


def policies_of(call: ServiceCall, entity: Entity) -> Iterator[Grant]:
    """Inline and managed policies of an entity, a user's groups' included."""
    yield from _own(call, entity, None)
    if isinstance(entity, User):
        for id in entity.groups:
            group = call.directory.by_id(Group, id)
            if group is not None:
                yield from _own(call, group, group)


def _own(call: ServiceCall, entity: Entity, through: Group | None) -> Iterator[Grant]:
    for name, text in entity.inline.items():
        yield Grant(name, text, through=through)
    for arn in entity.attached:
        policy = managed.look_up(call.directory, arn)
        if policy is not None:
            yield Grant(policy.name, policy.document, arn, through)


def users_and_roles(call: ServiceCall, entity: Entity | managed.Policy) -> Iterator[User | Role]:
    """Who acts with the rights of an entity: itself, a group's members, all who carry a policy."""
    match entity:
        case User() | Role():
            yield entity
        case Group():
            for member in call.directory.referring(MEMBER_OF, entity.id):
                if isinstance(member, User):
                    yield member
        case _:
            seen: set[str] = set()
            for carrier in call.directory.referring(ATTACHED, entity.arn):
                if isinstance(carrier, (User, Group, Role)) and carrier.account == call.account:
                    for one in users_and_roles(call, carrier):
                        if one.id not in seen:
                            seen.add(one.id)
                            yield one


@lru_cache(maxsize=1024)
def services_granted(document: str) -> frozenset[str]:
    """The namespaces of which a policy document allows some action, whatever its conditions."""
    try:
        statements = Document.parse(document).statements
    except UnreadablePolicy:
        return frozenset()
    granted: set[str] = set()
    for statement in statements:
        if not statement.allows:
            continue
        named = {pattern.partition(":")[0].lower() for pattern in statement.actions}
        if statement.not_action:
            whole = {
                pattern.partition(":")[0].lower()
                for pattern in statement.actions
                if pattern.endswith(":*") or pattern == "*"
            }
            granted |= set() if "*" in whole else set(actions.prefixes()) - whole
        elif "*" in named:
            granted |= set(actions.prefixes())
        else:
            granted |= named
    return frozenset(granted)


# Reports name this one otherwise than the service reference. Source: IAM API Reference,
# GetServiceLastAccessedDetails, its example.
_NAMES: Final = {"iam": "AWS Identity and Access Management"}


def service_name(namespace: str) -> str:
    """The name in access reports; the namespace itself where the catalog has none.

    >>> service_name("ec2"), service_name("iam"), service_name("none")
    ('Amazon EC2', 'AWS Identity and Access Management', 'none')
    """
    return _NAMES.get(namespace) or actions.service_name(namespace) or namespace
