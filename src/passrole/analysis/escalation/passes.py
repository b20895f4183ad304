"""Operations that pass a role, and what it takes to make a service act with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.analysis import action_sets
from passrole.analysis.action_rights import ActionRights
from passrole.analysis.escalation.techniques import (
    AT_WILL,
    KNOWN_PASSES,
    NEEDS_INSTANCE,
    NEEDS_TRIGGER,
    NOT_AT_WILL,
    TRIGGERS,
    Known,
)
from passrole.analysis.usable import operations_for
from passrole.values.glob import Pattern


@dataclass(frozen=True, slots=True)
class Usable:
    """An operation that a principal may use to pass a role."""

    name: str
    actions: tuple[str, ...]
    certain: bool
    at_will: bool
    known: Known | None
    when: str  # what must be there beside the rights


@dataclass(frozen=True, slots=True)
class _Use:
    """One operation that takes a role for a service, with the actions it needs, as bits."""

    name: str
    actions: tuple[str, ...]
    needed: int
    triggers: tuple[tuple[tuple[str, ...], int], ...]


# Operations that give a role to an instance that is there already.
_TO_INSTANCES: Final = frozenset(
    (
        "iam:AddRoleToInstanceProfile",
        "ec2:AssociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
    )
)


def usable(actions: ActionRights, service: str) -> list[Usable]:
    """The operations by which who may do these actions can pass a role to the service."""
    found: list[Usable] = []
    for use in _uses(service):
        if use.needed & ~actions.may:
            continue
        certain = not use.needed & ~actions.sure
        chosen: tuple[str, ...] = ()
        waits = False
        if use.triggers:
            best = min(
                (one for one in use.triggers if not one[1] & ~actions.may),
                key=lambda one: bool(one[1] & ~actions.sure),
                default=None,
            )
            if best is not None:
                chosen = best[0]
                certain = certain and not best[1] & ~actions.sure
            waits = best is None
        at_will = service in AT_WILL and use.name not in NOT_AT_WILL
        known = KNOWN_PASSES.get(use.name)
        found.append(
            Usable(
                use.name,
                (*use.actions, *chosen),
                certain and not waits and use.name not in _TO_INSTANCES,
                at_will,
                known,
                NEEDS_TRIGGER if waits else NEEDS_INSTANCE if use.name in _TO_INSTANCES else "",
            )
        )
    return found


def preferred(uses: Iterable[Usable], service: str) -> Usable:
    """The operation that is told first: a certain one, one that needs nothing else, a known one."""
    return min(
        uses,
        key=lambda use: (
            not use.certain,
            use.when != "",
            use.known is None,
            use.name.partition(":")[0] not in service,
            use.name,
        ),
    )


@lru_cache(maxsize=4096)
def action_pattern(action: str) -> Pattern:
    """An action as the pattern that matches it alone."""
    return Pattern.parse(action.lower())


def bits_of(actions: Iterable[str]) -> int:
    """These actions as a set, see action_sets."""
    found = 0
    for action in actions:
        found |= action_sets.of_pattern(action_pattern(action))
    return found


@lru_cache(maxsize=1024)
def _uses(service: str) -> tuple[_Use, ...]:
    """The operations that take a role for the service."""
    found: list[_Use] = []
    for operation in operations_for(service):
        name = f"{operation.service}:{operation.name}"
        actions = tuple(
            dict.fromkeys(
                use.action for use in operation.actions if not use.when and use.action != "iam:PassRole"
            )
        )
        triggers = tuple((one, bits_of(one)) for one in TRIGGERS.get(name, ()))
        found.append(_Use(name, actions, bits_of(actions), triggers))
    return tuple(found)
