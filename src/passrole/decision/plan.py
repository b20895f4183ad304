"""What is to be asked of which layer, for one action and one standing of the caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from passrole.decision.compile import Rules, Stack, stack
from passrole.decision.layers import (
    BOUNDARY,
    ENDPOINT,
    IDENTITY,
    RCP,
    RESOURCE,
    SCP,
    SERVICE_LINKED,
    SERVICE_LINKED_PATH,
    SESSION,
    STANDINGS,
    TRUST,
    Layer,
    Standing,
    is_trust_action,
    must_allow_itself,
)
from passrole.decision.request import Decision, Outcome, Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import PrincipalKind

# Plans that one set of policies remembers; then it begins again.
_PLANS_KEPT: Final = 2048

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
    refusal: Decision


@dataclass(frozen=True, slots=True)
class Plan:
    """One action's way through the layers.

    denies are the Deny statements of every layer that concerns the caller; before and after are the
    layers that must allow, asked before and after the grants of the resource-based policy. ungranted
    is the answer where no grant is found, None where none is needed. waives tells that a grant may
    make later layers needless: it does within one account. by_right is the answer where the caller
    needs no identity-based policy and no statement decided.
    """

    denies: tuple[Rules, ...]
    before: tuple[Step, ...]
    grants: Rules | None
    ungranted: Decision | None
    waives: bool
    after: tuple[Step, ...]
    by_right: Decision


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
            found = _plan(self.policies, request.action, _ROWS[row], crosses=crosses)
            if len(plans) >= _PLANS_KEPT:
                plans.clear()
            plans[request.action] = found
        return found


def compiled(policies: Policies) -> Compiled:
    """The compiled form, made once and kept with the policies."""
    found = policies.compiled
    if found is None:
        found = Compiled(policies)
        object.__setattr__(policies, "compiled", found)  # frozen to everyone else
    return found


def stacks_of(policies: Policies, standing: Standing, *, trust: bool) -> tuple[Stack, ...]:
    """The stacks that concern a caller of that standing, in the order of the table of layers."""
    found: list[Stack] = []
    if policies.vpc_endpoint is not None:
        found.append(stack(ENDPOINT, (policies.vpc_endpoint,)))
    if standing.rcps:
        found.extend(_levels(RCP, policies.rcps))
    if standing.scps:
        found.extend(_levels(SCP, policies.scps))
    if policies.resource is not None:
        found.append(stack(TRUST if trust else RESOURCE, (policies.resource,)))
    if standing.has_account:
        found.append(stack(IDENTITY, policies.identity))
        if policies.boundaries:
            found.append(stack(BOUNDARY, policies.boundaries))
        if policies.session is not None or standing.session:
            found.append(stack(SESSION, policies.session or ()))
    return tuple(found)


def _levels(layer: Layer, levels: tuple[tuple[Policy, ...], ...]) -> list[Stack]:
    stacks: list[Stack] = []
    first = 0
    for policies in levels:
        stacks.append(stack(layer, policies, first))
        first += len(policies)
    return stacks


def _plan(policies: Policies, action: str, standing: Standing, *, crosses: bool) -> Plan:
    folded = action.lower()
    trust = is_trust_action(folded)
    denies: list[Rules] = []
    before: list[Step] = []
    after: list[Step] = []
    grants: Rules | None = None
    for each in stacks_of(policies, standing, trust=trust):
        layer = each.layer
        deny, allow = each.about(folded)
        if deny.all:
            denies.append(deny)
        if layer is RESOURCE or layer is TRUST:
            grants = allow
        elif layer is RCP or (layer is IDENTITY and not standing.identity):
            continue  # RCPFullAWSAccess stands at every level; a root user needs no identity-based policy
        else:
            step = Step(allow, layer.waiver, _refusal(layer, action))
            (after if layer.waiver else before).append(step)
    needs_grant = crosses or not standing.has_account or must_allow_itself(folded)
    own = TRUST if trust else RESOURCE
    return Plan(
        tuple(denies),
        tuple(before),
        grants,
        _refusal(own, action) if needs_grant else None,
        not crosses,
        tuple(after),
        Decision(Outcome.ALLOWED, IDENTITY.name),
    )


def _refusal(layer: Layer, action: str) -> Decision:
    return Decision(Outcome.IMPLICIT_DENY, layer.name, layer.implicit(action))
