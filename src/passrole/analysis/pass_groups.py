"""On which conditions roles are passed: told for groups of roles that share them, never role by role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec

from passrole.analysis import bits
from passrole.analysis.pass_layers import Passing
from passrole.analysis.passing_policies import PassStatement
from passrole.analysis.requirements import Requirement, matching, not_matching
from passrole.analysis.role_matches import Match, RoleMatches
from passrole.analysis.trust import Admitted
from passrole.decision.request import Clause, Request
from passrole.decision.residual import opened
from passrole.passing.rule import ACTION
from passrole.values.principal import Principal, PrincipalKind

_Matched = tuple[PassStatement, Match]

_NOBODY: Final = Principal(PrincipalKind.ANONYMOUS, "*", "")  # what a statement asks is asked of everyone


class Group(msgspec.Struct, frozen=True, gc=False):
    """Roles, as bits, that are passed to one service on the same conditions."""

    service: str
    roles: int
    conditions: tuple[Requirement, ...]


def in_order(groups: Sequence[Group]) -> list[tuple[int, Group]]:
    """Every role of the groups by its number, with its group: by role, then by service."""
    if len(groups) == 1:
        (only,) = groups
        return [(number, only) for number in bits.places(only.roles)]
    ordered = sorted(groups, key=lambda group: group.service)
    count = len(ordered)
    found: list[int] = []
    for place, group in enumerate(ordered):
        found += [number * count + place for number in bits.places(group.roles)]
    found.sort()
    return [(one // count, ordered[one % count]) for one in found]


class Conditions:
    """What passes depend on; equal statements of which the same is unknown are asked once."""

    def __init__(self, matches: RoleMatches, admitted: Admitted) -> None:
        self._matches = matches
        self._admitted = admitted
        self._shared: dict[tuple[Requirement, ...], tuple[Requirement, ...]] = {}  # equal ones are one
        self._needed: dict[tuple[PassStatement, frozenset[str]], tuple[Requirement, ...]] = {}

    def groups(self, passing: Passing) -> Iterator[Group]:
        """The passes, those on the same conditions together, by service."""
        layers: list[list[_Matched]] = []
        denies: list[_Matched] = []
        if any(may & ~sure for sure, may in passing.sets.values()):
            layers += (self._matched(passing, layer) for layer in passing.layers())
            denies += self._matched(passing, passing.denies())
        for service, (sure, may) in passing.sets.items():
            parted: dict[tuple[Requirement, ...], int] = {(): sure} if sure else {}
            if may & ~sure:
                for alike in _alike(may & ~sure, service, chain(*layers, denies)):
                    own = self._own(passing, service, alike, layers, denies)
                    for roles, others in self._admitted.conditions(service, alike):
                        conditions = tuple(dict.fromkeys((*own, *others))) if others else own
                        parted[conditions] = parted.get(conditions, 0) | roles
            for conditions, roles in parted.items():
                yield Group(service, roles, self._shared.setdefault(conditions, conditions))

    def _matched(self, passing: Passing, statements: Iterable[PassStatement]) -> list[_Matched]:
        return [(one, self._matches.of(one, passing.asker)) for one in statements]

    def _own(
        self,
        passing: Passing,
        service: str,
        alike: int,
        layers: Iterable[Iterable[_Matched]],
        denies: Iterable[_Matched],
    ) -> tuple[Requirement, ...]:
        """What the principal's policies ask, for roles of which each statement says the same.

        As ``requirements`` tells it of a single question.
        """
        needed: dict[Requirement, None] = {}
        for layer in layers:
            said = [(one, match.of(service)) for one, match in layer]
            if not any(sure & alike for _, (sure, _) in said):
                ways = [self._ask(passing, one, service) for one, (_, may) in said if may & alike]
                least = min(ways, key=len)
                needed.update(dict.fromkeys(least))
        for one, match in denies:
            sure, may = match.of(service)
            if may & alike and not sure & alike:
                needed.update(dict.fromkeys(self._ask(passing, one, service)))
        return tuple(needed)

    def _ask(self, passing: Passing, statement: PassStatement, service: str) -> tuple[Requirement, ...]:
        """What makes an Allow statement match, or keeps a Deny from it."""
        unknown = self._matches.unknown(statement, passing.asker, service)
        place = (statement, unknown)
        found = self._needed.get(place)
        if found is None:
            rule = statement.rule
            request = Request(_NOBODY, ACTION, "", unknown=unknown)
            clause = Clause(rule.layer.name, "", 0, rule.statement.label, rule.statement.effect)
            one = opened(rule, clause, request)
            found = self._needed[place] = matching(one) if rule.allows else not_matching(one)
        return found


def _alike(roles: int, service: str, statements: Iterable[_Matched]) -> list[int]:
    """The roles, parted so that each statement says the same of all of one part."""
    parts = [roles]
    for _, match in statements:
        for split in match.of(service):
            if split & roles and roles & ~split:
                parts = [part for one in parts for part in (one & split, one & ~split) if part]
    return parts
