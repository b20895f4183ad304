"""Group commit: order, visibility, failure and recovery."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.state.trails import ACCOUNT, STORES, event

from passrole.state.commit import Committer
from passrole.state.directory import Change
from passrole.state.store import Store, StoreUnavailable
from passrole.state.store.memory import MemoryStore
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import EventQuery, Keep, Numbered

ALL = EventQuery(ACCOUNT, "us-east-1", limit=100_000)


class Gate(MemoryStore):
    """A memory store whose writes wait until they are let through, or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.open.set()
        self.broken = False
        self.writes: list[tuple[list[Change], list[int]]] = []

    def write(self, changes: Iterable[Change], events: Sequence[Numbered]) -> None:
        self.open.wait(5)
        if self.broken:
            raise StoreUnavailable("disk full")
        changes = list(changes)
        self.writes.append((changes, [number for number, _ in events]))
        super().write(changes, events)

    def probe(self) -> None:
        if self.broken:
            raise StoreUnavailable("disk full")


def row(key: str, body: bytes | None = b"{}") -> Change:
    return Change("role", ACCOUNT, key, body)


def play(store: Store, scene: Callable[[Committer], Awaitable[None]], keep: Keep = Keep()) -> None:  # noqa: B008
    async def run() -> None:
        committer = Committer(store, keep)
        committer.start()
        try:
            await scene(committer)
        finally:
            await committer.close()

    asyncio.run(run())


def numbers(found: Iterable[Numbered]) -> list[int]:
    return [number for number, _ in found]


@pytest.mark.parametrize("kind", sorted(STORES))
def test_a_submission_is_in_the_store_once_it_is_done(kind: str, tmp_path: Path) -> None:
    with closing(STORES[kind](tmp_path)) as store:

        async def scene(committer: Committer) -> None:
            await committer.submit([row("web")], [event(1), event(2)])
            assert list(store.rows()) == [row("web")]
            assert numbers(store.find(ALL)) == [2, 1]

        play(store, scene)


@pytest.mark.parametrize("kind", sorted(STORES))
def test_what_waits_is_found_too_newest_first(kind: str, tmp_path: Path) -> None:
    with closing(STORES[kind](tmp_path)) as store:
        store.write([], [(n, event(n)) for n in range(1, 4)])

        async def scene(committer: Committer) -> None:
            committer.later(event(4))
            pending = committer.submit([row("web")], [event(5, name="CreateRole")])
            committer.later(event(6))
            assert numbers(committer.find(ALL)) == [6, 5, 4, 3, 2, 1]
            assert numbers(committer.find(EventQuery(ACCOUNT, "us-east-1", limit=2))) == [6, 5]
            assert numbers(committer.find(EventQuery(ACCOUNT, "us-east-1", limit=2, before=5))) == [4, 3]
            assert numbers(committer.find(EventQuery(ACCOUNT, "us-east-1", "EventName", "CreateRole"))) == [5]
            await pending
            await committer.flush()
            assert numbers(committer.find(ALL)) == numbers(store.find(ALL)) == [6, 5, 4, 3, 2, 1]

        play(store, scene)


def test_what_comes_during_a_write_goes_together_into_the_next() -> None:
    store = Gate()

    async def scene(committer: Committer) -> None:
        store.open.clear()
        first = committer.submit([row("a")], [event(1)])
        await asyncio.sleep(0.05)
        rest = [committer.submit([row(f"b{n}")], [event(n)]) for n in range(2, 12)]
        committer.later(event(12))
        await asyncio.sleep(0.05)
        assert not first.done()
        assert store.writes == []
        store.open.set()
        await asyncio.gather(first, *rest)
        await committer.flush()

    play(store, scene)
    assert [written for _, written in store.writes] == [[1], list(range(2, 13))]


def test_numbers_reach_the_store_in_order() -> None:
    """Reads and writes mixed from many tasks: the store's blocks rely on rising numbers."""
    store = Gate()

    async def scene(committer: Committer) -> None:
        async def client(name: int) -> None:
            for n in range(150):
                if (n + name) % 3:
                    committer.later(event(n))
                    await asyncio.sleep(0)
                else:
                    await committer.submit([row(f"{name}")], [event(n)])

        await asyncio.gather(*(client(name) for name in range(16)))

    play(store, scene)
    written = [number for _, numbered in store.writes for number in numbered]
    assert written == list(range(1, 16 * 150 + 1))


def test_records_of_reads_are_durable_within_the_promised_time(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path)) as store:

        async def scene(committer: Committer) -> None:
            for n in range(1, 4):
                committer.later(event(n))
                await asyncio.sleep(0.2)  # twice the promise: a test machine may be busy
                assert numbers(store.find(ALL))[0] == n

        play(store, scene)


