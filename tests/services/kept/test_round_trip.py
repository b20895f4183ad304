"""Every kept resource made, read, listed, changed and ended through the gateway, with the roles it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from tests.gateway import inputs
from tests.gateway.estate import ALL, Estate, refused
from tests.gateway.kept import Play, flat
from tests.gateway.role_inputs import OTHER, WORKERS

from passrole.catalog.operations import operation
from passrole.services.kept.families import Family, services
from passrole.wire import models

SERVICES: Final = tuple(services())


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with Estate(embedded=True) as estate:
        estate.allow(ALL)
        yield estate


def trust_all(estate: Estate, service: str) -> None:
    """The roles that inputs name, trusted by everybody the service passes roles to."""
    trusted: dict[str, None] = {}
    for name in models.service(service).operations:
        known = operation(service, name)
        for parameter in known.role_parameters if known is not None else ():
            trusted |= dict.fromkeys(parameter.principals)
    for named in (*WORKERS, OTHER):
        estate.profile(named.name, estate.role(named.name, *trusted, path=named.path), path=named.path)


@pytest.mark.parametrize("service", SERVICES)
def test_a_resource_goes_its_way(service: str, estate: Estate) -> None:
    trust_all(estate, service)
    failed = {}
    for family in services()[service].families:
        try:
            go(Play(service, estate), family)
        except (AssertionError, inputs.NoInput) as problem:
            failed[f"{service}:{family.make}"] = str(problem)[:300]
    assert failed == {}


def go(play: Play, family: Family) -> None:
    """One resource from its making to its end."""
    service, estate = play.service, play.estate
    play.forget()
    names = play.make(family)
    if family.read:
        shown = play.output(family.read, play.named(family.read, names))
        assert dict(flat(shown)), f"{family.read} shows nothing"
    for name in family.lists:
        asked = {member: value for member, value in names.items() if member != family.self}
        output = play.output(name, play.named(name, asked))
        assert any(isinstance(value, list) and value for value in output.values()), f"{name}: {output}"
    for name in family.change:
        play.output(name, play.named(name, names))
    if family.end:
        play.output(family.end, play.named(family.end, names))
        if family.read and not family.job:
            response = estate.ask(service, family.read, play.named(family.read, names))
            assert response.status >= 400, f"{family.read}: still there"
            assert refused(response).status >= 400
