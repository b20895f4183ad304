"""An estate: the accounts that a question is asked of, and what is not known of them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from passrole.state.directory import Directory
from passrole.state.estate.details import Page, pages_of, read_details
from passrole.state.estate.notes import Notes, UnreadableEstate
from passrole.state.estate.organization import is_organization, read_organization


@dataclass(frozen=True, slots=True)
class Export:
    """An organization as ``state.estate.organization`` reads it. source names where it came from."""

    source: str
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Estate:
    """Accounts, read from details or from a live account.

    notes name everything that was dropped or is not known. organized tells that it is known which
    organization the accounts are in, if any: where it is not, neither its policies nor its keys
    (``aws:PrincipalOrgID``) are.
    """

    directory: Directory
    accounts: tuple[str, ...]
    notes: Notes = field(default_factory=Notes)
    organized: bool = False


def estate_of(
    pages: Iterable[Page],
    organizations: Iterable[Export] = (),
    *,
    notes: Notes | None = None,
    alone: bool = False,
) -> Estate:
    """An estate of pages of details, and of organizations.

    alone tells that the accounts are known to be in no organization. Raises UnreadableEstate.
    """
    directory = Directory()
    notes = notes if notes is not None else Notes()
    known = alone
    for export in organizations:
        read_organization(export.content, directory, notes, source=export.source)
        known = True
    accounts = read_details(pages, directory, notes)
    directory.commit()
    if not known:
        notes.add(", ".join(accounts), "", "its organization's policies are not known, and not counted")
    return Estate(directory, accounts, notes, known)


def read_files(paths: Iterable[Path | str]) -> Estate:
    """The estate of files: account details, pages of them and organizations' exports, gzipped or not.

    Raises UnreadableEstate for a file that is not there, is not JSON or is none of these.
    """
    pages: list[Page] = []
    organizations: list[Export] = []
    for path in paths:
        source = str(path)
        content = _content(source)
        if isinstance(content, dict) and is_organization(content):
            organizations.append(Export(source, content))
        else:
            pages += pages_of(source, content)
    return estate_of(pages, organizations)


def _content(source: str) -> object:
    try:
        text = Path(source).read_bytes()
        if text.startswith(b"\x1f\x8b"):
            text = gzip.decompress(text)
        found: object = orjson.loads(text)
    except (OSError, EOFError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableEstate(f"{source}: {why}") from error
    except orjson.JSONDecodeError as error:
        raise UnreadableEstate(f"{source}: not JSON: {error}") from error
    return found
