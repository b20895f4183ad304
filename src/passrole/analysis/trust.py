"""Which services may assume an estate's roles, and under which conditions."""

from __future__ import annotations

from typing import Final

from passrole.analysis.askers import services_trusted
from passrole.authorize.call import NoFacts
from passrole.authorize.check import Judged
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
