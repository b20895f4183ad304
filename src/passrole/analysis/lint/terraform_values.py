"""Expressions of Terraform's language as JSON values, as far as a module's own files tell.

Locals and the defaults of variables are known; what only a run tells is UNKNOWN.
Source: Terraform Language Documentation, "Local Values", "Input Variables", "Functions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

from passrole.analysis.lint.document import unknown
from passrole.analysis.lint.hcl import Block, Expression, HclError, Part, parse, parse_expression
from passrole.analysis.lint.node import UNKNOWN, Embedded, Member, Node, is_unknown, placed, render
from passrole.policy.document import NumberText

# Functions that leave the elements of a list as they are.
_AS_THEY_ARE: Final = frozenset(
    ("compact", "distinct", "sort", "tolist", "toset", "sensitive", "nonsensitive")
)
_PARTITION: Final = re.compile(r"data\.aws_partition\.[\w-]+\.partition")
_NAMED: Final = re.compile(r"(local|var)\.([\w-]+)(.*)", re.DOTALL)
_STEP: Final = re.compile(r"\.([\w-]+)|\[\s*(\d+)\s*\]|\[\s*\"([^\"\\$]*)\"\s*\]")
_PLAIN: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Scope:
    """What a module's files name. Places of what other files say are of no use here: elsewhere has them."""

    here: Mapping[str, Expression] = field(default_factory=dict)
    elsewhere: Mapping[str, Expression] = field(default_factory=dict)
    depth: int = 0

    @classmethod
    def of(cls, root: Block, beside: Iterable[str] = ()) -> Self:
        """The names of a file, and those of the texts of the other files in its folder."""
        elsewhere: dict[str, Expression] = {}
        for text in beside:
            elsewhere |= _names_in(text)
        return cls(dict(_names(root)), elsewhere)

    def value(self, given: Expression) -> Node:
        """An expression as a JSON value; what is not plain is unknown."""
        if given.kind == "text":
            return self._text(given)
        if given.kind == "literal":
            plain = _PLAIN[given.value] if given.value in _PLAIN else NumberText(given.value)
            return Node(given.start, given.end, plain)
        if given.kind == "list":
            return Node(given.start, given.end, items=tuple(map(self.value, given.items)))
        if given.kind == "object":
            members = (
                Member(self._key(key), key.start, key.end, self.value(one))
                for key, one in given.members
                if one.kind != "literal" or one.value != "null"
            )
            return Node(given.start, given.end, members=tuple(members))
        if given.kind == "call":
            return self._called(given)
        found = self._referred(given) if given.kind == "reference" else None
        return found if found is not None else unknown(given.start, given.end)

    def expression(self, given: Expression) -> tuple[Expression, Self]:
        """What a reference to a local of the same file refers to; anything else as it is."""
        if given.kind == "reference" and given.value in self.here and self.depth < _DEEPEST:
            deeper = type(self)(self.here, self.elsewhere, self.depth + 1)
            return deeper.expression(self.here[given.value])
        return given, self

    def characters(self, given: Expression, *, json_text: bool = False) -> Embedded:
        """A text's characters with their places, UNKNOWN for what an interpolation gives if nobody knows.

        In a JSON text an interpolation outside the strings gives a value.
        """
        characters: list[str] = []
        offsets: list[int] = []
        quoted = _Quotes()
        for part in given.parts:
            if not part.interpolated:
                text, places = part.text, part.offsets
            else:
                text = self._interpolated(part, bare=json_text and not quoted.inside)
                places = (part.offsets[0],) * len(text)
            quoted.read(text)
            characters.append(text)
            offsets += places
        offsets.append(given.end)
        return Embedded("".join(characters), offsets)

    def _text(self, given: Expression) -> Node:
        if len(given.parts) == 1 and given.parts[0].interpolated:
            inner = _inner(given.parts[0])
            found = self.value(inner) if inner is not None else unknown(0, 0)
            if not is_unknown(found):
                return placed(found, given.start, given.end)
        return Node(given.start, given.end, self.characters(given).text)

    def _interpolated(self, part: Part, *, bare: bool) -> str:
        if part.text.startswith("%{"):
            return "" if bare else UNKNOWN
        inner = _inner(part)
        if inner is None:
            return json.dumps(UNKNOWN) if bare else UNKNOWN
        if inner.kind == "reference" and _PARTITION.fullmatch(inner.value):
            return "aws"
        if bare and inner.kind == "call" and inner.value == "jsonencode" and len(inner.items) == 1:
            return render(self.value(inner.items[0])).text
        found = self.value(inner)
        if isinstance(found.value, str) and (bare is False or UNKNOWN not in found.value):
            return found.value
        return json.dumps(UNKNOWN) if bare else UNKNOWN

    def _key(self, given: Expression) -> str:
        if given.kind == "text":
            return self.characters(given).text
        return given.value if given.kind == "literal" else UNKNOWN

    def _called(self, given: Expression) -> Node:
        values = [self.value(one) for one in given.items]
        if given.value == "concat":
            items = tuple(one for each in values for one in each.values())
            return Node(given.start, given.end, items=items)
        if given.value == "flatten" and len(values) == 1 and values[0].items is not None:
            return Node(given.start, given.end, items=tuple(_flat(values[0])))
        if given.value == "merge" and values and all(one.members is not None for one in values):
            last = {one.name: one for each in values for one in each.members or ()}
            return Node(given.start, given.end, members=tuple(last.values()))
        if given.value in _AS_THEY_ARE and len(values) == 1:
            return values[0]
        return unknown(given.start, given.end)

    def _referred(self, given: Expression) -> Node | None:
        """The value of ``local.name`` or ``var.name``, or of what is in it; None where nothing tells."""
        named = _NAMED.fullmatch(given.value)
        if named is None or self.depth >= _DEEPEST:
            return None
        name = f"{named[1]}.{named[2]}"
        own = name in self.here
        held = self.here.get(name, self.elsewhere.get(name))
        if held is None:
            return None
        deeper = type(self)(self.here if own else {}, self.elsewhere, self.depth + 1)
        found = _inside(deeper.value(held), named[3])
        if found is None or (found.value is None and found.items is None and found.members is None):
            return None
        return found if own else placed(found, given.start, given.end)


