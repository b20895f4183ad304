"""Where rows and the trail are kept: one contract, a store in memory and one on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from passrole.state.directory import Change
from passrole.state.trail import EventQuery, Keep, Numbered
from passrole.values.errors import PassroleError


class StoreUnavailable(PassroleError):
    """The store cannot be opened, read or written; the text is one line for whoever runs the endpoint."""


class Store(Protocol):
    """Rows and events. One thread at a time writes (write, trim, clear, probe); any thread reads.

    Every method raises StoreUnavailable where the store fails.
    """

    def rows(self) -> Iterator[Change]:
        """Every row that is there, in order of kind, account and key."""

    def write(self, changes: Iterable[Change], events: Sequence[Numbered]) -> None:
        """All of it or nothing, durable on return. Later changes of a row win over earlier ones.

        Sequence numbers must be greater than last_sequence() and unique; they may skip.
        """

    def find(self, query: EventQuery) -> list[Numbered]:
        """The newest events that match, newest first, at most query.limit."""

    def after(self, number: int, limit: int) -> list[Numbered]:
        """The oldest events with a greater number, in their order, at most limit."""

    def last_sequence(self) -> int:
        """The greatest sequence number written so far, 0 for a trail that never held an event."""

    def trim(self, keep: Keep, at_most: int) -> int:
        """Removes the oldest events beyond the bounds, at_most of them; returns how many went."""

    def clear(self, changes: Iterable[Change] = ()) -> None:
        """Removes every row and event, and writes these rows, in one transaction."""

    def probe(self) -> None:
        """Returns once a transaction has been made durable: the store works again."""

    def close(self) -> None:
        """Gives the store up; a second close does nothing."""
