"""Calls that nobody signed: whom their token or assertion proves, and what follows for authorization."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from passrole.authorize import saml, web_identity
from passrole.authorize.call import Call, Caller
from passrole.authorize.identity import ProvenIdentity
from passrole.state.directory import Directory
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.principal import Principal, PrincipalKind

_WEB: Final = "AssumeRoleWithWebIdentity"
_SAML: Final = "AssumeRoleWithSAML"


def federated(call: Call) -> bool:
    """Is it one of the operations that take a provider's word in place of a signature?"""
    return call.service == "sts" and call.operation in (_WEB, _SAML)


async def prepare(call: Call, directory: Directory) -> None:
    """Fetches the issuer's keys, off the event loop; prove then needs no network."""
    if call.operation == _WEB:
        token = str(call.input.get("WebIdentityToken", ""))
        await asyncio.to_thread(web_identity.fetch_keys, token, directory, account_of(call), call.now)


def prove(call: Call, directory: Directory) -> ProvenIdentity:
    """Who calls. Raises the errors of ``web_identity.prove`` and ``saml.prove``."""
    if call.operation == _WEB:
        token = str(call.input.get("WebIdentityToken", ""))
        return web_identity.prove(token, directory, account_of(call), call.now)
    return saml.prove(
        str(call.input.get("SAMLAssertion", "")),
        str(call.input.get("RoleArn", "")),
        str(call.input.get("PrincipalArn", "")),
        directory,
        call.now,
    )


def identified(call: Call, directory: Directory) -> Call:
    """The call with the provider as its caller, in the role's account, with the provider's condition keys.

    Raises as prove does.
    """
    proven = prove(call, directory)
    principal = Principal(PrincipalKind.IDENTITY_PROVIDER, proven.provider, "")
    return replace(
        call,
        caller=Caller(principal),
        account=account_of(call),
        extra={**call.extra, **proven.context},
    )


def account_of(call: Call) -> str:
    """The account of the role that is asked for, "" where that is no ARN."""
    try:
        return Arn.parse(str(call.input.get("RoleArn", ""))).account
    except InvalidArn:
        return ""
