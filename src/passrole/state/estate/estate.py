"""An estate: the accounts that a question is asked of, and what is not known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from passrole.state.directory import Directory
from passrole.state.estate.details import Page, pages_of, read_details
from passrole.state.estate.files import expanded, read_content
from passrole.state.estate.notes import Notes, UnreadableEstate
from passrole.state.estate.organization import is_organization, read_organization
from passrole.state.organization import member_of


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
    organizations: Collection[Export] = (),
    *,
    notes: Notes | None = None,
    alone: bool = False,
) -> Estate:
    """An estate of pages of details, and of organizations.

    alone tells that the accounts are known to be in no organization. Raises UnreadableEstate.
    """
    directory = Directory()
    notes = notes if notes is not None else Notes()
    for export in organizations:
        read_organization(export.content, directory, notes, source=export.source)
    accounts = read_details(pages, directory, notes)
    directory.commit()
    if alone or not organizations:
        if not alone:
            notes.add(", ".join(accounts), "", "its organization's policies are not known, and not counted")
        return Estate(directory, accounts, notes, alone)
    known = [is_known(directory, account, notes) for account in accounts]
    return Estate(directory, accounts, notes, all(known))


def is_known(directory: Directory, account: str, notes: Notes) -> bool:
    """Is it known which organization the account is in? It is noted where the exports do not have it."""
    if member_of(directory, account) is not None:
        return True
    notes.add(account, "", "in no organization of those given: its policies are not known, and not counted")
    return False


def read_files(paths: Iterable[Path | str]) -> Estate:
    """The estate of files: account details, pages of them and organizations' exports, gzipped or not.

    A folder stands for its .json and .json.gz files. Raises UnreadableEstate for a file that is not there, is
    not JSON or is none of these; of a folder's files such a one is left out, and noted.
    """
    pages: list[Page] = []
    organizations: list[Export] = []
    notes = Notes()
    for source, chosen in expanded(paths):
        try:
            content = read_content(source)
            if isinstance(content, dict) and is_organization(content):
                organizations.append(Export(source, content))
            else:
                pages += pages_of(source, content)
        except UnreadableEstate as error:
            if chosen:
                raise
            notes.add("", "", f"left out: {error}")
    return estate_of(pages, organizations, notes=notes)


def exports(paths: Iterable[Path | str]) -> tuple[Export, ...]:
    """The organizations of files that hold nothing else; () where there is another file among them.

    Raises UnreadableEstate.
    """
    found: list[Export] = []
    for source, _ in expanded(paths):
        content = read_content(source)
        if not isinstance(content, dict) or not is_organization(content):
            return ()
        found.append(Export(source, content))
    return tuple(found)
