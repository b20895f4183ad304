"""A trail's bytes taken apart into records, many at a time and never a whole file at once.

Bytes come as ``streams`` decompresses them; the beginning tells the form; each form has its module in
``forms``. What is not CloudTrail's own goes through ``unwrapping``, whatever its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from passrole.analysis.audit.events import WholeRecord
from passrole.analysis.audit.exports import R
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.intake import SCANNER, SPACE, Fault, Intake
from passrole.analysis.audit.forms.lines import Lines, is_lines
from passrole.analysis.audit.forms.lists import Lists, is_list
from passrole.analysis.audit.forms.sought import Whole, nowhere
from passrole.analysis.audit.forms.values import values
from passrole.analysis.audit.streams import chunks as chunks_of
from passrole.analysis.audit.unwrapping import is_record

_ENOUGH: Final = 1 << 16  # bytes that tell the form of a file
_BOM: Final = b"\xef\xbb\xbf"
_OPENING: Final = re.compile(rb'\s*(?:\{\s*"Records"\s*:\s*)?\[\s*')
_FIRST: Final = re.compile(r'\{\s*"(\w+)"\s*:')
# What a record may begin with, whoever wrote it.
_MEMBERS: Final = frozenset((*WholeRecord.__struct_fields__, "eventVersion", "eventType", "eventCategory"))
_PLAIN: Final = (b'{"eventVersion":', b'{"eventVersion" :')


def records(
    chunks: Iterable[bytes], fault: Fault, kind: type[R], whole: Whole = nowhere
) -> Iterator[list[R]]:
    """The records in a file, in order, some hundreds at a time.

    kind is Record, or WholeRecord where more of each is needed; fault is told of each thing that is left
    out, by its place. whole gives the file that the chunks are read from, where one can go back and forth in
    it: without, some forms go into a temporary file. Raises Foreign for a file that is no trail and
    Digest for CloudTrail's own proofs.
    """
    intake = Intake(chunks, fault, kind)
    try:
        yield from _read(intake, whole)
    except Foreign:
        if intake.cut is None:  # else what would tell may be behind the cut
            raise
    if intake.cut is not None:
        fault(intake.cut.place, intake.cut.why)


def _read(intake: Intake[R], whole: Whole) -> Iterator[list[R]]:
    """By the form that the beginning tells."""
    intake.more(_ENOUGH)
    if intake.left.startswith(_BOM):
        intake.left = intake.left[len(_BOM) :]
    head = intake.left.lstrip(SPACE)[:_ENOUGH]
    if not head:
        return iter(())
    if is_list(head):
        return values(intake) if _wraps(head) else Lists(intake).read()
    if head.startswith(b"{"):
        return Lines(intake).read() if is_lines(head) else values(intake)
    if is_lines(head):
        return Lines(intake).read()
    # Most trails are JSON, and these load what takes longer than a small trail.
    from passrole.analysis.audit.forms.others import other

    return other(intake, head, whole, lambda member, fault: records(chunks_of(member), fault, intake.kind))


def _wraps(head: bytes) -> bool:
    """Is the first item of a list no record itself, but perhaps something that holds records?"""
    opening = _OPENING.match(head)
    at = opening.end() if opening is not None else 0
    if head.startswith(_PLAIN, at):
        return False
    text = head[at:].decode("latin-1")
    try:
        _, end = SCANNER.raw_decode(text)
        item: object = msgspec.json.decode(head[at : at + end])
    except (ValueError, RecursionError):  # broken, or larger than what is looked at
        first = _FIRST.match(text)
        return text.startswith("[") or (first is not None and first[1] not in _MEMBERS)
    return not (isinstance(item, Mapping) and is_record(item))
