"""What a reader had to leave out, and what it does not know, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from passrole.values.errors import PassroleError


class UnreadableEstate(PassroleError):
    """A file that is no account's details at all: nothing can be answered from it."""


@dataclass(frozen=True, slots=True)
class Note:
    """One part that an estate lacks. source is a file or an account, place the path inside it."""

    source: str
    place: str
    text: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.place, self.text) if part)


class Notes:
    """Every note once, in the order in which they came."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}

    def add(self, source: str, place: str, text: str) -> None:
        """Notes something; a note that is there already is not repeated."""
        self._notes.setdefault(Note(source, place, text))

    def __iter__(self) -> Iterator[Note]:
        return iter(self._notes)

    def __len__(self) -> int:
        return len(self._notes)
