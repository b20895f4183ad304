"""Terraform's language as far as policies need it: blocks, attributes, and the expressions that are plain.

Texts, lists, objects, calls and references are read with their places; whatever else an expression is (an
operator, a ``for``, a conditional) is kept as its text, which nobody here works out.
Source: Terraform Language Documentation, "Syntax Overview", "Strings and Templates", "Expressions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from passrole.analysis.lint.node import Embedded
from passrole.values.errors import PassroleError

_SKIPPED: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENT: Final = re.compile(r"#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_IN_LINE: Final = re.compile(r"(?:[ \t\r]+|/\*.*?\*/)*", re.DOTALL)
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_FOR: Final = re.compile(r"for\s")
_STEP: Final = re.compile(r"\.(?:[^\W\d][\w-]*|\*|\d+)")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_HEREDOC: Final = re.compile(r"<<(-?)([A-Za-z_][\w-]*)[ \t]*\r?\n")
_OPENS: Final = {"(": ")", "[": "]", "{": "}"}
_AFTER: Final = ("\n", ",", ")", "]", "}", "#", "//", "...")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST: Final = 64


class HclError(PassroleError, ValueError):
    """A text that is no Terraform. offset says where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message, offset)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression at text[start:end].

    kind is ``text`` (parts hold characters with their places and interpolations, whose text is ``${…}``),
    ``literal`` (value is a number, true, false or null as written), ``list``, ``object``, ``call`` (value is
    the function), ``reference`` (value is the dotted path) or ``other``.
    """

    kind: str
    start: int
    end: int
    value: str = ""
    parts: tuple[Part, ...] = ()
    items: tuple[Expression, ...] = ()  # of a list, or a call's arguments
    members: tuple[tuple[Expression, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text: characters with the place of each, or an interpolation."""

    text: str
    offsets: tuple[int, ...]
    interpolated: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = expression``."""

    name: str
    start: int
    end: int  # of the name
    value: Expression


@dataclass(slots=True)
class Block:
    """``type "label" … { … }``. start is where type stands."""

    type: str
    labels: tuple[str, ...]
    start: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def of_type(self, type: str) -> Iterator[Block]:
        """The blocks of a type in this one, those of ``dynamic`` included as their content."""
        for one in self.blocks:
            if one.type == type:
                yield one
            elif one.type == "dynamic" and one.labels == (type,):
                yield from one.of_type("content")


def parse(text: str) -> Block:
    """A file as one block without a type. Raises HclError."""
    reader = _Reader(text)
    root = Block("", (), 0)
    reader.body(root, closed="")
    return root


def parse_expression(text: str) -> Expression:
    """An expression by itself. Raises HclError."""
    return _Reader(text).alone()


def calls_in(text: str, start: int, end: int, function: str) -> Iterator[Expression]:
    """The calls of a function in text[start:end], whatever they are part of, but not those in such calls."""
    opens = re.compile(rf"\b{function}\(")
    while (found := opens.search(text, start, end)) is not None:
        try:
            call = _Reader(text).call(found.start())
        except HclError:  # in a comment or a text
            start = found.end()
            continue
        yield call
        start = call.end


def template_parts(given: Embedded) -> Iterator[Part]:
    """A template that stands in a text of another language. Raises HclError."""
    try:
        for part in _Reader(given.text).template(0, len(given.text)):
            places = tuple(given.offsets[at] for at in part.offsets)
            yield Part(part.text, places, part.interpolated)
    except HclError as error:
        raise HclError(error.message, given.offsets[min(error.offset, len(given.text))]) from error


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def body(self, block: Block, closed: str) -> None:
        """Attributes and blocks, up to the closing brace."""
        while True:
            self._skip()
            if self._at >= len(self._text):
                if closed:
                    raise HclError("a block is not closed", block.start)
                return
            if closed and self._peek(closed):
                self._at += 1
                return
            self._attribute_or_block(block)

    def _attribute_or_block(self, into: Block) -> None:
        start = self._at
        name = self._name()
        end = self._at
        self._space()
        if self._peek("=") and not self._peek("=="):
            self._at += 1
            self._skip()
            into.attributes[name] = Attribute(name, start, end, self._expression())
            return
        labels: list[str] = []
        while not self._peek("{"):
            if self._peek('"'):
                labels.append("".join(part.text for part in self._quoted().parts))
            else:
                labels.append(self._name())
            self._space()
        self._at += 1
        made = Block(name, tuple(labels), start)
        self._deeper(start)
        self.body(made, closed="}")
        self._depth -= 1
        into.blocks.append(made)

    # Expressions

    def call(self, at: int) -> Expression:
        """The call that begins there."""
        self._at = at
        return self._named(at)

    def alone(self) -> Expression:
        """The one expression that the text is."""
        found = self._expression()
        self._skip()
        if self._at < len(self._text):
            return Expression("other", 0, len(self._text), self._text)
        return found

    def _expression(self) -> Expression:
        """One expression; what it is followed by tells whether it was a plain one."""
        start = self._at
        self._deeper(start)
        found = self._primary()
        self._depth -= 1
        if found is not None and self._ends():
            return found
        self._at = start if found is None else found.end
        self._run_on()
        return Expression("other", start, self._at, self._text[start : self._at].strip())

    def _primary(self) -> Expression | None:
        start = self._at
        if self._peek('"'):
            return self._quoted()
        if self._peek("<<"):
            return self._heredoc()
        if self._peek("["):
            return self._list()
        if self._peek("{"):
            return self._object()
        number = _NUMBER.match(self._text, start)
        if number is not None:
            self._at = number.end()
            return Expression("literal", start, self._at, number[0])
        if _NAME.match(self._text, start) is None:
            return None
        return self._named(start)

    def _named(self, start: int) -> Expression:
        name = self._name()
        if self._peek("("):
            self._at += 1
            arguments = self._items(")")
            return Expression("call", start, self._at, name, items=arguments)
        if name in ("true", "false", "null"):
            return Expression("literal", start, self._at, name)
        while True:
            if self._peek(".") and (more := _STEP.match(self._text, self._at)):
                self._at = more.end()
            elif self._peek("["):
                self._at = self._balanced(self._at)
            else:
                break
        return Expression("reference", start, self._at, self._text[start : self._at])

    def _list(self) -> Expression:
        start = self._at
        self._at += 1
        self._skip()
        if _FOR.match(self._text, self._at):
            self._at = self._balanced(start)
            return Expression("other", start, self._at, self._text[start : self._at])
        items = self._items("]")
        return Expression("list", start, self._at, items=items)

    def _items(self, closed: str) -> tuple[Expression, ...]:
        items: list[Expression] = []
        while True:
            self._skip()
            if self._peek(closed):
                self._at += 1
                return tuple(items)
            items.append(self._expression())
            self._skip()
            if self._peek("..."):
                self._at += 3
                self._skip()
            while not self._peek(",") and not self._peek(closed):
                items[-1] = self._continued(items[-1])
            if self._peek(","):
                self._at += 1

    def _continued(self, begun: Expression) -> Expression:
        """An expression that goes on after a line's end, as it may inside brackets."""
        at = self._at
        self._run_on()
        if self._at == at:
            raise HclError("a comma or a bracket is missing", at)
        end = self._at
        self._skip()
        return Expression("other", begun.start, end, self._text[begun.start : end])

    def _object(self) -> Expression:
        start = self._at
        self._at += 1
        self._skip()
        if _FOR.match(self._text, self._at):
            self._at = self._balanced(start)
            return Expression("other", start, self._at, self._text[start : self._at])
        members: list[tuple[Expression, Expression]] = []
        while True:
            self._skip()
            if self._peek("}"):
                self._at += 1
                return Expression("object", start, self._at, members=tuple(members))
            key = self._key()
            self._skip()
            if not (self._peek("=") or self._peek(":")):
                raise HclError("'=' is missing after a key", self._at)
            self._at += 1
            self._skip()
            members.append((key, self._expression()))
            self._skip()
            if self._peek(","):
                self._at += 1

    def _key(self) -> Expression:
        start = self._at
        if self._peek('"'):
            return self._quoted()
        if self._peek("("):
            self._at = self._balanced(start)
            return Expression("other", start, self._at, self._text[start : self._at])
        if (number := _NUMBER.match(self._text, start)) is not None:
            self._at = number.end()
            return Expression("literal", start, self._at, number[0])
        return Expression("literal", start, start + len(name := self._name()), name)

    # Texts

    def _quoted(self) -> Expression:
        start = self._at
        self._at += 1
        parts: list[Part] = []
        characters: list[str] = []
        offsets: list[int] = []

        def flush() -> None:
            if characters:
                parts.append(Part("".join(characters), tuple(offsets)))
                characters.clear()
                offsets.clear()

        while True:
            at = self._at
            one = self._text[at : at + 1]
            if one in ("", "\n"):
                raise HclError("a string is not closed", start)
            if one == '"':
                self._at += 1
                flush()
                return Expression("text", start, self._at, parts=tuple(parts))
            if one == "\\":
                self._at += self._escape(characters, offsets)
            elif self._text.startswith(("$${", "%%{"), at):
                characters += self._text[at + 1 : at + 3]
                offsets += (at + 1, at + 2)
                self._at += 3
            elif self._text.startswith(("${", "%{"), at):
                flush()
                self._at = self._balanced(at + 1)
                parts.append(Part(self._text[at : self._at], (at,), interpolated=True))
            else:
                characters.append(one)
                offsets.append(at)
                self._at += 1

    def _escape(self, characters: list[str], offsets: list[int]) -> int:
        at = self._at
        kind = self._text[at + 1 : at + 2]
        length = {"u": 6, "U": 10}.get(kind, 2)
        if length > 2:
            digits = self._text[at + 2 : at + length]
            if re.fullmatch("[0-9a-fA-F]+", digits) is None or int(digits, 16) > 0x10FFFF:
                raise HclError("an escape is broken", at)
            characters.append(chr(int(digits, 16)))
        elif kind in _ESCAPES:
            characters.append(_ESCAPES[kind])
        else:
            raise HclError(f"there is no escape \\{kind}", at)
        offsets.append(at)
        return length

    def _heredoc(self) -> Expression:
        start = self._at
        opened = _HEREDOC.match(self._text, start)
        if opened is None:
            raise HclError("a heredoc is broken", start)
        closing = re.compile(rf"^[ \t]*{re.escape(opened[2])}[ \t]*\r?$", re.MULTILINE).search(
            self._text, opened.end()
        )
        if closing is None:
            raise HclError(f"the heredoc {opened[2]} is not closed", start)
        first, last = opened.end(), closing.start()
        self._at = closing.end() - (1 if self._text[closing.start() : closing.end()].endswith("\r") else 0)
        return Expression("text", start, self._at, parts=tuple(self.template(first, last)))

    def template(self, at: int, last: int) -> Iterator[Part]:
        """The lines as they stand. Indentation that ``<<-`` takes away says nothing in JSON."""
        start = at
        while at < last:
            if self._text.startswith(("$${", "%%{"), at):
                if start < at:
                    yield Part(self._text[start:at], tuple(range(start, at)))
                start = at + 1  # the doubled sign stands for one
                at += 3
            elif self._text.startswith(("${", "%{"), at):
                if start < at:
                    yield Part(self._text[start:at], tuple(range(start, at)))
                end = self._balanced(at + 1)
                yield Part(self._text[at:end], (at,), interpolated=True)
                start = at = end
            else:
                at += 1
        if start < last:
            yield Part(self._text[start:last], tuple(range(start, last)))

    # Characters

    def _balanced(self, at: int) -> int:
        """The place after the bracket that closes the one here."""
        opened = at
        stack: list[str] = []
        while at < len(self._text):
            one = self._text[at]
            if one in _OPENS:
                stack.append(_OPENS[one])
            elif one in "#/" and (comment := _COMMENT.match(self._text, at)) is not None:
                at = comment.end()
                continue
            elif one == '"':
                kept, self._at = self._at, at
                self._quoted()
                at, self._at = self._at, kept
                continue
            elif one in ")]}":
                if not stack or stack.pop() != one:
                    raise HclError(f"{one!r} closes nothing", at)
                if not stack:
                    return at + 1
            at += 1
        raise HclError(f"{self._text[opened]!r} is not closed", opened)

    def _run_on(self) -> None:
        """Past the rest of an expression that is more than a plain one."""
        while self._at < len(self._text) and not self._ends():
            one = self._text[self._at]
            if one in _OPENS:
                self._at = self._balanced(self._at)
            elif one == '"':
                self._quoted()
            elif self._peek("<<") and _HEREDOC.match(self._text, self._at):
                self._heredoc()
            else:
                self._at += 1

    def _ends(self) -> bool:
        """Is the expression over here? An operator may stand on the next line, inside brackets only."""
        found = _IN_LINE.match(self._text, self._at)
        at = found.end() if found is not None else self._at
        return at >= len(self._text) or self._text.startswith(_AFTER, at)

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise HclError("it is nested too deep", at)

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise HclError("a name is missing", self._at)
        self._at = found.end()
        return found[0]

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _skip(self) -> None:
        found = _SKIPPED.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _space(self) -> None:
        found = _IN_LINE.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
