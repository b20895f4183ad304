"""Rows of passes as text. An estate may have more of them than memory: they are written as they come.

Rows share what they are made of, so each role, and each service with its conditions, is put into text once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

import orjson

from passrole.analysis.account_passes import Pass
from passrole.analysis.answer import requirement_json
from passrole.analysis.requirements import Requirement
from passrole.faces.tables import condition_text, csv_cell

HEADINGS: Final = ("principal", "role", "service", "conditions")

_BATCH: Final = 2_000  # rows that are written at once
_KEPT: Final = 50_000  # texts that are remembered; then it begins again

Conditions = tuple[Requirement, ...]


class _Shared:
    """The text of conditions, found again by the very object: rows share it."""

    def __init__(self, make: Callable[[Conditions], str]) -> None:
        self._make = make
        # With each its conditions: as long as they are kept, no others have their place in memory.
        self._made: dict[int, tuple[str, Conditions]] = {}
        self.known: Final = self._made.get  # by id(), for who asks for thousands

    def of(self, conditions: Conditions) -> str:
        """The text, made if need be."""
        known = self._made.get(id(conditions))
        if known is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            known = self._made[id(conditions)] = self._make(conditions), conditions
        return known[0]


class _ByText(dict[str, str]):
    """A text's form in the output, made once."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> str:
        if len(self) >= _KEPT:
            self.clear()
        made = self[text] = self._make(text)
        return made


def json_text(rows: Iterable[Pass]) -> Iterator[str]:
    """The pieces of one JSON list, a row a line."""
    shown = _ByText(lambda text: orjson.dumps(text).decode())
    needed = _Shared(lambda some: orjson.dumps([requirement_json(one) for one in some]).decode())

    def line(row: Pass) -> str:
        conditions = needed.known(id(row.conditions)) or (needed.of(row.conditions),)
        return (
            f'  {{"principal":{shown[row.principal]},"role":{shown[row.role]},'
            f'"service":{shown[row.service]},"conditions":{conditions[0]}}}'
        )

    before = "[\n"
    for lines in _batches(map(line, rows)):
        yield before + ",\n".join(lines)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def csv_text(rows: Iterable[Pass]) -> Iterator[str]:
    """The pieces of a CSV file, its headings first."""
    shown = _ByText(csv_cell)
    needed = _Shared(lambda some: csv_cell(conditions_text(some)))
    yield ",".join(HEADINGS) + "\n"
    lines = (
        f"{shown[row.principal]},{shown[row.role]},{shown[row.service]},{needed.of(row.conditions)}\n"
        for row in rows
    )
    yield from map("".join, _batches(lines))


def cells(rows: Iterable[Pass]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of a table."""
    needed = _Shared(conditions_text)
    for row in rows:
        yield row.principal, row.role, row.service, needed.of(row.conditions)


def conditions_text(conditions: Iterable[Requirement]) -> str:
    """As a person reads them."""
    return "; ".join(map(condition_text, conditions))


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while batch := list(islice(rest, _BATCH)):
        yield batch
