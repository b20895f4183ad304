"""May a principal pass a role to a service: the rule of iam:PassRole asked of an estate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from passrole.analysis.answer import Answer, answered, merged
from passrole.analysis.askers import ASSOCIATED, PASSED_TO, Asker, asker_named, role_named
from passrole.analysis.trust import assuming
from passrole.authorize.call import NoFacts
from passrole.catalog import passed
from passrole.catalog.operations import Operation, operation, operation_names
from passrole.catalog.operations import services as known_services
from passrole.catalog.role_parameters import RoleParameter
from passrole.catalog.services import action_prefix
from passrole.decision.plan import compiled
from passrole.decision.request import Request
from passrole.passing.rule import ACTION, judge_pass
from passrole.state.entities import Role
from passrole.state.estate.estate import Estate
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError

_FACTS: Final = NoFacts()
ACCOUNT_LAYER: Final = "account"


class BadQuestion(PassroleError):
    """A question that means nothing: said in one line."""


def check(
    estate: Estate,
    principal: str,
    role: str,
    service: str = "",
    operation: str = "",
    context: Mapping[str, str] | None = None,
) -> Answer:
    """May the principal pass the role to the service?

    principal is an ARN of a user, role, role session or root; role an ARN, or a name in the principal's
    account; service a service principal or its short name. operation (``lambda:CreateFunction``) says in
    which call, and may say to which service. context states keys that are otherwise unknown.

    The account, iam:PassRole, and the role's trust policy must agree; with an operation that looks at the
    trust policy only when the role is used, that policy is no more than noted.
    Raises NoSuchPrincipal or BadQuestion.
    """
    asker = asker_named(estate, principal)
    asker = replace(asker, context=merged(asker.context, context or {}))
    arn = _role_arn(estate, asker, role)
    notes: list[str] = []
    parameter = _parameter(operation, service) if operation else None
    if parameter is not None:
        services = parameter.principals
        if parameter.disputed:
            notes.append(
                "AWS's sources disagree about the service principal: the pass counts as allowed if it is for "
                f"one of {' and '.join(services)} and denied for none"
            )
    elif service:
        services = (passed.principal_named(service),)
        if services[0] not in passed.uses():
            notes.append(f"no operation is known that passes a role to {services[0]}")
    else:
        raise BadQuestion("check: say to which --service, or in which --operation")
    shown = services[0] if services else ""
    if service and passed.principal_named(service) in services:
        shown = passed.principal_named(service)
    if arn.account != asker.account:
        return _cross_account(asker, arn, shown, notes)
    judged = judge_pass(
        asker.caller,
        arn,
        services,
        asker.context,
        estate.directory,
        _FACTS,
        unknown=unknown_keys(asker, arn, services, parameter),
    )
    answer = answered(judged, principal=asker.arn, service=shown, notes=notes)
    if not answer.allowed:
        return answer
    return _with_trust(estate, answer, arn, parameter)


def unknown_keys(
    asker: Asker, role: Arn, services: tuple[str, ...], parameter: RoleParameter | None = None
) -> frozenset[str]:
    """The keys of the pass that nobody knows beforehand, of those that the principal's policies ask for."""
    request = Request(asker.caller.principal, ACTION, str(role), resource_account=role.account)
    keys = {key for rule in compiled(asker.policies).plan(request).rules() for key in rule.keys}
    unknown = set(asker.unknown(keys))
    if services:
        unknown.discard(PASSED_TO)
    if parameter is not None:
        associated = bool(parameter.associated_resource)
    else:
        associated = not services or any(passed.has_associated_resource(service) for service in services)
    if not associated:
        unknown.discard(ASSOCIATED)
    return frozenset(unknown)


def _with_trust(
    estate: Estate,
    answer: Answer,
    arn: Arn,
    parameter: RoleParameter | None,
) -> Answer:
    """The answer once the role's trust policy has been heard."""
    role = role_named(estate.directory, arn)
    if role is None:
        text = f"{arn} is not in the account's details: whether {answer.service} may assume it is not known"
        return replace(answer, notes=(*answer.notes, text))
    templates = parameter.trust_principals if parameter is not None else ()
    judged = assuming(estate.directory, role, answer.service, templates)
    told = answered(judged, principal=answer.principal, service=answer.service)
    if told.allowed:
        return answer
    if parameter is not None and parameter.trust_checked != "call":
        text = f"the call succeeds, but the role's trust policy does not admit {judged.request.principal.arn}"
        if told.conditions:
            text += " for certain"
        return replace(answer, notes=(*answer.notes, text))
    theirs = f"the trust policy of {role.name}"
    return replace(
        told,
        action=ACTION,
        resource=str(arn),
        remedies=tuple(text.replace("the role trust policy", theirs) for text in told.remedies),
        notes=(*answer.notes, *told.notes),
    )


def _cross_account(asker: Asker, role: Arn, service: str, notes: list[str]) -> Answer:
    return Answer(
        principal=asker.arn,
        action=ACTION,
        resource=str(role),
        service=service,
        allowed=False,
        decision="implicit_deny",
        reason=f"a role can be passed within its own account only, and this one is account {role.account}'s",
        layer=ACCOUNT_LAYER,
        remedies=(f"Pass a role of account {asker.account}.",),
        notes=tuple(notes),
    )


def _role_arn(estate: Estate, asker: Asker, text: str) -> Arn:
    if not text.startswith("arn:"):
        role = estate.directory.get(Role, asker.account, text.rsplit("/", 1)[-1])
        if role is None:
            raise BadQuestion(f"{text}: there is no such role in account {asker.account}; name it by its ARN")
        return Arn.parse(role.arn)
    try:
        arn = Arn.parse(text)
    except InvalidArn as error:
        raise BadQuestion(str(error)) from error
    if arn.service != "iam" or arn.kind != "role" or not arn.name:
        raise BadQuestion(f"{text}: not the ARN of a role")
    return arn


def find_operation(text: str) -> Operation:
    """The operation of ``lambda:CreateFunction``, by botocore's name of the service or its IAM prefix.

    Raises BadQuestion.
    """
    service, _, name = text.partition(":")
    found = operation(service, name)
    if found is not None:
        return found
    for other in known_services():
        if action_prefix(other) == service and (found := operation(other, name)) is not None:
            return found
    if name and operation_names(service):
        near = [one for one in operation_names(service) if one.lower() == name.lower()]
        hint = f"; there is {service}:{near[0]}" if near else ""
        raise BadQuestion(f"{text}: {service} has no such operation{hint}")
    raise BadQuestion(f"{text}: no operation that is known; it is SERVICE:Operation")


def _parameter(text: str, service: str) -> RoleParameter:
    found = find_operation(text)
    if not found.role_parameters:
        raise BadQuestion(f"{text} takes no role")
    wanted = passed.principal_named(service)
    rows = [one for one in found.role_parameters if not service or wanted in one.principals]
    if not rows:
        known = dict.fromkeys(name for one in found.role_parameters for name in one.principals)
        raise BadQuestion(f"{text} passes no role to {wanted}, but to {', '.join(known)}")
    if len({one.principals for one in rows}) > 1 and not service:
        known = dict.fromkeys(name for one in rows for name in one.principals)
        raise BadQuestion(f"{text} passes roles to {', '.join(known)}: say which with --service")
    return rows[0]
