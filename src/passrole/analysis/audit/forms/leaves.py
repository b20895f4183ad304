"""Records straight from the columns of a table, where each is a member of a record.

A row as such is never made: what stands in a structure has a list of its own, too, and only a few of these
lists are put together for each record. That takes half the time that rows take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

import msgspec
import orjson

from passrole.analysis.audit.exports import R, is_header, is_member, member_of, missing, moment, read_from
from passrole.analysis.audit.schemas import MFA, OCSF, SESSION, Schema, as_recorded, schema_in

if TYPE_CHECKING:
    import pyarrow

Values = Sequence[object]  # of a column, one a row
Leaves = dict[tuple[str, ...], Values]  # by where they stand in a record

_IDENTITY: Final = "userIdentity"
_PARAMETERS: Final = "requestParameters"
_GIVEN: Final = "api.request.data"  # before it was there, OCSF had parameters in several places


def records_of(batch: pyarrow.RecordBatch, kind: type[R]) -> list[R | None] | None:
    """The record of each row, None in place of a row that has none.

    None where all rows must be looked at one by one: columns may hold what does not tell by their types.
    """
    names = batch.schema.names
    leaves: Leaves | None = None
    if is_header(names) and not missing(names):
        leaves = _of_table(batch)
    elif (schema := schema_in(names)) is not None:
        leaves = _of_schema(batch, schema)
    return None if leaves is None else _made(leaves, batch.num_rows, kind)


def _made(leaves: Leaves, count: int, kind: type[R]) -> list[R | None]:
    nothing: Values = [None] * count
    wanted = set(kind.__struct_fields__) - {_IDENTITY, _PARAMETERS}
    texts = {path[0]: values for path, values in leaves.items() if path[0] in wanted}
    inner = {path[1:]: values for path, values in leaves.items() if path[0] == _IDENTITY}
    members = tuple(texts)
    made: list[R | None] = []
    for told, identity, given in zip(
        zip(*texts.values(), strict=True),
        zip(*inner.values(), strict=True) if inner else [()] * count,
        leaves.get((_PARAMETERS,), nothing),
        strict=True,
    ):
        record = kind()
        for member, text in zip(members, told, strict=True):
            if text:
                setattr(record, member, text)
        if not record.eventName or not record.eventSource:
            made.append(None)
            continue
        if caller := _nested(inner, identity):
            record.userIdentity = msgspec.Raw(orjson.dumps(caller))
        if given:
            record.requestParameters = msgspec.Raw(given if isinstance(given, str) else orjson.dumps(given))
        made.append(record)
    return made


def _nested(paths: dict[tuple[str, ...], Values], values: Values) -> dict[str, object]:
    made: dict[str, object] = {}
    for path, value in zip(paths, values, strict=True):
        if value is None or value == "":
            continue
        inner = made
        for name in path[:-1]:
            inner = cast(dict[str, object], inner.setdefault(name, {}))
        inner[path[-1]] = value
    return made


def _of_table(batch: pyarrow.RecordBatch) -> Leaves | None:
    """The columns of a table by Athena, CloudTrail Lake or Spark."""
    import pyarrow

    leaves: Leaves = {}
    for column, path in read_from(tuple(batch.schema.names)):
        array = batch.column(column)
        kind = array.type
        place = (member_of(path[0]), *path[1:])
        if place == (_IDENTITY,):
            if not pyarrow.types.is_struct(kind):
                return None
            _take_apart(array, place, leaves)
        elif place == (_PARAMETERS,):
            given = values_of(array)
            # A structure that Presto printed is no JSON.
            if any(isinstance(one, str) and one[:2] not in ('{"', "{}", "nu", "") for one in given):
                return None
            leaves[place] = given
        elif place[0] == _PARAMETERS or not is_member(path[0]):
            return None
        elif place == ("eventTime",):
            leaves[place] = [one and moment(one) for one in values_of(array)]
        elif len(place) > 1:
            leaves[place] = values_of(array)
        else:
            leaves[place] = [
                one if one is None or isinstance(one, str) else str(one) for one in values_of(array)
            ]
    return leaves


def _take_apart(array: pyarrow.Array, path: tuple[str, ...], leaves: Leaves) -> None:
    import pyarrow

    for field, child in zip(array.type, array.flatten(), strict=True):
        inner = (*path, member_of(field.name))
        if pyarrow.types.is_struct(field.type):
            _take_apart(child, inner, leaves)
        else:
            leaves[inner] = values_of(child)


def _of_schema(batch: pyarrow.RecordBatch, schema: Schema) -> Leaves | None:
    """The columns of a table by Amazon Security Lake."""
    place, product = schema.product
    products = _at(batch, place) or []
    if (_at(batch, _GIVEN) if schema is OCSF else None) is None or not all(_at(batch, schema.kept) or [None]):
        return None
    if not all(product in str(one or product) for one in products):
        return None
    leaves: Leaves = {}
    for member, places in schema.places.items():
        found = [values for one in places if (values := _at(batch, one)) is not None]
        if found:
            leaves[tuple(member.split("."))] = [as_recorded(member, row) for row in zip(*found, strict=True)]
    told = [leaves[path] for path in (tuple(one.split(".")) for one in SESSION) if path in leaves]
    in_session = map(any, zip(*told, strict=True)) if told else iter([False] * len(batch))
    mfa = tuple(MFA.split("."))
    if mfa in leaves:
        leaves[mfa] = [one if true else None for one, true in zip(leaves[mfa], in_session, strict=True)]
    return leaves


def _at(batch: pyarrow.RecordBatch, place: str) -> Values | None:
    """What stands at a place in each row; None where the table has no such place."""
    import pyarrow.compute

    if place in batch.schema.names:
        return values_of(batch.column(place))
    first, *rest = place.split(".")
    if first not in batch.schema.names:
        return None
    array = batch.column(first)
    for at, name in enumerate(rest):
        if pyarrow.types.is_map(array.type):
            key = ".".join(rest[at:])
            return [row and row.get(key) for row in array.to_pylist(maps_as_pydicts="lossy")]
        if not pyarrow.types.is_struct(array.type) or array.type.get_field_index(name) < 0:
            return None
        array = pyarrow.compute.struct_field(array, [array.type.get_field_index(name)])
    return values_of(array)


def values_of(column: pyarrow.Array) -> list[object]:
    """A structure has all of its members, most of them null: these are left out, and it where all are."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_struct(kind):
        if not kind.num_fields:
            return [None] * len(column)
        names = [field.name for field in kind]
        rows = zip(*map(values_of, column.flatten()), strict=True)
        return [
            {name: one for name, one in zip(names, row, strict=True) if one is not None} or None
            for row in rows
        ]
    if pyarrow.types.is_dictionary(kind):
        return values_of(column.dictionary_decode())
    found: list[object] = column.to_pylist(maps_as_pydicts="lossy")
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        return found
    return [_told(one) for one in found]


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
