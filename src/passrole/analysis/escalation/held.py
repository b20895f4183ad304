"""Resources that hold roles: who may act through which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from passrole.analysis import bits
from passrole.analysis.askers import Asker
from passrole.analysis.escalation.rights import NONE, Pair, Rights


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of a live account that holds a role: a function, a stack, an instance."""

    kind: str  # as Holder.kind
    arn: str
    role: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What holds roles in a live account. Of kinds in unread it is not known."""

    held: tuple[Held, ...] = ()
    unread: frozenset[str] = frozenset()


class Holdings:
    """An inventory with the roles as nodes of a graph."""

    def __init__(self, inventory: Inventory, number: Mapping[str, int]) -> None:
        self._role: dict[str, dict[str, int]] = {}  # by kind, the resource's role
        self._unread = inventory.unread
        for one in inventory.held:
            role = number.get(one.role)
            if role is not None:
                self._role.setdefault(one.kind, {})[one.arn] = role
        self._rights = {kind: Rights(resources) for kind, resources in self._role.items()}

    def knows(self, kind: str) -> bool:
        """Is it known which resources of that kind hold roles?"""
        return kind not in self._unread

    def by(self, asker: Asker, kind: str, actions: Iterable[str]) -> tuple[Pair, Mapping[int, str]]:
        """The roles whose holders of that kind the principal may do all this to, and through which holder."""
        sure, may = self.on(asker, kind, actions)
        if not may:
            return NONE, {}
        roles = self._role[kind]
        arns = self._rights[kind].resources.arns
        held: dict[int, str] = {}
        for number in (*bits.places(sure), *bits.places(may)):
            held.setdefault(roles[arns[number]], arns[number])
        return (bits.of(roles[arns[number]] for number in bits.places(sure)), bits.of(held)), held

    def on(self, asker: Asker, kind: str, actions: Iterable[str]) -> Pair:
        """The holders of that kind that the principal may do all this to."""
        rights = self._rights.get(kind)
        if rights is None:
            return NONE
        sure = may = rights.resources.all
        for action in actions:
            one, other = rights.on(asker, action)
            sure &= one
            may &= other
        return sure, may
