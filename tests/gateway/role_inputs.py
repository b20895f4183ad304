"""For every catalogued role parameter an input that passes one role there, and others nowhere else but where
the operation requires them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.gateway import inputs
from tests.gateway.inputs import Input, NoInput

from passrole.catalog import operations
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE, RoleParameter
from passrole.wire.constraints import problems

ACCOUNT: Final = "111122223333"
TEMPLATE: Final = "workers"  # a launch template's name


@dataclass(frozen=True, slots=True)
class Row:
    """One role parameter of one operation."""

    service: str
    operation: str
    parameter: RoleParameter

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {self.parameter.path}"


def rows() -> Iterator[Row]:
    """Every role parameter of the catalog, in order."""
    for service in operations.services():
        for name in operations.operation_names(service):
            known = operations.operation(service, name)
            for parameter in known.role_parameters if known is not None else ():
                yield Row(service, name, parameter)


@dataclass(frozen=True, slots=True)
class Named:
    """A role and the instance profile of the same name and path that holds it."""

    name: str
    path: str = "/"

    @property
    def role_arn(self) -> str:
        """The role's ARN."""
        return f"arn:aws:iam::{ACCOUNT}:role{self.path}{self.name}"

    @property
    def profile_arn(self) -> str:
        """The profile's ARN."""
        return f"arn:aws:iam::{ACCOUNT}:instance-profile{self.path}{self.name}"

    @property
    def definition(self) -> str:
        """A task definition that has the role."""
        return f"{self.name}:1"

    def forms(self, holds: str) -> tuple[object, ...]:
        """How a parameter that holds such a thing may name it."""
        match holds:
            case "role-arn":
                return (self.role_arn,)
            case "role-name":
                return (self.name,)
            case "role-arn-or-name":
                return (self.role_arn, self.name)
            case "instance-profile-arn":
                return (self.profile_arn,)
            case "instance-profile-name":
                return (self.name,)
            case "instance-profile-arn-or-name":
                return (self.profile_arn, self.name)
            case "embedded":
                return (f'{{"credentials": "{self.role_arn}"}}',)
            case "task-definition":
                return (self.definition,)
        assert holds == LAUNCH_TEMPLATE, holds
        return ({"LaunchTemplateName": TEMPLATE, "Version": "1"},)


NOTHING: Final[Mapping[str, object]] = {}

# One under a path where the model's pattern takes it: the path is part of the ARN that policies name.
WORKERS: Final = (Named("Worker", "/app/"), Named("PlainWorker"))
# What stands in the operation's other role parameters.
OTHER: Final = Named("Other")


def passing(row: Row, more: Mapping[str, object] = NOTHING) -> Iterator[tuple[Named, Input]]:
    """The role and an input that passes it at the row's path, for each form that the parameter takes.

    more has values for other paths of the input.
    """
    for form in range(len(OTHER.forms(row.parameter.holds))):
        yield _passing(row, form, more)


def _passing(row: Row, form: int, more: Mapping[str, object]) -> tuple[Named, Input]:
    failures = []
    for worker in WORKERS:
        given = inputs.required(row.service, row.operation)
        for path, other in more.items():
            inputs.put(row.service, row.operation, given, path, copy.deepcopy(other))
        _meet(row, given)
        value = worker.forms(row.parameter.holds)[form]
        inputs.put(row.service, row.operation, given, row.parameter.path, _shaped(row, value))
        _others(row, given)
        found = problems(row.service, row.operation, given)
        if not found:
            return worker, given
        failures.append(found)
    raise NoInput(f"{row}: {failures}")


def _meet(row: Row, given: Input) -> None:
    """Makes the input one for which a role is in the row's place at all."""
    when = row.parameter.when
    if not when or when.startswith("!"):
        return
    split = re.fullmatch(r"([^=~]+)([=~])(.*)", when)
    assert split is not None, when
    path, sign, wanted = split.groups()
    value = wanted if sign == "=" else inputs.matching(wanted)
    inputs.put(row.service, row.operation, given, path, value)


def _shaped(row: Row, value: object) -> object:
    """A launch template in the members that the operation calls it by; a text as bytes for a blob."""
    if row.parameter.holds not in ("launch-template", "embedded"):
        return value
    shape = inputs.shape_at(row.service, row.operation, row.parameter.path)
    if isinstance(value, dict):
        members = frozenset(shape.members)
        return {_spelled(name, members): text for name, text in value.items()}
    return str(value).encode() if shape.kind == "blob" else value


def _spelled(name: str, members: frozenset[str]) -> str:
    short = name.removeprefix("LaunchTemplate")
    for spelling in (name, name[0].lower() + name[1:], short, short[0].lower() + short[1:]):
        if spelling in members:
            return spelling
    raise NoInput(f"no member for {name} in {sorted(members)}")


def _others(row: Row, given: Input) -> None:
    known = operations.operation(row.service, row.operation)
    assert known is not None
    mine = {text for _, text in row.parameter.values(given)}
    for other in known.role_parameters:
        if other.path == row.parameter.path:
            continue
        if any(text not in mine for _, text in other.values(given)):
            value = OTHER.forms(other.holds)[0]
            inputs.put(row.service, row.operation, given, other.path, value)
