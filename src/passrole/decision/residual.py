"""The three-valued answer: allowed, refused, or what it depends on.

Used where a question is asked of an estate rather than of a request: some keys, or the resource, are
left open (see Request.unknown).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

from passrole.decision.compile import Rule, Rules
from passrole.decision.doubt import AtBest, AtWorst, Match, match, open_conditions, open_resource
from passrole.decision.evaluate import decide
from passrole.decision.plan import Plan, compiled
from passrole.decision.request import Clause, Decision, Policies, Request


class Answer(Enum):
    """ALLOWED and REFUSED hold whatever the unknown turns out to be."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Open:
    """A statement that matches only if all its parts do; parts are what is not known of it.

    A part's element is ``Condition``, with key, operator and wanted, or ``Resource``, with wanted.
    """

    statement: Clause
    parts: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Residual:
    """worst is evaluate's decision, in which no doubt becomes an allow; best has every doubt resolved
    in the caller's favor. Whatever the unknown turns out to be, a request that worst allows is allowed,
    and one that best refuses is refused.

    depends_on holds the statements between the two: Allow statements of which one in each lacking layer
    must match, Deny statements of which none may. () unless the answer is DEPENDS, and where it depends on
    no more than whether an unknown resource is one whose own policy must allow. layers holds the Allow
    statements among them once more, one tuple for each layer (or level of SCPs) that must allow.
    """

    worst: Decision
    best: Decision
    depends_on: tuple[Open, ...]
    layers: tuple[tuple[Open, ...], ...] = ()

    @property
    def answer(self) -> Answer:
        """What can be said without knowing more."""
        if self.worst.allowed:
            return Answer.ALLOWED
        return Answer.DEPENDS if self.best.allowed else Answer.REFUSED


def residual(request: Request, policies: Policies) -> Residual:
    """What can be said of a request of which something is unknown."""
    plan = (policies.compiled or compiled(policies)).plan(request)
    worst = decide(plan, request, AtWorst(request))
    best = decide(plan, request, AtBest(request), hopeful=True)
    if worst.outcome is not best.outcome:
        worst = replace(worst, doubtful=True)
    if not best.allowed or worst.allowed:
        return Residual(worst, best, ())
    denials = [one for rules in plan.denies for one in _doubtful(plan, rules, request)]
    before = [tuple(_lacking(plan, step.allows, request)) for step in plan.before]
    grants = () if plan.grants is None else tuple(_doubtful(plan, plan.grants, request))
    after = [tuple(_lacking(plan, step.allows, request)) for step in plan.after]
    depends_on = chain(denials, *before, grants, *after)
    needed = (grants,) if plan.needs_grant(request.resource, hopeful=True) else ()
    granted = needed and _is_granted(plan, request)
    layers = chain(before, () if granted else needed, after)
    return Residual(worst, best, tuple(depends_on), tuple(layer for layer in layers if layer))


def _is_granted(plan: Plan, request: Request) -> bool:
    """Does the resource-based policy allow for certain?"""
    return plan.grants is not None and any(match(rule, request) is Match.YES for rule in plan.grants.all)


def _lacking(plan: Plan, rules: Rules, request: Request) -> Iterator[Open]:
    """What a layer depends on that no statement allows for certain."""
    if not any(match(rule, request) is Match.YES for rule in rules.all):
        yield from _doubtful(plan, rules, request)


def _doubtful(plan: Plan, rules: Rules, request: Request) -> Iterator[Open]:
    for rule in rules.all:
        if match(rule, request) is Match.MAYBE:
            yield opened(rule, plan.clause(rule), request)


def opened(rule: Rule, clause: Clause, request: Request) -> Open:
    """What is not known of a statement that may match; clause names it."""
    return Open(clause, tuple(_parts(clause, rule, request)))


def _parts(clause: Clause, rule: Rule, request: Request) -> Iterator[Clause]:
    if open_resource(rule, request):
        element = "NotResource" if rule.statement.not_resource else "Resource"
        yield replace(clause, element=element, wanted=rule.statement.resources or ())
    for condition in open_conditions(rule, request):
        yield replace(
            clause,
            element="Condition",
            key=condition.written,
            operator=condition.name,
            wanted=condition.wanted,
        )
