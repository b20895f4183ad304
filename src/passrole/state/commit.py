"""Group commit: the event loop hands over what happened, a thread of its own makes it durable.

The loop never waits for a disk. Whatever is submitted while one transaction is on its way to the
disk goes into the next one, so a slow disk costs latency, not throughput.
"""

from __future__ import annotations

import asyncio
import queue
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import Final

from passrole.state.directory import Change
from passrole.state.store import Store, StoreUnavailable
from passrole.state.trail import Event, EventQuery, Keep, Numbered

_DELAY: Final = 0.05  # seconds a record of a read may wait: the promise is 100 ms, the rest is the disk's
_BACKLOG: Final = 20_000  # records of reads in memory before their callers must wait
_TRIM_EVERY: Final = 2000  # events between two looks at the trail's bounds
_TRIM: Final = 500  # events one transaction removes: a few milliseconds, then submissions go first
_FOREVER: Final = Keep()


class _Item:
    """Work for the writer. number is the last event's when it was handed over."""

    __slots__ = ("carry_out", "changes", "events", "future", "last", "number")

    def __init__(
        self,
        future: Future[None],
        number: int,
        changes: Sequence[Change] = (),
        events: Sequence[Numbered] = (),
        carry_out: Callable[[], None] | None = None,
        last: bool = False,
    ) -> None:
        self.future = future
        self.number = number
        self.changes = changes
        self.events = events
        self.carry_out = carry_out  # instead of changes and events, after everything before it
        self.last = last


