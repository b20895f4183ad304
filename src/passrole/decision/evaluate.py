"""The decision: one loop over the layers' statements.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from passrole.decision.compile import Rule
from passrole.decision.doubt import AtBest, AtWorst
from passrole.decision.layers import NO_GRANT, WAIVES_ALL, WAIVES_NOTHING
from passrole.decision.plan import BY_RIGHT, Plan, compiled
from passrole.decision.request import Context, Decision, Policies, Request
from passrole.values.principal import Principal

Holds = Callable[[Rule, str | None, Context, Principal], bool]


def evaluate(request: Request, policies: Policies) -> Decision:
    """May the request be answered?

    Where something is unknown, an Allow that depends on it does not hold and a Deny that depends on
    it does; the decision is then doubtful if the contrary would have led to another outcome.
    """
    plan = (policies.compiled or compiled(policies)).plan(request)
    if not request.unknown and request.resource is not None:
        return decide(plan, request, Rule.holds)
    worst = decide(plan, request, AtWorst(request))
    best = decide(plan, request, AtBest(request), hopeful=True)
    return worst if worst.outcome is best.outcome else replace(worst, doubtful=True)


def decide(plan: Plan, request: Request, holds: Holds, *, hopeful: bool = False) -> Decision:
    """The answer along a plan; holds says whether a statement whose action matches holds.

    hopeful takes an unknown resource for one without a policy that must allow.
    """
    resource = request.resource
    context = request.context
    principal = request.principal
    for rules in plan.denies:
        for rule in rules.all if rules.short else rules.near(resource):
            if holds(rule, resource, context, principal):
                return plan.decisions.get(rule) or plan.decided_by(rule)
    for step in plan.before:
        rules = step.allows
        for rule in rules.all if rules.short else rules.near(resource):
            if holds(rule, resource, context, principal):
                break
        else:
            return plan.refusal(step.layer)
    granted = NO_GRANT
    by: Rule | None = None
    if plan.grants is not None:
        for rule in plan.grants.near(resource):
            assert rule.principals is not None  # Invariant: a Stack leaves out the others
            waives = rule.principals.grant(principal)
            if waives > granted and holds(rule, resource, context, principal):
                granted = waives
                by = rule
                if waives == WAIVES_ALL:
                    break
    if by is None and (
        plan.granted_only or (plan.about_keys and plan.needs_grant(resource, hopeful=hopeful))
    ):
        return plan.refusal(plan.owner)
    waived = 0
    if plan.waives and by is not None:
        waived = granted
        if granted == WAIVES_NOTHING:
            by = None  # the account is named: it leaves the decision to identity-based policies
    for step in plan.after:
        if step.waiver & waived:
            continue
        rules = step.allows
        for rule in rules.all if rules.short else rules.near(resource):
            if holds(rule, resource, context, principal):
                if by is None:
                    by = rule
                break
        else:
            return plan.refusal(step.layer)
    if by is None:
        return BY_RIGHT
    return plan.decisions.get(by) or plan.decided_by(by)
