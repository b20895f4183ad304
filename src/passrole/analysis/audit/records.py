"""A trail's bytes taken apart into records, many at a time and never a whole file at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.documents import documents
from passrole.analysis.audit.forms.intake import SPACE, Fault, Intake
from passrole.analysis.audit.forms.lines import Lines, is_lines
from passrole.analysis.audit.forms.lists import Lists, is_list
from passrole.analysis.audit.forms.tables import is_table, table

_ENOUGH: Final = 1 << 16  # bytes that tell the form of a file
_BOM: Final = b"\xef\xbb\xbf"
_COLUMNAR: Final[Mapping[bytes, str]] = {b"PAR1": "Parquet", b"ORC": "ORC", b"Obj\x01": "Avro"}


def records(chunks: Iterable[bytes], fault: Fault, kind: type[R]) -> Iterator[list[R]]:
    """The records in a file, in order, some hundreds at a time.

    kind is Record, or WholeRecord where more of each is needed; fault is told of each thing that is left
    out, by its place. Raises Foreign for a file that is no trail and Digest for CloudTrail's own proofs.
    """
    intake = Intake(chunks, fault, kind)
    try:
        yield from _read(intake)
    except Foreign:
        if intake.cut is None:  # else what would tell may be behind the cut
            raise
    if intake.cut is not None:
        fault(intake.cut.place, intake.cut.why)


def _read(intake: Intake[R]) -> Iterator[list[R]]:
    """By the form that the beginning tells."""
    intake.more(_ENOUGH)
    if intake.left.startswith(_BOM):
        intake.left = intake.left[len(_BOM) :]
    head = intake.left.lstrip(SPACE)[:_ENOUGH]
    if not head:
        return iter(())
    for magic, name in _COLUMNAR.items():
        if head.startswith(magic):
            raise Foreign(f"{name}, which is not read here: export JSON or CSV")
    if is_list(head):
        return Lists(intake).read()
    if head.startswith(b"{"):
        return Lines(intake).read() if is_lines(head) else documents(intake)
    if is_table(head):
        return table(intake)
    raise Foreign("not a trail: neither JSON nor an export of records")
