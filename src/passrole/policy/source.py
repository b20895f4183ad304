"""The text of a document, with the place of everything in it.

A JSON reader of its own: it tells where each value stands and keeps keys that are there twice, which
``json`` does not. Decisions never need it; checking, linting and the simulator's positions do.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.policy.document import NumberText
from passrole.values.errors import PassroleError

# A policy is six levels deep at most; what is deeper is no policy.
DEEPEST: Final = 64

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(
    r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"', re.ASCII
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": True, "false": False, "null": None}


class JsonError(PassroleError, ValueError):
    """Text that is no JSON. offset says where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message, offset)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Place:
    """line and column count from 1, offset from 0; a tab is one column."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class Span:
    """A value's first character, and the one after its last."""

    start: Place
    end: Place

    @property
    def simulated(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(line, column) of StartPosition and EndPosition in ``SimulateCustomPolicy``'s answer.

        Both name the column after the brace, the opening and the closing one (observed in recorded
        answers of SimulatePrincipalPolicy: 41 and 113 for a statement in columns 40 to 112).
        """
        return (self.start.line, self.start.column + 1), (self.end.line, self.end.column)


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value and where it stands: text[start:end].

    value is a str, NumberText, bool or None; items are an array's, members an object's in the order of
    the text, repeated keys included, each with the offset of its key.
    """

    start: int
    end: int
    value: str | bool | None = None
    items: tuple[Value, ...] | None = None
    members: tuple[tuple[str, int, Value], ...] | None = None

    def member(self, key: str) -> Value | None:
        """The last member of that key."""
        for name, _, value in reversed(self.members or ()):
            if name == key:
                return value
        return None


class Source:
    """A text and its JSON value. Raises JsonError."""

    def __init__(self, text: str) -> None:
        self.text: Final[str] = text
        value, end = self._value(self._skip(0), 0)
        if self._skip(end) != len(text):
            raise JsonError("there is something after the end", self._skip(end))
        self.root: Final[Value] = value

    def place(self, offset: int) -> Place:
        """Line and column of an offset."""
        return place_in(self.text, offset)

    def span(self, value: Value) -> Span:
        """Where a value stands."""
        return Span(self.place(value.start), self.place(value.end))

    def _skip(self, place: int) -> int:
        found = _SPACE.match(self.text, place)
        assert found is not None  # it matches the empty text
        return found.end()

    def _value(self, place: int, depth: int) -> tuple[Value, int]:
        text = self.text
        first = text[place : place + 1]
        if first in "{[" and first:
            if depth == DEEPEST:
                raise JsonError("it is nested too deep", place)
            return self._object(place, depth) if first == "{" else self._array(place, depth)
        if first == '"':
            string, end = self._string(place)
            return Value(place, end, string), end
        number = _NUMBER.match(text, place)
        if number is not None:
            return Value(place, number.end(), NumberText(number[0])), number.end()
        for word, meaning in _WORDS.items():
            if text.startswith(word, place):
                return Value(place, place + len(word), meaning), place + len(word)
        raise JsonError("a value is missing" if place < len(text) else "it ends too early", place)

    def _string(self, place: int) -> tuple[str, int]:
        found = _STRING.match(self.text, place)
        if found is None:
            raise JsonError("a string is missing or broken", place)
        decoded = json.loads(found[0])
        assert isinstance(decoded, str)
        return decoded, found.end()

    def _array(self, start: int, depth: int) -> tuple[Value, int]:
        items: list[Value] = []
        place = self._skip(start + 1)
        if self.text.startswith("]", place):
            return Value(start, place + 1, items=()), place + 1
        while True:
            item, place = self._value(place, depth + 1)
            items.append(item)
            place = self._skip(place)
            if self.text.startswith("]", place):
                return Value(start, place + 1, items=tuple(items)), place + 1
            place = self._skip(self._expect(",", place))

    def _object(self, start: int, depth: int) -> tuple[Value, int]:
        members: list[tuple[str, int, Value]] = []
        place = self._skip(start + 1)
        if self.text.startswith("}", place):
            return Value(start, place + 1, members=()), place + 1
        while True:
            at = place
            key, place = self._string(place)
            place = self._skip(self._expect(":", self._skip(place)))
            value, place = self._value(place, depth + 1)
            members.append((key, at, value))
            place = self._skip(place)
            if self.text.startswith("}", place):
                return Value(start, place + 1, members=tuple(members)), place + 1
            place = self._skip(self._expect(",", place))

    def _expect(self, character: str, place: int) -> int:
        if not self.text.startswith(character, place):
            raise JsonError(f"{character!r} is missing", place)
        return place + 1


@lru_cache(maxsize=64)
def _line_starts(text: str) -> tuple[int, ...]:
    return (0, *(found.end() for found in re.finditer("\n", text)))


def place_in(text: str, offset: int) -> Place:
    """Line and column of an offset in a text."""
    starts = _line_starts(text)
    line = bisect_right(starts, offset)
    return Place(line, offset - starts[line - 1] + 1, offset)


def statements(root: Value) -> Iterator[tuple[str, Value]]:
    """The statements of a document with their paths: ``Statement[0]``, or ``Statement`` for a lone one."""
    found = root.member("Statement")
    if found is None:
        return
    if found.items is None:
        yield "Statement", found
        return
    for index, item in enumerate(found.items):
        yield f"Statement[{index}]", item


@lru_cache(maxsize=1024)
def statement_spans(text: str) -> tuple[Span, ...]:
    """Where each statement of a document stands. Raises JsonError."""
    source = Source(text)
    return tuple(source.span(value) for _, value in statements(source.root))


def element_span(text: str, index: int, *elements: str) -> Span | None:
    """Where an element of a statement stands: ("Condition", "StringEquals", "aws:username") and so on.

    The key's place and the value's end; None where there is no such element. Raises JsonError.
    """
    source = Source(text)
    found = [value for _, value in statements(source.root)]
    if index >= len(found):
        return None
    value = found[index]
    start = value.start
    for element in elements:
        for name, at, member in reversed(value.members or ()):
            if name == element:
                value, start = member, at
                break
        else:
            return None
    return Span(source.place(start), source.place(value.end))
