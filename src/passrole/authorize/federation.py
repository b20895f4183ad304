"""What a request itself proves about its caller: a provider's token or assertion, or a code of MFA."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Final

from passrole.authorize import saml, web_identity
from passrole.authorize.call import Call, Caller
from passrole.authorize.identity import ProvenIdentity
from passrole.authorize.key_sets import KEY_SETS
from passrole.state import mfa
from passrole.state.directory import Directory
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.principal import Principal, PrincipalKind

_WEB: Final = "AssumeRoleWithWebIdentity"
_SAML: Final = "AssumeRoleWithSAML"


_FETCHERS: Final = ThreadPoolExecutor(4, "passrole-issuers")
_PATIENCE: Final = 10.0  # seconds


def federated(call: Call) -> bool:
    """Is it one of the operations that take a provider's word in place of a signature?"""
    return call.service == "sts" and call.operation in (_WEB, _SAML)


async def prepare(call: Call, directory: Directory) -> None:
    """Fetches the issuer's keys, off the event loop; prove then needs no network."""
    if call.operation == _WEB:
        token = str(call.input.get("WebIdentityToken", ""))
        wanted = web_identity.key_of(token, directory, account_of(call))
        if wanted is None:
            return
        fetching = asyncio.get_running_loop().run_in_executor(_FETCHERS, KEY_SETS.fetch, *wanted, call.now)
        # An issuer that never comes to an end keeps a fetcher, not the caller: prove refuses the token.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(fetching), _PATIENCE)


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
    """The call with what it proves.

    A federated one gets the provider as its caller, in the role's account, with the provider's condition
    keys; AssumeRole with a right code gets the keys of MFA. Every other call stays as it is.
    Raises as prove does.
    """
    if call.service != "sts":
        return call
    if call.operation == "AssumeRole":
        return _with_mfa(call, directory)
    if not federated(call):
        return call
    proven = prove(call, directory)
    # As CloudTrail has it. Source: CloudTrail User Guide, "CloudTrail userIdentity element".
    if call.operation == _WEB:
        id = f"{proven.provider}:{proven.audience}:{proven.subject}"
    else:
        id = f"{proven.name_qualifier}:{proven.subject}"
    principal = Principal(PrincipalKind.IDENTITY_PROVIDER, proven.provider, "", id)
    return replace(
        call,
        caller=Caller(principal),
        account=account_of(call),
        extra={**call.extra, **proven.request_context},
    )


def _with_mfa(call: Call, directory: Directory) -> Call:
    """A user may prove its device in the very request; a wrong code proves nothing and is refused later.

    Source: IAM User Guide, "Secure API access with MFA", on MFA parameters in AssumeRole.
    """
    serial, code = (call.input.get(name) for name in ("SerialNumber", "TokenCode"))
    if call.caller.session is not None or not isinstance(serial, str) or not isinstance(code, str):
        return call
    if not mfa.proven(directory, call.caller.user, serial, code, call.now):
        return call
    keys = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
    return replace(call, extra={**call.extra, **keys})


def account_of(call: Call) -> str:
    """The account of the role that is asked for, "" where that is no ARN."""
    try:
        return Arn.parse(str(call.input.get("RoleArn", ""))).account
    except InvalidArn:
        return ""
