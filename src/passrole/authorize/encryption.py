"""Condition keys of an encryption context, which a call of KMS brings along.

Source: AWS Key Management Service Developer Guide, "AWS KMS condition keys",
kms:EncryptionContext:context-key and kms:EncryptionContextKeys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.context import Values

EACH: Final = "kms:encryptioncontext:"  # and the name of what it holds
NAMES: Final = "kms:encryptioncontextkeys"
# Where it stands; ReEncrypt has one to decrypt by and one to encrypt by, each for an action of its own.
_MEMBERS: Final[Mapping[str, str]] = {
    "kms:CreateGrant": "Constraints",
    "kms:ReEncryptFrom": "SourceEncryptionContext",
    "kms:ReEncryptTo": "DestinationEncryptionContext",
}
_OF_GRANTS: Final = ("EncryptionContextEquals", "EncryptionContextSubset")


def encryption_context(call: Call, action: str) -> Mapping[str, Values]:
    """The keys that one action of a call of KMS has; what is not among them is absent."""
    if call.service != "kms":
        return {}
    given = call.input.get(_MEMBERS.get(action, "EncryptionContext"))
    if action == "kms:CreateGrant" and isinstance(given, Mapping):
        given = next((given[name] for name in _OF_GRANTS if given.get(name)), None)
    if not isinstance(given, Mapping) or not given:
        return {}
    # The names of keys are compared without regard to case; those of NAMES are values.
    values: dict[str, Values] = {f"{EACH}{str(name).lower()}": str(text) for name, text in given.items()}
    return {**values, NAMES: tuple(str(name) for name in given)}
