"""The rule of iam:PassRole, for one role passed in one call.

Same account; iam:PassRole on the role's ARN with its two keys; where AWS checks it at the call, a
trust policy that admits the service. In this order: who may not pass a role does not learn whether the
service could assume it.
Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call, Caller, ResourceFacts
from passrole.authorize.check import Judged, check
from passrole.authorize.context import Values
from passrole.authorize.plan import Check, owner_keys
from passrole.authorize.refusal import Refusal
from passrole.decision.request import Outcome
from passrole.passing.role_passes import RolePass
from passrole.state.directory import Directory
from passrole.values.arn import Arn
from passrole.values.principal import Principal, PrincipalKind

ACTION: Final = "iam:PassRole"


def may_pass(
    call: Call,
    passed: RolePass,
    context: Mapping[str, Values],
    directory: Directory,
    facts: ResourceFacts,
) -> Refusal | None:
    """None where the caller may pass that role to that service; else why not.

    context holds the call's global keys. Where AWS's sources disagree on the service principal, the pass
    is allowed if the policies allow it under at least one of them and explicitly deny it under none.
    """
    judged = judge_pass(
        call.caller,
        passed.role,
        passed.services,
        context,
        directory,
        facts,
        associated_resource=passed.associated_resource,
        region=call.region,
        unknown=passed.unknown,
    )
    return None if judged.decision.allowed else Refusal(judged)


def judge_pass(
    caller: Caller,
    role: Arn,
    services: tuple[str, ...],
    context: Mapping[str, Values],
    directory: Directory,
    facts: ResourceFacts,
    *,
    associated_resource: str = "",
    region: str = "us-east-1",
    unknown: frozenset[str] = frozenset(),
) -> Judged:
    """iam:PassRole on the role to the service, with all that it was decided by.

    services are as in RolePass, context and unknown as in decision.request.Request.
    """
    owner = owner_keys(role.account, directory)
    answers: list[Judged] = []
    for service in services or ("",):
        own = {**context, **owner}
        # A role's tags never condition PassRole: their keys are absent, whatever tags it has.
        for key in ("aws:tagkeys", *(key for key in own if key.startswith("aws:requesttag/"))):
            own.pop(key, None)
        if service:
            own["iam:passedtoservice"] = service
        if associated_resource:
            own["iam:associatedresourcearn"] = associated_resource
        asked = Check(ACTION, str(role), role.account, own, unknown)
        answers.append(check(directory, facts, caller, asked, region))
    denied = next((one for one in answers if one.decision.outcome is Outcome.EXPLICIT_DENY), None)
    return denied or next((one for one in answers if one.decision.allowed), answers[0])


def service_caller(service: str) -> Caller:
    """A service acting for itself: ``lambda.amazonaws.com``."""
    return Caller(Principal(PrincipalKind.SERVICE, service, ""))


def service_may_assume(
    service: str,
    role_arn: str,
    account: str,
    directory: Directory,
    facts: ResourceFacts,
    *,
    source_arn: str = "",
    region: str = "us-east-1",
    context: Mapping[str, Values] | None = None,
    unknown: frozenset[str] = frozenset(),
) -> Judged:
    """Does the role's trust policy admit the service, acting for source_arn of account."""
    keys: dict[str, Values] = dict(context or {})
    keys["aws:principalisawsservice"] = "true"
    keys["aws:principalservicename"] = service
    keys["aws:principalservicenameslist"] = (service,)
    keys["aws:sourceaccount"] = account
    if source_arn:
        keys["aws:sourcearn"] = source_arn
    asked = Check("sts:AssumeRole", role_arn, account, keys, unknown)
    return check(directory, facts, service_caller(service), asked, region)
