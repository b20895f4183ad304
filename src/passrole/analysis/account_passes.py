"""One account's passes: its roles as bits, and what its statements say of them.

No pair is asked about by itself. For each principal and service, each statement about iam:PassRole gives two
sets of roles: those for which it matches, and those for which it may, as what is unknown turns out. The
layers meet these sets as the engine meets single answers (``decision.evaluate.decide``), with its own plan of
statements. Equal statements under equal keys are asked once, and so are principals that have the same
policies and keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from passrole.analysis import bits
from passrole.analysis.askers import ASSOCIATED, PASSED_TO, Asker
from passrole.analysis.requirements import Requirement, requirements
from passrole.analysis.trust import Trusts, receivers
from passrole.catalog import passed
from passrole.decision.compile import Rule
from passrole.decision.plan import Plan, compiled
from passrole.decision.request import Request
from passrole.decision.residual import residual
from passrole.passing.rule import ACTION
from passrole.policy.conditions import Condition
from passrole.policy.document import Statement
from passrole.policy.variables import Context
from passrole.state.entities import Role
from passrole.state.estate.estate import Estate

Pair = tuple[int, int]  # the roles for which it is so for certain, and those for which it may be
_NONE: Final[Pair] = (0, 0)


@dataclass(frozen=True, slots=True)
class _Match:
    """The roles for which something matches: mostly the same whichever the service, else told for each."""

    usual: Pair
    of_service: Mapping[str, Pair]

    def of(self, service: str) -> Pair:
        """For one service."""
        own = self.of_service.get(service)
        if own is None:
            return self.usual
        return self.usual[0] | own[0], self.usual[1] | own[1]


_NO_MATCH: Final = _Match(_NONE, {})


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass that is allowed. conditions are together enough; () where it is allowed as things stand."""

    principal: str
    role: str
    service: str
    conditions: tuple[Requirement, ...]


