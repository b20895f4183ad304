"""Exports in columns, Parquet and ORC, as Athena, Security Lake and Spark write them.

They are read by pyarrow, the extra ``passrole[parquet]``: only the columns that a record is made of, some
hundreds of rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, Final

from passrole.analysis.audit.exports import R, is_header, is_wanted, missing, moment
from passrole.analysis.audit.faults import Foreign
from passrole.analysis.audit.forms.doubt import Doubt
from passrole.analysis.audit.forms.intake import Intake
from passrole.analysis.audit.forms.sought import sought
from passrole.analysis.audit.forms.values import of_content
from passrole.analysis.audit.schemas import columns_of

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


def columns(intake: Intake[R], form: str, file: BinaryIO | None) -> Iterator[list[R]]:
    """The records in the rows. file is the whole, where it can be sought in. Raises Foreign."""
    try:
        import pyarrow
    except ImportError as error:
        raise Foreign(f"{form}, for which pyarrow is needed: install passrole[parquet]") from error
    doubt = Doubt(intake.fault)
    number = 0
    with sought(intake, file) as whole:
        if intake.cut is not None:  # what tells where everything is stands at the end
            return
        try:
            for batch in _parquet(whole, intake) if form == "Parquet" else _orc(whole, intake):
                found: list[R] = []
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    content = _told(row)
                    doubt.why = f"{form} without records"
                    found += of_content(intake, content, f"row {number}", doubt)
                yield found
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            text = f"damaged {form}: {str(error).partition(chr(10))[0]}"
            if not number:
                raise Foreign(text) from error
            doubt.fault(f"behind row {number}", text)
    doubt.end()


def _parquet(file: BinaryIO, intake: Intake[R]) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as opened:
        wanted = _wanted(opened.schema_arrow, intake, "Parquet")
        yield from opened.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False)


def _orc(file: BinaryIO, intake: Intake[R]) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.orc

    opened = pyarrow.orc.ORCFile(file)
    wanted = _wanted(opened.schema, intake, "ORC")
    for number in range(opened.nstripes):
        stripe = opened.read_stripe(number, columns=wanted)
        for at in range(0, stripe.num_rows, _BATCH):
            yield stripe.slice(at, _BATCH)


def _wanted(schema: pyarrow.Schema, intake: Intake[R], form: str) -> Sequence[str]:
    """The columns to be read. Raises Foreign for those of another table."""
    names = list(schema.names)
    if set(names) >= _OURS:
        raise Foreign(f"{form} of the rows that an audit found: an answer, not a trail")
    if is_header(names):
        if lacking := missing(names):
            intake.fault("", lacking)
        return [name for name in names if is_wanted(name)]
    if of_a_schema := columns_of(names):
        return of_a_schema
    # A record may stand in any column of texts, as one that a message queue or a search had.
    texts = [field.name for field in schema if "string" in str(field.type) or "binary" in str(field.type)]
    if not texts:
        shown = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        raise Foreign(f"{form} without the columns of a trail: it has {shown}")
    return texts


def _told(value: object) -> object:
    """A value as JSON has it. A structure has all of its members, most of them null: these are left out."""
    if isinstance(value, Mapping):
        made = {str(name): _told(one) for name, one in value.items() if one is not None}
        told = {name: one for name, one in made.items() if one is not None}
        return told if told or not value else None
    if isinstance(value, list):
        return [_told(one) for one in value]
    if isinstance(value, datetime):
        return moment(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
