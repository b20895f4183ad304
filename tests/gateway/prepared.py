"""Calls that moto can carry out: what must be there before, and what an input must say besides the role.

moto_inputs.yaml has them by ``service:Operation``, or by ``service:Operation PATH`` for one role parameter,
whose ``first`` replaces the operation's and whose ``given`` adds to it. ``first`` lists calls to make before;
``keep`` names what is wanted of their output. ``given`` is what the input says, by input path. ``$name``
stands for what was kept, or for the Worker's and the Other's ARNs (``$role``, ``$profile``, ``$other``);
``${name}`` is the same inside a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from tests.gateway.estate import ACCOUNT, REGION, Estate
from tests.gateway.kept import Play
from tests.gateway.role_inputs import OTHER, WORKERS, Named, Row, passing

from passrole.catalog import paths
from passrole.catalog.operations import operation
from passrole.services.embedded.inventory import services
from passrole.services.kept.families import operations as kept_operations
from passrole.state.entities import InstanceProfile
from passrole.wire.request import Response

INPUTS: Final = Path(__file__).parent / "moto_inputs.yaml"
_STEP: Final = frozenset(("call", "given", "keep"))
_ENTRY: Final = frozenset(("first", "given"))

# YAML says what it likes: Any stops at this module.
Entry = Mapping[str, Any]


@cache
def entries() -> Mapping[str, Entry]:
    """The whole file. Raises ValueError for a word that means nothing."""
    loaded: dict[str, Entry] = yaml.safe_load(INPUTS.read_text())["operations"]
    for name, entry in loaded.items():
        for step in ({}, *entry.get("first", ())):
            if not entry.keys() <= _ENTRY or not step.keys() <= _STEP:
                raise ValueError(f"{INPUTS.name}: {name}")
    return loaded


def carry_out(row: Row, estate: Estate) -> Response:
    """The gateway's answer to a call that passes the Worker at the row's path, in an empty moto."""
    _people(row, estate)
    assert estate.embedded is not None
    estate.embedded.reset()
    kept: dict[str, object] = {
        "account": ACCOUNT,
        "region": REGION,
        "role": WORKERS[0].role_arn,
        "other": OTHER.role_arn,
        "profile": WORKERS[0].profile_arn,
    }
    given: dict[str, object] = {}
    steps: Sequence[Entry] = ()
    for name in (f"{row.service}:{row.operation}", str(row)):
        entry = entries().get(name, {})
        steps = entry.get("first", steps)
        given |= entry.get("given", {})
    for step in steps:
        _take(step, estate, kept)
    given = {**_of_kept(row, estate), **given}
    _, whole = next(passing(row, _filled(given, kept)))
    return estate.ask(row.service, row.operation, whole)


def _of_kept(row: Row, estate: Estate) -> dict[str, str]:
    """What a call on a kept resource must name, made before: the resource, or what a new one is part of."""
    known = kept_operations().get((row.service, row.operation))
    if known is None:
        return {}
    role, family = known
    play = Play(row.service, estate)
    play.forget()
    names = play.holders(family, {}) if role == "make" else play.make(family)
    return play.paths(row.operation, names)


def _take(step: Entry, estate: Estate, kept: dict[str, object]) -> None:
    service, _, operation = step["call"].partition(":")
    output = estate.output(service, operation, _filled(step.get("given", {}), kept))
    for name, path in step.get("keep", {}).items():
        _, kept[name] = next(paths.values(path, output))


def _people(row: Row, estate: Estate) -> None:
    """The roles, trusted by whom the operation passes roles to: moto looks for itself, now and then."""
    known = operation(row.service, row.operation)
    assert known is not None
    trusted: dict[str, None] = {}
    for parameter in (row.parameter, *known.role_parameters):
        trusted |= dict.fromkeys(parameter.trust_principals or parameter.principals)
    for named in (*WORKERS, OTHER):
        role = estate.role(named.name, *(one.replace("{region}", REGION) for one in trusted), path=named.path)
        if estate.directory.get(InstanceProfile, ACCOUNT, named.name) is None:
            estate.profile(named.name, role, path=named.path)


def _filled(value: Any, kept: Mapping[str, object]) -> Any:
    """The value with what was kept in the place of its ``$names``."""
    if isinstance(value, Mapping):
        return {name: _filled(one, kept) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, kept) for one in value]
    if isinstance(value, str) and value[:1] == "$" and value[1:2] != "{":
        return kept[value[1:]]
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace(f"${{{name}}}", str(text))
    return value


def moto_rows(every: Iterator[Row]) -> Iterator[Row]:
    """The role parameters of moto's services."""
    return (row for row in every if row.service in services())


__all__ = ["Named", "carry_out", "entries", "moto_rows"]
