"""Exports as comma-separated values: a record a row, or its members in columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from passrole.analysis.audit.exports import R, is_header, missing
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.doubt import Doubt
from passrole.analysis.audit.forms.intake import Intake
from passrole.analysis.audit.forms.values import of_content
from passrole.analysis.audit.schemas import places_in
from passrole.analysis.audit.unwrapping import may_hold, unwrapped

_LONGEST: Final = 4 << 20  # bytes of one cell
_BATCH: Final = 500
_LOOKED_AT: Final = 8  # lines that tell whether a file is a table of records
_MARKS: Final = (",", "\t", ";")
# The columns of the event history as the console saves it. Source: CloudTrail User Guide, "Viewing recent
# management events with the console".
_CONSOLE: Final = {"event name", "event time", "event source"}


def is_table(head: bytes) -> bool:
    """Is the first line the heading of an export, or has one of the next a record in a cell?"""
    return _mark_in(head) is not None


def _mark_in(head: bytes) -> str | None:
    """What stands between two cells; None where this is no export. Raises Foreign for the console's own."""
    csv.field_size_limit(_LONGEST)  # a record is larger than the 128 KB that are usual
    texts = head.decode("utf-8", "replace").splitlines(keepends=True)[:_LOOKED_AT]
    for mark in _MARKS:
        try:
            rows = list(csv.reader(texts, delimiter=mark))
        except csv.Error:
            continue
        if not rows:
            continue
        if {cell.strip().lower() for cell in rows[0]} >= _CONSOLE:
            raise Foreign("the event history as CSV, which leaves out what was passed: download it as JSON")
        if is_header(rows[0]) or places_in(rows[0]):
            return mark
        # The last row may go on behind what is looked at.
        if any(
            True for row in rows[1:-1] or rows[1:] for _ in unwrapped(dict(zip(rows[0], row, strict=False)))
        ):
            return mark
    return None


def table(intake: Intake[R]) -> Iterator[list[R]]:
    """The records in the rows. Raises Foreign."""
    rows = csv.reader(_texts(intake), delimiter=_mark_in(intake.left) or ",")
    try:
        header: list[str] = next(rows)
    except (csv.Error, StopIteration) as error:
        raise Foreign(f"not a trail: broken CSV: {error}") from error
    doubt = Doubt(intake.fault)
    doubt.why = "not a trail: a table without records"
    lacking = missing(header) if is_header(header) else ""
    found: list[R] = []
    number = 1
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            doubt.fault(f"row {number}", f"broken CSV: {error}")
            continue
        if row:
            if lacking and not any(map(may_hold, row)):
                intake.fault("", lacking)
            lacking = ""
            found += of_content(intake, dict(zip(header, row, strict=False)), f"row {number}", doubt)
        if len(found) >= _BATCH:
            yield found
            found = []
    yield found
    doubt.end()


def _texts(intake: Intake[R]) -> Iterator[str]:
    """The lines, with their ends: a quoted cell may go on over several."""
    while True:
        at = intake.left.rfind(b"\n") + 1
        piece, intake.left = intake.left[:at], intake.left[at:]
        for line in piece.splitlines(keepends=True):
            yield line.decode("utf-8", "replace")
        if not intake.more():
            for line in intake.left.splitlines(keepends=True):
                yield line.decode("utf-8", "replace")
            intake.left = b""
            return
