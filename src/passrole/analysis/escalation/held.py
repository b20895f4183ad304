"""Resources that hold roles: who may act through which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from passrole.analysis import bits
from passrole.analysis.askers import Asker
from passrole.analysis.escalation.rights import Rights


@dataclass(frozen=True, slots=True)
class Held:
    """A resource of a live account that holds a role: a function, a stack, an instance."""

    kind: str  # as Holder.kind
    arn: str
    role: str


class Holdings:
    """What holds roles in a live account."""

    def __init__(self, held: Iterable[Held], number: Mapping[str, int]) -> None:
        self._role: dict[str, dict[str, int]] = {}  # by kind, the resource's role
        for one in held:
            role = number.get(one.role)
            if role is not None:
                self._role.setdefault(one.kind, {})[one.arn] = role
        self._rights = {kind: Rights(resources) for kind, resources in self._role.items()}

    def by(self, asker: Asker, kind: str, actions: Iterable[str]) -> tuple[int, int, Mapping[int, str]]:
        """The roles whose holders of that kind the principal may do all this to, and through which holder."""
        rights = self._rights.get(kind)
        if rights is None:
            return 0, 0, {}
        sure = may = rights.resources.all
        for action in actions:
            one, other = rights.on(asker, action)
            sure &= one
            may &= other
        roles = self._role[kind]
        arns = rights.resources.arns
        held: dict[int, str] = {}
        for number in (*bits.places(sure), *bits.places(may)):
            held.setdefault(roles[arns[number]], arns[number])
        certain = bits.of(roles[arns[number]] for number in bits.places(sure))
        return certain, bits.of(held), held
