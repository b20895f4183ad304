"""Rows of passes as text read back as the rows that they are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from passrole.analysis.account_passes import Pass
from passrole.analysis.answer import requirement_json
from passrole.analysis.requirements import Requirement
from passrole.faces import pass_rows, tables

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(('a"b', "a,b", "a\nb", "=1", "é"))
CONDITIONS = st.lists(st.builds(Requirement, TEXTS, TEXTS, st.lists(TEXTS).map(tuple)), max_size=2).map(tuple)
ROWS = st.lists(st.builds(Pass, TEXTS, TEXTS, TEXTS, CONDITIONS), max_size=5)


def row_json(row: Pass) -> object:
    return {
        "principal": row.principal,
        "role": row.role,
        "service": row.service,
        "conditions": [requirement_json(one) for one in row.conditions],
    }


@given(ROWS)
def test_json_is_one_list_of_them(rows: list[Pass]) -> None:
    assert json.loads("".join(pass_rows.json_text(rows))) == [row_json(row) for row in rows]


@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_a_line_of_csv_reads_back(cells: list[str]) -> None:
    read = list(csv.reader(io.StringIO(tables.csv_line(cells), newline="")))
    kept = [f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for cell in cells]
    assert read == [kept]


@given(ROWS)
def test_csv_has_a_line_a_row(rows: list[Pass]) -> None:
    text = "".join(pass_rows.csv_text(rows))
    wanted = [
        (row.principal, row.role, row.service, pass_rows.conditions_text(row.conditions)) for row in rows
    ]
    assert text == "".join(map(tables.csv_line, (pass_rows.HEADINGS, *wanted)))
    assert list(pass_rows.cells(rows)) == wanted


def test_conditions_that_took_the_place_of_others_in_memory_are_not_taken_for_them() -> None:
    def rows() -> Iterator[Pass]:
        for number in range(500):  # each gone before the next one is made
            yield Pass("p", "r", "s", (Requirement("StringEquals", "aws:RequestedRegion", (str(number),)),))

    found = json.loads("".join(pass_rows.json_text(rows())))
    assert [row["conditions"][0]["values"] for row in found] == [[str(number)] for number in range(500)]


def test_many_rows_come_out_piece_by_piece() -> None:
    given_out = 0

    def rows() -> Iterator[Pass]:
        nonlocal given_out
        for number in range(10_000):
            given_out = number
            yield Pass("p", f"r{number}", "s", ())

    pieces = pass_rows.json_text(rows())
    next(pieces)
    assert given_out < 5_000
