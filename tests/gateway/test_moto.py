"""Every role parameter of moto's services carried out, by moto or kept: authorized, handed on, done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.gateway.estate import ALL, Estate
from tests.gateway.prepared import carry_out, entries, moto_rows
from tests.gateway.role_inputs import Row, rows

from passrole.services.embedded.inventory import release
from passrole.services.embedded.refused import REFUSED

GAPS: Final[Mapping[str, Any]] = yaml.safe_load((Path(__file__).parent / "moto_gaps.yaml").read_text())
LACKING: Final = {f"{service}:{name}" for service, names in GAPS["lacks"].items() for name in names}
NOT_DONE: Final = {f"{service}:{name}" for service, names in GAPS["refused"].items() for name in names}
FAILING: Final = {row for gap in GAPS["gaps"] for row in gap["rows"]}
# What the list held when it was written; it must not grow.
MOST: Final = {"lacks": 155, "refused": 0, "gaps": 46}

ROWS: Final = tuple(moto_rows(rows()))
SERVICES: Final = {service: tuple(found) for service, found in groupby(ROWS, key=lambda row: row.service)}
SAME: Final = ".".join(map(str, release())) == GAPS["moto"]


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with Estate(embedded=True) as estate:
        estate.allow(ALL)
        yield estate


def listed(row: Row) -> bool:
    """Does the file say that this one fails?"""
    return str(row) in FAILING or f"{row.service}:{row.operation}" in LACKING | NOT_DONE


# moto warns of what it only half does.
@pytest.mark.filterwarnings("ignore::UserWarning:moto")
@pytest.mark.parametrize("service", SERVICES)
def test_it_is_carried_out(service: str, estate: Estate) -> None:
    failed = {}
    for row in SERVICES[service]:
        response = carry_out(row, estate)
        assert response.status != 403, (row, response.body)
        done = response.status < 300
        if not done and not listed(row):
            failed[str(row)] = (response.status, response.body[:300])
        if SAME:
            lacking = f"{service}:{row.operation}" in LACKING | NOT_DONE
            assert (response.status == 501) is lacking, (row, response.body)
            assert not done or not listed(row), f"{row} is done by now: take it off moto_gaps.yaml"
    assert failed == {}


def test_the_list_does_not_grow() -> None:
    assert len(LACKING) <= MOST["lacks"]
    assert len(NOT_DONE) <= MOST["refused"]
    assert len(FAILING) <= MOST["gaps"]


def test_the_list_says_why_and_of_what() -> None:
    operations = {f"{row.service}:{row.operation}" for row in ROWS}
    assert operations >= LACKING | NOT_DONE
    assert {str(row) for row in ROWS} >= FAILING
    assert all(gap["why"] for gap in GAPS["gaps"])
    assert {f"{service}:{name}" for service, names in REFUSED.items() for name in names} >= NOT_DONE
    prepared = {name.split(" ")[0] for name in entries()}
    assert prepared <= operations
    assert {name for name in entries() if " " in name} <= {str(row) for row in ROWS}


def test_most_of_them_end_well() -> None:
    """Three in five at least of all role parameters of moto's services; seven in ten as it is."""
    done = [row for row in ROWS if not listed(row)]
    assert len(done) / len(ROWS) >= 0.6
    assert len(done) >= 740
