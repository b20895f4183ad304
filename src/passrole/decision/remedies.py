"""Changes that would let a refused request through, each tried on the policies before it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from passrole.decision.compile import Rule, Stack, sheet
from passrole.decision.doubt import Match, match
from passrole.decision.evaluate import evaluate
from passrole.decision.layers import (
    BOUNDARY,
    ENDPOINT,
    IDENTITY,
    NO_GRANT,
    RESOURCE,
    SCP,
    SESSION,
    TRUST,
    WAIVES_NOTHING,
    Layer,
    is_trust_action,
)
from passrole.decision.plan import Plan, compiled
from passrole.decision.request import Decision, Outcome, Policies, Request
from passrole.policy.conditions import Condition, operator_named
from passrole.policy.document import Policy, PrincipalName, Statement
from passrole.values.principal import PrincipalKind

# At most so many remedies are told, and so many statements of a layer looked at for one.
_TOLD: Final = 5
_LOOKED_AT: Final = 200
# Ranks, the narrowest first, of a statement of its own, and of an action more on every resource.
_OF_ITS_OWN: Final = 4
_ON_EVERYTHING: Final = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One change to one policy.

    policy is its name, "" for a new one; statement its Sid or place, "" for a new statement; element
    what is changed: ``Condition`` with key, ``Resource``, ``Action``, ``Principal`` or ``Statement``;
    value what is added.
    """

    text: str
    layer: str
    policy: str
    statement: str
    element: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would let the request through: all of these changes, which together are enough."""

    text: str
    changes: tuple[Change, ...]


Apply = Callable[[Policies], Policies]
Option = tuple[Change, Apply]


def remedies(request: Request, policies: Policies, decision: Decision) -> tuple[Remedy, ...]:
    """Each enough alone, narrowest first: a value of a condition, a resource, a principal, an action more
    in a statement that there is; then a statement of its own; last an action more in a statement about
    every resource, which would allow it on them all. () but for an implicit deny.
    """
    if decision.outcome is not Outcome.IMPLICIT_DENY:
        return ()
    plan = compiled(policies).plan(request)
    options = [list(_options(stack, level, request)) for stack, level in _lacking(request, plan)]
    found: dict[str, Remedy] = {}
    for chosen in _choices(options):
        needed = _needed(chosen, request, policies)
        if needed:
            text = " ".join(change.text for change, _ in needed)
            found.setdefault(text, Remedy(text, tuple(change for change, _ in needed)))
            if len(found) == _TOLD:
                break
    return tuple(found.values())


def _needed(chosen: list[Option], request: Request, policies: Policies) -> list[Option]:
    """Those of the changes that it takes to let the request through; [] where all are not enough.

    A grant that names the caller can make a change of another layer needless.
    """

    def enough(options: list[Option]) -> bool:
        mended = policies
        for _, apply in options:
            mended = apply(mended)
        return evaluate(request, mended).allowed

    if not enough(chosen):
        return []
    for option in reversed(chosen):
        rest = [each for each in chosen if each is not option]
        if enough(rest):
            chosen = rest
    return chosen


def _choices(options: list[list[Option]]) -> Iterator[list[Option]]:
    """One option a layer: the narrowest of each, then one layer at a time with its next ones."""
    narrowest = [some[0] for some in options]
    yield narrowest
    for place, some in enumerate(options):
        for option in some[1:]:
            yield [*narrowest[:place], option, *narrowest[place + 1 :]]


def _lacking(request: Request, plan: Plan) -> Iterator[tuple[Stack, int]]:
    """The stacks that must allow and do not, and the level of an SCP among them."""
    granted = NO_GRANT
    if plan.grants is not None:
        for rule in plan.grants.all:
            if rule.principals is not None and match(rule, request) is Match.YES:
                granted = max(granted, rule.principals.grant(request.principal))
    waived = granted if plan.waives and granted > WAIVES_NOTHING else 0
    level = -1
    owner_asked = False
    for stack in plan.stacks:
        layer = stack.layer
        level += layer is SCP
        if layer is RESOURCE or layer is TRUST:
            owner_asked = True
            if granted == NO_GRANT and plan.needs_grant(request.resource):
                yield stack, 0
        elif plan.asks(layer) and not layer.waiver & waived and not allows(stack, request):
            yield stack, max(level, 0)
    if not owner_asked and plan.needs_grant(request.resource):
        yield Stack(TRUST if is_trust_action(request.action.lower()) else RESOURCE, ()), 0


def allows(stack: Stack, request: Request) -> bool:
    """Does a statement of the stack allow the request for certain?"""
    _, found = stack.about(request.action.lower())
    return any(match(rule, request) is Match.YES for rule in found.all)


def _options(stack: Stack, level: int, request: Request) -> Iterator[Option]:
    layer = stack.layer
    widened: list[tuple[int, Option]] = []
    looked_at = 0
    for place, policy in enumerate(stack.policies):
        for rule in sheet(policy, layer).rules:
            if not rule.allows or looked_at == _LOOKED_AT:
                continue
            looked_at += 1
            for rank, change, statement in _widenings(rule, place, request):
                changed = replace(
                    policy,
                    statements=tuple(
                        statement if each is rule.statement else each for each in policy.statements
                    ),
                )
                widened.append((rank, (change, partial(_swap, layer, level, place, changed))))
    widened.append((_OF_ITS_OWN, _new_statement(layer, level, request)))
    widened.sort(key=lambda entry: entry[0])
    narrow = [option for rank, option in widened if rank < _OF_ITS_OWN]
    yield from narrow[:_TOLD]
    yield from [option for rank, option in widened if rank >= _OF_ITS_OWN][:_TOLD]


def _widenings(rule: Rule, place: int, request: Request) -> Iterator[tuple[int, Change, Statement]]:
    """The statement with one value more, if that is all it lacks; the rank tells the narrowest."""
    statement = rule.statement
    where = f"statement {statement.label} of {_name(rule.policy, rule.layer, place)}"
    resource = request.resource
    named = rule.names_action(request.action.lower())
    taken = rule.takes(request.principal)
    covered = rule.anything or (resource is not None and rule.covers(resource, request.context))
    unmet = [condition for condition in rule.conditions if not condition.holds(request.context)]
    if (not named) + (not taken) + (not covered) + len(unmet) != 1:
        return

    def change(text: str, element: str, value: str, key: str = "") -> Change:
        return Change(text, rule.layer.name, rule.policy.name, statement.label, element, key, value)

    if unmet:
        for text, value, condition in _conditions(unmet[0], where, request, live=statement.live):
            conditions = tuple(condition if each is unmet[0] else each for each in statement.conditions)
            yield (
                0,
                change(text, "Condition", value, unmet[0].written),
                replace(statement, conditions=conditions),
            )
    elif not covered and resource is not None and not statement.not_resource:
        text = f"Add {resource} to Resource in {where}."
        resources = (*(statement.resources or ()), resource)
        yield 1, change(text, "Resource", resource), replace(statement, resources=resources)
    elif not taken and not statement.not_principal:
        name = caller_name(request)
        text = f"Add {name.value} to Principal in {where}."
        principals = (*(statement.principals or ()), name)
        yield 2, change(text, "Principal", name.value), replace(statement, principals=principals)
    elif not named and not statement.not_action:
        text = f"Add {request.action} to Action in {where}."
        actions = (*statement.actions, request.action)
        wide = rule.anything and resource != "*"
        yield (
            _ON_EVERYTHING if wide else 3,
            change(text, "Action", request.action),
            replace(statement, actions=actions),
        )


def _conditions(
    condition: Condition, where: str, request: Request, *, live: bool
) -> Iterator[tuple[str, str, Condition]]:
    """The condition with the request's value taken in, where one value does."""
    asked = request.context.get(condition.key)
    operator = operator_named(condition.name)
    if operator is None or not isinstance(asked, str):
        return
    if not operator.operator.negated and operator.operator.family in ("String", "ARN", "IP", "Bool"):
        text = f"Add {asked} to {condition.written} in {where}."
        yield text, asked, Condition(condition.name, condition.written, (*condition.wanted, asked), live=live)
    elif operator.operator.negated and asked in condition.wanted:
        text = f"Remove {asked} from {condition.written} in {where}."
        rest = tuple(value for value in condition.wanted if value != asked)
        yield text, asked, Condition(condition.name, condition.written, rest, live=live)


