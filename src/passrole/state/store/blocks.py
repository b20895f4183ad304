"""How LookupEvents finds a rare event among millions: a summary for every 4,096 events.

An index for each attribute costs ten times what the event itself costs to write (measured: 110
against 11 µs), and the endpoint writes an event for every call. So the events carry no index at all:
they lie in the order they came, and each block of them has one row that holds the checksums of every
value that occurs in it, by attribute. A question reads the summaries, then only the blocks whose
summary says that the value may be there. docs/design/0003-trail-blocks.md has the figures.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zlib import crc32

from passrole.state.trail import EventQuery, Numbered

BLOCK_EVENTS: Final = 4096

# ids is last: it is the only long one, and SQLite then reads the others without it.
BLOCK_SCHEMA: Final = """CREATE TABLE blocks (
    first INTEGER PRIMARY KEY, last INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
    places BLOB NOT NULL, reads BLOB NOT NULL, names BLOB NOT NULL, sources BLOB NOT NULL,
    usernames BLOB NOT NULL, keys BLOB NOT NULL, types BLOB NOT NULL, resources BLOB NOT NULL,
    ids BLOB NOT NULL)"""

_COLUMN_OF: Final = {
    "ReadOnly": "reads",
    "EventName": "names",
    "EventSource": "sources",
    "Username": "usernames",
    "AccessKeyId": "keys",
    "ResourceType": "types",
    "ResourceName": "resources",
    "EventId": "ids",
}
_COLUMNS: Final = tuple(_COLUMN_OF.values())


class _Values:
    """What occurs in a block for one account and region: a set for each column."""

    __slots__ = _COLUMNS

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.names: set[str] = set()
        self.sources: set[str] = set()
        self.usernames: set[str] = set()
        self.keys: set[str] = set()
        self.types: set[str] = set()
        self.resources: set[str] = set()
        self.ids: set[str] = set()


class Block:
    """The summary of the newest events, still growing."""

    def __init__(self) -> None:
        self._first = 0
        self._last = 0
        self._earliest = 0
        self._latest = 0
        self._count = 0
        self._places: dict[tuple[str, str], _Values] = {}

    @property
    def full(self) -> bool:
        """Has it as many events as a block should hold?"""
        return self._count >= BLOCK_EVENTS

    def add(self, events: Sequence[Numbered], timed: Callable[[datetime], int]) -> None:
        """Takes events in, in order of their numbers; timed gives a time as the store keeps it."""
        for number, event in events:
            place = (event.account, event.region)
            values = self._places.get(place)
            if values is None:
                values = self._places[place] = _Values()
            values.reads.add("true" if event.read_only else "false")
            values.names.add(event.name)
            values.sources.add(event.source)
            values.usernames.add(event.username)
            values.keys.add(event.access_key_id)
            values.ids.add(event.id)
            for kind, name in event.resources:
                values.types.add(kind)
                values.resources.add(name)
            time = timed(event.time)
            if not self._count:
                self._first, self._earliest, self._latest = number, time, time
            elif time < self._earliest:
                self._earliest = time
            elif time > self._latest:
                self._latest = time
            self._last = number
            self._count += 1

    def seal(self, connection: sqlite3.Connection) -> None:
        """Writes the summary, within the transaction that holds the block's last events."""
        columns: dict[str, list[int]] = {name: [] for name in _COLUMNS}
        for (account, region), values in self._places.items():
            seed = _place(account, region)
            for name, terms in columns.items():
                terms += [_term(seed, value) for value in getattr(values, name)]
        places = _packed([_place(*place) for place in self._places])
        connection.execute(
            f"INSERT INTO blocks (first, last, earliest, latest, places, {', '.join(_COLUMNS)})"
            f" VALUES (?, ?, ?, ?, ?{', ?' * len(_COLUMNS)})",
            (
                *(self._first, self._last, self._earliest, self._latest, places),
                *(_packed(terms) for terms in columns.values()),
            ),
        )


def sealed(connection: sqlite3.Connection) -> int:
    """The number of the last event that a summary covers, 0 where there is none."""
    return int(connection.execute("SELECT ifnull(max(last), 0) FROM blocks").fetchone()[0])


def blocks_with(
    connection: sqlite3.Connection, query: EventQuery, timed: Callable[[datetime], int]
) -> Iterator[tuple[int, int]]:
    """(first, last) number of every stretch of events that may hold a match, newest first.

    The stretch after the last sealed block always may.
    """
    end = sealed(connection)
    newest = (1 << 62) if query.before is None else query.before - 1
    if newest > end:
        yield end + 1, newest
    seed = _place(query.account, query.region)
    conditions = ["first <= ?", "instr(places, ?) > 0"]
    values: list[object] = [newest, _packed([seed])]
    if query.start is not None:
        conditions.append("latest >= ?")
        values.append(timed(query.start))
    if query.end is not None:
        conditions.append("earliest <= ?")
        values.append(timed(query.end))
    if query.attribute:
        # A match across two neighboring checksums only costs a look into a block in vain.
        conditions.append(f"instr({_COLUMN_OF[query.attribute]}, ?) > 0")
        values.append(_packed([_term(seed, query.value)]))
    cursor = connection.execute(
        f"SELECT first, last FROM blocks WHERE {' AND '.join(conditions)} ORDER BY first DESC", values
    )
    for first, last in cursor:
        yield first, min(last, newest)


def _place(account: str, region: str) -> int:
    return crc32(f"{account} {region} ".encode())


def _term(seed: int, value: str) -> int:
    return crc32(value.encode(), seed)


def _packed(terms: Sequence[int]) -> bytes:
    return b"".join([term.to_bytes(4, "big") for term in terms])
