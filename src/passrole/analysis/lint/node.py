"""Values with their place in a file, whatever the file is written in.

A policy in JSON, in a template, in Terraform's language or inside a string becomes the same tree; what
only a deployment tells is ``UNKNOWN`` in a text. Rendered as JSON, every offset leads back to the file.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from passrole.policy.document import NumberText
from passrole.policy.source import Source, Value

# Stands for what is not known of a text: a character that a policy may hold and none does.
UNKNOWN: Final = "\x7f"


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands in the file: [start, end) in characters.

    value is a str, NumberText, bool or None; items are a list's, members an object's, in their order,
    repeated keys included.
    """

    start: int
    end: int
    value: str | bool | None = None
    items: tuple[Node, ...] | None = None
    members: tuple[Member, ...] | None = None

    def member(self, key: str) -> Member | None:
        """The last member of that key."""
        for one in reversed(self.members or ()):
            if one.name == key:
                return one
        return None

    def get(self, key: str) -> Node | None:
        """The value of the last member of that key."""
        found = self.member(key)
        return None if found is None else found.value

    @property
    def text(self) -> str:
        """A text, "" for what is none."""
        if isinstance(self.value, str) and not isinstance(self.value, NumberText):
            return self.value
        return ""

    def values(self) -> tuple[Node, ...]:
        """The items of a list, else the node itself: policies leave brackets out."""
        return self.items if self.items is not None else (self,)

    def plain(self) -> object:
        """As a JSON parser gives it; of repeated keys the last."""
        if self.members is not None:
            return {one.name: one.value.plain() for one in self.members}
        if self.items is not None:
            return [one.plain() for one in self.items]
        return self.value


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object, with the place of its key."""

    name: str
    start: int
    end: int
    value: Node


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text inside a file: offsets[i] is the place of its character i in the file; one more is its end's."""

    text: str
    offsets: Sequence[int]

    @classmethod
    def whole(cls, text: str) -> Embedded:
        """A file's own text."""
        return cls(text, range(len(text) + 1))


def read_json(given: Embedded) -> Node:
    """The JSON value of a text. Raises JsonError, whose offset is that of the text given."""
    return _located(Source(given.text).root, given)


def _located(value: Value, given: Embedded) -> Node:
    at = given.offsets
    members: tuple[Member, ...] | None = None
    items: tuple[Node, ...] | None = None
    if value.members is not None:
        members = tuple(
            Member(name, at[start], at[_key_end(given.text, start)], _located(one, given))
            for name, start, one in value.members
        )
    if value.items is not None:
        items = tuple(_located(one, given) for one in value.items)
    return Node(at[value.start], at[value.end], value.value, items, members)


def _key_end(text: str, start: int) -> int:
    """The place after the key that starts here; it is a string that has been read."""
    place = start + 1
    while text[place] != '"':
        place += 2 if text[place] == "\\" else 1
    return place + 1


def inside_json_string(text: str, start: int, end: int) -> Embedded:
    """What a JSON string, quotes included, says: character by character with its place."""
    decoded: list[str] = []
    offsets: list[int] = []
    place = start + 1
    while place < end - 1:
        length = 1
        if text[place] == "\\":
            length = 6 if text[place + 1] == "u" else 2
            if length == 6 and text[place + 6 : place + 8] == "\\u" and text[place + 2].lower() == "d":
                length = 12  # a surrogate pair is one character
        piece = str(json.loads(f'"{text[place : place + length]}"'))
        decoded.append(piece)
        offsets += [place] * len(piece)
        place += length
    offsets.append(end - 1)
    return Embedded("".join(decoded), offsets)


@dataclass(slots=True)
class Rendered:
    """A node as JSON text. marks are places in it, in order, with those in the file."""

    text: str = ""
    marks: list[int] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)  # [start, end) in the file
    nodes: list[Node | None] = field(default_factory=list)  # None for a key

    def place(self, offset: int) -> tuple[tuple[int, int], Node | None]:
        """Where an offset of the text stands in the file, and the value there."""
        index = max(bisect_right(self.marks, offset) - 1, 0)
        return self.places[index], self.nodes[index]


def render(root: Node) -> Rendered:
    """The node as compact JSON text."""
    made = Rendered()
    parts: list[str] = []
    length = 0

    def put(text: str) -> None:
        nonlocal length
        parts.append(text)
        length += len(text)

    def mark(start: int, end: int, node: Node | None) -> None:
        made.marks.append(length)
        made.places.append((start, end))
        made.nodes.append(node)

    def write(node: Node) -> None:
        mark(node.start, node.end, node)
        if node.members is not None:
            put("{")
            for number, one in enumerate(node.members):
                if number:
                    put(",")
                mark(one.start, one.end, None)
                put(f"{json.dumps(one.name, ensure_ascii=False)}:")
                write(one.value)
            put("}")
        elif node.items is not None:
            put("[")
            for number, item in enumerate(node.items):
                if number:
                    put(",")
                write(item)
            put("]")
        elif isinstance(node.value, NumberText):
            put(node.value)
        else:
            put(json.dumps(node.value, ensure_ascii=False))

    write(root)
    made.text = "".join(parts)
    return made


def is_unknown(node: Node) -> bool:
    """Is part of a text, or of anything directly in it, not known?"""
    if isinstance(node.value, str):
        return UNKNOWN in node.value
    return any(is_unknown(one) for one in node.items or ())


def placed(node: Node, start: int, end: int) -> Node:
    """The value, all of it at one place."""
    items = None if node.items is None else tuple(placed(one, start, end) for one in node.items)
    members = (
        None
        if node.members is None
        else tuple(Member(one.name, start, end, placed(one.value, start, end)) for one in node.members)
    )
    return Node(start, end, node.value, items, members)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for one in node.items or ():
        yield from walk(one)
    for member in node.members or ():
        yield from walk(member.value)
