"""The store on disk: rows and the trail in one SQLite file, one transaction a commit.

WAL with synchronous=FULL: a transaction is on disk when ``write`` returns. Statements take many
rows each: every statement gives the interpreter's lock up and must get it back from a busy event
loop, so a commit of a hundred events must not be a hundred statements.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, takewhile
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from passrole.state.directory import Change
from passrole.state.store import StoreUnavailable
from passrole.state.store.blocks import BLOCK_SCHEMA, Block, blocks_with, sealed
from passrole.state.store.folder import FolderLock
from passrole.state.trail import Event, EventQuery, Keep, Numbered

FILE: Final = "passrole.db"
_APPLICATION: Final = 0x70617373  # "pass": PRAGMA application_id, so that a foreign file is told apart
_VERSION: Final = 1  # PRAGMA user_version; a change of _SCHEMA raises it

_SCHEMA: Final = (
    """CREATE TABLE rows (
        kind TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
        PRIMARY KEY (kind, account, key)) WITHOUT ROWID""",
    """CREATE TABLE events (
        sequence INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, time INTEGER NOT NULL,
        id TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, username TEXT NOT NULL,
        access_key_id TEXT NOT NULL, read_only INTEGER NOT NULL, resources TEXT NOT NULL,
        request_id TEXT NOT NULL, record BLOB NOT NULL)""",
    BLOCK_SCHEMA,
)
_EVENT_COLUMNS: Final = (
    "sequence, account, region, time, id, name, source, username, access_key_id, read_only, resources,"
    " request_id, record"
)
_EVENT_WIDTH: Final = 13

# LookupEvents' attributes as conditions on the events table. resources is a text of records:
# each a type, "\x1f", a name and "\x1e", so that instr finds a whole type or a whole name.
_CONDITIONS: Final = {
    "EventId": "id = ?",
    "EventName": "name = ?",
    "ReadOnly": "read_only = (? = 'true')",
    "Username": "username = ?",
    "ResourceType": "instr(char(30) || resources, char(30) || ? || char(31)) > 0",
    "ResourceName": "instr(resources, char(31) || ? || char(30)) > 0",
    "EventSource": "source = ?",
    "AccessKeyId": "access_key_id = ?",
}

_CHUNKS: Final = (256, 32, 4, 1)  # rows a statement, largest first: few texts, so each stays prepared
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_Row = TypeVar("_Row")


class SqliteStore:
    """A Store in a folder of its own, which no other process may use meanwhile.

    Raises StoreUnavailable where the folder cannot be used: not writable, in use, not a store of
    this program, or written by a newer version of it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = FolderLock(folder)
        try:
            with self._failing("open"):
                self._writer = self._connect()
                self._reader = self._connect()
                self._scanner = self._connect()
                self._prepare()
                self._sequence: int = self._scalar("SELECT ifnull(max(sequence), 0) FROM events")
                self._newest: int = self._scalar(
                    f"SELECT ifnull(max(time), 0) FROM events WHERE sequence = {self._sequence}"
                )
                self._block: Block | None = None
                self._reader.execute("PRAGMA query_only = ON")
                self._scanner.execute("PRAGMA query_only = ON")
        except BaseException:
            self.close()
            raise
        self._reading = Lock()
        self._scanning = Lock()

    def rows(self) -> Iterator[Change]:
        """See Store."""
        with self._failing("read"):
            cursor = self._reader.execute("SELECT kind, account, key, body FROM rows")
            for kind, account, key, body in cursor:
                yield Change(kind, account, key, body)

    def write(self, changes: Iterable[Change], events: Sequence[Numbered]) -> None:
        """See Store."""
        with self._transaction():
            self._write_rows(changes)
            self._write_events(events)
        if events:
            self._sequence = max(self._sequence, events[-1][0])

    def find(self, query: EventQuery) -> list[Numbered]:
        """See Store. Reads the unsealed end of the trail, then only blocks that may hold a match."""
        found: list[Numbered] = []
        with self._failing("read"), self._reading:
            for first, last in blocks_with(self._reader, query, _microseconds):
                found += self._events(query, first, last, query.limit - len(found))
                if len(found) >= query.limit:
                    break
        return found

    def after(self, number: int, limit: int) -> list[Numbered]:
        """See Store. By a connection of its own: questions do not wait for a long read."""
        with self._failing("read"), self._scanning:
            cursor = self._scanner.execute(
                f"SELECT {_EVENT_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (number, limit),
            )
            return [_numbered(*row) for row in cursor]

    def last_sequence(self) -> int:
        """See Store."""
        return self._sequence

    def trim(self, keep: Keep, at_most: int) -> int:
        """See Store. The size counts the pages in use, rows included; the file keeps freed pages."""
        with self._failing("trim"):
            too_large = keep.size is not None and self._used_bytes() > keep.size
            if not too_large and keep.age is None:
                return 0
            oldest = self._newest - keep.age // _MICROSECOND if keep.age is not None else 0
            candidates = self._writer.execute(
                "SELECT sequence, time FROM events ORDER BY sequence LIMIT ?", (at_most,)
            )
            going = [row[0] for row in takewhile(lambda row: too_large or row[1] < oldest, candidates)]
        if not going:
            return 0
        with self._transaction():
            last = going[-1]
            gone = self._writer.execute("DELETE FROM events WHERE sequence <= ?", (last,)).rowcount
            self._writer.execute("DELETE FROM blocks WHERE last <= ?", (last,))
        return gone

    def clear(self, changes: Iterable[Change] = ()) -> None:
        """See Store."""
        with self._transaction():
            for table in ("rows", "events", "blocks"):
                self._writer.execute(f"DELETE FROM {table}")
            self._write_rows(changes)
        self._block = None
        self._newest = 0  # a test's clock may start again from earlier

    def probe(self) -> None:
        """See Store."""
        with self._transaction():
            self._writer.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """See Store."""
        for name in ("_scanner", "_reader", "_writer"):
            connection: sqlite3.Connection | None = getattr(self, name, None)
            if connection is not None:
                with suppress(sqlite3.Error):  # what was acknowledged is on disk already
                    connection.close()
        self._lock.release()

    # Opening

    def _connect(self) -> sqlite3.Connection:
        # Made first, so that SQLite gives its -wal and -shm files the same mode.
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        self._path.chmod(0o600)
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -8000")  # KiB
        return connection

    def _prepare(self) -> None:
        """Makes a new file's tables, or checks that an old file's are this version's."""
        version = self._scalar("PRAGMA user_version")
        application = self._scalar("PRAGMA application_id")
        if application == 0 and version == 0 and self._scalar("SELECT count(*) FROM sqlite_master") == 0:
            with self._transaction():
                for statement in _SCHEMA:
                    self._writer.execute(statement)
                self._writer.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._writer.execute(f"PRAGMA user_version = {_VERSION}")
        elif application != _APPLICATION:
            raise StoreUnavailable(f"{self._path} is not a passrole store")
        elif version > _VERSION:
            raise StoreUnavailable(
                f"{self._path} was written by a newer passrole (schema {version}, this one reads {_VERSION})"
            )

    # Writing

    @contextmanager
    def _failing(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"cannot {doing} {self._path}: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._failing("write"):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                self._block = None  # it counts events that are not there now
                # SQLite may have rolled back by itself (disk full); then there is nothing to do.
                with suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                raise

    def _write_rows(self, changes: Iterable[Change]) -> None:
        final = {(change.kind, change.account, change.key): change.body for change in changes}
        if not final:
            return
        upserts = [(*place, body) for place, body in final.items() if body is not None]
        for chunk in _chunks(upserts):
            values = ", ".join(["(?, ?, ?, ?)"] * len(chunk))
            self._writer.execute(
                f"INSERT INTO rows VALUES {values}"
                " ON CONFLICT (kind, account, key) DO UPDATE SET body = excluded.body",
                tuple(chain.from_iterable(chunk)),
            )
        gone = [place for place, body in final.items() if body is None]
        for deleted in _chunks(gone):
            values = ", ".join(["(?, ?, ?)"] * len(deleted))
            self._writer.execute(
                f"DELETE FROM rows WHERE (kind, account, key) IN (VALUES {values})",
                tuple(chain.from_iterable(deleted)),
            )

    def _write_events(self, events: Sequence[Numbered]) -> None:
        one = f"({', '.join('?' * _EVENT_WIDTH)})"
        for chunk in _chunks(events):
            values: list[object] = []
            for number, event in chunk:
                values += _columns(number, event)
            self._writer.execute(f"INSERT INTO events VALUES {', '.join([one] * len(chunk))}", values)
        if events:
            self._newest = _microseconds(events[-1][1].time)
            self._summarize(events)

    def _summarize(self, events: Sequence[Numbered]) -> None:
        block = self._block
        if block is None:  # the first write since the start or since a failed one
            block = self._block = Block()
            block.add(self._unsealed(self._writer, sealed(self._writer)), _microseconds)
        else:
            block.add(events, _microseconds)
        if block.full:
            block.seal(self._writer)
            self._block = Block()

    # Reading

    def _events(self, query: EventQuery, first: int, last: int, limit: int) -> list[Numbered]:
        conditions = ["sequence BETWEEN ? AND ?", "account = ?", "region = ?"]
        values: list[object] = [first, last, query.account, query.region]
        if query.start is not None:
            conditions.append("time >= ?")
            values.append(_microseconds(query.start))
        if query.end is not None:
            conditions.append("time <= ?")
            values.append(_microseconds(query.end))
        if query.attribute:
            conditions.append(_CONDITIONS[query.attribute])
            values.append(query.value)
        cursor = self._reader.execute(
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE {' AND '.join(conditions)}"
            " ORDER BY sequence DESC LIMIT ?",
            (*values, limit),
        )
        return [_numbered(*row) for row in cursor]

    def _unsealed(self, connection: sqlite3.Connection, end: int) -> list[Numbered]:
        cursor = connection.execute(
            f"SELECT {_EVENT_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence", (end,)
        )
        return [_numbered(*row) for row in cursor]

    def _used_bytes(self) -> int:
        pages = self._scalar("PRAGMA page_count") - self._scalar("PRAGMA freelist_count")
        return pages * self._scalar("PRAGMA page_size")

    def _scalar(self, statement: str) -> int:
        return int(self._writer.execute(statement).fetchone()[0])


def _columns(number: int, event: Event) -> tuple[object, ...]:
    return (
        *(number, event.account, event.region, _microseconds(event.time), event.id, event.name),
        *(event.source, event.username, event.access_key_id, event.read_only),
        "".join([f"{kind}\x1f{name}\x1e" for kind, name in event.resources]),
        *(event.request_id, event.record),
    )


def _numbered(
    sequence: int,
    account: str,
    region: str,
    time: int,
    id: str,
    name: str,
    source: str,
    username: str,
    access_key_id: str,
    read_only: int,
    resources: str,
    request_id: str,
    record: bytes,
) -> Numbered:
    pairs = (pair.split("\x1f", 1) for pair in resources.split("\x1e")[:-1])
    return sequence, Event(
        account=account,
        region=region,
        time=_EPOCH + time * _MICROSECOND,
        id=id,
        name=name,
        source=source,
        username=username,
        access_key_id=access_key_id,
        read_only=bool(read_only),
        resources=tuple((kind, name) for kind, name in pairs),
        record=record,
        request_id=request_id,
    )


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def _chunks(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    start = 0
    for size in _CHUNKS:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size
