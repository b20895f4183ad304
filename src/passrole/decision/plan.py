"""What is to be asked of which layer, for one action and one standing of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.decision.compile import Rule, Rules, Stack
from passrole.decision.layers import (
    BOUNDARY,
    ENDPOINT,
    IDENTITY,
    RCP,
    RCP_EXEMPT_ACTIONS,
    RESOURCE,
    SCP,
    SERVICE_LINKED,
    SERVICE_LINKED_PATH,
    SESSION,
    STANDINGS,
    TRUST,
    Layer,
    Standing,
    is_key,
    is_key_action,
    is_trust_action,
)
from passrole.decision.request import Clause, Decision, Outcome, Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import PrincipalKind

# Sets of policies that are remembered.
_SETS_KEPT: Final = 4096
# Plans that one set of policies remembers; then it begins again.
_PLANS_KEPT: Final = 256

# The answer where the caller needs no identity-based policy and no statement decided.
BY_RIGHT: Final = Decision(Outcome.ALLOWED, IDENTITY.name)

_USER: Final = PrincipalKind.USER
_ROLE_SESSION: Final = PrincipalKind.ROLE_SESSION
_ROWS: Final[tuple[Standing, ...]] = (*STANDINGS.values(), SERVICE_LINKED)
_ROW_OF: Final = {kind.value: number for number, kind in enumerate(STANDINGS)}
_USER_ROW: Final = _ROW_OF[_USER.value]
_SESSION_ROW: Final = _ROW_OF[_ROLE_SESSION.value]
_SERVICE_LINKED_ROW: Final = len(_ROWS) - 1


@dataclass(frozen=True, slots=True)
class Step:
    """A layer that must allow: one of its statements has to hold, unless waiver is waived."""

    allows: Rules
    waiver: int
    layer: Layer


class Plan:
    """One action's way through the layers.

    denies are the Deny statements of every layer that concerns the caller; before and after are the
    layers that must allow, asked before and after the grants of the resource-based policy, which owner
    names. waives tells that a grant may make later layers needless: it does within one account.
    """

    __slots__ = (
        "_action",
        "_refusals",
        "about_keys",
        "after",
        "before",
        "decisions",
        "denies",
        "granted_only",
        "grants",
        "owner",
        "stacks",
        "standing",
        "waives",
    )

    def __init__(self, policies: Policies, action: str, standing: Standing, *, crosses: bool) -> None:
        folded = action.lower()
        trust = is_trust_action(folded)
        self.standing: Final[Standing] = standing
        self.stacks: Final[tuple[Stack, ...]] = tuple(
            stack
            for stack in stacks_of(policies, standing, trust=trust)
            if stack.layer is not RCP or folded not in RCP_EXEMPT_ACTIONS
        )
        bounded = standing.has_account and policies.boundaries != ()
        denies: list[Rules] = []
        before: list[Step] = []
        after: list[Step] = []
        grants: Rules | None = None
        for stack in self.stacks:
            layer = stack.layer
            deny, allow = stack.about(folded)
            if deny.all:
                if bounded and any(rule.for_the_bounded is not rule for rule in deny.all):
                    deny = Rules([rule.for_the_bounded for rule in deny.all])
                denies.append(deny)
            if layer is RESOURCE or layer is TRUST:
                grants = allow
            elif not self.asks(layer):
                continue
            elif layer is IDENTITY or not any(rule.certain for rule in allow.all):
                step = Step(allow, layer.waiver, layer)
                (after if layer.waiver else before).append(step)
        # Role trust policies and the policies of KMS keys must allow, whatever identity-based policies say.
        self.granted_only: Final[bool] = crosses or not standing.has_account or trust
        self.about_keys: Final[bool] = is_key_action(folded)
        self.denies: Final[tuple[Rules, ...]] = tuple(denies)
        self.before: Final[tuple[Step, ...]] = tuple(before)
        self.grants: Final[Rules | None] = grants
        self.owner: Final[Layer] = TRUST if trust else RESOURCE
        self.waives: Final[bool] = not crosses
        self.after: Final[tuple[Step, ...]] = tuple(after)
        self._action: Final[str] = action
        self._refusals: Final[dict[Layer, Decision]] = {}
        self.decisions: Final[dict[Rule, Decision]] = {}  # by the statement that decided

    def decided_by(self, rule: Rule) -> Decision:
        """What is answered when this statement decides, kept in decisions."""
        decision = self.decisions.get(rule)
        if decision is None:
            layer = rule.layer
            if rule.allows:
                decision = Decision(Outcome.ALLOWED, layer.name, clauses=(self.clause(rule),))
            else:
                decision = Decision(Outcome.EXPLICIT_DENY, layer.name, layer.explicit(), (self.clause(rule),))
            self.decisions[rule] = decision
        return decision

    def refusal(self, layer: Layer) -> Decision:
        """The answer where the layer lacks an Allow."""
        found = self._refusals.get(layer)
        if found is None:
            found = Decision(Outcome.IMPLICIT_DENY, layer.name, layer.implicit(self._action))
            self._refusals[layer] = found
        return found

    def needs_grant(self, resource: str | None, *, hopeful: bool = False) -> bool:
        """Must the resource-based policy allow? hopeful takes an unknown resource for none that must."""
        if self.granted_only or not self.about_keys:
            return self.granted_only
        return not hopeful if resource is None else is_key(resource)

    def rules(self) -> Iterator[Rule]:
        """Every statement that may take part in the answer, but for what only a grant would add."""
        for rules in self.denies:
            yield from rules.all
        for step in (*self.before, *self.after):
            yield from step.allows.all

    def asks(self, layer: Layer) -> bool:
        """Must the layer allow, unless a grant makes it needless?

        RCPFullAWSAccess stands at every level, and a root user needs no identity-based policy.
        """
        return layer is not RCP and (layer is not IDENTITY or self.standing.identity)

    def clause(self, rule: Rule, place: int | None = None) -> Clause:
        """The statement as it stands in a decision; place where its policy's place is known."""
        statement = rule.statement
        if place is None:
            place = next(
                at for at, layer, policy in self.placed() if layer is rule.layer and policy is rule.policy
            )
        return Clause(rule.layer.name, rule.policy.name, place, statement.label, statement.effect)

    def placed(self) -> Iterator[tuple[int, Layer, Policy]]:
        """Every policy with its place among all those of its layer."""
        places: dict[str, int] = {}
        for stack in self.stacks:
            name = stack.layer.name
            for policy in stack.policies:
                place = places.get(name, 0)
                places[name] = place + 1
                yield place, stack.layer, policy


