"""The layers of policies between a principal and iam:PassRole, put together as the engine asks them.

What organizations and permissions boundaries say is the same for many principals; only the identity-based
policies are most principals' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from passrole.analysis.askers import Asker
from passrole.analysis.passing_policies import PassPolicy, PassStatement
from passrole.analysis.trust import Pair
from passrole.authorize.call import Caller
from passrole.authorize.gather import gather
from passrole.decision.layers import IDENTITY
from passrole.decision.plan import compiled
from passrole.decision.request import Policies, Request
from passrole.passing.rule import ACTION
from passrole.state.estate.estate import Estate
from passrole.values.principal import Principal, PrincipalKind


@dataclass(frozen=True, eq=False)
class Above:
    """What stands beside the identity-based policies: organization, boundary, session policy.

    first and last are the layers asked before the identity-based policies and after them: each must allow.
    identity tells that identity-based policies must allow too. denies are the Deny statements of all of them,
    before those of the identity-based policies and after them.
    """

    first: tuple[PassPolicy, ...]
    last: tuple[PassPolicy, ...]
    denies: tuple[PassPolicy, PassPolicy]
    identity: bool
    bounded: bool

    @cached_property
    def personal(self) -> tuple[PassPolicy, ...]:
        """What depends on who asks."""
        return tuple(one for one in (*self.first, *self.last, *self.denies) if one.personal)

    def denies_beside(self, said: Iterable[PassPolicy]) -> Iterator[PassStatement]:
        """The Deny statements of all layers, with those of the identity-based policies, as they are asked."""
        before, after = self.denies
        for one in (before, *said, after):
            for statement in one.denies:
                yield statement.for_the_bounded if self.bounded else statement


class Passing(msgspec.Struct, frozen=True, eq=False):
    """What principals of the same policies and keys can pass: the roles of each service, never none.

    asker is one of the principals, None where nothing of them counts.
    """

    sets: Mapping[str, Pair]
    said: tuple[PassPolicy, ...]  # by the identity-based policies
    above: Above
    asker: Asker | None

    def layers(self) -> Iterator[tuple[PassStatement, ...]]:
        """The Allow statements of each layer that must allow."""
        yield from (one.allows for one in self.above.first)
        if self.above.identity:
            yield tuple(statement for one in self.said for statement in one.allows)
        yield from (one.allows for one in self.above.last)

    def denies(self) -> Iterator[PassStatement]:
        """The Deny statements of all layers."""
        return self.above.denies_beside(self.said)


def above_of(principal: Principal, policies: Policies, account: str) -> Above:
    """What stands beside the identity-based policies of such a principal; policies have none."""
    plan = compiled(policies).plan(Request(principal, ACTION, None, resource_account=account))
    steps = (*plan.before, *plan.after)
    place = next((at for at, step in enumerate(steps) if step.layer is IDENTITY), len(steps))
    layers = [stack.layer for stack in plan.stacks]
    later = layers[layers.index(IDENTITY) :]
    denies = [rule for rules in plan.denies for rule in rules.all]
    return Above(
        first=tuple(PassPolicy.of(step.allows.all) for step in steps[:place]),
        last=tuple(PassPolicy.of(step.allows.all) for step in steps[place + 1 :]),
        denies=(
            PassPolicy.of(rule for rule in denies if rule.layer not in later),
            PassPolicy.of(rule for rule in denies if rule.layer in later),
        ),
        identity=place < len(steps),
        bounded=policies.boundaries != (),
    )


def organization_policies(estate: Estate, account: str) -> Policies:
    """What organizations say of an account's principals: all that its root user is subject to."""
    root = Principal(PrincipalKind.ROOT, f"arn:aws:iam::{account}:root", account, account)
    return gather(estate.directory, Caller(root), resource_account=account)
