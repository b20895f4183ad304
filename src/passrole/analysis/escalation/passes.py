"""Operations that pass a role, and what it takes to make a service act with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.analysis import action_sets
from passrole.analysis.action_rights import ActionRights
from passrole.analysis.escalation.role_uses import (
    AT_WILL,
    KNOWN_PASSES,
    NEEDS_INSTANCE,
    NEEDS_ONE,
    NOT_AT_WILL,
    TRIGGERS,
    changes_existing,
)
from passrole.analysis.escalation.techniques import Known
from passrole.analysis.usable import operations_for
from passrole.values.glob import Pattern

Pair = tuple[bool, bool]  # for certain, and at all


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
    depends: str  # on what it depends whether the service acts, for who may do none of triggers
    exists: str  # what must be there for the operation itself, "" for nothing


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
        chosen, (certain, at_all) = best_of(actions, use.actions, use.triggers)
        if not at_all:
            continue
        when = use.exists
        if use.depends and not chosen:
            when = f"{when} and {use.depends}" if when else use.depends
        found.append(
            Usable(
                use.name,
                (*use.actions, *chosen),
                certain and not when,
                service in AT_WILL and use.name not in NOT_AT_WILL,
                KNOWN_PASSES.get(use.name),
                when,
            )
        )
    return found


def best_of(
    actions: ActionRights, needed: tuple[str, ...], ways: Iterable[tuple[tuple[str, ...], int]]
) -> tuple[tuple[str, ...], Pair]:
    """The way that can be gone together with what is needed, one that is certain if there is one.

    (), and what is needed alone, where none can.
    """
    best: tuple[tuple[str, ...], Pair] | None = None
    for way, wanted in ways:
        if wanted & ~actions.may:
            continue
        answer = actions.somewhere((*needed, *way))
        if answer[0]:
            return way, answer
        if answer[1] and best is None:
            best = way, answer
    return best or ((), actions.somewhere(needed))


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
        trigger = TRIGGERS.get(name)
        triggers = tuple((way, bits_of(way)) for way in trigger.ways) if trigger is not None else ()
        depends = trigger.when if trigger is not None else ""
        exists = ""
        if name in _TO_INSTANCES:
            exists = NEEDS_INSTANCE
        elif changes_existing(name):
            exists = NEEDS_ONE
        found.append(_Use(name, actions, bits_of(actions), triggers, depends, exists))
    return tuple(found)
