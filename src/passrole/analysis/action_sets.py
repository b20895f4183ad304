"""Sets of actions as integers: bit n is the n-th of all actions that AWS has, in order of their names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from passrole.analysis import bits
from passrole.catalog import actions as catalog
from passrole.catalog.operations import passing
from passrole.values.glob import Pattern

_KEPT: Final = 65_536


@lru_cache(maxsize=1)
def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every action in lower case, in order, and as AWS writes it."""
    written = {f"{prefix}:{name}".lower(): f"{prefix}:{name}" for prefix, name in _listed()}
    for operation in passing():  # some are so new that the list of actions lacks theirs
        for use in operation.actions:
            written.setdefault(use.action.lower(), use.action)
    names = sorted(written)
    return tuple(names), tuple(written[name] for name in names)


def _listed() -> Iterator[tuple[str, str]]:
    return ((prefix, name) for prefix in catalog.prefixes() for name in catalog.actions(prefix))


@lru_cache(maxsize=1)
def everything() -> int:
    """All actions."""
    return (1 << len(_names()[0])) - 1


@lru_cache(maxsize=_KEPT)
def of_pattern(pattern: Pattern) -> int:
    """The actions that a pattern, in lower case, matches."""
    if pattern.everything:
        return everything()
    names = _names()[0]
    first = bisect_left(names, pattern.head)
    last = bisect_left(names, pattern.head + "\U0010ffff", lo=first)
    if pattern.prefix:
        return (1 << last) - (1 << first)
    return bits.of(number for number in range(first, last) if pattern.matches(names[number]))


@lru_cache(maxsize=_KEPT)
def of_action(action: str) -> int:
    """One action; none where AWS has no such action."""
    return of_pattern(Pattern.parse(action.lower()))


@lru_cache(maxsize=4096)
def of_actions(actions: tuple[str, ...]) -> int:
    """These actions."""
    found = 0
    for action in actions:
        found |= of_action(action)
    return found


@lru_cache(maxsize=_KEPT)
def of_patterns(patterns: tuple[Pattern, ...], negated: bool) -> int:
    """The actions that one of the patterns matches, or none does."""
    found = 0
    for pattern in patterns:
        found |= of_pattern(pattern)
    return everything() & ~found if negated else found


@lru_cache(maxsize=4096)
def of_service(prefix: str) -> int:
    """The actions of a service prefix."""
    return of_pattern(Pattern.parse(f"{prefix}:*"))


@lru_cache(maxsize=1)
def _services() -> tuple[tuple[str, int], ...]:
    prefixes = dict.fromkeys(name.partition(":")[0] for name in _names()[0])
    return tuple((prefix, of_service(prefix)) for prefix in prefixes)


def services(actions: int) -> Iterator[str]:
    """The service prefixes of a set's actions, in order."""
    return (prefix for prefix, every in _services() if every & actions)


def named(actions: int) -> Iterator[str]:
    """The actions of a set, as AWS writes them."""
    written = _names()[1]
    return (written[place] for place in bits.places(actions))


def first(actions: int) -> str:
    """One action of a set that is not empty."""
    return _names()[1][(actions & -actions).bit_length() - 1]
