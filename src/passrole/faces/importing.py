"""``serve --import``: an endpoint that starts from a copy of real accounts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from passrole.faces.root_key import keep_keys
from passrole.state.accounts import make_account
from passrole.state.directory import Directory
from passrole.state.entities import KINDS, AccessKey, Account, Entity, Role
from passrole.state.estate.estate import read_files
from passrole.state.principals import UnknownPrincipal, resolve
from passrole.values.ids import Ids


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in. keys are the new root keys by account; notes name what the files lacked."""

    entities: int = 0
    keys: tuple[AccessKey, ...] = ()
    notes: tuple[str, ...] = ()


def import_files(
    directory: Directory,
    ids: Ids,
    paths: Iterable[Path],
    now: datetime,
    *,
    credentials: Path | None,
) -> Imported:
    """Copies users, groups, roles, policies and organizations into the directory, ids and ARNs included.

    What the directory has already stays as it is, renamed or not, so the flag may stand in a start script.
    Secrets are in no such file: each account that is new here gets a root key, kept as profile ``ACCOUNT``
    of the credentials file where there is one. Raises UnreadableEstate and StartFailed.
    """
    paths = tuple(paths)
    if not paths:
        return Imported()
    estate = read_files(paths)
    keys: list[AccessKey] = []
    for account in estate.accounts:
        if directory.by_key(Account, account, account) is None:
            keys.append(make_account(directory, ids, account, f"account-{account}", now))
    count = 0
    notes = [str(note) for note in estate.notes]
    for kind in KINDS.values():
        if kind in (Account, AccessKey):
            continue
        for entity in estate.directory.everywhere(kind):
            if directory.by_key(kind, entity.account, entity.key) is not None:
                continue
            # Its id may stand under another name: it was renamed here, or is another's in another account.
            other = directory.by_id(Entity, entity.unique_id) if entity.unique_id else None
            if other is None:
                directory.put(entity)
                count += 1
            elif other.account != entity.account:
                notes.append(
                    f"{kind.kind} {entity.key} of {entity.account}: {other.account} has its id, left out"
                )
    for account in estate.accounts:
        _bind(directory, account)
    if credentials is not None and keys:
        keep_keys(credentials, {key.account: key for key in keys})
    return Imported(count, tuple(keys), tuple(notes))


def _bind(directory: Directory, account: str) -> None:
    """Ties the principals that trust policies name to the entities they mean, as saving a policy does."""
    for role in list(directory.all(Role, account)):
        if role.trust_ids:
            continue
        # A principal that the files lack is nobody here; the policy stays and matches nobody by that name.
        with suppress(UnknownPrincipal):
            ids = resolve(role.trust, directory)
            if ids:
                directory.put(msgspec.structs.replace(role, trust_ids=ids))
