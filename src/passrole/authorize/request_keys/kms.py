"""AWS Key Management Service.

A parameter's default counts as if the request had it. Source: AWS Key Management Service Developer Guide,
"AWS KMS condition keys"; KMS API Reference for the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.authorize.request_keys.source import Computed, Keys, Rules, many, one
from passrole.state.directory import Directory

EACH: Final = "kms:encryptioncontext:"  # and the name of what it holds
NAMES: Final = "kms:encryptioncontextkeys"
ALIAS: Final = "kms:requestalias"
ALGORITHM: Final = "kms:encryptionalgorithm"

KEYS: Final[Keys] = {
    "kms:bypasspolicylockoutsafetycheck": one("BypassPolicyLockoutSafetyCheck", default="false"),
    "kms:datakeypairspec": one("KeyPairSpec"),
    "kms:encapsulationalgorithm": one("EncapsulationAlgorithm"),
    "kms:expirationmodel": one("ExpirationModel", default="KEY_MATERIAL_EXPIRES"),
    "kms:grantconstraintsourcearn": one("Constraints.SourceArn"),
    "kms:granteeprincipal": one("GranteePrincipal"),
    "kms:granteeserviceprincipal": one("GranteeServicePrincipal"),
    "kms:grantoperations": many("Operations[]"),
    "kms:keyagreementalgorithm": one("KeyAgreementAlgorithm"),
    # Of the key that a call makes; a key that is there answers for itself.
    "kms:keyorigin": one("Origin", default="AWS_KMS"),
    "kms:keyspec": one("KeySpec", "CustomerMasterKeySpec", default="SYMMETRIC_DEFAULT"),
    "kms:keyusage": one("KeyUsage", default="ENCRYPT_DECRYPT"),
    "kms:macalgorithm": one("MacAlgorithm"),
    "kms:messagetype": one("MessageType", default="RAW"),
    "kms:multiregion": one("MultiRegion", default="false"),
    "kms:primaryregion": one("PrimaryRegion"),
    "kms:replicaregion": one("ReplicaRegion"),
    "kms:retiringprincipal": one("RetiringPrincipal"),
    "kms:retiringserviceprincipal": one("RetiringServicePrincipal"),
    "kms:rotationperiodindays": one("RotationPeriodInDays", default="365"),
    "kms:schedulekeydeletionpendingwindowindays": one("PendingWindowInDays", default="30"),
    "kms:signingalgorithm": one("SigningAlgorithm"),
    "kms:wrappingalgorithm": one("WrappingAlgorithm"),
    "kms:wrappingkeyspec": one("WrappingKeySpec"),
}


def _caller_account(call: Call, directory: Directory) -> str:
    return call.caller.account


def _via_service(call: Call, directory: Directory) -> str:
    """``s3.eu-west-1.amazonaws.com``: the service that asks in the caller's name, with its Region."""
    if not call.called_via:
        return ""
    return call.called_via[-1].replace(".", f".{call.region}.", 1)


def _for_aws(call: Call, directory: Directory) -> str:
    return "true" if call.called_via else "false"


def _constraint(call: Call, directory: Directory) -> tuple[str, ...] | None:
    given = call.input.get("Constraints")
    if call.operation != "CreateGrant":
        return None  # of a grant that is there
    names = ("EncryptionContextEquals", "EncryptionContextSubset", "SourceArn")
    return tuple(name for name in names if given.get(name)) if isinstance(given, Mapping) else ()


def _region_type(call: Call, directory: Directory) -> str:
    """A multi-Region key begins as the primary one."""
    return "PRIMARY" if call.input.get("MultiRegion") else ""


def _same_key(call: Call, directory: Directory) -> str | None:
    """Ciphertext says its key itself; the request may name it besides."""
    keys = [call.input.get(member) for member in ("SourceKeyId", "DestinationKeyId")]
    ids = [str(key).rpartition("/")[2] for key in keys if isinstance(key, str) and "alias/" not in key]
    return None if len(ids) < len(keys) else str(ids[0] == ids[1]).lower()


def _attestation(call: Call, directory: Directory) -> str | None:
    """Measurements of an enclave stand in a document that only KMS reads."""
    return None if call.input.get("Recipient") else ""


def _grants_context(names: Values = "") -> Computed:
    """A grant's encryption context is not in the request that retires it."""

    def find(call: Call, directory: Directory) -> Values | None:
        return None if call.operation == "RetireGrant" else names

    return find


def _valid_to(call: Call, directory: Directory) -> str | None:
    return None if call.input.get("ValidTo") else ""


RULES: Final[Rules] = {
    "kms:calleraccount": _caller_account,
    NAMES: _grants_context(),
    EACH: _grants_context(),
    ALIAS: lambda call, directory: "",  # there where the caller wrote one: see as_given
    ALGORITHM: lambda call, directory: "",  # likewise
    "kms:grantconstrainttype": _constraint,
    "kms:grantisforawsresource": _for_aws,
    "kms:multiregionkeytype": _region_type,
    "kms:recipientattestation:": _attestation,
    "kms:reencryptonsamekey": _same_key,
    "kms:validto": _valid_to,
    "kms:viaservice": _via_service,
}

# Where an encryption context stands; ReEncrypt has one to decrypt by and one to encrypt by, each for an
# action of its own, and so it is with its keys and its algorithms.
_CONTEXTS: Final[Mapping[str, str]] = {
    "kms:CreateGrant": "Constraints",
    "kms:ReEncryptFrom": "SourceEncryptionContext",
    "kms:ReEncryptTo": "DestinationEncryptionContext",
}
_KEY_IDS: Final = {"kms:ReEncryptFrom": "SourceKeyId", "kms:ReEncryptTo": "DestinationKeyId"}
_ALGORITHMS: Final = {
    "kms:ReEncryptFrom": "SourceEncryptionAlgorithm",
    "kms:ReEncryptTo": "DestinationEncryptionAlgorithm",
}
_OF_GRANTS: Final = ("EncryptionContextEquals", "EncryptionContextSubset")
_ENCRYPTING: Final = frozenset(("Decrypt", "Encrypt", "ReEncrypt"))
_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"


def as_given(call: Call, action: str) -> Mapping[str, Values]:
    """What one action of a call, as its caller wrote it, has of encryption and of its key's alias."""
    found = dict(_encryption_context(call, action))
    key = call.input.get(_KEY_IDS.get(action, "KeyId"))
    if isinstance(key, str) and "alias/" in key:
        found[ALIAS] = key[key.index("alias/") :]
    if call.operation in _ENCRYPTING or call.operation.startswith("GenerateDataKey"):
        given = call.input.get(_ALGORITHMS.get(action, "EncryptionAlgorithm"))
        found[ALGORITHM] = given if isinstance(given, str) and given else _SYMMETRIC
    return found


def _encryption_context(call: Call, action: str) -> Mapping[str, Values]:
    given = call.input.get(_CONTEXTS.get(action, "EncryptionContext"))
    if action == "kms:CreateGrant" and isinstance(given, Mapping):
        given = next((given[name] for name in _OF_GRANTS if given.get(name)), None)
    if not isinstance(given, Mapping) or not given:
        return {}
    # The names of keys are compared without regard to case; those of NAMES are values.
    values: dict[str, Values] = {f"{EACH}{str(name).lower()}": str(text) for name, text in given.items()}
    return {**values, NAMES: tuple(str(name) for name in given)}
