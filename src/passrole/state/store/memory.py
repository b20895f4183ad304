"""A store that keeps nothing beyond the process: ``--ephemeral``, and tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from threading import Lock
from typing import Final

from passrole.state.directory import Change
from passrole.state.store import StoreUnavailable
from passrole.state.trail import EventQuery, Keep, Numbered

# What an event costs beside its record: its object, texts and place in the deque, measured.
_EVENT_BYTES: Final = 900


_LARGEST: Final = 64_000_000  # bytes of events: some 30,000 records


class MemoryStore:
    """A Store in memory. largest bounds its events (bytes) whatever trim is asked for."""

    def __init__(self, largest: int = _LARGEST) -> None:
        self._bound = Keep(size=largest)
        self._rows: dict[tuple[str, str, str], bytes] = {}
        self._events: deque[Numbered] = deque()
        self._size = 0  # bytes, of the events
        self._sequence = 0
        self._lock = Lock()  # a reader would else see the deque change under its iterator
        self._closed = False

    def rows(self) -> Iterator[Change]:
        """See Store."""
        self._check()
        with self._lock:
            return iter([Change(*place, body) for place, body in sorted(self._rows.items())])

    def write(self, changes: Iterable[Change], events: Sequence[Numbered]) -> None:
        """See Store; "durable" lasts as long as the process."""
        self._check()
        with self._lock:
            self._apply(changes)
            for number, event in events:
                self._events.append((number, event))
                self._size += len(event.record) + _EVENT_BYTES
                self._sequence = max(self._sequence, number)
            self._trim(self._bound, len(self._events))

    def find(self, query: EventQuery) -> list[Numbered]:
        """See Store. Looks at every event, newest first, until it has enough."""
        self._check()
        with self._lock:
            newest = reversed(self._events)
            found = (
                (number, event)
                for number, event in newest
                if (query.before is None or number < query.before) and query.matches(event)
            )
            return list(islice(found, query.limit))

    def after(self, number: int, limit: int) -> list[Numbered]:
        """See Store. Looks back from the newest event."""
        self._check()
        with self._lock:
            newer = list(takewhile(lambda numbered: numbered[0] > number, reversed(self._events)))
        return newer[::-1][:limit]

    def last_sequence(self) -> int:
        """See Store."""
        return self._sequence

    def trim(self, keep: Keep, at_most: int) -> int:
        """See Store. The size counts records and what Python needs to hold them."""
        self._check()
        with self._lock:
            return self._trim(keep, at_most)

    def clear(self, changes: Iterable[Change] = ()) -> None:
        """See Store."""
        self._check()
        with self._lock:
            self._rows.clear()
            self._events.clear()
            self._size = 0
            self._apply(changes)

    def probe(self) -> None:
        """See Store."""
        self._check()

    def close(self) -> None:
        """See Store."""
        self._closed = True

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            place = (change.kind, change.account, change.key)
            if change.body is None:
                self._rows.pop(place, None)
            else:
                self._rows[place] = change.body

    def _trim(self, keep: Keep, at_most: int) -> int:
        if not self._events:
            return 0
        oldest = None if keep.age is None else self._events[-1][1].time - keep.age
        removed = 0
        while removed < at_most and self._events:
            event = self._events[0][1]
            too_old = oldest is not None and event.time < oldest
            if not too_old and (keep.size is None or self._size <= keep.size):
                break
            self._events.popleft()
            self._size -= len(event.record) + _EVENT_BYTES
            removed += 1
        return removed

    def _check(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")
