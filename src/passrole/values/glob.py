"""Wildcard patterns of the policy language: ``*`` is any run of characters, ``?`` one character.

A pattern is parsed once into tokens, so that a wildcard which came out of a substituted variable
stays the character it is. Matching takes time linear in the text whatever the pattern: between
stars each piece is searched for once, left to right, and nothing is ever tried again.
"""

# ruff: noqa: SIM110 -- on the path of every decision a loop costs half of what all() and any() do

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Final


class Wild(Enum):
    """What stands for characters that a pattern does not name."""

    ANY = "*"  # any run of characters, the empty one too
    ONE = "?"  # exactly one character
    ANY_IN_FIELD = "[*]"  # any run without a colon: a star inside one field of an ARN
    ONE_IN_FIELD = "[?]"  # one character but a colon


Token = str | Wild
Tokens = tuple[Token, ...]

ANY: Final = Wild.ANY
ONE: Final = Wild.ONE
ANY_IN_FIELD: Final = Wild.ANY_IN_FIELD
ONE_IN_FIELD: Final = Wild.ONE_IN_FIELD
_STARS: Final = frozenset((ANY, ANY_IN_FIELD))
_TOKEN_OF: Final[Mapping[str, Token]] = {"*": ANY, "?": ONE}
_WILDS: Final = re.compile(r"([*?])")
_IN_FIELD: Final = {ANY: ANY_IN_FIELD, ONE: ONE_IN_FIELD}

# How a pattern is matched, cheapest first.
_EVERYTHING: Final = 0
_EXACT: Final = 1
_PREFIX: Final = 2
_LITERALS: Final = 3  # stars that cross everything
_PIECES: Final = 4  # stars and question marks that cross everything
_FIELDS: Final = 5  # an ARN pattern matched field by field
_STATES: Final = 6  # anything at all


def tokens(text: str) -> Tokens:
    """The tokens of a plain pattern.

    >>> tokens("s3:Get?*")
    ('s3:Get', <Wild.ONE: '?'>, <Wild.ANY: '*'>)
    """
    if "*" not in text and "?" not in text:
        return (text,) if text else ()
    return tuple(_TOKEN_OF.get(part, part) for part in _WILDS.split(text) if part)


def tidy(given: Iterable[Token]) -> Tokens:
    """Joins neighboring literals and neighboring stars; of two stars the one that crosses colons stays."""
    found: list[Token] = []
    for token in given:
        if not found:
            if token != "":
                found.append(token)
            continue
        last = found[-1]
        if isinstance(token, str):
            if isinstance(last, str):
                found[-1] = last + token
            elif token:
                found.append(token)
        elif token in _STARS and last in _STARS:
            found[-1] = ANY if ANY in (token, last) else ANY_IN_FIELD
        else:
            found.append(token)
    return tuple(found)


class Piece:
    """What stands between two stars: literals and question marks, so of one length."""

    __slots__ = ("length", "literals")

    def __init__(self, given: Tokens) -> None:
        literals: list[tuple[int, str]] = []
        place = 0
        for token in given:
            if isinstance(token, str):
                literals.append((place, token))
                place += len(token)
            else:
                place += 1
        self.length: Final[int] = place
        self.literals: Final[tuple[tuple[int, str], ...]] = tuple(literals)  # offset, text

    def stands_at(self, text: str, place: int) -> bool:
        """Does the piece match there? The caller has seen to it that there is room."""
        for offset, literal in self.literals:
            if not text.startswith(literal, place + offset):
                return False
        return True

    def find(self, text: str, start: int, end: int) -> int:
        """The first place in text[start:end] where the piece matches, -1 for none."""
        if end - start < self.length:
            return -1
        if not self.literals:
            return start
        offset, literal = self.literals[0]
        if len(literal) == self.length:
            return text.find(literal, start, end)
        # Nothing matches before the first literal does; from there on, one pass over the text with a
        # bit for each position of the piece that matches so far (the Shift-And algorithm).
        first = text.find(literal, start + offset, end)
        return -1 if first < 0 else self._find_with_gaps(text, first - offset, end)

    def _find_with_gaps(self, text: str, start: int, end: int) -> int:
        gaps = (1 << self.length) - 1
        places: dict[str, int] = {}
        for offset, literal in self.literals:
            for index, character in enumerate(literal, offset):
                places[character] = places.get(character, 0) | 1 << index
                gaps &= ~(1 << index)
        accept = 1 << (self.length - 1)
        state = 0
        for place in range(start, end):
            state = (state << 1 | 1) & (places.get(text[place], 0) | gaps)
            if state & accept:
                return place - self.length + 1
        return -1


