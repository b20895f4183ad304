"""The global condition keys that AWS always sets, for one caller and one call.

Source: IAM User Guide, "AWS global condition context keys" and "IAM policy elements: Variables
and tags", table "Principal key values".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

from passrole.authorize.call import Call, Caller
from passrole.state.directory import Directory
from passrole.state.organization import org_id, org_path
from passrole.values.principal import PrincipalKind

Values = str | tuple[str, ...]

_PRINCIPAL_TYPE: Final = {
    PrincipalKind.ROOT: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ROLE_SESSION: "AssumedRole",
    PrincipalKind.ANONYMOUS: "Anonymous",
}

# What stays on this machine nobody can listen to, which is what a policy asks for; the same client talks TLS
# to AWS. A bucket of the AWS CDK's own bootstrap lets nobody else in.
_LOOPBACK: Final = frozenset(("127.0.0.1", "::1"))

_of_caller: WeakKeyDictionary[Caller, dict[str, Values]] = WeakKeyDictionary()


def timestamp(moment: datetime) -> str:
    """``2026-01-02T03:04:05Z``, as date keys and CloudTrail spell a time."""
    # A format string costs a third of strftime.
    return (
        f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
        f"T{moment.hour:02}:{moment.minute:02}:{moment.second:02}Z"
    )


def principal_context(caller: Caller) -> Mapping[str, Values]:
    """The keys that follow from the credentials alone, names in lower case."""
    known = _of_caller.get(caller)
    if known is None:
        known = _of_caller[caller] = _principal_context(caller)
    return known


def _principal_context(caller: Caller) -> dict[str, Values]:
    principal = caller.principal
    if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
        return {}  # nobody of AWS yet: what the provider says comes with the call
    if principal.kind is PrincipalKind.SERVICE:
        return {
            "aws:principalisawsservice": "true",
            "aws:principalservicename": principal.arn,
            "aws:principalservicenameslist": (principal.arn,),
        }
    keys: dict[str, Values] = {
        "aws:principaltype": _PRINCIPAL_TYPE[principal.kind],
        "aws:userid": principal.id,
    }
    if principal.kind is PrincipalKind.ANONYMOUS:
        return keys
    keys["aws:principalisawsservice"] = "false"
    keys["aws:principalarn"] = principal.policy_arn
    keys["aws:principalaccount"] = principal.account
    if principal.kind is PrincipalKind.USER and caller.user is not None:
        keys["aws:username"] = caller.user.name
    for key, value in caller.tags:
        keys[f"aws:principaltag/{key.lower()}"] = value
    session = caller.session
    if session is not None:
        keys["aws:tokenissuetime"] = timestamp(session.issued)
        # Present with temporary credentials only: a policy that asks with BoolIfExists or Null relies on it.
        keys["aws:multifactorauthpresent"] = "false" if session.mfa_at is None else "true"
        if session.source_identity:
            keys["aws:sourceidentity"] = session.source_identity
        if session.provider:
            keys["aws:federatedprovider"] = session.provider
        if session.sort == "root":
            keys["aws:assumedroot"] = "true"
        for key, value in session.context.items():
            keys[key.lower()] = value
    return keys


def call_context(call: Call, directory: Directory) -> dict[str, Values]:
    """The global keys of a call. Resource and request tags are added by ``plan``."""
    caller = call.caller
    keys = dict(principal_context(caller))
    keys["aws:currenttime"] = timestamp(call.now)
    keys["aws:epochtime"] = str(int(call.now.timestamp()))
    keys["aws:requestedregion"] = call.region
    keys["aws:securetransport"] = "true" if call.secure or call.raw.client in _LOOPBACK else "false"
    forwarded = bool(call.called_via)
    keys["aws:viaawsservice"] = "true" if forwarded else "false"
    if forwarded:
        keys["aws:calledvia"] = call.called_via
        keys["aws:calledviafirst"] = call.called_via[0]
        keys["aws:calledvialast"] = call.called_via[-1]
    elif caller.principal.kind is not PrincipalKind.SERVICE and not (
        caller.session is not None and caller.session.invoked_by
    ):
        # A service's own calls and forwarded ones carry no client address.
        keys["aws:sourceip"] = call.raw.client
    agent = call.raw.header("user-agent")
    if agent is not None:
        keys["aws:useragent"] = agent
    referer = call.raw.header("referer")
    if referer is not None:
        keys["aws:referer"] = referer
    if caller.session is not None and caller.session.mfa_at is not None:
        keys["aws:multifactorauthage"] = str(int((call.now - caller.session.mfa_at).total_seconds()))
    if caller.account:
        organization = org_id(directory, caller.account)
        if organization:
            keys["aws:principalorgid"] = organization
            keys["aws:principalorgpaths"] = (org_path(directory, caller.account),)
    for key, value in call.extra.items():
        keys[key] = value
    source = call.extra.get("aws:sourceaccount")
    if isinstance(source, str) and (organization := org_id(directory, source)):
        keys["aws:sourceorgid"] = organization
        keys["aws:sourceorgpaths"] = (org_path(directory, source),)
    return keys
