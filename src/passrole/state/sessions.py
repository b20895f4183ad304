"""How temporary credentials come to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from passrole.state.directory import Directory
from passrole.state.entities import SESSION_OF, Role, Session, Tags, User
from passrole.values.ids import TEMPORARY_KEY, Ids

_TOKEN_HEAD: Final = "IQoJb3JpZ2luX2Vj"  # what session tokens of today begin with
_TOKEN_SIZE: Final = 360  # characters

# An expired session is kept a while: its caller is told ExpiredToken, not InvalidClientTokenId.
_KEPT_AFTER_EXPIRY: Final = timedelta(hours=6)


def issue_session(
    directory: Directory,
    ids: Ids,
    *,
    now: datetime,
    role: Role,
    name: str,
    seconds: int,
    policies: tuple[str, ...] | None = None,
    policy_arns: tuple[str, ...] = (),
    tags: Tags = (),
    transitive: tuple[str, ...] = (),
    source_identity: str = "",
    mfa_at: datetime | None = None,
    chained: bool = False,
    provider: str = "",
    context: Mapping[str, str] | None = None,
    invoked_by: str = "",
    workload: str = "",
    token_size: int = 0,
) -> Session:
    """Credentials of a role for the session name, good for that many seconds.

    Nothing is checked here: who may assume the role and for how long is known to the caller.
    context holds condition keys that ride on the credentials; token_size is the least number of
    characters of the session token.
    """
    return _put(
        directory,
        Session(
            account=role.account,
            id=ids.access_key(TEMPORARY_KEY, role.account),
            secret=ids.secret(),
            token=_token(ids, token_size),
            sort="role",
            arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
            principal_id=f"{role.id}:{name}",
            role_id=role.id,
            issued=now.replace(microsecond=0),
            expires=now.replace(microsecond=0) + timedelta(seconds=seconds),
            policies=policies,
            policy_arns=policy_arns,
            tags=tags,
            transitive=transitive,
            source_identity=source_identity,
            mfa_at=mfa_at,
            chained=chained,
            provider=provider,
            context=context or {},
            invoked_by=invoked_by,
            workload=workload,
        ),
    )


def issue_user_session(
    directory: Directory,
    ids: Ids,
    *,
    now: datetime,
    account: str,
    user: User | None,
    seconds: int,
    federated: str = "",
    policies: tuple[str, ...] | None = None,
    policy_arns: tuple[str, ...] = (),
    tags: Tags = (),
    mfa_at: datetime | None = None,
    sort: str = "",
    context: Mapping[str, str] | None = None,
    token_size: int = 0,
) -> Session:
    """Credentials of a user, or of the account's root where user is None.

    federated is the name that GetFederationToken was given, "" for the user's own session. sort
    is "root" for AssumeRoot's.
    """
    if federated:
        arn, principal = f"arn:aws:sts::{account}:federated-user/{federated}", f"{account}:{federated}"
    elif user is not None:
        arn, principal = user.arn, user.id
    else:
        arn, principal = f"arn:aws:iam::{account}:root", account
    return _put(
        directory,
        Session(
            account=account,
            id=ids.access_key(TEMPORARY_KEY, account),
            secret=ids.secret(),
            token=_token(ids, token_size),
            sort=sort or ("federated" if federated else "token"),
            arn=arn,
            principal_id=principal,
            user_id=user.id if user is not None else "",
            issued=now.replace(microsecond=0),
            expires=now.replace(microsecond=0) + timedelta(seconds=seconds),
            policies=policies,
            policy_arns=policy_arns,
            tags=tags,
            mfa_at=mfa_at,
            context=context or {},
        ),
    )


def _token(ids: Ids, least: int) -> str:
    size = max(least, _TOKEN_SIZE)
    text = _TOKEN_HEAD
    while len(text) < size:
        text += ids.secret()
    return text[:size]


def _put(directory: Directory, session: Session) -> Session:
    directory.put(session)
    # Two old ones may go for each new one, so that a busy role's sessions cannot pile up.
    for _ in range(2):
        oldest = directory.oldest(SESSION_OF, session.role_id or session.user_id)
        if not isinstance(oldest, Session) or oldest.expires + _KEPT_AFTER_EXPIRY > session.issued:
            break
        directory.delete(oldest)
    return session


def end_sessions(directory: Directory, workload: str) -> None:
    """Takes back the credentials that a workload got from its metadata: it is terminated or deleted."""
    for session in directory.referring(SESSION_OF, workload):
        if isinstance(session, Session):
            directory.delete(session)