class Committer:
    """Makes changes and events durable in the order of their submission; a Trail.

    Every method but ``after`` is called on the event loop that ``start`` was called on.

    A transaction that fails is never acknowledged: its future and those of everything submitted
    after it get StoreUnavailable, because what came after was built on what is lost. That lasts until
    ``recover`` has read the state back. Records of reads wait for it in memory.
    """

    def __init__(self, store: Store, keep: Keep = _FOREVER) -> None:
        self._store = store
        self._keep = keep
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()  # None: look at _late
        self._thread: Thread | None = None
        self._loop: AbstractEventLoop | None = None
        # Written by the loop.
        self._sequence = store.last_sequence()
        self._handed = self._sequence  # every event up to this number is in _queue or in _late
        self._failure: StoreUnavailable | None = None
        # Filled by the loop, emptied by the writer.
        self._late: deque[Numbered] = deque()  # records of reads
        self._recent: dict[int, Event] = {}  # every event that is not in the store yet
        self._nudged = False  # has the writer been told of _late?
        # The writer's.
        self._broken: StoreUnavailable | None = None
        self._stuck: list[Numbered] = []  # records of reads that a failed transaction held
        self._untrimmed = _TRIM_EVERY
        self._in_hand: list[Future[None]] = []  # of this turn
        self._ended = False

    @property
    def failed(self) -> StoreUnavailable | None:
        """Why nothing can be written now, None while all is well."""
        return self._failure

    def start(self) -> None:
        """Starts the writer; to be called on the running event loop, once."""
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, name="passrole-commit", daemon=True)
        self._thread.start()

    # What the loop asks for

    def submit(self, changes: Sequence[Change], events: Iterable[Event] = ()) -> Future[None]:
        """One transaction; the future is done once it is durable, or has StoreUnavailable.

        The events are visible to find at once. A caller that is cancelled undoes nothing.
        """
        future: Future[None] = self._running().create_future()
        if self._failure is not None:
            future.set_exception(_again(self._failure))
            return future
        numbered = [self._numbered(event) for event in events]
        self._put(_Item(future, self._sequence, changes, numbered))
        self._handed = self._sequence
        return future

    def later(self, event: Event) -> Future[None] | None:
        """The record of a call that changed nothing: visible to find at once, durable within 100 ms.

        Returns None, or a future to await before answering: the disk cannot keep up, or the store
        has failed (StoreUnavailable).
        """
        if self._failure is not None:
            return self.submit(())
        self._late.append(self._numbered(event))
        self._handed = self._sequence
        if not self._nudged:
            self._nudged = True
            self._queue.put(None)
        return None if len(self._late) < _BACKLOG else self._order(self._check)

    def find(self, query: EventQuery) -> list[Numbered]:
        """The newest events that match, newest first, durable or not. Raises StoreUnavailable."""
        # In this order: what the writer stores in between is then seen twice, never missed.
        recent = list(self._recent.items())
        found = dict(self._store.find(query))
        for number, event in recent:
            if (query.before is None or number < query.before) and query.matches(event):
                found[number] = event
        return [(number, found[number]) for number in sorted(found, reverse=True)[: query.limit]]

    def newest(self) -> int:
        """The number of the event that was handed over last, durable or not."""
        return self._sequence

    def after(self, number: int, limit: int) -> list[Numbered]:
        """The oldest durable events with a greater number; from any thread. Raises StoreUnavailable."""
        return self._store.after(number, limit)

    async def flush(self) -> None:
        """Returns once everything handed over so far is durable. Raises StoreUnavailable."""
        await self._order(self._check)

    async def clear(self, changes: Sequence[Change] = ()) -> None:
        """Empties the store, trail included, but for these rows, in one transaction.

        Raises StoreUnavailable.
        """

        def carry_out() -> None:
            self._check()
            self._store.clear(changes)

        await self._order(carry_out)

    async def recover(self, reload: Callable[[Sequence[Change]], None]) -> None:
        """Tries the store again after a failure; reload gets its rows before anything is accepted.

        Several callers may ask at once: one of them reloads, the others do nothing.
        Raises StoreUnavailable where the store still fails; nothing has changed then.
        """
        failure = self._failure
        if failure is None:
            return
        rows: list[Change] = []
        recovered = False

        def carry_out() -> None:
            nonlocal recovered
            if self._broken is not failure:  # another caller was first, or it has failed anew
                return
            self._store.probe()
            rows.extend(self._store.rows())
            self._broken = None
            self._commit((), 0)  # the records that waited
            self._check()
            recovered = True

        await self._order(carry_out)
        if recovered and self._failure is failure:
            reload(rows)
            self._failure = None

    async def close(self) -> None:
        """Writes what is left and ends the writer. The store stays open: it is its opener's.

        Raises StoreUnavailable where something could not be written.
        """
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        try:
            await self._order(self._check, last=True)
        finally:
            self._failure = self._failure or StoreUnavailable("the store is closed")
            thread.join()

    def _running(self) -> AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the committer has not been started")
        return self._loop

    def _numbered(self, event: Event) -> Numbered:
        self._sequence += 1
        self._recent[self._sequence] = event
        return self._sequence, event

    def _order(self, carry_out: Callable[[], None], *, last: bool = False) -> Future[None]:
        future: Future[None] = self._running().create_future()
        self._put(_Item(future, self._sequence, carry_out=carry_out, last=last))
        return future

    def _put(self, item: _Item) -> None:
        self._queue.put(item)
        if self._ended:
            self._refuse_all()

    def _done(self, futures: Sequence[Future[None]], error: StoreUnavailable | None) -> None:
        for future in futures:
            if future.done():  # its caller was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(_again(error))

    def _fail(self, error: StoreUnavailable) -> None:
        self._failure = error

    # What the writer does

    def _run(self) -> None:
        end = StoreUnavailable("the writer of the store has ended")
        try:
            while not self._turn():
                pass
            end = StoreUnavailable("the store is closed")
        finally:  # also when something here is wrong: nobody may wait for a writer that is gone
            self._break(end)
            self._settle(self._in_hand, end)
            self._ended = True
            self._refuse_all()

    def _turn(self) -> bool:
        """Waits for something to do and does it; True once it was the last thing."""
        item = self._queue.get()
        if item is None:
            item = self._gather()
        # Numbers must reach the store in order, so a record of a read goes along only if everything
        # with a smaller number is at hand: all up to _handed is, if read before the queue is emptied.
        # And _nudged before that: whoever adds one from now on tells again.
        self._nudged = False
        ceiling = self._handed
        batch: list[_Item] = []
        order: _Item | None = None
        while order is None:
            if item is not None:
                self._in_hand.append(item.future)
                if item.carry_out is None:
                    batch.append(item)
                    ceiling = max(ceiling, item.number)
                else:
                    order = item
                    ceiling = item.number
                    break
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
        self._commit(batch, ceiling)
        if order is not None and order.carry_out is not None:
            try:
                order.carry_out()
            except StoreUnavailable as error:
                self._break(error)
                self._settle([order.future], error)
            else:
                self._settle([order.future], None)
        self._in_hand = []
        if order is not None and order.last:
            return True
        self._trim()
        return False

    def _gather(self) -> _Item | None:
        """Lets records of reads come together until they are due or something else is to be written."""
        due = monotonic() + _DELAY
        while (left := due - monotonic()) > 0:
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if item is not None:
                return item
        return None

    def _commit(self, batch: Sequence[_Item], ceiling: int) -> None:
        late, self._stuck = self._stuck, []
        while self._late and self._late[0][0] <= ceiling:
            late.append(self._late.popleft())
        if self._late:
            self._queue.put(None)
        events = late + [numbered for item in batch for numbered in item.events]
        events.sort(key=_number)
        if self._broken is None and (batch or events):
            try:
                self._store.write([change for item in batch for change in item.changes], events)
            except StoreUnavailable as error:
                self._break(error)
            else:
                self._untrimmed += len(events)
        if self._broken is not None:
            self._stuck = late
            events = [numbered for item in batch for numbered in item.events]
        for number, _ in events:
            del self._recent[number]
        if batch:
            self._settle([item.future for item in batch], self._broken)

    def _trim(self) -> None:
        while self._untrimmed >= _TRIM_EVERY and self._broken is None:
            try:
                removed = self._store.trim(self._keep, _TRIM) if self._keep != _FOREVER else 0
            except StoreUnavailable as error:
                self._break(error)
                return
            if removed < _TRIM:
                self._untrimmed = 0
            elif not self._queue.empty():
                return

    def _check(self) -> None:
        if self._broken is not None:
            raise _again(self._broken)

    def _break(self, error: StoreUnavailable) -> None:
        if self._broken is None:
            self._broken = error
            with suppress(RuntimeError):
                self._running().call_soon_threadsafe(self._fail, error)

    def _settle(self, futures: Sequence[Future[None]], error: StoreUnavailable | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._running().call_soon_threadsafe(self._done, futures, error)

    def _refuse_all(self) -> None:
        """Answers whatever is still in the queue; by then the writer takes nothing from it."""
        with suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    self._settle([item.future], self._broken)


def _number(numbered: Numbered) -> int:
    return numbered[0]


def _again(error: StoreUnavailable) -> StoreUnavailable:
    return StoreUnavailable(*error.args)  # each waiter gets an exception, and a traceback, of its own
