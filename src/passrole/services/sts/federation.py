"""AssumeRoleWithWebIdentity and AssumeRoleWithSAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from passrole.authorize import federation
from passrole.authorize.identity import ProvenIdentity
from passrole.services.operation import Output, ServiceCall, operation, precheck
from passrole.services.sts.assume_role import assumable, check_role_arn, session_seconds
from passrole.services.sts.errors import AccessDenied
from passrole.services.sts.session_input import (
    credentials,
    packed_size,
    session_policies,
    token_figures,
)
from passrole.state.entities import Session
from passrole.state.sessions import issue_session

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes

# OAuth access tokens of these are no signed tokens: they can be proven by their issuer's servers only.
_OPAQUE: Final = frozenset(("graph.facebook.com", "www.amazon.com"))
_LASTING_WEB: Final = (":aud", ":sub", ":amr")
_LASTING_SAML: Final = frozenset(("saml:namequalifier", "saml:sub", "saml:sub_type"))


@precheck("sts:AssumeRoleWithWebIdentity")
def check_web_input(given: shapes.AssumeRoleWithWebIdentityRequest) -> None:
    """Refuses what is no ARN, and access tokens. Raises ValidationError or AccessDenied."""
    check_role_arn(given["RoleArn"])
    if given.get("ProviderId") in _OPAQUE:
        raise AccessDenied(
            f"Tokens of {given.get('ProviderId')} cannot be verified by this endpoint, and none is "
            "accepted unverified."
        )


@operation("sts:AssumeRoleWithWebIdentity")
def assume_with_web_identity(call: ServiceCall, given: shapes.AssumeRoleWithWebIdentityRequest) -> Output:
    """Temporary credentials of a role that trusts the token's issuer.

    Raises the errors of ``authorize.web_identity.prove`` and those of AssumeRole.
    """
    check_web_input(given)
    proven = federation.prove(call.call, call.directory)
    name = given["RoleSessionName"]
    session, size = _session(
        call,
        given["RoleArn"],
        name,
        proven,
        given.get("DurationSeconds"),
        given.get("Policy"),
        given.get("PolicyArns", ()),
        given.get("MinimumSessionTokenSize", 0),
    )
    view: shapes.AssumeRoleWithWebIdentityResponse = {
        "Credentials": credentials(session),
        "SubjectFromWebIdentityToken": proven.subject,
        "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
        "Provider": proven.provider,
        "Audience": proven.audience,
    }
    if session.source_identity:
        view["SourceIdentity"] = session.source_identity
    if size is not None:
        view["PackedPolicySize"] = size
    return {**view, **token_figures(session, given)}


@operation("sts:AssumeRoleWithSAML")
def assume_with_saml(call: ServiceCall, given: shapes.AssumeRoleWithSAMLRequest) -> Output:
    """Temporary credentials of a role that trusts the provider of an assertion.

    Raises the errors of ``authorize.saml.prove`` and those of AssumeRole.
    """
    check_role_arn(given["RoleArn"])
    proven = federation.prove(call.call, call.directory)
    seconds = given.get("DurationSeconds")
    if proven.seconds is not None:
        # The shorter of what the request and what the assertion asks for.
        seconds = proven.seconds if seconds is None else min(seconds, proven.seconds)
    session, size = _session(
        call,
        given["RoleArn"],
        proven.session_name,
        proven,
        seconds,
        given.get("Policy"),
        given.get("PolicyArns", ()),
        given.get("MinimumSessionTokenSize", 0),
    )
    view: shapes.AssumeRoleWithSAMLResponse = {
        "Credentials": credentials(session),
        "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
        "Subject": proven.subject,
        "SubjectType": proven.subject_type,
        "Issuer": proven.issuer,
        "Audience": proven.audience,
        "NameQualifier": proven.name_qualifier,
    }
    if session.source_identity:
        view["SourceIdentity"] = session.source_identity
    if size is not None:
        view["PackedPolicySize"] = size
    return {**view, **token_figures(session, given)}


def _session(
    call: ServiceCall,
    role_arn: str,
    name: str,
    proven: ProvenIdentity,
    seconds: int | None,
    policy: str | None,
    arns: Sequence[shapes.PolicyDescriptorType],
    token_size: int,
) -> tuple[Session, int | None]:
    """The session and its PackedPolicySize, None where neither policies nor tags are passed."""
    role = assumable(call, role_arn)
    policies = session_policies(call.directory, role.account, policy, arns)
    size = packed_size(policies, proven.tags)
    session = issue_session(
        call.directory,
        call.ids,
        now=call.now,
        role=role,
        name=name,
        seconds=session_seconds(seconds, role.max_session, chained=False),
        policies=policies.inline,
        policy_arns=policies.arns,
        tags=proven.tags,
        transitive=proven.transitive,
        source_identity=proven.source_identity,
        provider=proven.provider,
        context=_lasting(proven.context),
        token_size=token_size,
    )
    return session, size if policies.inline is not None or proven.tags else None


def _lasting(context: Mapping[str, str]) -> Mapping[str, str]:
    """The provider's keys that later requests of the session carry too.

    Source: IAM User Guide, "Available keys for AWS OIDC federation" and "… for SAML-based AWS STS
    federation", availability in the session; the reference's keys of sts:AssumeRole.
    """
    return {
        key: value
        for key, value in context.items()
        if key in _LASTING_SAML or (not key.startswith(("saml:", "aws:")) and key.endswith(_LASTING_WEB))
    }
