"""Which services may assume an estate's roles, and under which conditions."""

from __future__ import annotations

from typing import Final

from passrole.analysis.askers import services_trusted
from passrole.authorize.call import NoFacts
from passrole.authorize.gather import trust_policy
from passrole.catalog import passed
from passrole.decision.residual import Residual, residual
from passrole.passing.rule import service_may_assume
from passrole.state.directory import Directory
from passrole.state.entities import Role
from passrole.state.organization import rcps_for

_FACTS: Final = NoFacts()
# Of a service's own call to AssumeRole it is known who makes it, and for which account.
_KNOWN: Final = ("aws:principal", "aws:sourceaccount")


def may_assume(directory: Directory, role: Role, service: str) -> Residual:
    """Does the role's trust policy admit that service principal, acting for the role's account?

    For which resource it acts, and what else comes with its call, is unknown.
    """
    conditions = (one for statement in trust_policy(role).statements for one in statement.conditions)
    keys = {key for condition in conditions for key in condition.keys}
    unknown = frozenset(key for key in keys if not key.startswith(_KNOWN))
    judged = service_may_assume(service, role.arn, role.account, directory, _FACTS, unknown=unknown)
    return residual(judged.request, judged.policies)


class Trusts:
    """The same for many roles of one account: asked once for each distinct trust policy."""

    def __init__(self, directory: Directory, account: str) -> None:
        self._directory = directory
        # A resource control policy may name the role, so that equal trust policies are not equal answers.
        self._shared = not any(rcps_for(directory, account))
        self._answers: dict[tuple[str, str, str], Residual] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def may_assume(self, role: Role, service: str) -> Residual:
        """As the function of that name."""
        key = (role.trust, service, "" if self._shared else role.arn)
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


def admits(directory: Directory, role: Role, service: str) -> tuple[str, Residual] | None:
    """Under which principal the service may assume the role, and the answer; None where under none.

    A principal that may for certain comes before one that depends.
    """
    trusts = Trusts(directory, role.account)
    found: tuple[str, Residual] | None = None
    for principal in trusts.named(role):
        if any(receiver == service for receiver, _ in receivers(principal)):
            answer = trusts.may_assume(role, principal)
            if answer.worst.allowed:
                return principal, answer
            if answer.best.allowed and found is None:
                found = principal, answer
    return found
