"""Files that are no JSON, by what they begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.archives import Read, archive, is_archive
from passrole.analysis.audit.forms.columns import columns, is_parquet
from passrole.analysis.audit.forms.intake import Intake
from passrole.analysis.audit.forms.sought import Whole
from passrole.analysis.audit.forms.tables import is_table, table

_UNREAD: Final[Mapping[bytes, str]] = {
    b"Obj\x01": "Avro, which is not read here: export Parquet, JSON or CSV",
    b"ORC": "ORC, which is not read here: export Parquet, JSON or CSV",
    b"PARE": "encrypted Parquet, which is not read here",
    b"\x04\x22\x4d\x18": "compressed by LZ4: decompress it first",
    b"\xff\x06\x00\x00sNaPpY": "compressed by Snappy: decompress it first",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it first",
    b"SQLite format 3\0": "an SQLite database, not a trail",
}


def other(intake: Intake[R], head: bytes, whole: Whole, read: Read[R]) -> Iterator[list[R]]:
    """The records in a file that begins so. read is what reads a file in an archive. Raises Foreign."""
    for magic, why in _UNREAD.items():
        if head.startswith(magic):
            raise Foreign(why)
    if is_parquet(head):
        return columns(intake, whole)
    if is_archive(intake.left):
        return archive(intake, whole, read)
    if is_table(head):
        return table(intake)
    raise Foreign("not a trail: neither JSON nor an export of records")
