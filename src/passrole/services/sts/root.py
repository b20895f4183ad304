"""AssumeRoot: one privileged task in a member account, done from the organization's center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.sts.errors import AccessDenied, ValidationError
from passrole.services.sts.session_input import credentials, token_figures
from passrole.state.organization import DelegatedAdministrator, member_of, organization_of
from passrole.state.sessions import issue_user_session

if TYPE_CHECKING:
    from passrole.services.shapes import sts as shapes

_DEFAULT: Final = 900  # seconds, also the most

# Source: IAM User Guide, "Perform a privileged task on an AWS Organizations member account".
_TASKS: Final = frozenset(
    f"arn:aws:iam::aws:policy/root-task/{name}"
    for name in (
        "IAMAuditRootUserCredentials",
        "IAMCreateRootUserPassword",
        "IAMDeleteRootUserCredentials",
        "S3UnlockBucketPolicy",
        "SQSUnlockQueuePolicy",
    )
)


@operation("sts:AssumeRoot")
def assume_root(call: ServiceCall, given: shapes.AssumeRootRequest) -> Output:
    """Credentials of a member account's root that can do one task.

    Raises AccessDenied unless the caller is of the management account or the delegated administrator for
    IAM, root sessions are enabled and the target is a member; ValidationError for another policy.
    """
    task = given["TaskPolicyArn"].get("arn", "")
    if task not in _TASKS:
        raise ValidationError(f"{task} is not a valid task policy.")  # assumed wording
    target = _account(given["TargetPrincipal"])
    organization = organization_of(call.directory, call.account)
    member = member_of(call.directory, target)
    central = organization is not None and (
        organization.account == call.account
        or call.directory.by_key(
            DelegatedAdministrator, organization.account, f"{call.account} iam.amazonaws.com"
        )
        is not None
    )
    if (
        not central
        or organization is None
        or "RootSessions" not in organization.iam_features
        or member is None
        or member.account != organization.account
        or target == organization.account
    ):
        raise AccessDenied(
            f"User: {call.caller.principal.arn} is not authorized to perform: sts:AssumeRoot "
            f"on resource: arn:aws:iam::{target}:root"
        )
    caller = call.caller.session
    session = issue_user_session(
        call.directory,
        call.ids,
        now=call.now,
        account=target,
        user=None,
        seconds=given.get("DurationSeconds", _DEFAULT),
        policy_arns=(task,),
        sort="root",
        token_size=given.get("MinimumSessionTokenSize", 0),
    )
    view: shapes.AssumeRootResponse = {"Credentials": credentials(session)}
    if caller is not None and caller.source_identity:
        view["SourceIdentity"] = caller.source_identity
    return {**view, **token_figures(session, given)}


def _account(principal: str) -> str:
    """The member account of ``111122223333`` or its root's ARN. Raises ValidationError."""
    account = principal
    if principal.startswith("arn:aws:iam::") and principal.endswith(":root"):
        account = principal.split(":")[4]
    if not (account.isdigit() and len(account) == 12):
        raise ValidationError(f"{principal} is invalid")
    return account
