"""One account's passes: what its statements about iam:PassRole say, put together for each principal.

The layers meet sets of roles (see ``role_matches``) as the engine meets single answers
(``decision.evaluate.decide``). What organizations and permissions boundaries say is put together once for all
that have the same, and principals that have the same policies and keys are one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from passrole.analysis.askers import Asker, asker_of
from passrole.analysis.pass_groups import Conditions, Group, in_order
from passrole.analysis.pass_layers import Above, Passing, above_of, organization_policies
from passrole.analysis.passing_policies import PassPolicies, PassPolicy
from passrole.analysis.requirements import Requirement
from passrole.analysis.role_matches import NONE, Match, RoleMatches, any_of, signature
from passrole.analysis.trust import Admitted, Pair, Trusts
from passrole.authorize.gather import managed_policy
from passrole.decision.layers import standing_of
from passrole.decision.request import Policies
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate

# Sets of passes whose conditions are remembered; then it begins again.
_GROUPS_KEPT: Final = 1024


class Pass(msgspec.Struct, frozen=True, gc=False):
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
        service: Callable[[str], bool] = lambda principal: True,
    ) -> None:
        self.estate: Final = estate
        self.id: Final = account
        self.roles: Final = sorted(roles, key=lambda role: role.arn)
        self._admitted: Final = Admitted(Trusts(estate.directory, account), self.roles)
        receiving = (*self._admitted.first, *self._admitted.second)
        self._services: Final = sorted({one for one in receiving if service(one)})
        self._listed: Final = frozenset(self._services)
        firsts = {one for name in self._services for one in self._admitted.second.get(name, ())}
        asked = sorted({*self._services, *firsts})
        self._arns: Final = [role.arn for role in self.roles]
        self._matches: Final = RoleMatches(self._arns, asked)
        self._policies: Final = PassPolicies(estate.directory)
        self._organization = organization_policies(estate, account)
        self._above: dict[tuple[object, ...], Above] = {}
        self._allowed: dict[PassPolicy, Match] = {}
        self._passings: dict[tuple[object, ...], Passing] = {}
        self._groups: dict[Passing, tuple[Group, ...]] = {}
        self._conditions: Final = Conditions(self._matches, self._admitted)

    @property
    def passable(self) -> int:
        """How many of the roles some service can assume to which they are passed."""
        first, second = self._admitted.first, self._admitted.second
        found = 0
        for service in self._services:
            found |= first.get(service, NONE)[1]
            for _, may in second.get(service, {}).values():
                found |= may
        return found.bit_count()

    # --- Who asks -----------------------------------------------------------------------------

    def passes(self, asker: Asker) -> Mapping[str, Pair]:
        """The roles that the principal can pass to each service: for certain, and at all; {} for none."""
        return self.passing(asker).sets

    def passing(self, asker: Asker) -> Passing:
        """The same, with what its conditions are told by."""
        given = asker.policies
        principal = asker.caller.principal
        place = (standing_of(principal), given.boundaries, given.session, given.scps, given.rcps)
        above = self._above.get(place)
        if above is None:
            above = self._above[place] = above_of(principal, replace(given, identity=()), self.id)
        return self._passing(self._policies.all_of(given.identity), above, lambda: asker)

    def passing_of(self, entity: User | Role) -> Passing:
        """The same of a user, or of a role's sessions."""
        linked = isinstance(entity, Role) and entity.service_linked
        place = (linked, entity.boundary)
        above = self._above.get(place)
        if above is None:
            policies = Policies() if linked else self._organization
            if entity.boundary:
                boundary = managed_policy(self.estate.directory, entity.boundary)
                policies = replace(policies, boundaries=(boundary,))
            asker = asker_of(self.estate, entity, policies)
            above = self._above[place] = above_of(asker.caller.principal, policies, self.id)
        # What its policies say is told apart from who it is.
        return self._passing(
            self._policies.of(entity), above, lambda: asker_of(self.estate, entity, Policies())
        )

    def _passing(self, said: tuple[PassPolicy, ...], above: Above, asker_for: Callable[[], Asker]) -> Passing:
        place: tuple[object, ...] = (above, said)
        asker: Asker | None = None
        personal = [*above.personal, *(one for one in said if one.personal)]
        if personal:
            asker = asker_for()
            statements = [statement for one in personal for statement in one.statements]
            keys = sorted({key for one in statements for key in one.keys})
            who = asker.caller.principal if any(one.by_name for one in statements) else None
            place = (above, said, who, *signature(asker, keys))
        found = self._passings.get(place)
        if found is None:
            found = self._passings[place] = self._put_together(said, above, asker)
        return found

    # --- Put together -------------------------------------------------------------------------

    def _put_together(self, said: tuple[PassPolicy, ...], above: Above, asker: Asker | None) -> Passing:
        if above.identity and not any(one.allows for one in said):
            return Passing({}, said, above, asker)
        steps = [self._any_allowed((one,), asker) for one in (*above.first, *above.last)]
        if above.identity:
            steps.append(self._any_allowed(said, asker))
        denies = [self._matches.of(one, asker) for one in above.denies_beside(said)]
        return Passing(self._sets(steps, any_of(denies) if denies else None), said, above, asker)

    def _any_allowed(self, policies: Iterable[PassPolicy], asker: Asker | None) -> Match:
        """The roles for which a policy of the layer allows it."""
        matches: list[Match] = []
        for policy in policies:
            known = self._allowed.get(policy)
            if known is None:
                known = any_of([self._matches.of(one, asker) for one in policy.allows])
                if not policy.personal:
                    self._allowed[policy] = known
            matches.append(known)
        return any_of(matches)

    def _sets(self, steps: Sequence[Match], denied: Match | None) -> Mapping[str, Pair]:
        usual, special = self._left(steps, denied)
        found: dict[str, Pair] = {}
        # Mostly a statement names the service, and only the services that are named need a look.
        for service in self._services if usual[1] else sorted(special.keys() & self._listed):
            sure, may = special.get(service, usual)
            if not may:
                continue
            first = self._admitted.first.get(service, NONE)
            pair = (sure & first[0], may & first[1])
            for principal, second in self._admitted.second.get(service, {}).items():
                # Only for roles that are not passed to the part of the service itself.
                taken = special.get(principal, usual)[1] & self._admitted.first[principal][1]
                pair = (pair[0] | (sure & second[0] & ~taken), pair[1] | (may & second[1] & ~taken))
            if pair[1]:
                found[service] = pair
        return found

    def _left(self, steps: Sequence[Match], denied: Match | None) -> tuple[Pair, Mapping[str, Pair]]:
        """What all layers allow and none denies, trust policies left aside: mostly, and for some services.

        Most services are in no statement's conditions: one answer is that of them all.
        """
        special = {service for step in steps for service in step.of_service}
        if denied is not None:
            special.update(denied.of_service)
        if len(steps) == 1 and denied is None:
            (step,) = steps
            return step.usual, {service: step.of(service) for service in special}

        def answer(service: str) -> Pair:
            sure = may = self._matches.resources.all
            for step in steps:
                one, other = step.of(service)
                sure &= one
                may &= other
            if denied is not None:
                one, other = denied.of(service)
                sure &= ~other
                may &= ~one
            return sure, may

        return answer(""), {service: answer(service) for service in special}

    # --- Told -----------------------------------------------------------------------------

    def rows(self, arn: str, passing: Passing) -> list[Pass]:
        """The passes of one principal, by role and service."""
        arns = self._arns
        return [
            Pass(arn, arns[number], group.service, group.conditions)
            for number, group in in_order(self.groups(passing))
        ]

    def groups(self, passing: Passing) -> tuple[Group, ...]:
        """The passes in groups of equal conditions, by service."""
        found = self._groups.get(passing)
        if found is None:
            if len(self._groups) >= _GROUPS_KEPT:
                self._groups.clear()
            found = self._groups[passing] = tuple(self._conditions.groups(passing))
        return found