class Pattern:
    """A parsed pattern. Equal patterns have equal tokens.

    head is the literal text that every match begins with; it is all of the text where exact.
    """

    __slots__ = (
        "_fields",
        "_hash",
        "_how",
        "_last",
        "_least",
        "_middle",
        "_pieces",
        "_states",
        "exact",
        "head",
        "tokens",
    )

    def __init__(self, given: Tokens) -> None:
        self.tokens: Final[Tokens] = given
        self._hash: Final[int] = hash(given)
        first = given[0] if given else ""
        self.head: Final[str] = first if isinstance(first, str) else ""
        self.exact: Final[bool] = not given or (len(given) == 1 and isinstance(first, str))
        self._pieces: tuple[Piece, ...] = ()
        self._fields: tuple[Pattern, ...] = ()
        self._states: _States | None = None
        self._least = 0
        self._middle: tuple[str, ...] = ()
        self._last = ""
        if given == (ANY,):
            self._how = _EVERYTHING
        elif self.exact:
            self._how = _EXACT
        elif len(given) == 2 and self.head and given[1] is ANY:
            self._how = _PREFIX
        elif ANY_IN_FIELD in given or ONE_IN_FIELD in given:
            self._fields, crosses = _fields_of(given)
            self._how = _STATES if crosses or not self._fields else _FIELDS
            if self._how == _STATES:
                self._states = _States(given)
        else:
            self._how = _PIECES
            self._pieces = tuple(Piece(piece) for piece in _between_stars(given))
            self._least = sum(piece.length for piece in self._pieces)
            if ONE not in given:
                self._how = _LITERALS
                texts = ["".join(text for _, text in piece.literals) for piece in self._pieces]
                self._middle = tuple(texts[1:-1])
                self._last = texts[-1]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """A plain pattern, as ``StringLike`` and actions have it.

        >>> Pattern.parse("arn:aws:iam::*:role/EC2-*").matches("arn:aws:iam::111122223333:role/EC2-a/b")
        True
        """
        return pattern_of(tokens(text))

    @property
    def everything(self) -> bool:
        """True for ``*`` alone."""
        return self._how == _EVERYTHING

    @property
    def prefix(self) -> bool:
        """True for a literal and one star that ends it: whatever begins with head matches."""
        return self._how == _PREFIX

    @property
    def text(self) -> str:
        """The pattern as it would be written, every literal wildcard escaped as ``${*}`` or ``${?}``."""
        written: list[str] = []
        for token in self.tokens:
            if isinstance(token, str):
                written.append(token.replace("*", "${*}").replace("?", "${?}"))
            else:
                written.append("*" if token in _STARS else "?")
        return "".join(written)

    def matches(self, text: str) -> bool:
        """Does the whole text match? Case counts."""
        how = self._how
        if how == _PREFIX:
            return text.startswith(self.head)
        if how == _EXACT:
            return text == self.head
        if how == _EVERYTHING:
            return True
        if how == _LITERALS:
            return self._literals_in_order(text)
        if how == _PIECES:
            return self._in_order(text)
        if how == _STATES and not (self._fields and text.count(":") == 5):
            assert self._states is not None
            return self._states.run(text)
        # Where the text has no colon to spare, no star can cross one: each field stands for itself.
        parts = text.split(":", 5)
        if len(parts) != 6:
            return False
        for pattern, part in zip(self._fields, parts, strict=True):
            if not pattern.matches(part):
                return False
        return True

    def _literals_in_order(self, text: str) -> bool:
        # As below, without a question mark; it is what most patterns are.
        if len(text) < self._least or not text.startswith(self.head) or not text.endswith(self._last):
            return False
        place = len(self.head)
        end = len(text) - len(self._last)
        for literal in self._middle:
            place = text.find(literal, place, end)
            if place < 0:
                return False
            place += len(literal)
        return True

    def _in_order(self, text: str) -> bool:
        pieces = self._pieces
        length = len(text)
        if length < self._least:
            return False
        first = pieces[0]
        if len(pieces) == 1:
            return length == self._least and first.stands_at(text, 0)
        last = pieces[-1]
        end = length - last.length
        if not first.stands_at(text, 0) or not last.stands_at(text, end):
            return False
        place = first.length
        for piece in pieces[1:-1]:
            # The first place that fits leaves the most for what follows, so no other need be tried.
            place = piece.find(text, place, end)
            if place < 0:
                return False
            place += piece.length
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


