"""AssumeRole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from passrole.services.operation import Output, ServiceCall, operation, precheck
from passrole.services.sts.errors import AccessDenied, ValidationError
from passrole.services.sts.session_input import (
    check_tags,
    credentials,
    mfa_time,
    packed_size,
    session_policies,
    session_tags,
    source_identity,
    token_figures,
)
from passrole.state.entities import Role
from passrole.state.sessions import issue_session
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.principal import PrincipalKind

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes

_DEFAULT = 3600  # seconds
_CHAINED = 3600  # seconds, the most for a session assumed by a role session


@precheck("sts:AssumeRole")
def check_input(given: shapes.AssumeRoleRequest) -> None:
    """What is wrong with a request whoever makes it: it is said before anybody is authorized.

    Raises ValidationError or InvalidParameterValue.
    """
    check_role_arn(given["RoleArn"])
    check_tags(given.get("Tags", ()), given.get("TransitiveTagKeys", ()))
    if given.get("SourceIdentity", "").lower().startswith("aws:"):
        raise ValidationError("The source identity must not begin with aws:.")  # assumed wording


def check_role_arn(arn: str) -> None:
    """Raises ValidationError for what is no ARN. Recorded: «nothing-valid-in-here is invalid»."""
    try:
        Arn.parse(arn)
    except InvalidArn:
        raise ValidationError(f"{arn} is invalid") from None


@operation("sts:AssumeRole")
def assume_role(call: ServiceCall, given: shapes.AssumeRoleRequest) -> Output:
    """Temporary credentials of a role that trusts the caller; the gateway has asked its trust policy.

    Raises AccessDenied (for the root, and for an MFA code that does not hold), ValidationError,
    InvalidParameterValue, MalformedPolicyDocument or PackedPolicyTooLarge.
    """
    check_input(given)
    caller = call.caller
    if caller.principal.kind is PrincipalKind.ROOT:
        raise AccessDenied("Roles may not be assumed by root accounts.")
    role = assumable(call, given["RoleArn"])
    chained = caller.principal.kind is PrincipalKind.ROLE_SESSION
    seconds = session_seconds(given.get("DurationSeconds"), role.max_session, chained=chained)
    tags, transitive = session_tags(caller.session, given.get("Tags", ()), given.get("TransitiveTagKeys", ()))
    identity = source_identity(caller.session, given.get("SourceIdentity"))
    policies = session_policies(
        call.directory, role.account, given.get("Policy"), given.get("PolicyArns", ())
    )
    passed = bool(policies.inline is not None or given.get("Tags"))
    size = packed_size(policies, tags)
    if given.get("ProvidedContexts"):
        # Context assertions are IAM Identity Center's, which this endpoint has not: none can be genuine.
        raise ValidationError("The provided context assertion is not valid.")  # assumed wording
    proven = mfa_time(call, given.get("SerialNumber"), given.get("TokenCode"))
    if proven is None and caller.session is not None and caller.session.sort == "token":
        proven = caller.session.mfa_at
    session = issue_session(
        call.directory,
        call.ids,
        now=call.now,
        role=role,
        name=given["RoleSessionName"],
        seconds=seconds,
        policies=policies.inline,
        policy_arns=policies.arns,
        tags=tags,
        transitive=transitive,
        source_identity=identity,
        mfa_at=proven,
        chained=chained,
        token_size=given.get("MinimumSessionTokenSize", 0),
    )
    view: shapes.AssumeRoleResponse = {
        "Credentials": credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
    }
    if identity:
        view["SourceIdentity"] = identity
    if passed:
        view["PackedPolicySize"] = size
    return {**view, **token_figures(session, given)}


def assumable(call: ServiceCall, arn: str) -> Role:
    """The role of exactly that ARN, in whatever account; a missing one is refused like an untrusting one.

    Raises AccessDenied.
    """
    parsed = Arn.parse(arn)
    role = call.directory.get(Role, parsed.account, parsed.name)
    if role is None or role.arn != arn:
        raise AccessDenied(
            f"User: {call.caller.principal.arn} is not authorized to perform: "
            f"sts:{call.call.operation} on resource: {arn}"
        )
    return role


def session_seconds(requested: int | None, role_limit: int, *, chained: bool) -> int:
    """How long an AssumeRole session lasts, in seconds.

    requested is DurationSeconds (None means 3600), 900 to 43200 by the model; role_limit is the role's
    MaxSessionDuration. When the caller is itself a role session (chained) the limit is an hour, whatever
    the role allows.

    Raises ValidationError. Source: STS API Reference, AssumeRole; texts and their order recorded.
    """
    seconds = _DEFAULT if requested is None else requested
    if seconds > role_limit:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if chained and seconds > _CHAINED:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    return seconds
