"""The accounts of an endpoint and how a new one begins."""

from __future__ import annotations

from datetime import datetime

from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Account
from passrole.values.ids import Ids


def make_account(
    directory: Directory,
    ids: Ids,
    account: str,
    name: str,
    now: datetime,
    *,
    key_id: str = "",
    secret: str = "",
) -> AccessKey:
    """Adds an account (twelve digits) and its root's access key, which is returned.

    key_id and secret may be given, as an operator who names the root key at start does; a key of
    that id that is already there is replaced.
    """
    add_account(directory, account, name, now)
    return root_key(directory, ids, account, now, key_id=key_id, secret=secret)


def add_account(
    directory: Directory, account: str, name: str, now: datetime, *, email: str = "", created_by: str = ""
) -> Account:
    """Adds an account without any credentials, as Organizations makes one.

    created_by is the management account that asked for it.
    """
    made = Account(
        account=account, name=name, email=email, created=now.replace(microsecond=0), created_by=created_by
    )
    directory.put(made)
    return made


def root_key(
    directory: Directory, ids: Ids, account: str, now: datetime, *, key_id: str = "", secret: str = ""
) -> AccessKey:
    """Adds a long-term key of the account's root."""
    key = AccessKey(
        account=account,
        id=key_id or ids.access_key(account=account),
        secret=secret or ids.secret(),
        created=now.replace(microsecond=0),
    )
    directory.put(key)
    return key


def unused_account(directory: Directory, ids: Ids) -> str:
    """An account id that no account of this endpoint has."""
    while True:
        account = ids.account()
        if directory.by_key(Account, account, account) is None:
            return account
