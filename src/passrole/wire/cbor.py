"""The part of CBOR (RFC 8949) that Smithy's rpc-v2-cbor uses, read by value and written by shape.

Small enough to own: no shared references, big numbers or other tags that a general library would
build from a stranger's bytes. Source: Smithy, "Smithy RPC v2 CBOR protocol".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from passrole.wire import scalars
from passrole.wire.jsonio import JsonReader, Read
from passrole.wire.models import Shape
from passrole.wire.scalars import BadInput

Write = Callable[[Any, bytearray], None]

_INDEFINITE: Final = 31
_BREAK: Final = 0xFF
_EPOCH_TAG: Final = 1
_SIMPLE: Final = {20: False, 21: True, 22: None, 23: None}
_FLOATS: Final = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}
_SINGLE: Final = struct.Struct(">f")
_DOUBLE: Final = struct.Struct(">d")


def decode(data: bytes) -> object:
    """The one value that data holds. Raises BadInput."""
    try:
        value, end = _item(data, 0)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError):  # TypeError: a map for a key
        raise BadInput("") from None
    if end != len(data):
        raise BadInput("")
    return value


def _item(data: bytes, at: int) -> tuple[object, int]:
    initial = data[at]
    major, info = initial >> 5, initial & 0x1F
    at += 1
    if major == 7:
        return _simple(data, at, info)
    if info == _INDEFINITE:
        return _indefinite(data, at, major)
    if info < 24:
        argument = info
    elif info < 28:
        size = 1 << (info - 24)
        argument = int.from_bytes(_slice(data, at, size), "big")
        at += size
    else:
        raise BadInput("")
    match major:
        case 0:
            return argument, at
        case 1:
            return -1 - argument, at
        case 2:
            return _slice(data, at, argument), at + argument
        case 3:
            return _slice(data, at, argument).decode(), at + argument
        case 4:
            items: list[object] = []
            for _ in range(_plausible(data, at, argument)):
                item, at = _item(data, at)
                items.append(item)
            return items, at
        case 5:
            pairs: dict[object, object] = {}
            for _ in range(_plausible(data, at, argument)):
                key, at = _item(data, at)
                pairs[key], at = _item(data, at)
            return pairs, at
    value, at = _item(data, at)
    if argument != _EPOCH_TAG or isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput("")
    return scalars.from_epoch(value), at


def _slice(data: bytes, at: int, size: int) -> bytes:
    found = data[at : at + size]
    if len(found) != size:
        raise BadInput("")
    return found


def _plausible(data: bytes, at: int, count: int) -> int:
    """A count that the rest of data could hold, an item a byte: nobody announces a billion items."""
    if count > len(data) - at:
        raise BadInput("")
    return count


def _simple(data: bytes, at: int, info: int) -> tuple[object, int]:
    if info in _FLOATS:
        form = _FLOATS[info]
        return form.unpack_from(data, at)[0], at + form.size
    if info in _SIMPLE:
        return _SIMPLE[info], at
    raise BadInput("")


def _indefinite(data: bytes, at: int, major: int) -> tuple[object, int]:
    if major == 5:
        pairs: dict[object, object] = {}
        while data[at] != _BREAK:
            key, at = _item(data, at)
            pairs[key], at = _item(data, at)
        return pairs, at + 1
    items: list[object] = []
    while data[at] != _BREAK:
        if major in (2, 3) and data[at] >> 5 != major:
            raise BadInput("")
        item, at = _item(data, at)
        items.append(item)
    at += 1
    match major:
        case 2:
            return b"".join(item for item in items if isinstance(item, bytes)), at
        case 3:
            return "".join(item for item in items if isinstance(item, str)), at
        case 4:
            return items, at
    raise BadInput("")


class CborReader(JsonReader):
    """Compiles shapes to functions of a decoded value: as JSON's, but for times and blobs."""

    def reader(self, shape: Shape) -> Read:
        """What reads one value of this shape."""
        match shape.kind:
            case "timestamp":
                return _read_time
            case "blob":
                return _read_blob
        return super().reader(shape)


def _read_time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    raise BadInput("")


def _read_blob(value: object) -> object:
    if isinstance(value, bytes):
        return value
    raise BadInput("")