def test_reads_together_make_one_transaction() -> None:
    store = Gate()

    async def scene(committer: Committer) -> None:
        for n in range(1, 101):
            committer.later(event(n))
        await asyncio.sleep(0.3)

    play(store, scene)
    assert [written for _, written in store.writes] == [list(range(1, 101))]


def test_close_writes_what_is_left_and_refuses_the_rest() -> None:
    store = Gate()

    async def run() -> None:
        committer = Committer(store)
        committer.start()
        committer.later(event(1))
        pending = committer.submit([row("a")], [event(2)])
        await committer.close()
        assert pending.done()
        await pending
        await committer.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await committer.submit([row("b")])
        refused = committer.later(event(3))
        assert refused is not None
        with pytest.raises(StoreUnavailable, match="closed"):
            await refused

    asyncio.run(run())
    assert numbers(store.find(ALL)) == [2, 1]
    assert [thread for thread in threading.enumerate() if thread.name == "passrole-commit"] == []


def test_a_cancelled_caller_neither_undoes_nor_hurts_others() -> None:
    store = Gate()

    async def scene(committer: Committer) -> None:
        store.open.clear()
        gone = committer.submit([row("a")], [event(1)])
        other = committer.submit([row("b")], [event(2)])
        gone.cancel()
        store.open.set()
        await other
        assert [kept.key for kept in store.rows()] == ["a", "b"]

    play(store, scene)


def test_a_failed_write_is_not_acknowledged_nor_anything_after_it() -> None:
    store = Gate()

    async def scene(committer: Committer) -> None:
        await committer.submit([row("good")], [event(1)])
        store.open.clear()
        store.broken = True
        lost = [committer.submit([row("bad")], [event(2)])]
        await asyncio.sleep(0.05)
        lost.append(committer.submit([row("built on it")], [event(3)]))
        committer.later(event(4))
        store.open.set()
        for pending in lost:
            with pytest.raises(StoreUnavailable, match="disk full"):
                await pending
        assert str(committer.failed) == "disk full"
        store.broken = False  # healthy again, but the memory of the endpoint is not what is stored
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.submit([row("too early")], [event(5)])
        refused = committer.later(event(6))
        assert refused is not None
        with pytest.raises(StoreUnavailable, match="disk full"):
            await refused
        # Nothing of the lost calls is in the trail; the read before the failure was known is.
        assert numbers(committer.find(ALL)) == [4, 1]
        seen: list[Sequence[Change]] = []
        await committer.recover(seen.append)
        assert seen == [[row("good")]]
        assert committer.failed is None
        await committer.submit([row("new")], [event(7)])
        assert numbers(store.find(ALL)) == numbers(committer.find(ALL)) == [5, 4, 1]
        assert [kept.key for kept in store.rows()] == ["good", "new"]

    play(store, scene)


def test_of_many_who_ask_for_recovery_one_reloads() -> None:
    """A second reload could lose what was accepted after the first one."""
    store = Gate()

    async def scene(committer: Committer) -> None:
        await committer.submit([row("good")])
        store.broken = True
        lost = [committer.submit([row(f"bad{n}")]) for n in range(3)]
        reloads: list[Sequence[Change]] = []

        async def asks(pending: asyncio.Future[None]) -> None:
            with pytest.raises(StoreUnavailable):
                await pending
            store.broken = False
            await committer.recover(reloads.append)
            await committer.submit([row("new")])

        await asyncio.gather(*(asks(pending) for pending in lost))
        assert reloads == [[row("good")]]
        await committer.recover(reloads.append)
        assert len(reloads) == 1
        assert [kept.key for kept in store.rows()] == ["good", "new"]

    play(store, scene)


def test_a_failed_clear_is_a_failure_too() -> None:
    class Stubborn(Gate):
        def clear(self, changes: Iterable[Change] = ()) -> None:
            raise StoreUnavailable("disk full")

    store = Stubborn()

    async def scene(committer: Committer) -> None:
        await committer.submit([row("good")])
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.clear()
        assert committer.failed is not None
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.submit([row("bad")])
        await committer.recover(lambda rows: None)
        await committer.submit([row("new")])
        assert [kept.key for kept in store.rows()] == ["good", "new"]

    play(store, scene)


def test_recovery_that_fails_changes_nothing() -> None:
    store = Gate()

    async def run() -> None:
        committer = Committer(store)
        committer.start()
        store.broken = True
        with pytest.raises(StoreUnavailable):
            await committer.submit([row("bad")])
        reloaded: list[Sequence[Change]] = []
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.recover(reloaded.append)
        assert reloaded == []
        assert committer.failed is not None
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.flush()
        with pytest.raises(StoreUnavailable, match="disk full"):
            await committer.close()

    asyncio.run(run())
    assert list(store.rows()) == []


