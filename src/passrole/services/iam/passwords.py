"""Console passwords: the account's rules for them, and how they are kept."""

from __future__ import annotations

import hashlib
import hmac
import string
from typing import Final

from passrole.services.operation import ServiceCall
from passrole.state.settings import PasswordPolicy
from passrole.values.errors import ServiceError

_SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
_COST: Final = 1 << 12  # about 10 ms: what a login may cost, as handlers share one thread

# Without a policy of its own an account has AWS's default one. Source: IAM User Guide, "Set an account
# password policy for IAM users", Default password policy.
_DEFAULT_LENGTH: Final = 8
_DEFAULT_KINDS: Final = 3


class PasswordPolicyViolation(ServiceError):
    """A password that the account's policy does not take."""

    code, status = "PasswordPolicyViolation", 400


def policy_of(call: ServiceCall) -> PasswordPolicy | None:
    """The account's own password policy."""
    return call.directory.by_key(PasswordPolicy, call.account, PasswordPolicy.kind)


def ensure_allowed(call: ServiceCall, password: str, used: tuple[str, ...] = ()) -> None:
    """Raises PasswordPolicyViolation for a password that is too weak or, by its hashes, used before.

    The texts are known from public reports, those of the default policy and of reuse assumed.
    """
    policy = policy_of(call)
    kinds = {
        "uppercase letter": any(letter in string.ascii_uppercase for letter in password),
        "lowercase letter": any(letter in string.ascii_lowercase for letter in password),
        "number": any(letter in string.digits for letter in password),
        "symbol": any(letter in _SYMBOLS for letter in password),
    }
    if policy is None:
        if len(password) < _DEFAULT_LENGTH:
            raise PasswordPolicyViolation(f"Password should have a minimum length of {_DEFAULT_LENGTH}")
        if sum(kinds.values()) < _DEFAULT_KINDS:
            raise PasswordPolicyViolation("Password does not conform to the account password policy.")
        return
    if len(password) < policy.minimum_length:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {policy.minimum_length}")
    wanted = {
        "uppercase letter": policy.uppercase,
        "lowercase letter": policy.lowercase,
        "number": policy.numbers,
        "symbol": policy.symbols,
    }
    for kind, asked in wanted.items():
        if asked and not kinds[kind]:
            raise PasswordPolicyViolation(f"Password should have at least one {kind}")
    if any(matches(password, old) for old in used[: policy.reuse_prevention]):
        raise PasswordPolicyViolation("Password has been used before and cannot be reused.")


def hashed(call: ServiceCall, password: str) -> str:
    """``scrypt$COST$SALT$HEX``."""
    salt = call.ids.secret()
    return f"scrypt${_COST}${salt}${_scrypt(password, salt, _COST)}"


def matches(password: str, kept: str) -> bool:
    """Is that the password behind a hash?"""
    _, cost, salt, digest = kept.split("$")
    return hmac.compare_digest(_scrypt(password, salt, int(cost)), digest)


def _scrypt(password: str, salt: str, cost: int) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=cost, r=8, p=1).hex()