class Compiled:
    """The stacks of one Policies, and the plans made from them."""

    __slots__ = ("_plans", "policies")

    def __init__(self, policies: Policies) -> None:
        self.policies: Final[Policies] = policies
        # One for each row of the table of standings, within one account and across two.
        self._plans: Final[tuple[dict[str, Plan], ...]] = tuple({} for _ in range(2 * len(_ROWS)))

    def plan(self, request: Request) -> Plan:
        """The plan for the request's action, caller and owner."""
        principal = request.principal
        kind = principal.kind
        if kind is _USER:
            row = _USER_ROW
        elif kind is _ROLE_SESSION:
            row = _SERVICE_LINKED_ROW if SERVICE_LINKED_PATH in principal.role_arn else _SESSION_ROW
        else:
            row = _ROW_OF[kind.value]
        owner = request.resource_account
        crosses = owner != "" and owner != principal.account
        plans = self._plans[row + len(_ROWS) if crosses else row]
        found = plans.get(request.action)
        if found is None:
            found = Plan(self.policies, request.action, _ROWS[row], crosses=crosses)
            if len(plans) >= _PLANS_KEPT:
                plans.clear()
            plans[request.action] = found
        return found


def compiled(policies: Policies) -> Compiled:
    """The compiled form, kept with the policies and shared by all that hold the same ones.

    A policy that changes is another Policy, so what was compiled for the old one is never used again.
    """
    found = policies.compiled
    if found is None:
        found = _compiled(
            policies.identity,
            policies.resource,
            policies.boundaries,
            policies.session,
            policies.scps,
            policies.rcps,
            policies.vpc_endpoint,
        )
        object.__setattr__(policies, "compiled", found)  # frozen to everyone else
    return found


def compile_alone(policies: Policies) -> None:
    """Gives the policies a compiled form of their own, for a caller that remembers the sets itself."""
    object.__setattr__(policies, "compiled", Compiled(policies))


@lru_cache(maxsize=_SETS_KEPT)
def _compiled(
    identity: tuple[Policy, ...],
    resource: Policy | None,
    boundaries: tuple[Policy, ...],
    session: tuple[Policy, ...] | None,
    scps: tuple[tuple[Policy, ...], ...],
    rcps: tuple[tuple[Policy, ...], ...],
    vpc_endpoint: Policy | None,
) -> Compiled:
    return Compiled(Policies(identity, resource, boundaries, session, scps, rcps, vpc_endpoint))


def stacks_of(policies: Policies, standing: Standing, *, trust: bool) -> tuple[Stack, ...]:
    """The stacks that concern a caller of that standing, in the order of the table of layers."""
    found: list[Stack] = []
    if policies.vpc_endpoint is not None:
        found.append(Stack(ENDPOINT, (policies.vpc_endpoint,)))
    if standing.rcps:
        found.extend(Stack(RCP, level) for level in policies.rcps)
    if standing.scps:
        found.extend(Stack(SCP, level) for level in policies.scps)
    if policies.resource is not None:
        found.append(Stack(TRUST if trust else RESOURCE, (policies.resource,)))
    if standing.has_account:
        found.append(Stack(IDENTITY, policies.identity))
        if policies.boundaries:
            found.append(Stack(BOUNDARY, policies.boundaries))
        if policies.session is not None or standing.session:
            found.append(Stack(SESSION, policies.session or ()))
    return tuple(found)
