"""plan: which passes of a deployment its deployer lacks, and the narrowest policy to add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from passrole.analysis.answer import answered
from passrole.analysis.askers import Asker, NoSuchPrincipal, asker_named
from passrole.analysis.audit import narrowest
from passrole.analysis.audit.usage import Used
from passrole.analysis.check import unknown_keys
from passrole.analysis.plan.passes import ANY, Deployment
from passrole.authorize.call import NoFacts
from passrole.catalog.operations import operation
from passrole.catalog.role_parameters import RoleParameter
from passrole.decision.request import Policies
from passrole.passing.rule import judge_pass
from passrole.policy.document import Statement
from passrole.state.estate.estate import Estate
from passrole.values import glob, partition
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.glob import Pattern

_FACTS: Final = NoFacts()
# Stands for what a name will be: so odd that a policy takes it in only if it takes any name in.
_SOME: Final = "zq0passrole0qz"
_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_CREATE_STACK: Final = "cloudformation:CreateStack"
_PASS_ROLE: Final = "iam:passrole"


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """One pass of a deployment, judged. principal makes the call: the deployer, or the stack's role.

    known tells whether the policies of principal are.
    """

    resource: str
    operation: str
    role: str
    service: str
    allowed: bool
    remedy: str
    principal: str
    known: bool = True

    def as_json(self) -> dict[str, object]:
        """As the contract has it."""
        return {
            "resource": self.resource,
            "operation": self.operation,
            "role": self.role,
            "service": self.service,
            "allowed": self.allowed,
            "remedy": self.remedy,
        }


def judged(
    deployments: Iterable[Deployment], estate: Estate, principal: str, role: str = ""
) -> tuple[PlannedAnswer, ...]:
    """Every pass of the deployments, each once, in their order.

    role is the service role with which stacks are deployed, where no deployment names its own: the principal
    (or the role by which it is deployed, where that is known) then passes that one, and it passes the others.
    Raises NoSuchPrincipal for the principal.
    """
    asker = asker_named(estate, principal)
    found: dict[PlannedAnswer, None] = {}
    for one in deployments:
        acting = one.role or (role if not one.assumed else "")
        by = (_asker(estate, one.by) if one.by else None) or asker
        if acting:
            found[_stack_role(estate, by, one, acting)] = None
        found.update(dict.fromkeys(_passes(estate, one, by, one.assumed or acting)))
    return tuple(found)


def policies_to_add(answers: Iterable[PlannedAnswer]) -> dict[str, narrowest.Document]:
    """The narrowest policy for each principal that lacks a pass."""
    lacking = [
        Used(one.principal, one.role, one.service, one.operation, "", allowed=1)
        for one in answers
        if one.known and not one.allowed
    ]
    return narrowest.policies(lacking)


def _stack_role(estate: Estate, asker: Asker, one: Deployment, role: str) -> PlannedAnswer:
    known = operation("cloudformation", "CreateStack")
    rows = [row for row in known.role_parameters if row.path == "RoleARN"] if known is not None else []
    return _judged(estate, asker, one.stack or "stack", _CREATE_STACK, role, rows[0])


def _asker(estate: Estate, arn: str) -> Asker | None:
    """A role that the account's data has."""
    try:
        return asker_named(estate, arn)
    except NoSuchPrincipal:
        return None


def _passes(estate: Estate, one: Deployment, deployer: Asker, acting: str) -> Iterator[PlannedAnswer]:
    asker = _asker(estate, acting) if acting else deployer
    for planned in one.passes:
        parameter, call = planned.property.parameter, planned.property.call
        if asker is not None:
            yield _judged(estate, asker, planned.resource, call, planned.role, parameter)
            continue
        remedy = f"The account's data has no role {acting}: what it may pass is not known."
        service = parameter.principals[0] if parameter.principals else ""
        yield PlannedAnswer(planned.resource, call, planned.role, service, False, remedy, acting, False)


def _judged(
    estate: Estate, asker: Asker, resource: str, call: str, role: str, parameter: RoleParameter
) -> PlannedAnswer:
    services = parameter.principals
    service = services[0] if services else ""

    def answer(allowed: bool, remedy: str) -> PlannedAnswer:
        return PlannedAnswer(resource, call, role, service, allowed, remedy, asker.arn)

    try:
        arn = Arn.parse(role.replace(ANY, _SOME))
    except InvalidArn:
        return answer(False, f"{role} is no role's ARN.")
    if _SOME not in arn.account and arn.account != asker.account:
        return answer(
            False, f"Pass a role of account {asker.account}: roles are passed within their account."
        )
    if _SOME in arn.account:
        arn = Arn(arn.partition, arn.service, arn.region, asker.account, arn.resource)
    told = answered(
        judge_pass(
            asker.caller,
            arn,
            services,
            asker.context,
            estate.directory,
            _FACTS,
            unknown=unknown_keys(asker, arn, services, parameter),
        ),
        principal=asker.arn,
        service=service,
    )
    if not told.allowed:
        remedy = told.remedies[0] if told.remedies else f"Not allowed because {told.reason}."
        return answer(False, remedy.replace(_SOME, ANY))
    denied = _may_deny(asker.policies, role, str(arn)) if ANY in role else None
    if denied is not None:
        return answer(
            False,
            f"Name the role: Deny statement {denied.label} may take in the name that it will have.",
        )
    return answer(True, "")


def _may_deny(policies: Policies, role: str, shown: str) -> Statement | None:
    """A Deny that some of the roles which a pattern stands for fall under, though not every one."""
    wanted = Pattern.parse(re.sub(r"\*+", "*", role))
    layers = (policies.identity, policies.boundaries, policies.session or (), *policies.scps)
    for layer in layers:
        for statement in (one for policy in layer for one in policy.statements):
            if statement.allows or statement.not_resource or statement.resources is None:
                continue
            named = any(Pattern.parse(one.lower()).matches(_PASS_ROLE) for one in statement.actions)
            if named == statement.not_action:
                continue
            for text in statement.resources:
                pattern = _widest(text)
                if not pattern.matches(shown) and partition.meet(pattern, wanted):
                    return statement
    return None


def _widest(text: str) -> Pattern:
    """What a value of Resource may take in, whatever its variables are."""
    head, field = glob.split_resource(text)
    return glob.pattern_of((*head, *glob.tokens(_VARIABLE.sub(ANY, field or ""))))


def missing(answers: Sequence[PlannedAnswer]) -> bool:
    """Is a pass missing?"""
    return any(not one.allowed for one in answers)
