"""AWS's unique identifiers: prefix and shape.

Source: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Final

_UPPER32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SECRET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

USER: Final = "AIDA"
ROLE: Final = "AROA"
GROUP: Final = "AGPA"
INSTANCE_PROFILE: Final = "AIPA"
MANAGED_POLICY: Final = "ANPA"
ACCESS_KEY: Final = "AKIA"
TEMPORARY_KEY: Final = "ASIA"


class Ids:
    """Makes identifiers from one source of random bytes, so that a test can seed it."""

    def __init__(self, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._bytes = random_bytes

    def unique(self, prefix: str) -> str:
        """prefix and 17 upper-case characters, as ``AROA…`` and ``AIDA…``: 21 in all."""
        return prefix + self._text(_UPPER32, 17)

    def access_key(self, prefix: str = ACCESS_KEY) -> str:
        """An access key id of 20 characters."""
        return prefix + self._text(_UPPER32, 16)

    def secret(self) -> str:
        """A secret access key of 40 characters: 240 random bits."""
        return self._text(_SECRET, 40)

    def uuid(self) -> str:
        """A lower-case version 4 UUID, as request and event ids are."""
        return str(uuid.UUID(bytes=self._bytes(16), version=4))

    def _text(self, alphabet: str, length: int) -> str:
        # Both alphabets are a power of two long, so the remainder favours no character.
        size = len(alphabet)
        return "".join(alphabet[byte % size] for byte in self._bytes(length))
