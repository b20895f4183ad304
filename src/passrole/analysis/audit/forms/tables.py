"""Exports as comma-separated values: a record a row, or its members in columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from passrole.analysis.audit.exports import R, is_header, of_row, record_of
from passrole.analysis.audit.forms.intake import NO_RECORD, Intake

_LONGEST: Final = 4 << 20  # bytes of one cell
_BATCH: Final = 500


def is_table(head: bytes) -> bool:
    """Is the first line the heading of an export of records?"""
    line = head.partition(b"\n")[0].decode("utf-8", "replace")
    try:
        header = next(csv.reader([line]), None)
    except csv.Error:
        return False
    return header is not None and is_header(header)


def table(intake: Intake[R]) -> Iterator[list[R]]:
    """The records in the rows."""
    csv.field_size_limit(_LONGEST)  # a record is larger than the 128 KB that are usual
    rows = csv.reader(_texts(intake))
    header: list[str] = next(rows)
    found: list[R] = []
    number = 1
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            intake.fault(f"row {number}", f"broken CSV: {error}")
            continue
        if row:
            found += _of_row(intake, dict(zip(header, row, strict=False)), f"row {number}")
        if len(found) >= _BATCH:
            yield found
            found = []
    yield found


def _of_row(intake: Intake[R], row: Mapping[str, str], place: str) -> Iterator[R]:
    event = of_row(row)
    try:
        if event is not None:
            yield record_of(event, intake.kind)
            return
    except (msgspec.DecodeError, TypeError, ValueError):
        pass
    intake.fault(place, NO_RECORD)


def _texts(intake: Intake[R]) -> Iterator[str]:
    """The lines, with their ends: a quoted cell may go on over several."""
    while True:
        at = intake.left.rfind(b"\n") + 1
        piece, intake.left = intake.left[:at], intake.left[at:]
        for line in piece.splitlines(keepends=True):
            yield line.decode("utf-8", "replace")
        if not intake.more():
            if intake.left:
                yield intake.left.decode("utf-8", "replace")
                intake.left = b""
            return
