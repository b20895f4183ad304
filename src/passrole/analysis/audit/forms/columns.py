"""Exports as Parquet, as Athena, Security Lake and Spark write them.

They are read by pyarrow, the extra ``passrole[parquet]``: only the columns that a record is made of, some
hundreds of rows at a time. pyarrow reads ORC, too, but a damaged file of that ends the whole process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.exports import R, is_header, is_wanted, missing
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.doubt import Doubt
from passrole.analysis.audit.forms.intake import Intake
from passrole.analysis.audit.forms.leaves import records_of, values_of
from passrole.analysis.audit.forms.sought import Whole, sought
from passrole.analysis.audit.forms.values import of_content
from passrole.analysis.audit.schemas import places_in
from passrole.analysis.audit.unwrapping import may_hold

if TYPE_CHECKING:
    import pyarrow

_BATCH: Final = 500  # rows
_BUFFER: Final = 1 << 20  # bytes of a column that are read at once, however large its part of a row group
_NAMED: Final = 8  # columns of a foreign file that are named

# What passrole itself writes with --out.
_OURS: Final = frozenset(("principal", "role", "service", "operation", "allowed", "denied"))


def is_parquet(head: bytes) -> bool:
    """Does a file begin as one?"""
    return head.startswith(b"PAR1")


def columns(intake: Intake[R], whole: Whole) -> Iterator[list[R]]:
    """The records in the rows. whole gives the file, see sought. Raises Foreign."""
    try:
        import pyarrow
    except ImportError as error:
        raise Foreign("Parquet, for which pyarrow is needed: install passrole[parquet]") from error
    doubt = Doubt(intake.fault)
    doubt.why = "Parquet without records"
    number = 0
    with sought(intake, whole) as file:
        if intake.cut is not None:  # what tells where everything is stands at the end
            return
        try:
            for batch in _batches(file):
                found: list[R] = []
                for record in records_of(batch, intake.kind) or _rows(batch):
                    number += 1
                    if isinstance(record, Record):
                        found.append(record)
                        continue
                    row = record or {}
                    if number == 1 and (lacking := _lacking(row)):
                        intake.fault("", lacking)
                    found += of_content(intake, row, f"row {number}", doubt)
                if found:
                    doubt.lift()
                yield found
        except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
            text = f"damaged Parquet: {str(error).partition(chr(10))[0]}"
            if not number:
                raise Foreign(text) from error
            doubt.fault(f"behind row {number}", text)
    doubt.end()


def _batches(file: BinaryIO) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as opened:
        wanted = _wanted(opened.schema_arrow)
        yield from opened.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False)


def _wanted(schema: pyarrow.Schema) -> Sequence[str]:
    """The columns to be read. Raises Foreign for those of another table."""
    names = list(schema.names)
    if set(names) >= _OURS:
        raise Foreign("Parquet of the rows that an audit found: an answer, not a trail")
    if is_header(names) and not missing(names):
        return [name for name in names if is_wanted(name)]
    if places := places_in(names):
        return list(dict.fromkeys(_column(schema, place) for place in places))
    # A record may stand in any column of texts, as one that a message queue or a search had.
    texts = [field.name for field in schema if "string" in str(field.type) or "binary" in str(field.type)]
    if not texts:
        shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        raise Foreign(f"Parquet without the columns of a trail: it has {shown}")
    return texts


def _lacking(row: Mapping[str, object]) -> str:
    """What rows leave out that have no record's own text."""
    if not is_header(row) or any(isinstance(text, str) and may_hold(text) for text in row.values()):
        return ""
    return missing(row)


def _column(schema: pyarrow.Schema, place: str) -> str:
    """What is to be read for a place: of a structure, only what stands there."""
    import pyarrow

    column = place if place in schema.names else place.partition(".")[0]
    return place if pyarrow.types.is_struct(schema.field(column).type) else column


def _rows(batch: pyarrow.RecordBatch) -> Iterator[dict[str, object]]:
    """The rows, as JSON has them. Columns are taken apart one by one: rows by pyarrow take far longer."""
    names = batch.schema.names
    for values in zip(*map(values_of, batch.columns), strict=True):
        yield dict(zip(names, values, strict=True))
