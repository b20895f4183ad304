"""What temporary credentials may not call, whatever policies allow.

Sources: IAM User Guide, "Compare AWS STS credentials"; STS API Reference, GetSessionToken and
GetFederationToken. IAM's answer as reported in 99designs/aws-vault issues 15 and 328.
"""

from __future__ import annotations

from typing import Final

from passrole.authorize.call import Call
from passrole.values.errors import ServiceError

# Kinds of sessions whose calls to STS are limited, with what is left to them.
_STS_LEFT: Final = {
    "token": frozenset(("AssumeRole", "GetCallerIdentity")),
    "federated": frozenset(("GetCallerIdentity",)),
}
_LONG_TERM_ONLY: Final = frozenset(("GetSessionToken", "GetFederationToken"))


class InvalidClientTokenId(ServiceError):
    """IAM does not know the credentials of such a session at all."""

    code, status = "InvalidClientTokenId", 403


class CannotCall(ServiceError):
    """STS knows the credentials and does not take them for this operation."""

    code, status = "AccessDenied", 403


def check_credentials(call: Call) -> None:
    """Refuses what the caller's kind of credentials may not call: InvalidClientTokenId or CannotCall.

    GetSessionToken's may call IAM only after MFA, GetFederationToken's never; of STS they reach next to
    nothing. Sessions of roles reach everything but GetSessionToken and GetFederationToken.
    """
    session = call.caller.session
    if session is None:
        return
    if call.service == "iam":
        if session.sort == "federated" or (session.sort == "token" and session.mfa_at is None):
            raise InvalidClientTokenId("The security token included in the request is invalid")
    elif call.service == "sts":
        left = _STS_LEFT.get(session.sort)
        if call.operation in _LONG_TERM_ONLY or (left is not None and call.operation not in left):
            # Recorded of GetSessionToken and GetFederationToken; assumed to be the others' form, too.
            raise CannotCall(f"Cannot call {call.operation} with session credentials")
