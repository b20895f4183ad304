"""Files of thousands of accounts, read one account after the other: never more than one is in memory.

Each file is looked at once beforehand, for whose it is: pages of one account may stand in several files, and
the organization must be known before its accounts are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from passrole.state.directory import Directory
from passrole.state.estate.details import Page, account_of, pages_of, read_details
from passrole.state.estate.estate import Estate, is_known
from passrole.state.estate.files import Content, expanded
from passrole.state.estate.notes import Notes, UnreadableEstate
from passrole.state.estate.organization import is_organization, read_organization
from passrole.state.organization import Member

_NAMED: Final = 3  # so many accounts are named in one line, more are counted


@dataclass(frozen=True, slots=True)
class Entry:
    """What one file holds: an organization, or pages of accounts in this order.

    "" is a page that does not tell whose it is: it belongs to the account before it.
    """

    path: str
    organization: bool = False
    accounts: tuple[str, ...] = ()
    why_not: str = ""  # why a file of a folder is left out


def entry(path: str, content: Content, *, chosen: bool) -> Entry:
    """What a file holds. Of a folder's files, which nobody chose, one that is neither is left out.

    Raises UnreadableEstate.
    """
    try:
        found = content.read(path)
        if isinstance(found, Mapping) and is_organization(found):
            return Entry(path, organization=True)
        return Entry(path, accounts=tuple(dict.fromkeys(map(account_of, pages_of(path, found)))))
    except UnreadableEstate as error:
        if chosen:
            raise
        return Entry(path, why_not=str(error))


class Accounts:
    """The accounts of many files, each an estate of its own. len tells how many there are."""

    def __init__(self, entries: Iterable[Entry], content: Content | None = None) -> None:
        """Raises UnreadableEstate where no file tells of an account."""
        self._organizations: list[str] = []
        # The files of an account, each with the account that its first pages belong to if they do not tell.
        self._files: dict[str, dict[tuple[str, str], None]] = {}
        self._left_out: list[str] = []
        self._content = content or Content()
        before = ""
        for one in entries:
            if one.why_not:
                self._left_out.append(one.why_not)
            elif one.organization:
                self._organizations.append(one.path)
            else:
                place = (one.path, before)
                for account in one.accounts:
                    before = account or before
                    self._files.setdefault(before, {})[place] = None
        self._nobodys: Final = tuple(self._files.pop("", {}))
        if not self._files:
            raise UnreadableEstate(
                "the details name no account: they hold no user, group, role or policy of one"
            )

    @classmethod
    def of(cls, paths: Iterable[Path | str]) -> Accounts:
        """The accounts of files and of folders of files. Raises UnreadableEstate."""
        content = Content()
        return cls((entry(path, content, chosen=chosen) for path, chosen in expanded(paths)), content)

    @property
    def ids(self) -> tuple[str, ...]:
        """The accounts' ids, in the order in which they are read."""
        return tuple(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Estate]:
        return self.read(self._files)

    def read(self, accounts: Iterable[str]) -> Iterator[Estate]:
        """The estates of these accounts, one by one: each is gone when the next one is asked for.

        What is to be said of all is among the first one's notes. Raises UnreadableEstate.
        """
        directory = Directory()
        notes = Notes()
        for text in self._left_out:
            notes.add("", "", f"left out: {text}")
        for path in self._organizations:
            content = self._content.read(path)
            assert isinstance(content, Mapping)  # as its entry tells
            read_organization(content, directory, notes, source=path)
        directory.commit()
        unknown = [] if self._organizations else list(self._files)
        if unknown:
            its = "its" if len(unknown) == 1 else "their"
            notes.add(_named(unknown), "", f"{its} organization's policies are not known, and not counted")
        absent = [
            member.id
            for member in directory.everywhere(Member)
            if member.status == "ACTIVE" and member.id not in self._files
        ]
        if absent:
            them = "it" if len(absent) == 1 else "them"
            notes.add(_named(absent), "", f"in the organization, without details: nothing is said of {them}")
        for account in accounts:
            yield self._estate(account, directory, notes)
            directory.rollback()
            notes = Notes()

    def _estate(self, account: str, directory: Directory, notes: Notes) -> Estate:
        read_details(self._pages(account), directory, notes)
        organized = bool(self._organizations) and is_known(directory, account, notes)
        return Estate(directory, (account,), notes, organized)

    def _pages(self, account: str) -> Iterator[Page]:
        for path, before in dict.fromkeys((*self._nobodys, *self._files[account])):
            for page in pages_of(path, self._content.read(path)):
                before = account_of(page) or before
                if before in (account, ""):
                    yield Page(page.source, page.data, before)


def _named(accounts: Sequence[str]) -> str:
    return ", ".join(accounts) if len(accounts) <= _NAMED else f"{len(accounts):,} accounts"