@lru_cache(maxsize=512)  # of a module's files each asks for all others
def _names_in(text: str) -> Mapping[str, Expression]:
    try:
        return _names(parse(text))
    except HclError:
        return {}


def _names(root: Block) -> dict[str, Expression]:
    """``local.name`` and ``var.name`` with what they hold: an empty default only says of what type it is."""
    names: dict[str, Expression] = {}
    for block in root.blocks:
        if block.type == "locals":
            names |= {f"local.{name}": one.value for name, one in block.attributes.items()}
        elif block.type == "variable" and block.labels and "default" in block.attributes:
            given = block.attributes["default"].value
            if given.parts or given.items or given.members or given.kind == "literal":
                names[f"var.{block.labels[0]}"] = given
    return names


def _inside(found: Node, steps: str) -> Node | None:
    at = 0
    node: Node | None = found
    while node is not None and at < len(steps):
        step = _STEP.match(steps, at)
        if step is None:
            return None
        at = step.end()
        if step[2] is not None:
            items = node.items or ()
            node = items[int(step[2])] if int(step[2]) < len(items) else None
        else:
            node = node.get(step[1] or step[3])
    return node


def _inner(part: Part) -> Expression | None:
    """The expression of an interpolation, of which no place counts."""
    try:
        return parse_expression(part.text[2:-1].strip("~ \t\r\n"))
    except HclError:
        return None


def _flat(node: Node) -> Iterator[Node]:
    for one in node.items or ():
        if one.items is not None:
            yield from _flat(one)
        else:
            yield one


@dataclass(slots=True)
class _Quotes:
    """Is a JSON text, as far as it is read, inside a string?"""

    inside: bool = False
    _escaped: bool = False

    def read(self, text: str) -> None:
        for one in text:
            if self._escaped:
                self._escaped = False
            elif one == "\\" and self.inside:
                self._escaped = True
            elif one == '"':
                self.inside = not self.inside
