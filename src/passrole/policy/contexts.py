"""Which contexts conditions tell apart: what makes conditions comparable.

For every context key that conditions ask for, a few values stand for all: between them, every way in which
these conditions can hold together is shown. A statement's conditions are then a box, a set of values for each
key, and whether one statement holds wherever another does is a question about boxes.

What a condition means is not said a second time here: each is asked (``Condition.holds``) about each value.
A condition whose values cannot be told apart so (it has a variable, or asks one key in two ways that have no
common order) stands for itself: it may hold or not, whatever others do, and is the same only as its equal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Final

from passrole.policy import scalars
from passrole.policy.conditions import Condition, OperatorName, Quantifier, operator_named
from passrole.policy.variables import Context
from passrole.values import glob, partition
from passrole.values.glob import Pattern

# A set of values for each dimension, a bit each; a dimension that is not there may have any value.
Box = Mapping[int, int]
Value = str | tuple[str, ...] | None

# Boxes that one question may look at.
_BOXES: Final = 20_000
# Members of sets of values: of n there are 2^n sets.
_MEMBERS: Final = 7
# Numbers, dates and addresses are never longer.
_LONGEST: Final = 40
_TEXTS: Final = frozenset(("String", "ARN", "Bool", "Binary"))
_UNBOUND: Final[Box] = {}
_SOMETHING: Final = Pattern.parse("?*")


class TooManyBoxes(partition.TooManyStates):
    """Conditions whose comparison would take too long."""

    def __str__(self) -> str:
        return "these conditions cannot be compared within bounds"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """How conditions of one side read the context.

    known holds the keys of which a value is known, absent says of another key that it is surely not there,
    and own that it is the side's own: the other side's value of that key is another one. Keys are in lower
    case.
    """

    name: str = ""
    known: Context = field(default_factory=dict)
    absent: Callable[[str], bool] = lambda key: False
    own: Callable[[str], bool] = lambda key: False

    def settled(self, condition: Condition) -> bool:
        """Is it known whether the condition holds?"""
        return all(key in self.known or self.absent(key) for key in condition.keys)


ANYONE: Final = Asked()
_Place = tuple[object, ...]


class Contexts:
    """The dimensions of some statements' conditions. Every condition must be in given."""

    def __init__(self, given: Iterable[tuple[Condition, Asked]]) -> None:
        self._dimensions: dict[_Place, int] = {}
        self._masks: dict[tuple[Condition, str], tuple[int, int]] = {}
        self._values: list[tuple[str, tuple[Value, ...]]] = []  # of each dimension: its key and values
        self._personal: set[int] = set()
        keys: dict[_Place, list[tuple[Condition, Asked]]] = {}
        for condition, asked in given:
            if not asked.settled(condition):
                keys.setdefault(_place(condition, asked), []).append((condition, asked))
        for place, conditions in keys.items():
            values = _values_of([condition for condition, _ in conditions])
            if values is None:
                for condition, asked in conditions:
                    self._opaque(condition, asked)
                continue
            dimension = self._dimension(place, conditions[0][0].written, values)
            key = conditions[0][0].key
            if conditions[0][1].own(key):
                self._personal.add(dimension)
            for condition, asked in conditions:
                mask = 0
                for number, value in enumerate(values):
                    mask |= condition.holds({} if value is None else {key: value}) << number
                self._masks[condition, asked.name] = (dimension, mask)

    def _dimension(self, place: _Place, key: str, values: tuple[Value, ...]) -> int:
        found = self._dimensions.get(place)
        if found is None:
            found = self._dimensions[place] = len(self._values)
            self._values.append((key, values))
        return found

    def _opaque(self, condition: Condition, asked: Asked) -> None:
        own = asked.name if any(map(asked.own, condition.keys)) else ""
        place = ("itself", own, condition.name, condition.keys, frozenset(condition.wanted))
        dimension = self._dimension(place, "", ("no", "yes"))
        self._personal.add(dimension)
        self._masks[condition, asked.name] = (dimension, 0b10)

    @property
    def personal(self) -> frozenset[int]:
        """The dimensions that are one side's own, or stand for a condition by itself."""
        return frozenset(self._personal)

    def add(self, key: str, values: Sequence[Value]) -> int:
        """A dimension of the caller's own, with as many values."""
        return self._dimension(("added", key), "", tuple(values))

    def everything(self, dimension: int) -> int:
        """All values of a dimension."""
        return (1 << len(self._values[dimension][1])) - 1

    def box(self, conditions: Iterable[Condition], asked: Asked, given: Box = _UNBOUND) -> Box | None:
        """Where all these conditions hold, inside a box; None where they cannot hold together."""
        found = dict(given)
        for condition in conditions:
            if asked.settled(condition):
                if not condition.holds(asked.known):
                    return None
                continue
            dimension, mask = self._masks[condition, asked.name]
            left = found.get(dimension, self.everything(dimension)) & mask
            if not left:
                return None
            if left == self.everything(dimension):
                found.pop(dimension, None)
            else:
                found[dimension] = left
        return found

    def outside(self, box: Box, others: Sequence[Box]) -> Box | None:
        """A part of the box that none of the others touches, None where they cover it.

        Raises TooManyBoxes.
        """
        return self._outside(box, others, _Budget())

    def _outside(self, box: Box, others: Sequence[Box], budget: _Budget) -> Box | None:
        near: list[Box] = []
        for other in others:
            met = meet(box, other)
            if met is not None:
                if contains(other, box):
                    return None
                near.append(other)
        if not near:
            return box
        budget.spend()
        first, *rest = near
        inside = dict(box)
        for dimension, mask in first.items():
            have = inside.get(dimension, self.everything(dimension))
            if have & ~mask:
                found = self._outside({**inside, dimension: have & ~mask}, rest, budget)
                if found is not None:
                    return found
            inside[dimension] = have & mask
        return None

    def example(self, box: Box) -> dict[str, Value]:
        """A value for each key that the box says something about; None for an absent one."""
        found: dict[str, Value] = {}
        for dimension, mask in box.items():
            key, values = self._values[dimension]
            if key:
                found[key] = values[(mask & -mask).bit_length() - 1]
        return found