class _States:
    """All positions in the pattern at once, a bit each; one step a character of the text."""

    __slots__ = ("_accept", "_in_field", "_literal", "_one", "_one_in_field", "_stars", "_start", "_wide")

    def __init__(self, given: Tokens) -> None:
        literal: dict[str, int] = {}
        stars = wide = in_field = one = one_in_field = 0
        place = 0
        for token in given:
            if isinstance(token, str):
                for character in token:
                    literal[character] = literal.get(character, 0) | 1 << place
                    place += 1
                continue
            bit = 1 << place
            if token is ANY:
                wide |= bit
            elif token is ANY_IN_FIELD:
                in_field |= bit
            elif token is ONE:
                one |= bit
            else:
                one_in_field |= bit
            if token in _STARS:
                stars |= bit
            place += 1
        self._literal = literal
        self._stars = stars
        self._wide = wide  # stay on any character
        self._in_field = in_field  # stay unless it is a colon
        self._one = one
        self._one_in_field = one_in_field
        self._accept = 1 << place
        self._start = 1 | (1 & stars) << 1  # Invariant: tidy() left no two stars side by side

    def run(self, text: str) -> bool:
        state = self._start
        for character in text:
            moves = self._literal.get(character, 0) | self._one
            stays = self._wide
            if character != ":":
                moves |= self._one_in_field
                stays |= self._in_field
            state = (state & moves) << 1 | (state & stays)
            state |= (state & self._stars) << 1
            if not state:
                return False
        return bool(state & self._accept)


def _between_stars(given: Tokens) -> Iterator[Tokens]:
    """The pieces around the stars; the first and last may be empty."""
    piece: list[Token] = []
    for token in given:
        if token is ANY:
            yield tuple(piece)
            piece = []
        else:
            piece.append(token)
    yield tuple(piece)


def _fields_of(given: Tokens) -> tuple[tuple[Pattern, ...], bool]:
    """One pattern for each of an ARN's six fields, and whether a wildcard may cross from one to the next.

    () where the tokens are no pattern of six fields.
    """
    fields: list[list[Token]] = [[]]
    crosses = False
    for token in given:
        if isinstance(token, str):
            head, *rest = token.split(":", 6 - len(fields))
            fields[-1].append(head)
            fields.extend([part] for part in rest)
            continue
        in_field = token is ANY_IN_FIELD or token is ONE_IN_FIELD
        if len(fields) == 6 and in_field:
            return (), False
        crosses = crosses or (len(fields) < 6 and not in_field)
        # Inside one field there is no colon to cross, so the plain wildcards do.
        fields[-1].append(ANY if token in _STARS else ONE)
    if len(fields) != 6:
        return (), False
    return tuple(pattern_of(tuple(field)) for field in fields), crosses


@lru_cache(maxsize=65_536)
def pattern_of(given: Tokens) -> Pattern:
    """The pattern of these tokens, whose wildcards cross everything."""
    return Pattern(tidy(given))


def _arn_fields(text: str) -> list[str]:
    """The fields of an ARN pattern, at most six; a colon inside ``${…}`` parts nothing.

    >>> _arn_fields("arn:aws:s3:::logs/${aws:username}/*")
    ['arn', 'aws', 's3', '', '', 'logs/${aws:username}/*']
    """
    if "${" not in text:
        return text.split(":", 5)
    fields: list[str] = []
    start = place = 0
    while len(fields) < 5 and place < len(text):
        if text.startswith("${", place):
            closed = text.find("}", place)
            place = closed + 1 if closed >= 0 else place + 2
        elif text[place] == ":":
            fields.append(text[start:place])
            start = place = place + 1
        else:
            place += 1
    fields.append(text[start:])
    return fields


def split_resource(text: str) -> tuple[Tokens, str | None]:
    """An element of Resource: the tokens of what comes before the resource field, and that field's text.

    The field is where variables live, so it is left to the caller; None stands for a pattern of fewer
    than six fields, which is whole in its tokens: the fields it lacks are ``*``.

    A wildcard in the first five fields stays inside its field, except a star that ends one: "it can
    expand to match beyond the colon boundaries" (IAM User Guide, "IAM JSON policy elements: Resource").
    """
    if text == "*":
        return (ANY,), None
    fields = _arn_fields(text)
    found: list[Token] = []
    for field in fields[:5]:
        if "*" not in field and "?" not in field:
            found += (field, ":") if field else (":",)
            continue
        parts = tokens(field)
        for index, token in enumerate(parts):
            if isinstance(token, str):
                found.append(token)
            elif token is ANY and index == len(parts) - 1:
                found.append(ANY)
            else:
                found.append(_IN_FIELD[token])
        found.append(":")
    if len(fields) == 6:
        return tuple(found), fields[5]
    found.pop()
    for _ in range(6 - len(fields)):
        found += (":", ANY)
    return tuple(found), None


@lru_cache(maxsize=65_536)
def arn_pattern(given: Tokens) -> Pattern | None:
    """The pattern of a value of ``ArnLike``: no star crosses a colon but in the last field. None: no ARN."""
    found: list[Token] = []
    colons = 0
    for token in tidy(given):
        if isinstance(token, str):
            colons += token.count(":")
            found.append(token)
        else:
            found.append(_IN_FIELD[token] if colons < 5 else token)
    first = found[0] if found else ""
    if colons < 5 or not isinstance(first, str) or not first.startswith("arn:"):
        return None
    return Pattern(tuple(found))
