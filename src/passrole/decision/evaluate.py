"""The decision: one loop over the layers' statements.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from passrole.decision.compile import Rule
from passrole.decision.doubt import holds_at_best, holds_at_worst
from passrole.decision.layers import NO_GRANT, WAIVES_ALL
from passrole.decision.plan import Plan, compiled
from passrole.decision.request import Decision, Policies, Request

Holds = Callable[[Rule, Request], bool]


def evaluate(request: Request, policies: Policies) -> Decision:
    """May the request be answered?

    Where something is unknown, an Allow that depends on it does not hold and a Deny that depends on
    it does; the decision is then doubtful if the contrary would have led to another outcome.
    """
    plan = (policies.compiled or compiled(policies)).plan(request)
    if not request.unknown and request.resource is not None:
        return decide(plan, request, Rule.holds)
    worst = decide(plan, request, holds_at_worst)
    best = decide(plan, request, holds_at_best)
    return worst if worst.outcome is best.outcome else replace(worst, doubtful=True)


def decide(plan: Plan, request: Request, holds: Holds) -> Decision:
    """The answer along a plan; holds says whether a statement whose action matches holds."""
    resource = request.resource
    for rules in plan.denies:
        for rule in rules.near(resource):
            if holds(rule, request):
                return rule.decision
    for step in plan.before:
        for rule in step.allows.near(resource):
            if holds(rule, request):
                break
        else:
            return step.refusal
    granted = NO_GRANT
    by: Rule | None = None
    if plan.grants is not None:
        for rule in plan.grants.near(resource):
            assert rule.principals is not None  # Invariant: a Stack leaves out the others
            waives = rule.principals.grant(request.principal)
            if waives > granted and holds(rule, request):
                granted = waives
                by = rule
                if waives == WAIVES_ALL:
                    break
    if by is None and plan.ungranted is not None:
        return plan.ungranted
    waived = granted if plan.waives and by is not None else 0
    for step in plan.after:
        if step.waiver & waived:
            continue
        for rule in step.allows.near(resource):
            if holds(rule, request):
                if by is None:
                    by = rule
                break
        else:
            return step.refusal
    return plan.by_right if by is None else by.decision
