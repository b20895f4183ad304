"""JSON Web Tokens: read, signed, verified."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from passrole.values import jwt


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value: int, length: int = 0) -> str:
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@cache
def made(algorithm: str) -> tuple[str, Mapping[str, str]]:
    """A private key (PEM) and its public half (JWK)."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm.startswith("RS"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = key.public_key().public_numbers()
        public = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    else:
        curve, length = {
            "ES256": (ec.SECP256R1(), 32),
            "ES384": (ec.SECP384R1(), 48),
            "ES512": (ec.SECP521R1(), 66),
        }[algorithm]
        key = ec.generate_private_key(curve)
        point = key.public_key().public_numbers()
        public = {"kty": "EC", "x": number(point.x, length), "y": number(point.y, length)}
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return pem, {**public, "kid": "k", "use": "sig", "alg": algorithm}


@cache
def token_of(algorithm: str) -> jwt.Token:
    return jwt.read(jwt.sign({"sub": "alice"}, made(algorithm)[0], algorithm, "k"))


ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_verified(algorithm: str) -> None:
    pem, public = made(algorithm)
    token = jwt.read(jwt.sign({"sub": "alice", "é": [1]}, pem, algorithm, "k"))
    jwt.verify(token, {"keys": [{"kty": "oct"}, public]})
    assert token.claims == {"sub": "alice", "é": [1]}
    assert (token.algorithm, token.key_id) == (algorithm, "k")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_bit_shows(algorithm: str, place: int, bit: int) -> None:
    token, public = token_of(algorithm), made(algorithm)[1]
    signature = bytearray(token.signature)
    signature[place % len(signature)] ^= 1 << bit
    with pytest.raises(jwt.BadToken):
        jwt.verify(jwt.Token(token.header, token.claims, token.signed, bytes(signature)), {"keys": [public]})


@pytest.mark.parametrize(
    "change",
    [{"kid": "other"}, {"use": "enc"}, {"alg": "RS512"}, {"kty": "EC"}, {"n": "AQAB"}, {"n": "*"}, {"e": ""}],
    ids=str,
)
def test_a_key_that_is_not_the_one(change: Mapping[str, str]) -> None:
    pem, public = made("RS256")
    token = jwt.read(jwt.sign({}, pem, "RS256", "k"))
    with pytest.raises(jwt.BadToken):
        jwt.verify(token, {"keys": [{**public, **change}]})


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": "all"}, {"keys": [None, 1, "k"]}], ids=str)
def test_key_sets_that_hold_none(keys: Mapping[str, object]) -> None:
    token = jwt.read(jwt.sign({}, made("RS256")[0], "RS256", "k"))
    with pytest.raises(jwt.BadToken):
        jwt.verify(token, keys)


def test_a_secret_that_is_the_public_key_signs_nothing() -> None:
    """The well-known confusion: HS256 with the issuer's public key as the secret."""
    _, public = made("RS256")
    head = b64(json.dumps({"alg": "HS256", "kid": "k"}).encode())
    claims = b64(json.dumps({"sub": "root"}).encode())
    for secret in (public["n"].encode(), base64.urlsafe_b64decode(public["n"] + "==")):
        digest = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        token = jwt.read(f"{head}.{claims}.{b64(digest)}")
        for key in (public, {name: value for name, value in public.items() if name != "alg"}):
            with pytest.raises(jwt.BadToken):
                jwt.verify(token, {"keys": [key]})


def test_short_rsa_keys_prove_nothing() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    numbers = key.public_key().public_numbers()
    token = jwt.read(jwt.sign({}, pem, "RS256", "k"))
    with pytest.raises(jwt.BadToken):
        jwt.verify(token, {"keys": [{"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}]})


@given(st.one_of(st.text(max_size=60), st.text("ey.A-_=0", max_size=60)))
def test_any_text_is_a_token_or_none(text: str) -> None:
    try:
        jwt.read(text)
    except jwt.BadToken:
        return
    assert text.count(".") == 2
