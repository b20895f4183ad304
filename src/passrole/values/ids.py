"""AWS's unique identifiers: prefix and shape.

Source: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

_POOLED: Final = 64
_UPPER32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LOWER32: Final = _UPPER32.lower()
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
        self._pool = b""

    def unique(self, prefix: str, account: str = "") -> str:
        """prefix and 17 upper-case characters, as ``AROA…`` and ``AIDA…``: 21 in all."""
        return prefix + self._in_account(account, 17)

    def access_key(self, prefix: str = ACCESS_KEY, account: str = "") -> str:
        """An access key id of 20 characters; account_of reads the account back from it."""
        return prefix + self._in_account(account, 16)

    def secret(self) -> str:
        """A secret access key of 40 characters: 240 random bits."""
        return self._text(_SECRET, 40)

    def lower(self, prefix: str, length: int) -> str:
        """prefix and length lower-case characters, as Organizations' ``o-…`` and ``p-…``."""
        return prefix + self._text(_LOWER32, length)

    def account(self) -> str:
        """An account id of twelve digits, the first not 0 so that no reader drops it."""
        return str(10**11 + int.from_bytes(self._bytes(16), "big") % (9 * 10**11))

    def uuid(self) -> str:
        """A lower-case version 4 UUID, as request and event ids are."""
        if not self._pool:
            # Two for every request: the random bytes are fetched for many at once.
            self._pool = self._bytes(16 * _POOLED)
        text = self._pool[:16].hex()
        self._pool = self._pool[16:]
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def _in_account(self, account: str, length: int) -> str:
        if not account:
            return self._text(_UPPER32, length)
        # 48 bits: one that is set since 2019, 40 of the account, 7 that are free.
        head = (1 << 47) | (int(account) << 7) | (self._bytes(1)[0] & 0x7F)
        text = "".join(_UPPER32[(head >> shift) & 31] for shift in range(43, -1, -5))
        # 48 bits fill nine characters and 3 bits of the tenth, which the random rest completes.
        tenth = ((head & 7) << 2) | (self._bytes(1)[0] & 3)
        return text + _UPPER32[tenth] + self._text(_UPPER32, length - 10)

    def _text(self, alphabet: str, length: int) -> str:
        # Both alphabets are a power of two long, so the remainder favours no character.
        size = len(alphabet)
        return "".join(alphabet[byte % size] for byte in self._bytes(length))


def account_of(access_key_id: str) -> str:
    """The account that an access key id carries, "" where it is of the form before 2019 or none.

    Source: public analyses of access key ids ("A short note on AWS KEY ID", 2023): base32 after
    the prefix, bits 46 to 7 of the first 48.

    >>> account_of("ASIAQNZGKIQY56JQ7WML")
    '029608264753'
    """
    text = access_key_id[4:14]
    if len(text) < 10 or any(letter not in _UPPER32 for letter in text):
        return ""
    bits = 0
    for letter in text:
        bits = bits << 5 | _UPPER32.index(letter)
    account = (bits >> 9) & (1 << 40) - 1
    return f"{account:012d}" if bits >> 49 and account < 10**12 else ""
