"""For which of an account's roles, passed to which service, a statement about iam:PassRole matches.

No pair is asked about by itself: the answer is two sets of roles, those for which the statement matches, and
those for which it may, as what is unknown turns out. Equal statements under equal keys are asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from passrole.analysis import bits
from passrole.analysis.askers import ASSOCIATED, PASSED_TO, Asker
from passrole.analysis.passing_policies import OF_SERVICE, PassStatement
from passrole.analysis.trust import Pair
from passrole.catalog import passed
from passrole.decision.compile import Rule
from passrole.policy.conditions import Condition
from passrole.policy.variables import Context

NONE: Final[Pair] = (0, 0)

_NOTHING: Final[Context] = {}


class Match(msgspec.Struct, frozen=True, gc=False):
    """The roles for which something matches: mostly the same whichever the service, else told for each."""

    usual: Pair
    of_service: Mapping[str, Pair]

    def of(self, service: str) -> Pair:
        """For one service."""
        own = self.of_service.get(service)
        if own is None:
            return self.usual
        return self.usual[0] | own[0], self.usual[1] | own[1]


NO_MATCH: Final = Match(NONE, {})


def any_of(matches: Sequence[Match]) -> Match:
    """The roles for which one of them matches."""
    if len(matches) == 1:
        return matches[0]
    sure = may = 0
    of_service: dict[str, Pair] = {}
    for match in matches:
        one, other = match.usual
        sure |= one
        may |= other
        for service, pair in match.of_service.items():
            known = of_service.get(service)
            of_service[service] = pair if known is None else (known[0] | pair[0], known[1] | pair[1])
    return Match((sure, may), of_service)


class RoleMatches:
    """Over the roles of one account, and the services to which they may be passed."""

    def __init__(self, arns: Sequence[str], services: Sequence[str]) -> None:
        """arns must be sorted."""
        self.resources: Final = bits.Resources(arns)
        self._services = services
        self._associated: Final = {name: passed.has_associated_resource(name) for name in services}
        self._matches: dict[tuple[object, ...], Match] = {}
        self._named: dict[tuple[object, ...], list[tuple[str, bool]]] = {}  # services, by conditions

    def of(self, statement: PassStatement, asker: Asker | None) -> Match:
        """The roles for which the statement matches.

        asker may be None where the statement asks nothing of who calls.
        """
        place: tuple[object, ...] = (statement,)
        if asker is not None and (statement.keys or statement.by_name):
            who = asker.caller.principal if statement.by_name else None
            place = (statement, who, *signature(asker, sorted(statement.keys)))
        found = self._matches.get(place)
        if found is None:
            found = self._matches[place] = self._match(statement, asker)
        return found

    def unknown(self, statement: PassStatement, asker: Asker | None, service: str) -> frozenset[str]:
        """The keys of the statement that are not known of a pass to the service."""
        found = _of_caller(statement, asker)
        return found | {ASSOCIATED} if self._associated[service] else found

    def _match(self, statement: PassStatement, asker: Asker | None) -> Match:
        bare = statement.bare
        if asker is not None and not bare.takes(asker.caller.principal):
            return NO_MATCH
        known = _NOTHING if asker is None else asker.context
        unknown = _of_caller(statement, asker)
        certain = True
        of_service: list[Condition] = []
        for condition in statement.conditions:
            if not OF_SERVICE.isdisjoint(condition.keys):
                of_service.append(condition)
            elif not unknown.isdisjoint(condition.keys):
                certain = False
            elif not condition.holds(known):
                return NO_MATCH
        if not of_service and OF_SERVICE.isdisjoint(bare.resource_keys):
            return Match(self._covered(bare, known, unknown, certain=certain), {})
        found: dict[str, Pair] = {}
        if OF_SERVICE.isdisjoint(bare.resource_keys) and all(map(_is_constant, of_service)):
            pair = self._covered(bare, known, unknown, certain=certain)
            unsure = (0, pair[1])
            return Match(NONE, {one: pair if sure else unsure for one, sure in self._services_of(of_service)})
        for service in self._services:
            open_keys = unknown | {ASSOCIATED} if self._associated[service] else unknown
            context = {**known, PASSED_TO: service}
            sure = _hold(of_service, context, open_keys)
            if sure is not False:
                found[service] = self._covered(bare, context, open_keys, certain=certain and sure is True)
        return Match(NONE, found)

    def _services_of(self, conditions: Sequence[Condition]) -> Sequence[tuple[str, bool]]:
        """The services for which conditions hold or may, with whether they do for certain.

        Thousands of statements name the same few services.
        """
        place = tuple((one.name, one.key, one.wanted) for one in conditions)
        found = self._named.get(place)
        if found is None:
            found = self._named[place] = []
            for service in self._services:
                open_keys = frozenset((ASSOCIATED,)) if self._associated[service] else frozenset[str]()
                sure = _hold(conditions, {PASSED_TO: service}, open_keys)
                if sure is not False:
                    found.append((service, sure is True))
        return found

    def _covered(self, rule: Rule, context: Context, unknown: frozenset[str], *, certain: bool) -> Pair:
        if not rule.anything and not unknown.isdisjoint(rule.resource_keys):
            return 0, self.resources.all
        covered = self.resources.covered(rule, context)
        return (covered if certain else 0), covered


def _of_caller(statement: PassStatement, asker: Asker | None) -> frozenset[str]:
    """The keys that are not known of the caller."""
    if asker is None or not statement.keys:
        return frozenset()
    return frozenset(asker.unknown(statement.keys))


def signature(asker: Asker, keys: Iterable[str]) -> tuple[object, ...]:
    """What is known of the keys: a value, None where it is absent, False where it is unknown."""
    found: list[object] = []
    for key in keys:
        value = asker.context.get(key)
        found.append(False if value is None and not asker.lacks(key) else value)
    return tuple(found)


def _is_constant(condition: Condition) -> bool:
    """Does it depend on its own key only, whoever asks?"""
    return len(condition.keys) == 1 and not any("$" in text for text in condition.wanted)


def _hold(conditions: Iterable[Condition], context: Context, unknown: frozenset[str]) -> bool | None:
    """Do they all hold? None where that depends on what is unknown."""
    sure: bool | None = True
    for condition in conditions:
        if not unknown.isdisjoint(condition.keys):
            sure = None
        elif not condition.holds(context):
            return False
    return sure
