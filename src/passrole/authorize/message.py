"""Encoded authorization messages: what EC2 adds to a refusal and DecodeAuthorizationMessage opens.

AWS's are opaque, of the letters ``A-Za-z0-9_-`` and several hundred long. Ours are JSON,
compressed and sealed by AES-GCM, so that only the endpoint that wrote one reads it.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import zlib
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from passrole.values.errors import ServiceError

_NONCE: Final = 12  # bytes, as AES-GCM wants them
_LARGEST: Final = 1 << 20  # bytes of JSON: a bound on what one message may unfold to


class InvalidAuthorizationMessage(ServiceError):
    """A text that this endpoint did not write."""

    # Source: STS API Reference, DecodeAuthorizationMessage. The text is known from reports only.
    code, status = "InvalidAuthorizationMessageException", 400

    def __init__(self) -> None:
        super().__init__("Message is not valid")


def seal(payload: Mapping[str, object], key: bytes) -> str:
    """The encoded message of a payload; key is 32 bytes."""
    nonce = secrets.token_bytes(_NONCE)
    text = zlib.compress(json.dumps(payload, separators=(",", ":")).encode())
    sealed = nonce + AESGCM(key).encrypt(nonce, text, None)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open(text: str, key: bytes) -> Mapping[str, object]:
    """The payload again. Raises InvalidAuthorizationMessage for anything that seal did not make."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        packed = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except (binascii.Error, ValueError, InvalidTag):
        raise InvalidAuthorizationMessage from None
    payload = json.loads(zlib.decompressobj().decompress(packed, _LARGEST))
    if not isinstance(payload, dict):
        raise InvalidAuthorizationMessage
    return payload
