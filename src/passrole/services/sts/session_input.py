"""What a request may pass into a session: policies, tags, a source identity, an MFA code."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.catalog import managed
from passrole.policy.validate import check
from passrole.services.operation import ServiceCall
from passrole.services.sts.errors import (
    AccessDenied,
    InvalidParameterValue,
    PackedPolicyTooLarge,
    ValidationError,
)
from passrole.state import mfa
from passrole.state.directory import Directory
from passrole.state.entities import ManagedPolicy, Session, Tags, User

if TYPE_CHECKING:
    from datetime import datetime

    from passrole.services.shapes import sts as shapes

_PLAIN_LIMIT: Final = 2048  # characters of inline and managed session policies. Source: AssumeRole, Policy

# AWS does not say how it packs nor into how much. Deflate and this limit make an ordinary policy take
# the few percent that AWS's examples show, and a full 2,048 characters of dense policy and tags too much.
_PACKED_LIMIT: Final = 1280  # bytes


@dataclass(frozen=True, slots=True)
class SessionPolicies:
    """The session policies of a request. inline is None where the request passes none of any sort."""

    inline: tuple[str, ...] | None
    arns: tuple[str, ...]


def session_policies(
    directory: Directory, account: str, policy: str | None, arns: Sequence[shapes.PolicyDescriptorType]
) -> SessionPolicies:
    """Checks session policies; managed ones must be the account's own or AWS's.

    Raises MalformedPolicyDocument, ValidationError or PackedPolicyTooLarge.
    """
    named = tuple(descriptor.get("arn", "") for descriptor in arns)
    plain = len(policy or "") + sum(len(arn) for arn in named)
    if plain > _PLAIN_LIMIT:
        # Assumed form: AWS words it for packed size, and says the percentage.
        raise _too_large(math.ceil(plain / _PLAIN_LIMIT * 100), "policy")
    if policy is not None:
        check(policy, "session")
    for arn in named:
        if not _exists(directory, account, arn):
            raise ValidationError(f"Policy {arn} does not exist or is not attachable.")  # assumed wording
    given = (policy,) if policy is not None else ()
    return SessionPolicies(given if given or named else None, named)


def _exists(directory: Directory, account: str, arn: str) -> bool:
    if arn.startswith("arn:aws:iam::aws:policy/"):
        return managed.get(arn) is not None
    own = directory.get(ManagedPolicy, account, arn.rsplit("/", 1)[-1])
    return own is not None and own.arn == arn


def packed_size(policies: SessionPolicies, tags: Tags) -> int:
    """PackedPolicySize, in percent. Raises PackedPolicyTooLarge above 100."""
    text = "".join(policies.inline or ()) + "".join(policies.arns)
    text += "".join(f"{key}={value};" for key, value in tags)
    size = math.ceil(len(zlib.compress(text.encode(), 9)) / _PACKED_LIMIT * 100) if text else 0
    if size > 100:
        raise _too_large(size, "session tags" if tags else "policy")
    return size


def _too_large(size: int, what: str) -> PackedPolicyTooLarge:
    if what == "policy":
        return PackedPolicyTooLarge(
            f"Packed policy consumes {size}% of allotted space, please use smaller policy."
        )
    return PackedPolicyTooLarge(f"Packed size of session tags consumes {size}% of allotted space.")


def check_tags(tags: Sequence[shapes.Tag], transitive: Sequence[str]) -> None:
    """Refuses session tags that cannot be, by the request alone. Raises InvalidParameterValue."""
    keys = [tag["Key"].lower() for tag in tags]
    if len(set(keys)) != len(keys):
        raise InvalidParameterValue(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.startswith("aws:") for key in keys):
        # Assumed wording, AWS's general one.
        raise InvalidParameterValue("aws: prefixed tag key names are not allowed for external use.")
    if any(key.lower() not in keys for key in transitive):
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )


def session_tags(
    caller: Session | None, tags: Sequence[shapes.Tag], transitive: Sequence[str]
) -> tuple[Tags, tuple[str, ...]]:
    """The tags of the new session and the keys that follow into the next: those of the calling session
    that are transitive, and the request's. Raises InvalidParameterValue where the two collide.
    """
    inherited: Tags = ()
    if caller is not None and caller.transitive:
        following = {key.lower() for key in caller.transitive}
        inherited = tuple(tag for tag in caller.tags if tag[0].lower() in following)
    held = {key.lower() for key, _ in inherited}
    if any(tag["Key"].lower() in held for tag in tags):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
    given = tuple((tag["Key"], tag["Value"]) for tag in tags)
    return inherited + given, tuple(key for key, _ in inherited) + tuple(transitive)


def source_identity(caller: Session | None, given: str | None) -> str:
    """The source identity of the new session; once set it stays along the whole chain.

    Raises ValidationError.
    """
    inherited = caller.source_identity if caller is not None else ""
    if given is None:
        return inherited
    if inherited and given != inherited:
        raise ValidationError("The source identity is already set for this assume role session")
    return given


def mfa_time(call: ServiceCall, serial: str | None, code: str | None) -> datetime | None:
    """When the caller proved an MFA device: now, by this request, or None. A code works once.

    Raises AccessDenied. Source of the texts: public reports.
    """
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        raise AccessDenied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    user = call.directory.by_id(User, call.caller.user.id) if call.caller.user is not None else None
    device = mfa.device_of(call.directory, user, serial) if user is not None else None
    if device is None:
        raise AccessDenied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
            "serial number is valid and associated with this user."
        )
    step = mfa.step_of(device, code, call.now)
    if step is None:
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    call.directory.put(replace(device, last_step=step))
    return call.now


def credentials(session: Session) -> shapes.Credentials:
    """The Credentials member of an answer."""
    return {
        "AccessKeyId": session.id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }


def token_figures(session: Session, asked: Mapping[str, object]) -> Mapping[str, int]:
    """SessionTokenSize and its share of the 4,096 bytes, where the request sets a least size."""
    if "MinimumSessionTokenSize" not in asked:
        return {}
    size = len(session.token)
    return {"SessionTokenSize": size, "SessionTokenUtilization": math.ceil(size / 4096 * 100)}
