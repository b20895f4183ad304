"""Kept resources played through the gateway: each is made with all that it is part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.gateway import inputs
from tests.gateway.estate import Estate
from tests.gateway.inputs import Input
from tests.gateway.role_inputs import Row, passing

from passrole.catalog.operations import operation
from passrole.services.kept.answers import plain, short
from passrole.services.kept.families import Family, services
from passrole.services.kept.handlers import parent
from passrole.services.kept.resource import KeptResource
from passrole.wire import models


def given_for(service: str, name: str) -> Input:
    """An input of the operation that passes a role wherever it takes one."""
    known = operation(service, name)
    if known is not None and known.role_parameters:
        return next(passing(Row(service, name, known.role_parameters[0])))[1]
    return inputs.required(service, name)


class Play:
    """The resources of one service, each made with what it is part of."""

    def __init__(self, service: str, estate: Estate) -> None:
        self.service = service
        self.estate = estate
        self.families = services()[service].families
        self.model = models.service(service)

    def make(self, family: Family, known: dict[str, str] | None = None) -> dict[str, str]:
        """Makes one with all that it is part of; returns what names it. known names what is there."""
        names = {} if known is None else known
        given = given_for(self.service, family.make)
        mine = self.holders(family, names)
        for member in family.parents:
            mine.setdefault(member, str(self._said(given, member)))
        self._put(family.make, given, mine)
        if family.given and self._said(given, family.given) is None:
            shape = inputs.shape_at(self.service, family.make, family.given)
            inputs.put(self.service, family.make, given, family.given, inputs.value(shape))
        output = self.output(family.make, given)
        named = {member: mine[member] for member in family.parents}
        if family.self:
            said = self._said(given, family.given) if family.given else None
            named[family.self] = str(said) if said is not None else self._id(output, family)
        return named

    def holders(self, family: Family, known: dict[str, str]) -> dict[str, str]:
        """Makes what the next one of the family is part of; returns what names that."""
        for member in (*family.parents, family.given):
            owner = parent(self.service, family, member) if member and member not in known else None
            if owner is not None:
                known[member] = self.make(owner, known)[owner.self]
        return {member: known[member] for member in (*family.parents, family.given) if member in known}

    def paths(self, name: str, names: Mapping[str, str]) -> dict[str, str]:
        """The names by input path, as far as the operation takes them."""
        shape = self.model.operation(name).input
        assert shape is not None
        found: dict[str, str] = {}
        for member, value in names.items():
            if member in shape.members:
                found[member] = value
            elif shape.payload and member in shape.members[shape.payload].members:
                found[f"{shape.payload}.{member}"] = value
        return found

    def output(self, name: str, given: Input) -> dict[str, Any]:
        """What the call gives; it must succeed."""
        return self.estate.output(self.service, name, given)

    def named(self, name: str, names: dict[str, str]) -> Input:
        """An input of an operation on the resource."""
        given = given_for(self.service, name)
        self._put(name, given, names)
        return given

    def _put(self, name: str, given: Input, names: Mapping[str, str]) -> None:
        for path, value in self.paths(name, names).items():
            inputs.put(self.service, name, given, path, value)

    def forget(self) -> None:
        """Everything that is kept is gone."""
        for one in tuple(self.estate.directory.everywhere(KeptResource)):
            self.estate.directory.delete(one)
        self.estate.directory.commit()

    def _said(self, given: Input, member: str) -> Any:
        if member in given:
            return given[member]
        return next((one[member] for one in given.values() if isinstance(one, dict) and member in one), None)

    def _id(self, output: dict[str, Any], family: Family) -> str:
        """The id in an output: the member that the other operations call it by, or the only one like it."""
        called = (*map(plain, short(family.noun)), plain(family.self).removesuffix("identifier"), "")
        wanted = [plain(family.self), *(f"{noun}id" for noun in called), *(f"{noun}arn" for noun in called)]
        found = {plain(name): value for name, value in flat(output)}
        for name in wanted:
            if isinstance(found.get(name), str):
                return str(found[name])
        raise AssertionError(f"{self.service}:{family.make} tells no {family.self}: {output}")


def flat(output: Any) -> Iterator[tuple[str, Any]]:
    """Every member, the outer first."""
    if isinstance(output, dict):
        yield from output.items()
        for value in output.values():
            yield from flat(value)