def test_a_failed_record_of_a_read_is_told_by_the_next_call() -> None:
    store = Gate()

    async def scene(committer: Committer) -> None:
        store.broken = True
        assert committer.later(event(1)) is None
        await asyncio.sleep(0.2)
        assert committer.failed is not None
        store.broken = False
        await committer.recover(lambda rows: None)
        assert numbers(store.find(ALL)) == [1]

    play(store, scene)


class Wrong(MemoryStore):
    """A store with a fault in its program."""

    def write(self, changes: Iterable[Change], events: Sequence[Numbered]) -> None:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_writer_that_died() -> None:
    async def run() -> None:
        committer = Committer(Wrong())
        committer.start()
        with pytest.raises(StoreUnavailable, match="the writer of the store has ended"):
            await asyncio.wait_for(committer.submit([row("a")]), 5)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(committer.submit([row("a")]), 5)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(committer.recover(lambda rows: None), 5)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(committer.close(), 5)

    asyncio.run(run())


def test_readers_wait_when_the_disk_cannot_keep_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passrole.state.commit._BACKLOG", 10)
    store = Gate()

    async def scene(committer: Committer) -> None:
        await committer.submit([row("a")])
        store.open.clear()
        blocking = committer.submit([row("b")])
        await asyncio.sleep(0.05)
        waits = [committer.later(event(n)) for n in range(1, 13)]
        assert [wait is None for wait in waits] == [True] * 9 + [False] * 3
        store.open.set()
        for wait in waits:
            if wait is not None:
                await wait
        await blocking
        assert numbers(store.find(ALL)) == list(range(12, 0, -1))
        assert committer.later(event(13)) is None

    play(store, scene)


@pytest.mark.parametrize("kind", sorted(STORES))
def test_clear_leaves_what_it_is_told_and_what_comes_after(kind: str, tmp_path: Path) -> None:
    with closing(STORES[kind](tmp_path)) as store:

        async def scene(committer: Committer) -> None:
            await committer.submit([row("old")], [event(1)])
            committer.later(event(2))
            clearing = asyncio.ensure_future(committer.clear([row("root")]))
            await asyncio.sleep(0)
            committer.later(event(3))
            await clearing
            await committer.flush()
            assert list(store.rows()) == [row("root")]
            assert numbers(committer.find(ALL)) == [3]

        play(store, scene)


@pytest.mark.parametrize("kind", sorted(STORES))
def test_the_trail_stays_within_its_bounds(kind: str, tmp_path: Path) -> None:
    with closing(STORES[kind](tmp_path)) as store:

        async def scene(committer: Committer) -> None:
            for start in range(1, 10_001, 500):
                for n in range(start, start + 500):
                    committer.later(event(n))
                await committer.submit([row("web")], [event(start + 500)])
            await asyncio.sleep(0.2)
            found = numbers(store.find(ALL))
            assert found[0] == 10_020
            assert 1000 <= len(found) < 1000 + 2600  # at most one look's worth of events too many

        play(store, scene, Keep(age=timedelta(seconds=1000)))


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for first in (1, 3):
        with closing(SqliteStore(tmp_path)) as store:

            async def scene(committer: Committer) -> None:
                await committer.submit([], [event(1), event(2)])

            play(store, scene)
            assert numbers(store.find(ALL))[0] == first + 1


def test_submitting_before_the_start_is_a_mistake() -> None:
    committer = Committer(MemoryStore())
    with pytest.raises(RuntimeError, match="has not been started"):
        committer.submit([row("a")])


def test_nothing_acknowledged_is_lost_over_many_failures() -> None:
    """Clients write and recover while the disk fails and heals at random."""
    store = Gate()
    chance = random.Random(20260314)
    acknowledged: set[str] = set()
    failures = 0

    async def scene(committer: Committer) -> None:
        nonlocal failures

        async def client(name: int) -> None:
            nonlocal failures
            for n in range(60):
                store.broken = chance.random() < 0.1
                committer.later(event(n))
                try:
                    await committer.submit([row(f"{name}-{n}")], [event(n)])
                    acknowledged.add(f"{name}-{n}")
                except StoreUnavailable:
                    failures += 1
                    store.broken = False
                    with suppress(StoreUnavailable):  # another client has broken it again
                        await committer.recover(lambda rows: None)

        await asyncio.gather(*(client(name) for name in range(8)))
        store.broken = False
        await committer.recover(lambda rows: None)

    play(store, scene)
    assert failures
    assert len(acknowledged) > 100
    assert acknowledged == {kept.key for kept in store.rows()}
    written = [number for _, numbered in store.writes for number in numbered]
    assert written == sorted(set(written))
