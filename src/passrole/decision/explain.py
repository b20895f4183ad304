"""Why a request was answered as it was, and what would let it through.

Source for the words: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from passrole.decision.compile import Rule, sheet
from passrole.decision.doubt import Match, match
from passrole.decision.evaluate import evaluate
from passrole.decision.layers import BOUNDARY, IDENTITY, LAYERS, RCP, SCP, SESSION, Layer
from passrole.decision.plan import Plan, compiled
from passrole.decision.remedies import Remedy, allows, remedies
from passrole.decision.request import Clause, Decision, Outcome, Policies, Request
from passrole.policy.conditions import Condition
from passrole.policy.document import Policy

__all__ = ["Explanation", "Remedy", "explain", "failures", "matching", "nearest", "reason", "remedies"]

# How many statements that came near are told.
_NEAR_TOLD: Final = 8
# How far an element that failed keeps a statement away.
_DISTANCE: Final = {
    "Condition": 0,
    "Resource": 1,
    "NotResource": 1,
    "Principal": 2,
    "NotPrincipal": 2,
    "Action": 3,
    "NotAction": 3,
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with its grounds.

    statements are the statements that decided: every Deny that matched after an explicit deny, the
    Allow statements that matched after an allow, and after an implicit deny the Allow statements of
    the refusing layer that came nearest, each with the element that failed. One that matched has no
    element, but the key and values of its first condition where it has any. remedies are each enough
    alone, narrowest first; () after an explicit deny, where statements has what would have to change.
    """

    decision: Decision
    statements: tuple[Clause, ...]
    remedies: tuple[Remedy, ...] = ()


def explain(request: Request, policies: Policies, decision: Decision | None = None) -> Explanation:
    """The grounds of a decision; decision is evaluate's, where the caller has it already."""
    plan = (policies.compiled or compiled(policies)).plan(request)
    decision = decision or evaluate(request, policies)
    if decision.outcome is Outcome.IMPLICIT_DENY:
        near = nearest(plan, request, decision.layer)
        return Explanation(decision, tuple(near), remedies(request, policies, decision))
    return Explanation(decision, tuple(matching(plan, request, allow=decision.allowed)))


def reason(decision: Decision, policies: Policies | None = None, *, joiner: str = ": ") -> str:
    """AWS's words for a refusal, with the ARN of the policy that denied where AWS may name it.

    It does since 2026 for explicit denials by managed policies of some layers; policies None leaves
    it out. joiner stands before the ARN and differs by service.
    """
    if policies is None or decision.outcome is not Outcome.EXPLICIT_DENY or not decision.clauses:
        return decision.reason
    layer = next(layer for layer in LAYERS if layer.name == decision.layer)
    arn = _arn_of(layer, decision.clauses[0].index, policies)
    return f"{decision.reason}{joiner}{arn}" if arn and layer.names_policy else decision.reason


def matching(plan: Plan, request: Request, *, allow: bool) -> Iterator[Clause]:
    """The Allow or the Deny statements that matched, layer by layer.

    A Deny that only may have matched, where something is unknown, is among them.
    """
    if not allow:
        for rules in plan.denies:
            for rule in rules.all:
                if match(rule, request) is not Match.NO:
                    yield _with_condition(plan.clause(rule), rule, request)
        return
    action = request.action.lower()
    for place, layer, policy in plan.placed():
        if plan.asks(layer):
            for rule in sheet(policy, layer).about(action)[True]:
                if match(rule, request) is Match.YES:
                    yield _with_condition(plan.clause(rule, place), rule, request)


def nearest(plan: Plan, request: Request, layer: str) -> Iterator[Clause]:
    """The Allow statements of a layer that came nearest, and what failed in each, best first.

    Those that name the action come before those that do not, and of these only what fails in nothing
    else is told.
    """
    found: list[tuple[int, int, Clause]] = []
    place = -1
    for stack in plan.stacks:
        if stack.layer.name != layer:
            continue
        # Of the levels of an organization, only those that lack an Allow.
        lacking = not allows(stack, request)
        for policy in stack.policies:
            place += 1
            for rule in sheet(policy, stack.layer).rules if lacking else ():
                clause = plan.clause(rule, place)
                if rule.allows and (failed := tuple(failures(clause, rule, request))):
                    # One failure is nearer than two, and a condition nearer than an action.
                    found.append((len(failed), _DISTANCE[failed[0].element], failed[0]))
    named = [entry for entry in found if entry[1] < _DISTANCE["Action"]]
    told = named or [entry for entry in found if entry[0] == 1]
    told.sort(key=lambda entry: entry[:2])
    yield from (clause for _, _, clause in told[:_NEAR_TOLD])


def failures(clause: Clause, rule: Rule, request: Request) -> Iterator[Clause]:
    """Every element that keeps the statement from matching, the farthest first; clause is the statement's."""
    statement = rule.statement
    if not rule.names_action(request.action.lower()):
        element = "NotAction" if statement.not_action else "Action"
        yield replace(clause, element=element, asked=(request.action,), wanted=statement.actions)
    if not rule.takes(request.principal):
        element = "NotPrincipal" if statement.not_principal else "Principal"
        wanted = tuple(name.value for name in statement.principals or ())
        yield replace(clause, element=element, asked=(request.principal.arn,), wanted=wanted)
    resource = request.resource
    if not rule.anything and (resource is None or not rule.covers(resource, request.context)):
        element = "NotResource" if statement.not_resource else "Resource"
        asked = None if resource is None else (resource,)
        yield replace(clause, element=element, asked=asked, wanted=statement.resources or ())
    for condition in rule.conditions:
        if not condition.holds(request.context):
            yield condition_clause(clause, condition, request)


def condition_clause(clause: Clause, condition: Condition, request: Request) -> Clause:
    """The clause of a condition, with what the request has for its key."""
    asked = request.context.get(condition.key)
    return replace(
        clause,
        element="Condition",
        key=condition.written,
        operator=condition.name,
        asked=(asked,) if isinstance(asked, str) else asked,
        wanted=condition.wanted,
    )


def _with_condition(clause: Clause, rule: Rule, request: Request) -> Clause:
    """A statement that matched, with the first of its conditions and what met it."""
    if not rule.conditions:
        return clause
    return replace(condition_clause(clause, rule.conditions[0], request), element="")


def _arn_of(layer: Layer, place: int, policies: Policies) -> str:
    rows: dict[str, tuple[Policy, ...]] = {
        IDENTITY.name: policies.identity,
        BOUNDARY.name: policies.boundaries,
        SESSION.name: policies.session or (),
        SCP.name: tuple(policy for level in policies.scps for policy in level),
        RCP.name: tuple(policy for level in policies.rcps for policy in level),
    }
    row = rows.get(layer.name, ())
    return row[place].arn if place < len(row) else ""