def caller_name(request: Request) -> PrincipalName:
    """How a policy names the caller: a session by its role."""
    principal = request.principal
    if principal.kind is PrincipalKind.SERVICE:
        return PrincipalName("Service", principal.arn)
    if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
        return PrincipalName("Federated", principal.arn)
    return PrincipalName("AWS", principal.policy_arn)


def _new_statement(layer: Layer, level: int, request: Request) -> Option:
    statement: dict[str, object] = {"Effect": "Allow", "Action": request.action}
    resource = request.resource or "*"
    text = f"a statement that allows {request.action}"
    if layer is not TRUST:
        statement["Resource"] = resource
        text += f" on {resource}"
    service = request.context.get("iam:passedtoservice")
    if request.action.lower() == "iam:passrole" and isinstance(service, str) and layer is IDENTITY:
        statement["Condition"] = {"StringEquals": {"iam:PassedToService": service}}
        text += f" to {service}"
    if layer is RESOURCE or layer is TRUST or layer is ENDPOINT:
        name = caller_name(request)
        statement["Principal"] = {name.kind: name.value}
        text += f" for {name.value}"
    policy = Policy.parse({"Version": "2012-10-17", "Statement": [statement]})
    place = _PLACES.get(layer, layer.article_words)
    text = f"Add {text} to {place} of level {level}." if layer is SCP else f"Add {text} to {place}."
    change = Change(text, layer.name, "", "", "Statement", "", request.action)
    return change, partial(_add, layer, level, policy)


