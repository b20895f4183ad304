"""userIdentity: who made a call, as CloudTrail prints it.

Source: CloudTrail User Guide, "CloudTrail userIdentity element"; recorded events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from passrole.state.entities import Session
from passrole.values.arn import Arn
from passrole.values.principal import Principal, PrincipalKind


class Identity(msgspec.Struct, frozen=True, gc=False):
    """A caller, ready to be put into any number of records.

    user_identity is JSON. account is whose trail the caller's records go to, "" where the caller
    has none. username is what LookupEvents calls Username: the user's name, the session's name,
    ``root``, "" for a service.
    """

    user_identity: bytes
    account: str
    username: str
    access_key_id: str = ""


# How session credentials came onto an instance stands beside the attributes.
_ROLE_DELIVERY: Final = "ec2:RoleDelivery"


def identity_of(
    principal: Principal,
    access_key_id: str = "",
    session: Session | None = None,
    *,
    invoked_by: str = "",
    alias: str = "",
) -> Identity:
    """The caller of a signed call.

    invoked_by is the service that made the call with the caller's credentials. alias is the
    account's, which the root user shows as its name. Costs about 5 µs: keep it with the caller.
    """
    if principal.kind is PrincipalKind.SERVICE:
        return service_identity(principal.arn)
    if principal.kind is PrincipalKind.ANONYMOUS:
        anonymous = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
        return Identity(orjson.dumps(anonymous), "", "")
    name = Arn.parse(principal.arn).name
    shown: dict[str, object] = {
        "type": _TYPES[principal.kind],
        "principalId": principal.id,
        "arn": principal.arn,
        "accountId": principal.account,
    }
    # A role that a service uses for itself shows the service in place of a key.
    behind = invoked_by or (session.invoked_by if session is not None else "")
    if access_key_id and not (session is not None and session.invoked_by):
        shown["accessKeyId"] = access_key_id
    if principal.kind is PrincipalKind.USER:
        shown["userName"] = name
    elif principal.kind is PrincipalKind.ROOT and alias:
        shown["userName"] = alias
    if session is not None:
        shown["sessionContext"] = _session_context(principal, session)
    if behind:
        shown["invokedBy"] = behind
    username = "root" if principal.kind is PrincipalKind.ROOT else name
    return Identity(orjson.dumps(shown), principal.account, username, access_key_id)


def service_identity(service: str) -> Identity:
    """A service that acts for itself, as when it assumes a role: ``ec2.amazonaws.com``."""
    return Identity(orjson.dumps({"type": "AWSService", "invokedBy": service}), "", "")


def foreign_identity(principal: Principal) -> Identity:
    """A caller of another account, in the record that the called account gets.

    Source: IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail".
    """
    shown = {"type": "AWSAccount", "principalId": principal.id, "accountId": principal.account}
    return Identity(orjson.dumps(shown), principal.account, "")


def federated_identity(kind: str, principal_id: str, user_name: str, provider: str) -> Identity:
    """The unsigned caller of AssumeRoleWithSAML (``SAMLUser``) or WithWebIdentity (``WebIdentityUser``).

    principal_id is the provider, audience and subject joined by colons; provider is its ARN or name.
    """
    shown = {
        "type": kind,
        "principalId": principal_id,
        "userName": user_name,
        "identityProvider": provider,
    }
    return Identity(orjson.dumps(shown), "", user_name)


_TYPES: Final[Mapping[PrincipalKind, str]] = {
    PrincipalKind.ROOT: "Root",
    PrincipalKind.USER: "IAMUser",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
}


def _session_context(principal: Principal, session: Session) -> dict[str, object]:
    context: dict[str, object] = {"sessionIssuer": _issuer(principal)}
    if principal.kind is not PrincipalKind.ROLE_SESSION:
        context["webIdFederationData"] = {}
    elif session.provider and ":saml-provider/" not in session.provider:
        context["webIdFederationData"] = {
            "federatedProvider": session.provider,
            "attributes": _provider_keys(session),
        }
    context["attributes"] = {
        "creationDate": session.issued.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "mfaAuthenticated": "true" if session.mfa_at is not None else "false",
    }
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    if delivery := session.context.get(_ROLE_DELIVERY):
        context["ec2RoleDelivery"] = delivery
    if session.sort == "root":
        context["assumedRoot"] = "true"
    return context


def _issuer(principal: Principal) -> dict[str, object]:
    """Who the session came from; IAM users and roots that took a token show nothing here."""
    if principal.kind is PrincipalKind.ROLE_SESSION:
        kind, id, arn = "Role", principal.role_id, principal.role_arn
    elif principal.kind is PrincipalKind.FEDERATED_USER and principal.issuer_arn:
        kind, id, arn = "IAMUser", principal.issuer_id, principal.issuer_arn
    else:
        return {}
    return {
        "type": kind,
        "principalId": id,
        "arn": arn,
        "accountId": principal.account,
        "userName": Arn.parse(arn).name,
    }


def _provider_keys(session: Session) -> dict[str, str]:
    """The provider's own keys (``accounts.google.com:aud``): their prefix is a host name or URL."""
    return {key: value for key, value in session.context.items() if "." in key.split(":", 1)[0]}
