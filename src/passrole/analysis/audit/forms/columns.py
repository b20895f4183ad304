"""Exports in columns, Parquet and ORC, as Athena, Security Lake and Spark write them.

They are read by pyarrow, the extra ``passrole[parquet]``: only the columns that a record is made of, some
hundreds of rows at a time.
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

MAGIC: Final[Mapping[bytes, str]] = {b"PAR1": "Parquet", b"ORC": "ORC"}

# What passrole itself writes with --out.
_OURS: Final = frozenset(("principal", "role", "service", "operation", "allowed", "denied"))


def form_of(head: bytes) -> str:
    """``Parquet`` or ``ORC``, "" for what begins otherwise."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def columns(intake: Intake[R], form: str, whole: Whole) -> Iterator[list[R]]:
    """The records in the rows. whole gives the file, see sought. Raises Foreign."""
    try:
        import pyarrow
    except ImportError as error:
        raise Foreign(f"{form}, for which pyarrow is needed: install passrole[parquet]") from error
    doubt = Doubt(intake.fault)
    doubt.why = f"{form} without records"
    number = 0
    with sought(intake, whole) as file:
        if intake.cut is not None:  # what tells where everything is stands at the end
            return
        try:
            for batch in _parquet(file) if form == "Parquet" else _orc(file):
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
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            text = f"damaged {form}: {str(error).partition(chr(10))[0]}"
            if not number:
                raise Foreign(text) from error
            doubt.fault(f"behind row {number}", text)
    doubt.end()


def _parquet(file: BinaryIO) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as opened:
        wanted = _wanted(opened.schema_arrow, "Parquet")
        yield from opened.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False)


def _orc(file: BinaryIO) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.orc

    opened = pyarrow.orc.ORCFile(file)
    # Of a structure, all of it is read: a place that a file does not have is an error here.
    wanted = list(dict.fromkeys(place.partition(".")[0] for place in _wanted(opened.schema, "ORC")))
    for number in range(opened.nstripes):
        stripe = opened.read_stripe(number, columns=wanted)
        for at in range(0, stripe.num_rows, _BATCH):
            yield stripe.slice(at, _BATCH)


def _wanted(schema: pyarrow.Schema, form: str) -> Sequence[str]:
    """The columns to be read. Raises Foreign for those of another table."""
    names = list(schema.names)
    if set(names) >= _OURS:
        raise Foreign(f"{form} of the rows that an audit found: an answer, not a trail")
    if is_header(names) and not missing(names):
        return [name for name in names if is_wanted(name)]
    if places := places_in(names):
        return list(dict.fromkeys(_column(schema, place) for place in places))
    # A record may stand in any column of texts, as one that a message queue or a search had.
    texts = [field.name for field in schema if "string" in str(field.type) or "binary" in str(field.type)]
    if not texts:
        shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        raise Foreign(f"{form} without the columns of a trail: it has {shown}")
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
