"""JSON Web Tokens: read, verified against a key set, and signed.

Source: RFC 7519 (JWT), RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 (algorithms). Only signatures by public
keys: ``none`` and the shared-secret algorithms are no proof of an issuer and are never accepted.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from passrole.values.errors import PassroleError

_HASHES: Final[Mapping[str, HashAlgorithm]] = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
_CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, int]]] = {
    "ES256": (ec.SECP256R1(), 32),
    "ES384": (ec.SECP384R1(), 48),
    "ES512": (ec.SECP521R1(), 66),
}
_RSA_LEAST: Final = 2048  # bits. Source: RFC 7518, section 3.3


class BadToken(PassroleError):
    """A text that is no token, or one that its issuer did not sign."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing about it is proven before verify has said so."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """``RS256`` …; "" where the header names none."""
        found = self.header.get("alg")
        return found if isinstance(found, str) else ""

    @property
    def key_id(self) -> str:
        """``kid``, "" where the header names none."""
        found = self.header.get("kid")
        return found if isinstance(found, str) else ""


def read(text: str) -> Token:
    """Takes a compact token apart. Raises BadToken."""
    parts = text.split(".")
    if len(parts) != 3:
        raise BadToken("a token has three parts")
    header, claims = _object(parts[0]), _object(parts[1])
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2]))


def verify(token: Token, keys: Mapping[str, object]) -> None:
    """Raises BadToken unless one of the keys of a JSON Web Key Set signed the token.

    Where the token names a key (kid) only that one counts.
    """
    found = keys.get("keys")
    candidates = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
    for key in candidates:
        if token.key_id and key.get("kid", token.key_id) != token.key_id:
            continue
        if key.get("use", "sig") != "sig" or key.get("alg", token.algorithm) != token.algorithm:
            continue
        if _signed_by(token, key):
            return
    raise BadToken("no key of the issuer signed the token")


def sign(claims: Mapping[str, object], pem: str, algorithm: str, key_id: str) -> str:
    """A compact token. pem is a private key that fits the algorithm."""
    header = {"alg": algorithm, "kid": key_id, "typ": "JWT"}
    signed = f"{_text(json.dumps(header).encode())}.{_text(json.dumps(claims).encode())}".encode()
    key = load_pem_private_key(pem.encode(), password=None)
    hash_ = _HASHES[algorithm[2:]]
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(signed, padding.PKCS1v15(), hash_)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        length = _CURVES[algorithm][1]
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hash_)))
        signature = r.to_bytes(length, "big") + s.to_bytes(length, "big")
    else:
        raise TypeError(f"{algorithm} cannot be signed with {type(key)}")
    return f"{signed.decode()}.{_text(signature)}"


def _signed_by(token: Token, key: Mapping[str, object]) -> bool:
    family, hash_ = token.algorithm[:2], _HASHES.get(token.algorithm[2:])
    if hash_ is None:
        return False
    try:
        if family in ("RS", "PS") and key.get("kty") == "RSA":
            public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
            if public.key_size < _RSA_LEAST:
                return False
            scheme = (
                padding.PKCS1v15()
                if family == "RS"
                else padding.PSS(padding.MGF1(hash_), padding.PSS.DIGEST_LENGTH)
            )
            public.verify(token.signature, token.signed, scheme, hash_)
            return True
        if family == "ES" and key.get("kty") == "EC" and token.algorithm in _CURVES:
            curve, length = _CURVES[token.algorithm]
            if len(token.signature) != 2 * length:
                return False
            point = ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), curve)
            r, s = token.signature[:length], token.signature[length:]
            der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            point.public_key().verify(der, token.signed, ec.ECDSA(hash_))
            return True
    except (InvalidSignature, ValueError, BadToken):
        return False
    return False


def _number(key: Mapping[str, object], name: str) -> int:
    value = key.get(name)
    return int.from_bytes(_bytes(value if isinstance(value, str) else ""), "big")


def _object(part: str) -> Mapping[str, object]:
    try:
        found = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise BadToken("a token's parts are JSON") from None
    if not isinstance(found, dict):
        raise BadToken("a token's parts are JSON objects")
    return found


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadToken("a token's parts are base64url") from None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