class AccountPasses:
    """One account: its roles as bits, and what has been answered already."""

    def __init__(
        self,
        estate: Estate,
        account: str,
        roles: Iterable[Role],
        service: Callable[[str, str], bool] = lambda arn, name: True,
    ) -> None:
        self.estate: Final = estate
        self.id: Final = account
        self.roles: Final = sorted(roles, key=lambda role: role.arn)
        self._resources = bits.Resources([role.arn for role in self.roles])
        self._trusts = Trusts(estate.directory, account)
        # By the service that gets the role, and the principal under which it assumes it.
        self._admitted: dict[str, dict[str, Pair]] = {}
        self._second: dict[str, dict[str, Pair]] = {}  # the same where it is a second choice
        self._admit()
        asked = dict.fromkeys((*self._admitted, *self._second))
        self._services = sorted(one for one in asked if service(one, one))
        self._listed: Final = frozenset(self._services)
        firsts = {one for name in self._services for one in self._second.get(name, ())}
        self._asked: Final = sorted({*self._services, *firsts})
        self._associated = {name: passed.has_associated_resource(name) for name in self._asked}
        self._first: Final = {name: _union(pairs.values()) for name, pairs in self._admitted.items()}
        self._keys: dict[Statement, tuple[str, ...]] = {}
        self._matches: dict[tuple[object, ...], _Match] = {}
        self._named: dict[tuple[object, ...], list[tuple[str, bool]]] = {}  # services, by conditions
        self._plans: dict[tuple[object, ...], Mapping[str, Pair]] = {}

    def _admit(self) -> None:
        sure: dict[tuple[str, str, bool], list[int]] = {}
        maybe: dict[tuple[str, str, bool], list[int]] = {}
        for number, role in enumerate(self.roles):
            for principal in self._trusts.named(role):
                answer = self._trusts.may_assume(role, principal)
                if not answer.best.allowed:
                    continue
                for receiver, second in receivers(principal):
                    place = (receiver, principal, second)
                    maybe.setdefault(place, []).append(number)
                    if answer.worst.allowed:
                        sure.setdefault(place, []).append(number)
        for place, numbers in maybe.items():
            receiver, principal, second = place
            table = self._second if second else self._admitted
            table.setdefault(receiver, {})[principal] = (bits.of(sure.get(place, ())), bits.of(numbers))

    def passes(self, asker: Asker) -> Mapping[str, Pair]:
        """The roles that the principal can pass to each service: for certain, and at all; {} for none."""
        plan = self._plan(asker)
        place = (plan, *_signature(asker, sorted({key for rule in plan.rules() for key in rule.keys})))
        found = self._plans.get(place)
        if found is None:
            found = self._plans[place] = self._passes(asker, plan)
        return found

    def _plan(self, asker: Asker) -> Plan:
        return compiled(asker.policies).plan(
            Request(asker.caller.principal, ACTION, None, resource_account=self.id)
        )

    def _passes(self, asker: Asker, plan: Plan) -> Mapping[str, Pair]:
        usual, special = self._allowed(asker, plan)
        found: dict[str, Pair] = {}
        # Mostly a statement names the service, and only the services that are named need a look.
        for service in self._services if usual[1] else sorted(special.keys() & self._listed):
            sure, may = special.get(service, usual)
            if not may:
                continue
            first = self._first.get(service, _NONE)
            pair = (sure & first[0], may & first[1])
            for principal, second in self._second.get(service, {}).items():
                # Only for roles that are not passed to the part of the service itself.
                taken = special.get(principal, usual)[1] & self._first[principal][1]
                pair = (pair[0] | (sure & second[0] & ~taken), pair[1] | (may & second[1] & ~taken))
            if pair[1]:
                found[service] = pair
        return found

    def _allowed(self, asker: Asker, plan: Plan) -> tuple[Pair, Mapping[str, Pair]]:
        """What the policies allow, trust policies left aside: mostly, and for services told apart.

        Most services are in no statement's conditions: one answer is that of them all.
        """
        denies = self._layer(asker, (rule for rules in plan.denies for rule in rules.all))
        steps = [self._layer(asker, step.allows.all) for step in (*plan.before, *plan.after)]

        def answer(service: str) -> Pair:
            sure = may = self._resources.all
            for step in steps:
                one, other = step.of(service)
                sure &= one
                may &= other
            denied, may_be_denied = denies.of(service)
            return sure & ~may_be_denied, may & ~denied

        special = {service for layer in (denies, *steps) for service in layer.of_service}
        return answer(""), {service: answer(service) for service in special}

    def _layer(self, asker: Asker, rules: Iterable[Rule]) -> _Match:
        """The roles for which one of the statements matches."""
        usual = _NONE
        of_service: dict[str, Pair] = {}
        for rule in rules:
            match = self._matched(asker, rule)
            usual = (usual[0] | match.usual[0], usual[1] | match.usual[1])
            for service, (sure, may) in match.of_service.items():
                one, other = of_service.get(service, _NONE)
                of_service[service] = (one | sure, other | may)
        return _Match(usual, of_service)

    def _matched(self, asker: Asker, rule: Rule) -> _Match:
        """The roles for which the statement matches, asked once for equal keys."""
        statement: Statement = rule.statement
        keys = self._keys.get(statement)
        if keys is None:
            keys = self._keys[statement] = tuple(sorted(rule.keys - _OF_SERVICE))
        who = asker.caller.principal if rule.principals is not None else None
        signature = tuple(_signature(asker, keys)) if keys else ()
        place = (statement, who, signature)
        found = self._matches.get(place)
        if found is None:
            unknown = {key for key, value in zip(keys, signature, strict=True) if value is False}
            found = self._matches[place] = self._match(asker, rule, unknown)
        return found

    def _match(self, asker: Asker, rule: Rule, unknown: set[str]) -> _Match:
        if not rule.takes(asker.caller.principal):
            return _NO_MATCH
        certain = True
        of_service: list[Condition] = []
        for condition in rule.conditions:
            if not _OF_SERVICE.isdisjoint(condition.keys):
                of_service.append(condition)
            elif not unknown.isdisjoint(condition.keys):
                certain = False
            elif not condition.holds(asker.context):
                return _NO_MATCH
        if not of_service and _OF_SERVICE.isdisjoint(rule.resource_keys):
            return _Match(self._covered(rule, asker.context, unknown, certain=certain), {})
        found: dict[str, Pair] = {}
        if _OF_SERVICE.isdisjoint(rule.resource_keys) and all(map(_is_constant, of_service)):
            pair = self._covered(rule, asker.context, unknown, certain=certain)
            unsure = (0, pair[1])
            return _Match(
                _NONE, {one: pair if sure else unsure for one, sure in self._services_of(of_service)}
            )
        for service in self._asked:
            open_keys = unknown | {ASSOCIATED} if self._associated[service] else unknown
            context = {**asker.context, PASSED_TO: service}
            sure = _hold(of_service, context, open_keys)
            if sure is not False:
                found[service] = self._covered(rule, context, open_keys, certain=certain and sure is True)
        return _Match(_NONE, found)

    def _services_of(self, conditions: Sequence[Condition]) -> Sequence[tuple[str, bool]]:
        """The services for which conditions hold or may, with whether they do for certain.

        Thousands of statements name the same few services.
        """
        place = tuple((one.name, one.key, one.wanted) for one in conditions)
        found = self._named.get(place)
        if found is None:
            found = self._named[place] = []
            for service in self._asked:
                open_keys = {ASSOCIATED} if self._associated[service] else set()
                sure = _hold(conditions, {PASSED_TO: service}, open_keys)
                if sure is not False:
                    found.append((service, sure is True))
        return found

    def _covered(self, rule: Rule, context: Context, unknown: set[str], *, certain: bool) -> Pair:
        if not rule.anything and not unknown.isdisjoint(rule.resource_keys):
            return 0, self._resources.all
        covered = self._resources.covered(rule, context)
        return (covered if certain else 0), covered

    def _question(self, asker: Asker, plan: Plan, service: str, role: str) -> Request:
        """The question of one pass, as far as it is known beforehand."""
        keys = {key for rule in plan.rules() for key in rule.keys}
        unknown = {key for key in asker.unknown(keys) if key not in _OF_SERVICE}
        if self._associated[service]:
            unknown.add(ASSOCIATED)
        return Request(
            principal=asker.caller.principal,
            action=ACTION,
            resource=role,
            resource_account=self.id,
            context={**asker.context, PASSED_TO: service},
            unknown=frozenset(unknown),
        )

    def rows(self, asker: Asker, sets: Mapping[str, Pair]) -> Iterator[Pass]:
        """The passes of one principal, by role and service."""
        found: list[tuple[int, str, tuple[Requirement, ...]]] = []
        for service, (sure, may) in sets.items():
            found += ((number, service, ()) for number in bits.places(sure))
            doubtful = may & ~sure
            if doubtful:
                found += self._doubtful(asker, service, doubtful)
        found.sort(key=lambda row: row[:2])
        for number, service, conditions in found:
            yield Pass(asker.arn, self.roles[number].arn, service, conditions)

    def _doubtful(
        self, asker: Asker, service: str, doubtful: int
    ) -> Iterator[tuple[int, str, tuple[Requirement, ...]]]:
        """Passes that depend on something, with what: roles that meet the same statements share it."""
        plan = self._plan(asker)
        for alike in self._alike(asker, plan, service, doubtful):
            first = self.roles[bits.lowest(alike)]
            asked = self._question(asker, plan, service, first.arn)
            own = requirements(residual(asked, asker.policies))
            for number in bits.places(alike):
                trust = self._trust_requirements(self.roles[number], service)
                yield number, service, tuple(dict.fromkeys((*own, *trust)))

    def _alike(self, asker: Asker, plan: Plan, service: str, found: int) -> list[int]:
        groups = [found]
        for rule in plan.rules():
            for split in self._matched(asker, rule).of(service):
                groups = [part for group in groups for part in (group & split, group & ~split) if part]
        return groups

    def _trust_requirements(self, role: Role, service: str) -> tuple[Requirement, ...]:
        least: tuple[Requirement, ...] | None = None
        for principal in self._trusts.named(role):
            if any(receiver == service for receiver, _ in receivers(principal)):
                answer = self._trusts.may_assume(role, principal)
                if answer.worst.allowed:
                    return ()
                if answer.best.allowed:
                    needed = requirements(answer)
                    least = needed if least is None or len(needed) < len(least) else least
        return least or ()


_OF_SERVICE: Final = frozenset((PASSED_TO, ASSOCIATED))


def _is_constant(condition: Condition) -> bool:
    """Does it depend on its own key only, whoever asks?"""
    return len(condition.keys) == 1 and not any("$" in text for text in condition.wanted)


def _hold(conditions: Iterable[Condition], context: Context, unknown: set[str]) -> bool | None:
    """Do they all hold? None where that depends on what is unknown."""
    sure: bool | None = True
    for condition in conditions:
        if not unknown.isdisjoint(condition.keys):
            sure = None
        elif not condition.holds(context):
            return False
    return sure


def _signature(asker: Asker, keys: Iterable[str]) -> Iterator[object]:
    """What is known of the keys: a value, None where it is absent, False where it is unknown."""
    for key in keys:
        value = asker.context.get(key)
        yield False if value is None and not asker.lacks(key) else value


def _union(pairs: Iterable[Pair]) -> Pair:
    sure = may = 0
    for one, other in pairs:
        sure |= one
        may |= other
    return sure, may
