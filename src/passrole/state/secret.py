"""Secrets that belong to the endpoint, not to an account."""

from __future__ import annotations

import hashlib
from typing import ClassVar, Final

from passrole.state.directory import Directory
from passrole.state.entities import Entity, register
from passrole.values.ids import Ids

_ENDPOINT: Final = "000000000000"  # no account: AWS gives that id to nobody
AUTHORIZATION_MESSAGES: Final = "authorization-messages"


@register
class Secret(Entity, frozen=True, kw_only=True):
    """Random text from which a key is derived."""

    kind: ClassVar[str] = "secret"
    name: str
    text: str

    @property
    def key(self) -> str:
        return self.name


def ensure_secrets(directory: Directory, ids: Ids) -> None:
    """Makes the endpoint's secrets where they are missing; called once at start."""
    if directory.by_key(Secret, _ENDPOINT, AUTHORIZATION_MESSAGES) is None:
        directory.put(
            Secret(account=_ENDPOINT, name=AUTHORIZATION_MESSAGES, text=ids.secret() + ids.secret())
        )


def message_key(directory: Directory) -> bytes:
    """The 32-byte key of encoded authorization messages. Raises KeyError before ensure_secrets."""
    secret = directory.by_key(Secret, _ENDPOINT, AUTHORIZATION_MESSAGES)
    if secret is None:
        raise KeyError(AUTHORIZATION_MESSAGES)
    return hashlib.sha256(secret.text.encode()).digest()
