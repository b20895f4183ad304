"""GetSessionToken and GetFederationToken: sessions of a user or of the account's root.

Only long-term keys reach them; ``authorize.limits`` sees to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from passrole.services.operation import Output, ServiceCall, operation, precheck
from passrole.services.sts.session_input import (
    check_tags,
    credentials,
    mfa_time,
    packed_size,
    session_policies,
    session_tags,
    token_figures,
)
from passrole.state.entities import User
from passrole.state.sessions import issue_user_session

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes

_DEFAULT: Final = 43_200  # seconds
_ROOT_MOST: Final = 3_600  # seconds: a longer request of the root is cut, not refused


@operation("sts:GetSessionToken")
def get_session_token(call: ServiceCall, given: shapes.GetSessionTokenRequest) -> Output:
    """The caller's own temporary credentials, with MFA where a code proves it. Raises AccessDenied."""
    user = call.caller.user
    session = issue_user_session(
        call.directory,
        call.ids,
        now=call.now,
        account=call.account,
        user=user,
        seconds=_seconds(given.get("DurationSeconds"), user),
        mfa_at=mfa_time(call, given.get("SerialNumber"), given.get("TokenCode")),
        token_size=given.get("MinimumSessionTokenSize", 0),
    )
    return {"Credentials": credentials(session), **token_figures(session, given)}


@precheck("sts:GetFederationToken")
def check_input(given: shapes.GetFederationTokenRequest) -> None:
    """Refuses tags that cannot be, whoever asks. Raises InvalidParameterValue."""
    check_tags(given.get("Tags", ()), ())


@operation("sts:GetFederationToken")
def get_federation_token(call: ServiceCall, given: shapes.GetFederationTokenRequest) -> Output:
    """Temporary credentials for somebody whom the caller vouches for, within the caller's own rights.

    Without a session policy they may do nothing but what resource-based policies grant them.
    Raises MalformedPolicyDocument, ValidationError or PackedPolicyTooLarge.
    """
    check_input(given)
    user = call.caller.user
    policies = session_policies(
        call.directory, call.account, given.get("Policy"), given.get("PolicyArns", ())
    )
    tags, _ = session_tags(None, given.get("Tags", ()), ())
    size = packed_size(policies, tags)
    session = issue_user_session(
        call.directory,
        call.ids,
        now=call.now,
        account=call.account,
        user=user,
        seconds=_seconds(given.get("DurationSeconds"), user),
        federated=given["Name"],
        policies=policies.inline,
        policy_arns=policies.arns,
        tags=tags,
        token_size=given.get("MinimumSessionTokenSize", 0),
    )
    return {
        "Credentials": credentials(session),
        "FederatedUser": {"FederatedUserId": session.principal_id, "Arn": session.arn},
        "PackedPolicySize": size,
        **token_figures(session, given),
    }


def _seconds(requested: int | None, user: User | None) -> int:
    seconds = _DEFAULT if requested is None else requested
    return seconds if user is not None else min(seconds, _ROOT_MOST)