_PLACES: Final = {
    TRUST: "the role trust policy",
    BOUNDARY: "the permissions boundary",
    SESSION: "the session policy",
}


def _name(policy: Policy, layer: Layer, place: int) -> str:
    sort = "policy" if layer is IDENTITY else layer.words
    return f"{sort} {policy.name or policy.arn}" if policy.name or policy.arn else f"{layer.words} {place}"


def _swap(layer: Layer, level: int, place: int, policy: Policy, policies: Policies) -> Policies:
    """The policies with another one at a place of a layer."""
    if layer is ENDPOINT:
        return replace(policies, vpc_endpoint=policy)
    if layer is RESOURCE or layer is TRUST:
        return replace(policies, resource=policy)

    def swapped(row: tuple[Policy, ...]) -> tuple[Policy, ...]:
        return (*row[:place], policy, *row[place + 1 :])

    return _with_row(layer, level, policies, swapped)


def _add(layer: Layer, level: int, policy: Policy, policies: Policies) -> Policies:
    """The policies with one more in a layer."""
    if layer is ENDPOINT or layer is RESOURCE or layer is TRUST:
        old = policies.vpc_endpoint if layer is ENDPOINT else policies.resource
        if old is not None:
            policy = replace(old, statements=(*old.statements, *policy.statements))
        return _swap(layer, level, 0, policy, policies)
    return _with_row(layer, level, policies, lambda row: (*row, policy))


def _with_row(
    layer: Layer, level: int, policies: Policies, change: Callable[[tuple[Policy, ...]], tuple[Policy, ...]]
) -> Policies:
    if layer is IDENTITY:
        return replace(policies, identity=change(policies.identity))
    if layer is BOUNDARY:
        return replace(policies, boundaries=change(policies.boundaries))
    if layer is SESSION:
        return replace(policies, session=change(policies.session or ()))
    levels = policies.scps
    return replace(policies, scps=(*levels[:level], change(levels[level]), *levels[level + 1 :]))
