"""``passrole export``: account details as AWS prints them, as --details and serve --import read them.

Of one account on standard output, or of an organization into a folder: a file an account, and one with the
organization itself (see ``state.estate.organization``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import orjson

from passrole.analysis.live import CannotRead, read_organization
from passrole.analysis.members import ACCESS_ROLE, Entrance, MemberAccount, members
from passrole.analysis.sources import Source
from passrole.state.estate.estate import Export
from passrole.values.errors import PassroleError, ServiceError
from passrole.wire.client import Client, NotReached

ORGANIZATION_FILE = "organization.json"

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
# Members that IAM gives percent-encoded and AWS's own command line prints as JSON.
_DOCUMENTS = frozenset(("AssumeRolePolicyDocument", "PolicyDocument", "Document", "Content"))


class NothingToExport(PassroleError):
    """Nothing says which account or organization to read."""


class CannotWrite(PassroleError):
    """The folder cannot take the files."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came out. unread are the accounts that could not be read, each with why."""

    accounts: int
    unread: tuple[tuple[MemberAccount, str], ...]


def export(source: Source) -> bytes:
    """Every page of GetAccountAuthorizationDetails as one JSON object, documents decoded.

    Raises NothingToExport, NoCredentials, NotReached or CannotRead.
    """
    with _client(source) as client:
        return _details(client)


def export_organization(
    source: Source,
    folder: Path,
    *,
    role: str = ACCESS_ROLE,
    going_through: Callable[[list[MemberAccount]], Iterable[MemberAccount]] = iter,
) -> Written:
    """Writes the caller's organization and the details of its accounts into a new folder.

    Other accounts than the caller's are read by the role of that name in each; one that cannot be read is
    told in the result, and the rest goes on. going_through tells of progress. Raises NothingToExport,
    NoCredentials, NotReached, CannotRead where the organization itself cannot be read, and CannotWrite.
    """
    _see_to(folder)
    with _client(source) as client:
        organization = _organization(client)
        _make(folder)
        _write(folder / ORGANIZATION_FILE, _json(organization.content))
        entrance = Entrance(client, role)
        unread: list[tuple[MemberAccount, str]] = []
        everyone = members(organization)
        for member in going_through(everyone):
            try:
                if not member.active:
                    raise CannotRead("it is suspended or being closed")
                with entrance.into(member.id) as inside:
                    details = _details(inside)
            except (CannotRead, NotReached) as error:
                unread.append((member, str(error)))
            else:
                _write(folder / f"{member.id}.json", details)
    return Written(len(everyone) - len(unread), tuple(unread))


def write_organization(source: Source, folder: Path, role: str) -> int:
    """The command: says what is left out and how far it got; returns its exit status."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        written = export_organization(
            source,
            folder,
            role=role,
            going_through=lambda accounts: bar.track(accounts, description="accounts"),
        )
    for member, why in written.unread:
        print(f"passrole: note: account {member} is left out: {why}", file=sys.stderr)
    total = written.accounts + len(written.unread)
    print(f"passrole: {written.accounts:,} of {total:,} accounts written into {folder}", file=sys.stderr)
    return 1 if written.unread else 0


def _client(source: Source) -> Client:
    if not source.is_live:
        raise NothingToExport("say what to export: --endpoint URL (or AWS_ENDPOINT_URL) or --profile NAME")
    return source.client()


def _organization(client: Client) -> Export:
    try:
        found = read_organization(client)
    except CannotRead as error:
        raise CannotRead(f"the organization was {error}") from error  # "not read: …"
    if found is None:
        raise CannotRead("the account is in no organization: passrole export without --organization")
    return found


def _details(client: Client) -> bytes:
    whole: dict[str, list[object]] = {name: [] for name in _LISTS}
    asked = {"MaxItems": 1000}
    try:
        for page in client.pages("iam", "GetAccountAuthorizationDetails", asked, token="Marker"):
            for name in _LISTS:
                found = page.get(name)
                if isinstance(found, list):
                    whole[name] += found
    except ServiceError as error:
        raise CannotRead(f"the account cannot be read: {error}") from error
    return _json(whole)


def _json(value: object) -> bytes:
    return orjson.dumps(_decoded(value, ""), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _decoded(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        return {key: _decoded(item, str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_decoded(item, name) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if name in _DOCUMENTS and isinstance(value, str):
        text = value if value.lstrip().startswith("{") else unquote(value)
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:  # whoever reads it tells that it is no policy
            return text
    return value


def _see_to(folder: Path) -> None:
    """Sees to it that the folder is new or empty: what it held would be taken for the organization's."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise CannotWrite(f"--out {folder}: {error.strerror or error}") from error
    if taken:
        raise CannotWrite(f"--out {folder}: there is something already")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"--out {folder}: {error.strerror or error}") from error


def _write(path: Path, content: bytes) -> None:
    """Writes the whole file or none: a file that is cut short is not told from a whole one."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise CannotWrite(f"{path}: {error.strerror or error}") from error
