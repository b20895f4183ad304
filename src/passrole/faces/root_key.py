"""The root keys of an endpoint's accounts, and the file that keeps them for clients.

The file is AWS's own credentials format, one profile a key, readable to its owner alone.
"""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from passrole.faces.options import BadOption, Options
from passrole.state.accounts import make_account, root_key
from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Account
from passrole.values.errors import PassroleError
from passrole.values.ids import Ids

FILE: Final = "credentials"
PROFILE: Final = "passrole"


class StartFailed(PassroleError):
    """The endpoint could not start; the text is one line for whoever started it."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """The main account's root key. path is the file that keeps it, None where nothing does."""

    id: str
    secret: str
    made: bool
    path: Path | None


def credentials_file(options: Options) -> Path | None:
    """The credentials file in the data folder, None for an endpoint that keeps nothing."""
    return None if options.ephemeral else options.folder / FILE


def ensure_root(directory: Directory, ids: Ids, options: Options, now: datetime) -> RootKey:
    """The main account with its root key: the one named, the one kept, or a new one.

    Raises BadOption for a key that is somebody else's, StartFailed where the file cannot be used.
    """
    account = options.account
    path = credentials_file(options)
    known = directory.by_key(Account, account, account) is not None
    if options.root_key is not None:
        key_id, secret = options.root_key
        existing = directory.by_id(AccessKey, key_id)
        if existing is not None and (existing.account != account or existing.user_id):
            raise BadOption(f"the root key {key_id} is another principal's key in this data folder")
        if not known:
            make_account(directory, ids, account, "main", now, key_id=key_id, secret=secret)
        elif existing is None or existing.secret != secret:
            root_key(directory, ids, account, now, key_id=key_id, secret=secret)
        return RootKey(key_id, secret, False, None)
    kept = kept_key(path, PROFILE) if path is not None else None
    if kept is not None:
        existing = directory.by_id(AccessKey, kept[0])
        if existing is not None and existing.account == account and existing.secret == kept[1]:
            return RootKey(*kept, False, path)
    # Of an account that is there already the file was lost: a new key, older ones stay good.
    key = (
        root_key(directory, ids, account, now)
        if known
        else make_account(directory, ids, account, "main", now)
    )
    if path is not None:
        keep_keys(path, {PROFILE: key})
    return RootKey(key.id, key.secret, True, path)


def kept_key(path: Path, profile: str) -> tuple[str, str] | None:
    """(id, secret) of a profile, None where the file does not have it. Raises StartFailed."""
    parser = _parsed(path)
    if not parser.has_section(profile):
        return None
    try:
        section = parser[profile]
        return section["aws_access_key_id"], section["aws_secret_access_key"]
    except KeyError as error:
        raise StartFailed(f"{path}: profile {profile} has no {error.args[0]}") from error


def keep_keys(path: Path, keys: dict[str, AccessKey]) -> None:
    """Writes profiles into the file; those that a person added stay. Raises StartFailed."""
    parser = _parsed(path)
    for profile, key in keys.items():
        parser[profile] = {"aws_access_key_id": key.id, "aws_secret_access_key": key.secret}
    draft = path.with_name(f"{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        # Made with its mode, not changed to it: it is never readable to others.
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            parser.write(file)
        draft.replace(path)
    except OSError as error:
        raise StartFailed(f"{path} cannot be written: {error.strerror}") from error


def _parsed(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")  # a file that is not there reads as an empty one
    except (OSError, configparser.Error, UnicodeDecodeError) as error:
        raise StartFailed(f"{path} cannot be read as an AWS credentials file: {error}") from error
    return parser
