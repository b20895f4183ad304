"""JSON bodies of the json and rest-json protocols, by functions compiled from shapes.

The texts of what cannot be read are AWS's own, as Athena and DynamoDB answer them.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from passrole.wire import scalars
from passrole.wire.models import Shape
from passrole.wire.scalars import BadInput

Read = Callable[[Any], object]
Write = Callable[[Any], object]

_LIST: Final = "Start of list found where not expected"
_MAP: Final = "Start of structure or map found where not expected."


def parse(body: bytes) -> object:
    """The value of a JSON text. Raises BadInput without a text, as AWS does."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadInput("") from None


def dump(value: object) -> bytes:
    """JSON text of what a compiled writer returns."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def _mismatch(value: object, wanted: str) -> BadInput:
    if isinstance(value, list):
        return BadInput(_LIST)
    if isinstance(value, dict):
        return BadInput(_MAP)
    if isinstance(value, bool):
        found = "TRUE_VALUE" if value else "FALSE_VALUE"
    elif isinstance(value, str):
        found = "STRING_VALUE"
    else:
        found = "NUMBER_VALUE"
    return BadInput(f"{found} can not be converted to {wanted}")


class JsonReader:
    """Compiles shapes to functions of a parsed JSON value. null is the same as nothing, everywhere."""

    def __init__(self) -> None:
        self._compiled: dict[str, Read] = {}

    def structure(self, shape: Shape, *, body_only: bool = False) -> Callable[[Any], dict[str, object]]:
        """What reads the members of a structure; with body_only, those that a rest protocol puts there."""
        table = {
            member.location_name or name: (name, self.reader(member))
            for name, member in shape.members.items()
            if not (body_only and member.location)
        }

        def read(value: object) -> dict[str, object]:
            if not isinstance(value, dict):
                raise BadInput(_LIST if isinstance(value, list) else "Expected null")
            found: dict[str, object] = {}
            for key, given in value.items():
                known = table.get(key)
                if known is not None and given is not None:
                    found[known[0]] = known[1](given)
            return found

        return read

    def reader(self, shape: Shape) -> Read:
        """What reads one value of this shape."""
        match shape.kind:
            case "structure" | "list" | "map":
                return self._nested(shape)
            case "integer" | "long":
                return _integer(shape.kind)
            case "float" | "double":
                return _read_number
            case "boolean":
                return _read_boolean
            case "timestamp":
                return _read_timestamp
            case "blob":
                return _read_blob
        return _read_string

    def _nested(self, shape: Shape) -> Read:
        key = shape.name
        known = self._compiled.get(key)
        if known is None:
            compiled = self._compiled
            compiled[key] = lambda value: compiled[key](value)  # for a shape that contains itself
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> Read:
        if shape.document:
            return _as_it_is
        if shape.kind == "structure":
            return self.structure(shape)
        sparse = shape.sparse
        if shape.kind == "list":
            item = self.reader(shape.member)

            def read_list(value: object) -> object:
                if not isinstance(value, list):
                    raise BadInput(_MAP if isinstance(value, dict) else "Expected list or null")
                if sparse:
                    return [None if given is None else item(given) for given in value]
                return [item(given) for given in value if given is not None]

            return read_list
        entry = self.reader(shape.value)

        def read_map(value: object) -> object:
            if not isinstance(value, dict):
                raise BadInput(_LIST if isinstance(value, list) else "Expected map or null")
            if sparse:
                return {key: None if given is None else entry(given) for key, given in value.items()}
            return {key: entry(given) for key, given in value.items() if given is not None}

        return read_map


def _as_it_is(value: object) -> object:
    return value


def _read_string(value: object) -> object:
    if value.__class__ is str:
        return value
    raise _mismatch(value, "a String")


def _integer(kind: str) -> Read:
    wanted = "an Integer" if kind == "integer" else "a Long"

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _mismatch(value, wanted)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise BadInput("")
            value = int(value)  # AWS cuts a fraction off
        return scalars.in_range(value, kind)

    return read


def _read_number(value: object) -> object:
    if isinstance(value, str):
        if value in ("NaN", "Infinity", "-Infinity"):
            return scalars.number(value)
        raise _mismatch(value, "a Double")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, "a Double")
    return float(value)


def _read_boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    raise _mismatch(value, "a Boolean")


def _read_timestamp(value: object) -> object:
    if isinstance(value, str):
        return scalars.timestamp(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, "a Timestamp")
    return scalars.from_epoch(value)


def _read_blob(value: object) -> object:
    if isinstance(value, str):
        return scalars.blob(value)
    raise _mismatch(value, "a Blob")


class JsonWriter:
    """Compiles shapes to functions that make plain values of them, for ``dump``."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], Write] = {}

    def structure(self, shape: Shape, *, body_only: bool = False) -> Callable[[Any], dict[str, object]]:
        """What writes the members of a structure; with body_only, those that a rest protocol puts there."""
        table = tuple(
            (name, member.location_name or name, self.writer(member))
            for name, member in shape.members.items()
            if not (body_only and member.location)
        )

        def write(value: Mapping[str, object]) -> dict[str, object]:
            get = value.get
            written: dict[str, object] = {}
            for name, key, write_member in table:
                member = get(name)
                if member is not None:
                    written[key] = write_member(member) if write_member is not None else member
            return written

        return write

    def writer(self, shape: Shape) -> Write | None:
        """What writes one value of this shape; None where it stays as it is."""
        match shape.kind:
            case "structure" | "list" | "map":
                return None if shape.document else self._nested(shape)
            case "float" | "double":
                return _write_number
            case "timestamp":
                return _write_time(shape)
            case "blob":
                return _write_blob
        return None

    def _nested(self, shape: Shape) -> Write:
        key = (shape.name, shape.timestamp_format)
        known = self._compiled.get(key)
        if known is None:
            compiled = self._compiled
            compiled[key] = lambda value: compiled[key](value)  # for a shape that contains itself
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> Write:
        if shape.kind == "structure":
            return self.structure(shape)
        if shape.kind == "list":
            item = self.writer(shape.member)
            if item is None:
                return list

            def write_list(value: Sequence[object]) -> object:
                return [None if given is None else item(given) for given in value]

            return write_list
        entry = self.writer(shape.value)
        if entry is None:
            return dict

        def write_map(value: Mapping[str, object]) -> object:
            return {key: None if given is None else entry(given) for key, given in value.items()}

        return write_map


def _write_number(value: float) -> object:
    return value if math.isfinite(value) else scalars.float_text(value)


def _write_time(shape: Shape) -> Write:
    form = shape.timestamp_format
    if form in ("", "unixtimestamp"):
        return scalars.to_epoch

    def write(value: datetime) -> object:
        return scalars.TIME_FORMATS[form](value)

    return write


def _write_blob(value: bytes | str) -> object:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()
