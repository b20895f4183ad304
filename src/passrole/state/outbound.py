"""The issuer of an account's web identity tokens, and what it publishes.

AWS's issuers are hosts under ``tokens.sts.global.api.aws``. Ours is a path of this endpoint, so that
whoever gets a token can fetch the keys from there: ``ISSUER/.well-known/openid-configuration``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from passrole.state.directory import Directory
from passrole.state.settings import AccountSettings
from passrole.wire.request import RawRequest

PREFIX: Final = "/_passrole/oidc/"  # the issuer's id follows
ALGORITHMS: Final = ("RS256", "ES384")  # Source: STS API Reference, GetWebIdentityToken


def issuer_of(settings: AccountSettings, raw: RawRequest) -> str:
    """The issuer's URL, on the address that the caller reached the endpoint by."""
    return f"http://{raw.header('host') or 'localhost'}{PREFIX}{settings.outbound_id}"


def settings_of(directory: Directory, id: str) -> AccountSettings | None:
    """The account whose issuer has that id."""
    for settings in directory.everywhere(AccountSettings):
        if id and settings.outbound_id == id:
            return settings
    return None


def make_key(algorithm: str) -> str:
    """A new private key for a signing algorithm, PEM."""
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if algorithm == "RS256"
        else ec.generate_private_key(ec.SECP384R1())
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def discovery(issuer: str) -> Mapping[str, object]:
    """What ``/.well-known/openid-configuration`` under an issuer says."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
    }


def key_set(settings: AccountSettings) -> Mapping[str, object]:
    """The public keys as a JSON Web Key Set (RFC 7517)."""
    keys = settings.outbound_keys.items()
    return {"keys": [{**_public(pem), "kid": key_id(settings, algorithm)} for algorithm, pem in keys]}


def key_id(settings: AccountSettings, algorithm: str) -> str:
    """The ``kid`` of an account's key."""
    return f"{algorithm}_{settings.outbound_id}"


def _public(pem: str) -> dict[str, object]:
    key = load_pem_private_key(pem.encode(), password=None).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        shape = {"kty": "RSA", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        coordinates = {"x": _number(point.x, 48), "y": _number(point.y, 48)}
        shape = {"kty": "EC", "alg": "ES384", "crv": "P-384", **coordinates}
    else:
        raise TypeError(f"a key of no algorithm of ours: {type(key)}")
    return {**shape, "use": "sig"}


def _number(value: int, length: int = 0) -> str:
    data = value.to_bytes(length or (value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
