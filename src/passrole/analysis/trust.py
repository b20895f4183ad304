"""Which services may assume an estate's roles, and under which conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from passrole.analysis import bits
from passrole.analysis.askers import services_trusted
from passrole.analysis.requirements import Requirement, requirements
from passrole.authorize.call import NoFacts
from passrole.authorize.check import Judged
from passrole.authorize.gather import trust_policy
from passrole.catalog import passed
from passrole.decision.residual import Residual, residual
from passrole.passing.rule import service_may_assume
from passrole.state.directory import Directory
from passrole.state.entities import Role
from passrole.state.organization import rcps_for

Pair = tuple[int, int]  # roles as bits: those for which it is so for certain, and those for which it may be

_FACTS: Final = NoFacts()
# Of a service's own call to AssumeRole it is known who makes it, and for which account.
_KNOWN: Final = ("aws:principal", "aws:sourceaccount")


def may_assume(directory: Directory, role: Role, service: str) -> Residual:
    """Does the role's trust policy admit that service principal? See judge_trust."""
    judged = judge_trust(directory, role, service)
    return residual(judged.request, judged.policies)


def judge_trust(directory: Directory, role: Role, service: str) -> Judged:
    """The question whether that service principal, acting for the role's account, may assume the role.

    For which resource it acts, and what else comes with its call, is unknown.
    """
    conditions = (one for statement in trust_policy(role).statements for one in statement.conditions)
    keys = {key for condition in conditions for key in condition.keys}
    unknown = frozenset(key for key in keys if not key.startswith(_KNOWN))
    return service_may_assume(service, role.arn, role.account, directory, _FACTS, unknown=unknown)


class Trusts:
    """The same for many roles of one account: asked once for each distinct trust policy."""

    def __init__(self, directory: Directory, account: str) -> None:
        self._directory = directory
        # A resource control policy may name the role, so that equal trust policies are not equal answers.
        self._shared = not any(rcps_for(directory, account))
        self._answers: dict[tuple[str, str, str], Residual] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def alike(self, role: Role) -> tuple[str, str]:
        """Equal for roles that get the same answers."""
        return role.trust, "" if self._shared else role.arn

    def may_assume(self, role: Role, service: str) -> Residual:
        """As the function of that name."""
        key = (*self.alike(role), service)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = may_assume(self._directory, role, service)
        return found

    def named(self, role: Role) -> tuple[str, ...]:
        """The service principals that the trust policy names; of everyone, all that the catalog knows."""
        found = self._named.get(role.trust)
        if found is None:
            named = services_trusted(role)
            if "*" in named:
                named = tuple(dict.fromkeys((*(name for name in named if name != "*"), *passed.uses())))
            found = self._named[role.trust] = named
        return found


def receivers(principal: str) -> tuple[tuple[str, bool], ...]:
    """The services that roles trusting this principal are passed to, each with whether it is a second choice.

    Mostly the principal itself. One under which a service works but to which nothing is passed
    (``dms.eu-west-1.amazonaws.com``) stands for its service. Where AWS's sources disagree between a service
    and a part of it (``rds`` and ``monitoring.rds``), a pass to the service counts where none to the part is
    allowed.
    """
    others = passed.services_assuming_as(principal)
    if principal in passed.uses() or not others:
        parents = tuple(one for one in others if principal.endswith(f".{one}"))
        return ((principal, False), *((one, True) for one in parents))
    return tuple((one, False) for one in others)


class Admitted:
    """The roles of an account that each service can assume, as bits in the order in which they are given."""

    def __init__(self, trusts: Trusts, roles: Sequence[Role]) -> None:
        self._trusts = trusts
        alike: dict[tuple[str, str], list[int]] = {}
        for number, role in enumerate(roles):
            alike.setdefault(trusts.alike(role), []).append(number)
        # By service, one role of each kind that it can assume, with all that are like it.
        self._kinds: dict[str, dict[str, tuple[Role, int]]] = {}
        self._conditions: dict[str, list[tuple[int, tuple[Requirement, ...]]]] = {}
        first: dict[str, Pair] = {}
        second: dict[str, dict[str, Pair]] = {}
        for numbers in alike.values():
            role, found = roles[numbers[0]], bits.of(numbers)
            for principal in trusts.named(role):
                answer = trusts.may_assume(role, principal)
                if not answer.best.allowed:
                    continue
                for receiver, is_second in receivers(principal):
                    self._kinds.setdefault(receiver, {})[role.name] = (role, found)
                    table, name = (
                        (second.setdefault(receiver, {}), principal) if is_second else (first, receiver)
                    )
                    sure, may = table.get(name, (0, 0))
                    table[name] = (sure | found if answer.worst.allowed else sure, may | found)
        # By the service that gets the role: for certain, and at all.
        self.first: Final[Mapping[str, Pair]] = first
        # The same where it is a second choice, by the principal under which the service assumes it.
        self.second: Final[Mapping[str, Mapping[str, Pair]]] = second

    def conditions(self, service: str, asked: int) -> Iterator[tuple[int, tuple[Requirement, ...]]]:
        """The roles asked about, parted by the conditions under which the service can assume them."""
        found = self._conditions.get(service)
        if found is None:
            parted: dict[tuple[Requirement, ...], int] = {}
            for role, alike in self._kinds.get(service, {}).values():
                needed = self._needed(role, service)
                parted[needed] = parted.get(needed, 0) | alike
            found = self._conditions[service] = [(roles, needed) for needed, roles in parted.items()]
        for roles, needed in found:
            if roles & asked:
                yield roles & asked, needed

    def _needed(self, role: Role, service: str) -> tuple[Requirement, ...]:
        """The fewest conditions that are enough."""
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


def assuming(directory: Directory, role: Role, service: str, templates: tuple[str, ...] = ()) -> Judged:
    """The question to the trust policy, for a role passed to that service, that comes nearest to a yes.

    templates are a role parameter's trust_principals, where it has them.
    """
    trusts = Trusts(directory, role.account)
    best: str | None = None
    for principal in trusts.named(role):
        if templates:
            meant = any(passed.fits(template, principal) for template in templates)
        else:
            meant = any(receiver == service for receiver, _ in receivers(principal))
        if meant:
            answer = trusts.may_assume(role, principal)
            if answer.worst.allowed:
                return judge_trust(directory, role, principal)
            if best is None or answer.best.allowed:
                best = principal
    name = best or (templates[0].replace("{region}", "us-east-1") if templates else service)
    return judge_trust(directory, role, name)