def encode(value: object) -> bytes:
    """A value of strings, integers, booleans, lists and maps."""
    out = bytearray()
    _write_any(value, out)
    return bytes(out)


def _write_any(value: object, out: bytearray) -> None:
    match value:
        case str():
            _write_text(value, out)
        case bool():
            _write_boolean(value, out)
        case int():
            _write_integer(value, out)
        case Mapping():
            _head(5, len(value), out)
            for key, entry in value.items():
                _write_any(key, out)
                _write_any(entry, out)
        case Sequence():
            _head(4, len(value), out)
            for entry in value:
                _write_any(entry, out)
        case _:
            raise TypeError(f"no CBOR for {type(value).__name__}")


class CborWriter:
    """Compiles shapes to functions that append a value to a bytearray."""

    def __init__(self) -> None:
        self._compiled: dict[str, Write] = {}

    def writer(self, shape: Shape) -> Write:
        """What writes one value of this shape."""
        match shape.kind:
            case "structure" | "list" | "map":
                return self._nested(shape)
            case "integer" | "long":
                return _write_integer
            case "float":
                return _write_single
            case "double":
                return _write_double
            case "boolean":
                return _write_boolean
            case "timestamp":
                return _write_time
            case "blob":
                return _write_blob
        return _write_text

    def _nested(self, shape: Shape) -> Write:
        key = shape.name
        known = self._compiled.get(key)
        if known is None:
            compiled = self._compiled
            compiled[key] = lambda value, out: compiled[key](value, out)  # for a shape that contains itself
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> Write:
        if shape.kind == "structure":
            table = tuple(
                (name, encode(member.location_name or name), self.writer(member))
                for name, member in shape.members.items()
            )

            def write_structure(value: Mapping[str, object], out: bytearray) -> None:
                given = [
                    (key, write_member, entry)
                    for name, key, write_member in table
                    if (entry := value.get(name)) is not None
                ]
                _head(5, len(given), out)
                for key, write_member, entry in given:
                    out += key
                    write_member(entry, out)

            return write_structure
        if shape.kind == "list":
            write_item = self.writer(shape.member)

            def write_list(value: Sequence[object], out: bytearray) -> None:
                _head(4, len(value), out)
                for entry in value:
                    if entry is None:
                        out.append(0xF6)
                    else:
                        write_item(entry, out)

            return write_list
        write_value = self.writer(shape.value)

        def write_map(value: Mapping[str, object], out: bytearray) -> None:
            _head(5, len(value), out)
            for key, entry in value.items():
                _write_text(key, out)
                if entry is None:
                    out.append(0xF6)
                else:
                    write_value(entry, out)

        return write_map


def _head(major: int, argument: int, out: bytearray) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
    elif argument < 0x100:
        out += bytes((major << 5 | 24, argument))
    elif argument < 0x10000:
        out.append(major << 5 | 25)
        out += argument.to_bytes(2, "big")
    elif argument < 0x100000000:
        out.append(major << 5 | 26)
        out += argument.to_bytes(4, "big")
    else:
        out.append(major << 5 | 27)
        out += argument.to_bytes(8, "big")


def _write_text(value: str, out: bytearray) -> None:
    data = value.encode()
    _head(3, len(data), out)
    out += data


def _write_blob(value: bytes | str, out: bytearray) -> None:
    data = value.encode() if isinstance(value, str) else value
    _head(2, len(data), out)
    out += data


def _write_integer(value: int, out: bytearray) -> None:
    if value >= 0:
        _head(0, value, out)
    else:
        _head(1, -1 - value, out)


def _write_boolean(value: bool, out: bytearray) -> None:
    out.append(0xF5 if value else 0xF4)


def _write_single(value: float, out: bytearray) -> None:
    if not math.isfinite(value):
        _write_double(value, out)
        return
    out.append(0xFA)
    out += _SINGLE.pack(value)


def _write_double(value: float, out: bytearray) -> None:
    out.append(0xFB)
    out += _DOUBLE.pack(value)


def _write_time(value: datetime, out: bytearray) -> None:
    seconds = scalars.to_epoch(value)
    out.append(0xC0 | _EPOCH_TAG)
    if isinstance(seconds, int):
        _write_integer(seconds, out)
    else:
        _write_double(seconds, out)
