"""What was made from some bytes, found again by the same bytes; bounded, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

Made = TypeVar("Made")
Buffer = bytes | bytearray

# Bytes of keys that one generation holds; there are two.
BYTES_KEPT: Final = 8 << 20
# Every so many bytes one goes into the hash of a tail.
_SAMPLED: Final = 61
# So many tails may look alike to the hash.
_ALIKE: Final = 16


class ByBytes(Generic[Made]):
    """Values by their bytes. A full generation grows old, and what nobody asks for goes with it."""

    __slots__ = ("_kept", "_make", "_new", "_old", "_size")

    def __init__(self, make: Callable[[bytes], Made], kept: int = BYTES_KEPT) -> None:
        self._make = make
        self._kept = kept
        self._new: dict[bytes, Made] = {}
        self._old: dict[bytes, Made] = {}
        self._size = 0

    def __call__(self, key: bytes) -> Made:
        """The value of these bytes, made now if need be; what make raises is passed on."""
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = self._make(key)
            self._new[key] = found
            self._size += len(key)
            if self._size > self._kept:
                self._old, self._new, self._size = self._new, {}, 0
        return found

    def __len__(self) -> int:
        return len(self._new) + len(self._old)


class ByTail(Generic[Made]):
    """Values by the last bytes of a line.

    Lines share long tails. To hash a tail would cost more than all else that is done with the line, so
    only a sample of it is hashed, and the tails that look alike are compared: that is several times quicker.
    """

    __slots__ = ("_kept", "_make", "_new", "_old", "_size")

    def __init__(self, make: Callable[[bytes], Made], kept: int = BYTES_KEPT) -> None:
        self._make = make
        self._kept = kept
        self._new: dict[tuple[int, bytes], list[tuple[bytes, Made]]] = {}
        self._old: dict[tuple[int, bytes], list[tuple[bytes, Made]]] = {}
        self._size = 0

    def __call__(self, text: Buffer, place: int, end: int) -> Made:
        """The value of text[place:end], made now if need be; what make raises is passed on."""
        key = (end - place, bytes(text[place:end:_SAMPLED]))
        alike = self._new.get(key)
        if alike is not None:
            for tail, found in alike:
                if text.startswith(tail, place):
                    return found
        entry = self._older(key, text, place)
        if entry is None:
            tail = bytes(text[place:end])
            entry = (tail, self._make(tail))
        if alike is None:
            alike = self._new[key] = []
        elif len(alike) == _ALIKE:
            del alike[0]
        alike.append(entry)
        self._size += len(entry[0])
        if self._size > self._kept:
            self._old, self._new, self._size = self._new, {}, 0
        return entry[1]

    def _older(self, key: tuple[int, bytes], text: Buffer, place: int) -> tuple[bytes, Made] | None:
        for entry in self._old.get(key, ()):
            if text.startswith(entry[0], place):
                return entry
        return None

    def __len__(self) -> int:
        return sum(map(len, self._new.values())) + sum(map(len, self._old.values()))
