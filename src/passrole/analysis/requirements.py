"""What an answer that depends on something depends on: conditions that are together enough for an allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.decision.request import Clause
from passrole.decision.residual import Answer, Open, Residual
from passrole.policy.conditions import operator_named
from passrole.state.estate import unread

# The key of a requirement that a resource pattern makes: its variables are not known.
RESOURCE: Final = "Resource"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition as a policy would write it.

    operator ``Resource`` means that the pattern in values, with key's variables filled in, must cover the
    role.
    """

    operator: str
    key: str
    values: tuple[str, ...]


# The operator that holds where another does not. Of a key that is absent, the positive ones do not hold and
# the negated ones do; ``IfExists`` makes the positive ones hold too.
_OPPOSITE: Final[Mapping[str, str]] = {
    one: other
    for pair in (
        ("StringEquals", "StringNotEquals"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        ("StringLike", "StringNotLike"),
        ("NumericEquals", "NumericNotEquals"),
        ("DateEquals", "DateNotEquals"),
        ("IpAddress", "NotIpAddress"),
        ("ArnEquals", "ArnNotEquals"),
        ("ArnLike", "ArnNotLike"),
        ("NumericLessThan", "NumericGreaterThanEquals"),
        ("NumericLessThanEquals", "NumericGreaterThan"),
        ("DateLessThan", "DateGreaterThanEquals"),
        ("DateLessThanEquals", "DateGreaterThan"),
    )
    for one, other in (pair, pair[::-1])
}
_NEGATED: Final = frozenset(
    name for name in _OPPOSITE if name.endswith(("NotEquals", "NotLike", "NotEqualsIgnoreCase"))
) | {"NotIpAddress"}
_SETS: Final = {"ForAllValues": "ForAnyValue", "ForAnyValue": "ForAllValues"}


def requirements(found: Residual) -> tuple[Requirement, ...]:
    """Conditions of which all together are enough; () where the answer depends on nothing.

    Where one of several statements is enough, the one that asks least is taken. Of a Deny statement, one
    of its conditions must not hold.
    """
    if found.answer is not Answer.DEPENDS:
        return ()
    needed: dict[Requirement, None] = {}
    for layer in found.layers:
        least = min(map(matching, layer), key=len)
        needed.update(dict.fromkeys(least))
    for one in found.depends_on:
        if one.statement.effect == "Deny":
            needed.update(dict.fromkeys(not_matching(one)))
    return tuple(needed)


def matching(one: Open) -> tuple[Requirement, ...]:
    """What makes a statement match."""
    return tuple(map(_requirement, one.parts))


def _requirement(part: Clause) -> Requirement:
    if part.element == "Condition":
        return Requirement(part.operator, part.key, part.wanted)
    return Requirement(RESOURCE, part.element, part.wanted)


def not_matching(one: Open) -> tuple[Requirement, ...]:
    """What keeps a statement from matching: the shortest of the ways there are."""
    ways = [way for part in one.parts if (way := opposite(part))]
    if not ways:  # only its resource is open: the pattern must not cover the role
        return tuple(
            Requirement(RESOURCE, "NotResource" if part.element == "Resource" else "Resource", part.wanted)
            for part in one.parts
            if part.element != "Condition"
        )
    return min(ways, key=len)


def opposite(part: Clause) -> tuple[Requirement, ...]:
    """What holds exactly where a condition does not; () for a part that has no such opposite."""
    named = operator_named(part.operator) if part.element == "Condition" else None
    if named is None:
        return ()
    prefix, colon, _ = part.operator.partition(":")
    quantifier = f"{_SETS[prefix]}:" if colon else ""
    if named.name in ("Bool", "Null"):
        values = tuple(dict.fromkeys("false" if value.lower() == "true" else "true" for value in part.wanted))
        if len(values) != 1 or colon:
            return ()
        # Bool does not hold of an absent key, BoolIfExists does.
        operator = "Null" if named.name == "Null" else "Bool" if named.if_exists else "BoolIfExists"
        return (Requirement(operator, part.key, values),)
    other = _OPPOSITE.get(named.name)
    if other is None:
        return ()
    if colon:
        return (Requirement(quantifier + other, part.key, part.wanted),)
    if named.name in _NEGATED:  # it holds of an absent key, its opposite does not
        return (Requirement(other, part.key, part.wanted),)
    if named.if_exists:  # likewise, but its opposite may
        present = Requirement("Null", part.key, ("false",))
        return (Requirement(other, part.key, part.wanted),) + ((present,) if other in _NEGATED else ())
    absent = "" if other in _NEGATED else "IfExists"
    return (Requirement(other + absent, part.key, part.wanted),)


def unread_policies(found: Iterable[Requirement]) -> Iterator[str]:
    """The names of policies that could not be read and on which the answer depends."""
    for one in found:
        if one.key.startswith(unread.PREFIX):
            yield one.key.removeprefix(unread.PREFIX)