class _Budget:
    """How many boxes may still be looked at."""

    def __init__(self) -> None:
        self._left = _BOXES

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyBoxes


def meet(one: Box, other: Box) -> Box | None:
    """What two boxes have in common, None for nothing."""
    found = dict(one)
    for dimension, mask in other.items():
        have = found.get(dimension)
        both = mask if have is None else have & mask
        if not both:
            return None
        found[dimension] = both
    return found


def contains(outer: Box, inner: Box) -> bool:
    """Does one box hold all of another?"""
    for dimension, mask in outer.items():
        have = inner.get(dimension)
        if have is None or have & ~mask:
            return False
    return True


def _place(condition: Condition, asked: Asked) -> _Place:
    return ("key", condition.key, asked.name if asked.own(condition.key) else "")


def _values_of(conditions: Sequence[Condition]) -> tuple[Value, ...] | None:
    """Values of one key that show every way in which these conditions hold together.

    None where they cannot be told.
    """
    if any(
        len(condition.keys) > 1 or any("${" in text for text in condition.wanted) for condition in conditions
    ):
        return None
    named = [(condition, _operator(condition)) for condition in conditions]
    try:
        singles = _singles(named)
    except partition.TooManyStates:
        return None
    if singles is None:
        return None
    if all(operator.quantifier is Quantifier.ONE for _, operator in named):
        return (None, *singles)
    if len(singles) > _MEMBERS:
        return None
    sizes = range(1, len(singles) + 1)
    return (None, *(chosen for size in sizes for chosen in combinations(singles, size)))


def _operator(condition: Condition) -> OperatorName:
    found = operator_named(condition.name)
    assert found is not None  # Invariant: a Condition is made of an operator that is there
    return found


def _singles(given: Sequence[tuple[Condition, OperatorName]]) -> tuple[str, ...] | None:
    """Values of a single-valued key, None where they cannot be told."""
    named = [(condition, operator) for condition, operator in given if operator.operator.family != "Null"]
    families = {operator.operator.family for _, operator in named}
    wanted = [text for condition, _ in named for text in condition.wanted]
    if families <= _TEXTS:
        folded = {operator.name.endswith("IgnoreCase") for _, operator in named}
        if len(folded) > 1:  # the ways to write a word in both cases are too many
            return None
        patterns = dict.fromkeys(pattern for one in named for pattern in _patterns(*one))
        patterns[_SOMETHING] = None  # an empty value is as none for ForAllValues
        return tuple(partition.kinds(tuple(patterns)).values())
    if any(len(text) > _LONGEST for text in wanted):
        return None
    if families == {"Numeric"}:
        numbers = sorted({number for text in wanted if (number := scalars.number(text)) is not None})
        between = [(one + other) / 2 for one, other in pairwise(numbers)]
        ends = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
        return ("x", *(f"{one:f}" for one in (*numbers, *between, *ends)))
    if families == {"Date"}:
        found = {instant for text in wanted if (instant := scalars.instant(text)) is not None}
        if any(instant.denominator != 1 for instant in found):
            return None
        # With a fraction four digits are no year.
        return (
            "x",
            *(f"{second}.0" for second in sorted({int(one) + step for one in found for step in (-1, 0, 1)})),
        )
    if families == {"IP"}:
        return ("x", *_addresses(wanted))
    return None


def _patterns(condition: Condition, operator: OperatorName) -> Iterator[Pattern]:
    """What tells texts apart for the condition."""
    for text in condition.wanted:
        if operator.operator.family == "Bool":
            yield from map(_exactly, ("true", "false", "True", "False"))
        elif operator.operator.family == "ARN":
            given = glob.arn_pattern(glob.tokens(text))
            if given is not None:
                yield given
        elif operator.operator.wildcards:
            yield Pattern.parse(text)
        else:
            yield _exactly(text.lower() if operator.name.endswith("IgnoreCase") else text)


def _exactly(text: str) -> Pattern:
    return glob.pattern_of((text,) if text else ())


def _addresses(wanted: Iterable[str]) -> Iterator[str]:
    """The first address of every network, and the first one past it: where the answer may change."""
    found: dict[tuple[int, int], None] = {(4, 0): None, (6, 0): None}
    for text in wanted:
        network = scalars.network(text)
        if network is not None:
            width = 32 if network.family == 4 else 128
            found[network.family, network.bits] = None
            after = (network.bits | ~network.mask & ((1 << width) - 1)) + 1
            if after < 1 << width:
                found[network.family, after] = None
    for family, bits in found:
        yield str(ipaddress.IPv4Address(bits) if family == 4 else ipaddress.IPv6Address(bits))
