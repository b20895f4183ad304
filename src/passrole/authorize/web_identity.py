"""Web identity tokens, verified against their issuer's keys; an unverified one is worth nothing.

Sources: STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Available keys for AWS OIDC
federation" and "Pass session tags in AWS STS". Texts: public reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final

from passrole.authorize.identity import ProvenIdentity
from passrole.authorize.key_sets import KEY_SETS, KeysUnavailable
from passrole.catalog.operations import operation
from passrole.state.directory import Directory
from passrole.state.entities import Tags
from passrole.state.providers import OidcProvider
from passrole.values import jwt
from passrole.values.errors import ServiceError

_TAGS: Final = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY: Final = "https://aws.amazon.com/source_identity"

# Issuers that need no provider entity: host -> how trust policies name them.
_BUILT_IN: Final[Mapping[str, str]] = {
    "accounts.google.com": "accounts.google.com",
    "cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}
_SKEW: Final = 300  # seconds that an issuer's clock may run ahead


class InvalidIdentityToken(ServiceError):
    """A token that its issuer did not sign, or not for this account."""

    code, status = "InvalidIdentityToken", 400


class ExpiredToken(ServiceError):
    """A token past its time."""

    code, status = "ExpiredTokenException", 400


class IDPCommunicationError(ServiceError):
    """An issuer that could not be asked for its keys."""

    code, status = "IDPCommunicationError", 400


def key_of(text: str, directory: Directory, account: str) -> tuple[str, str] | None:
    """The issuer and the id of the key that KEY_SETS must fetch before prove.

    None where nothing is to be fetched: the account trusts no such issuer, or the text is no token.
    """
    try:
        token = jwt.read(text)
        _, url = _provider(_issuer(token), directory, account)
    except (jwt.BadToken, InvalidIdentityToken):
        return None  # prove says what is wrong
    return url, token.key_id


def prove(text: str, directory: Directory, account: str, now: datetime) -> ProvenIdentity:
    """Who a token speaks of, for a role of that account; KEY_SETS has fetched what key_of says.

    Raises InvalidIdentityToken, ExpiredToken or IDPCommunicationError.
    """
    try:
        token = jwt.read(text)
        issuer = _issuer(token)
    except jwt.BadToken:
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from None
    provider, url = _provider(issuer, directory, account)
    try:
        jwt.verify(token, KEY_SETS.known(url, now))
    except KeysUnavailable as error:
        raise IDPCommunicationError(
            "Couldn't retrieve verification key from your identity provider, please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        ) from error
    except jwt.BadToken as error:
        raise InvalidIdentityToken("The token's signature is not valid.") from error  # assumed wording
    claims = token.claims
    _check_times(claims, now)
    audiences = _texts(claims.get("aud"))
    party = claims.get("azp")
    audience = party if isinstance(party, str) and party else next(iter(audiences), "")
    if isinstance(provider, OidcProvider) and not ({*audiences, audience} & set(provider.client_ids)):
        raise InvalidIdentityToken("Incorrect token audience")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidIdentityToken("The token has no subject.")  # assumed wording
    prefix = _name(issuer)
    tags, transitive = _session_tags(claims)
    source = claims.get(_SOURCE_IDENTITY)
    named = provider.arn if isinstance(provider, OidcProvider) else provider
    context = {
        f"{prefix}:aud".lower(): audience,
        f"{prefix}:sub".lower(): subject,
        "aws:federatedprovider": named,
    }
    if party and audiences:
        context[f"{prefix}:oaud".lower()] = audiences[0]
    for claim in _claims_with_keys(prefix):
        value = claims.get(claim)
        if isinstance(value, (str, bool, int)) and claim not in ("aud", "oaud", "sub"):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            context[f"{prefix}:{claim}".lower()] = text
    return ProvenIdentity(
        provider=named,
        issuer=prefix,
        audience=audience,
        subject=subject,
        context=context,
        tags=tags,
        transitive=transitive,
        source_identity=source if isinstance(source, str) else "",
    )


@cache
def _claims_with_keys(issuer: str) -> tuple[str, ...]:
    """The claims that AWS has condition keys for, of that issuer: GitHub's ``repository`` …"""
    known = operation("sts", "AssumeRoleWithWebIdentity")
    if known is None:
        return ()
    found = []
    for action in known.actions:
        for key in (*action.keys, *(key for resource in action.resources for key in resource.keys)):
            name, _, claim = key.rpartition(":")
            # ${…} in a key stands for a part of the issuer's own choice.
            pattern = ".+".join(re.escape(part) for part in re.split(r"\$\{\w+\}", name))
            if re.fullmatch(pattern, issuer, re.IGNORECASE):
                found.append(claim)
    return tuple(found)


def _issuer(token: jwt.Token) -> str:
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise jwt.BadToken("the token names no issuer")
    return issuer


def _name(issuer: str) -> str:
    """The issuer without its scheme, as ARNs and condition keys have it."""
    return issuer.partition("://")[2] or issuer


def _provider(issuer: str, directory: Directory, account: str) -> tuple[OidcProvider | str, str]:
    """The provider that the account trusts for an issuer, and the URL to discover its keys at."""
    name = _name(issuer)
    if name in _BUILT_IN:
        return _BUILT_IN[name], f"https://{name}"
    found = directory.by_key(OidcProvider, account, name.lower())
    if found is None or found.url != name:
        raise InvalidIdentityToken(f"No OpenIDConnect provider found in your account for {issuer}")
    return found, f"{found.scheme}://{found.url}"


def _check_times(claims: Mapping[str, object], now: datetime) -> None:
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, (int, float)) or not isinstance(issued, (int, float)):
        raise InvalidIdentityToken("The token must say when it was issued and when it expires.")  # assumed
    moment = now.timestamp()
    if moment >= expires:
        raise ExpiredToken(
            f"Token expired: current date/time {int(moment)} must be before the expiration "
            f"date/time{int(expires)}"
        )
    begins = claims.get("nbf")
    earliest = max(issued, begins) if isinstance(begins, (int, float)) else issued
    if earliest > moment + _SKEW:
        raise InvalidIdentityToken("The token is not valid yet.")  # assumed wording


def _session_tags(claims: Mapping[str, object]) -> tuple[Tags, tuple[str, ...]]:
    """The session tags that the issuer passes. Raises InvalidIdentityToken where they are malformed."""
    given = claims.get(_TAGS)
    if given is None:
        return (), ()
    tags = given.get("principal_tags") if isinstance(given, dict) else None
    transitive = given.get("transitive_tag_keys", ()) if isinstance(given, dict) else ()
    if not isinstance(tags, dict) or not all(len(_texts(value)) == 1 for value in tags.values()):
        raise InvalidIdentityToken("The token's session tags are malformed.")  # assumed wording
    keys = _texts(transitive)
    if not set(keys) <= set(tags):
        raise InvalidIdentityToken("The token's transitive tag keys are not among its tags.")  # assumed
    return tuple((str(key), _texts(value)[0]) for key, value in tags.items()), keys


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, (list, tuple)):
        return tuple(one for one in value if isinstance(one, str))
    return ()
