"""Outputs from what is known: a member is filled where something of its name and form is, else left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from passrole.services.kept.families import Family
from passrole.services.kept.resource import KeptResource
from passrole.wire.models import Shape


class _Vocabulary(msgspec.Struct, frozen=True):
    """How AWS's services call things, each list as one text; see vocabulary.json.

    standing, begun and stopped are states by preference: of a resource that is there, of a job that nobody
    carries out, of a job that was stopped. around is what a structure around a resource is called, besides
    the resource's own name.
    """

    created: str
    changed: str
    account: str
    state: str
    standing: str
    begun: str
    stopped: str
    around: str


_WORDS: Final = msgspec.json.decode(
    (Path(__file__).parent / "vocabulary.json").read_bytes(), type=_Vocabulary
)
_CREATED: Final = frozenset(_WORDS.created.split())
_CHANGED: Final = frozenset(_WORDS.changed.split())
_ACCOUNT: Final = frozenset(_WORDS.account.split())
_STATES: Final = frozenset(_WORDS.state.split())
_AROUND: Final = frozenset(_WORDS.around.split())
_STANDING: Final = {state: rank for rank, state in enumerate(_WORDS.standing.split())}
_BEGUN: Final = {state: rank for rank, state in enumerate(_WORDS.begun.split())}
_STOPPED: Final = {state: rank for rank, state in enumerate(_WORDS.stopped.split())}

_DEEP: Final = 3  # structures around a resource; deeper it is something else

_WORD: Final = re.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
_THING: Final = re.compile("(id|identifier|arn|name)$")


def plain(name: str) -> str:
    """A member's name without case and punctuation: CreatedAt, createdAt and created_at are one."""
    return "".join(letter for letter in name if letter.isalnum()).lower()


def short(noun: str) -> tuple[str, ...]:
    """What members call a resource: its name, and the name without its first words.

    >>> short("VideoStreamPool")
    ('VideoStreamPool', 'StreamPool', 'Pool')
    """
    words = _WORD.findall(noun)
    return tuple("".join(words[place:]) for place in range(len(words))) or (noun,)


class Answer:
    """Fills shapes from one resource."""

    def __init__(self, one: KeptResource, family: Family) -> None:
        self._family = family
        self._noun = plain(family.noun)
        self._nouns = tuple(plain(noun) for noun in short(family.noun))
        self._one = one
        self._rank = _STOPPED if one.ended else _BEGUN if family.job else _STANDING
        self._known = self._facts(one, family)

    def output(self, shape: Shape | None) -> dict[str, object]:
        """An operation's whole output."""
        return {} if shape is None else self._structure(shape, 0)

    def element(self, shape: Shape) -> object:
        """One element of a listing: the resource, or the text that names it. None where it is neither."""
        if shape.kind == "structure":
            return self._structure(shape, 0) or None
        if shape.kind != "string":
            return None
        wanted = plain(shape.name)
        if wanted.endswith("arn"):
            return self._one.arn or None
        return self._one.name or self._one.id if wanted.endswith("name") else self._one.id

    def _facts(self, one: KeptResource, family: Family) -> dict[str, object]:
        known: dict[str, object] = {plain(name): value for name, value in one.said.items()}
        for member, value in zip(family.parents, one.parents, strict=True):
            known[plain(member)] = value
        itself = plain(family.self)
        called = ("", *self._nouns, _THING.sub("", itself))
        for noun in called:
            known.setdefault(f"{noun}id", one.id)
            known.setdefault(f"{noun}identifier", one.id)
            if one.arn:
                known.setdefault(f"{noun}arn", one.arn)
            if one.name:
                known.setdefault(f"{noun}name", one.name)
        if one.arn:
            known.setdefault("resourcearn", one.arn)
        if itself:
            known[itself] = one.arn if one.arn and itself.endswith("arn") else one.id
        for name in _CREATED:
            known.setdefault(name, one.created)
        for name in _CHANGED:
            known.setdefault(name, one.changed)
        for name in _ACCOUNT:
            known.setdefault(name, one.account)
        return known

    def _structure(self, shape: Shape, depth: int) -> dict[str, object]:
        filled: dict[str, object] = {}
        alone = sum(member.kind == "structure" for member in shape.members.values()) == 1
        for name, member in shape.members.items():
            value = self._member(plain(name), member, depth, alone)
            if value is not None:
                filled[name] = value
                if shape.union:
                    break
        return filled

    def _member(self, name: str, shape: Shape, depth: int, alone: bool) -> object:
        if name in self._known:
            value = fitted(self._known[name], shape)
            if value is not None:
                return value
        if name in _STATES or name in (f"{self._noun}status", f"{self._noun}state"):
            return self._state(shape)
        if shape.kind == "structure" and depth < _DEEP and (alone or self._surrounds(name)):
            return self._structure(shape, depth + 1) or None
        return None

    def _surrounds(self, name: str) -> bool:
        return any(name == noun or name.removeprefix(noun) in _AROUND for noun in self._nouns)

    def _state(self, shape: Shape) -> object:
        if shape.kind == "structure":
            inner = {
                name: state
                for name, member in shape.members.items()
                if plain(name) in ("status", "code", "state", "name", "value")
                and (state := self._state(member)) is not None
            }
            return inner or None
        ranked = [(self._rank[plain(state)], state) for state in shape.enum if plain(state) in self._rank]
        return min(ranked)[1] if ranked else None


def fitted(value: object, shape: Shape) -> object:
    """The value in the form of a shape; None where it has none in it."""
    match shape.kind:
        case "structure":
            if not isinstance(value, Mapping):
                return None
            by_name = {plain(str(name)): inner for name, inner in value.items()}
            filled = {
                name: inner
                for name, member in shape.members.items()
                if plain(name) in by_name and (inner := fitted(by_name[plain(name)], member)) is not None
            }
            return filled if filled or not value else None
        case "list":
            if not isinstance(value, list | tuple):
                return None
            items = [fitted(inner, shape.member) for inner in value]
            return None if None in items else items
        case "map":
            if not isinstance(value, Mapping):
                return None
            entries = {str(name): fitted(inner, shape.value) for name, inner in value.items()}
            return None if None in entries.values() else entries
        case "string":
            if not isinstance(value, str) or (shape.enum and value not in shape.enum):
                return None
            return value
        case "integer" | "long":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "float" | "double":
            return value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "timestamp":
            return value if isinstance(value, datetime) else None
        case "blob":
            return value if isinstance(value, bytes) else None
    return None


def listed(shape: Shape | None, family: Family) -> str:
    """The member of a listing's output that holds the resources; "" where there is none."""
    if shape is None:
        return ""
    lists = {name: member for name, member in shape.members.items() if member.kind == "list"}
    noun = plain(family.noun)
    named = [name for name in lists if plain(name).startswith((noun, _many(noun)))]
    of_structures = [name for name, member in lists.items() if member.member.kind == "structure"]
    return next(iter([*named, *of_structures, *lists]), "")


def _many(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun


def texts(value: object) -> Iterable[str]:
    """The texts of a list; () for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else ()
