"""What every store must do, run on every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.state.trails import ACCOUNT, NOON, STORES, event

from passrole.state.directory import Change
from passrole.state.store import Store, StoreUnavailable
from passrole.state.store.blocks import BLOCK_EVENTS
from passrole.state.store.memory import MemoryStore
from passrole.state.trail import ATTRIBUTES, Event, EventQuery, Keep


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = STORES[request.param](tmp_path / "data")
    yield opened
    opened.close()


def put(kind: str, key: str, body: bytes | None, account: str = ACCOUNT) -> Change:
    return Change(kind, account, key, body)


def numbers(store: Store, query: EventQuery) -> list[int]:
    return [number for number, _ in store.find(query)]


def here(
    attribute: str = "",
    value: str = "",
    *,
    limit: int = 50,
    before: int | None = None,
    start: int | None = None,
    end: int | None = None,
) -> EventQuery:
    return EventQuery(
        ACCOUNT,
        "us-east-1",
        attribute,
        value,
        start=None if start is None else NOON + timedelta(seconds=start),
        end=None if end is None else NOON + timedelta(seconds=end),
        limit=limit,
        before=before,
    )


def test_a_new_store_is_empty(store: Store) -> None:
    assert list(store.rows()) == []
    assert store.find(here()) == []
    assert store.last_sequence() == 0


def test_rows_are_replaced_and_removed_by_their_place(store: Store) -> None:
    store.write([put("role", "web", b"1"), put("user", "web", b"2"), put("role", "web", b"3", "4" * 12)], [])
    store.write([put("role", "web", b"4"), put("user", "web", None), put("user", "nobody", None)], [])
    assert list(store.rows()) == [put("role", "web", b"4"), put("role", "web", b"3", "4" * 12)]


def test_the_last_change_of_a_row_wins_within_one_write(store: Store) -> None:
    store.write([put("role", "a", b"1"), put("role", "b", b"1"), put("role", "a", None)], [])
    store.write([put("role", "c", None), put("role", "c", b"2")], [])
    assert list(store.rows()) == [put("role", "b", b"1"), put("role", "c", b"2")]


@pytest.mark.parametrize("many", [1, 3, 4, 33, 300])
def test_takes_any_number_of_rows_and_events_at_once(store: Store, many: int) -> None:
    changes = [put("role", f"r{n:04}", b"%d" % n) for n in range(many)]
    store.write(changes, [(n, event(n)) for n in range(1, many + 1)])
    assert list(store.rows()) == changes
    assert numbers(store, here(limit=many + 1)) == list(range(many, 0, -1))
    store.write([put("role", f"r{n:04}", None) for n in range(many)], [])
    assert list(store.rows()) == []
    assert store.last_sequence() == many


def test_an_event_comes_back_as_it_was(store: Store) -> None:
    given = Event(
        account=ACCOUNT,
        region="eu-west-1",
        id="5fd1d5b6-b2d0-4f5f-9d2e-6a50f8a9d9c6",
        time=NOON.replace(microsecond=123_456),
        name="CreateFunction20150331",
        source="lambda.amazonaws.com",
        username="Zoë",
        access_key_id="ASIAIOSFODNN7EXAMPLE",
        read_only=False,
        resources=(("AWS::IAM::Role", "arn:aws:iam::111122223333:role/a/b"), ("AWS::Lambda::Function", "f")),
        record='{"a":"é"}'.encode(),
        request_id="r",
    )
    store.write([], [(7, given)])
    assert store.find(EventQuery(ACCOUNT, "eu-west-1")) == [(7, given)]
    assert store.last_sequence() == 7


def test_finds_only_the_account_and_region_asked_for(store: Store) -> None:
    store.write(
        [], [(1, event(1)), (2, event(2, account="4" * 12)), (3, event(3, region="eu-west-1")), (5, event(5))]
    )
    assert numbers(store, here()) == [5, 1]
    assert numbers(store, EventQuery("4" * 12, "us-east-1")) == [2]
    assert numbers(store, EventQuery("4" * 12, "us-east-1", "EventId", event(1).id)) == []


def test_start_and_end_are_inclusive(store: Store) -> None:
    store.write([], [(n, event(n)) for n in range(1, 10)])
    assert numbers(store, here(start=3, end=6)) == [6, 5, 4, 3]
    assert numbers(store, here(start=8)) == [9, 8]
    assert numbers(store, here(end=1)) == [1]


def test_pages_by_number(store: Store) -> None:
    store.write([], [(n, event(n)) for n in range(1, 10)])
    assert numbers(store, here(limit=4)) == [9, 8, 7, 6]
    assert numbers(store, here(limit=4, before=6)) == [5, 4, 3, 2]
    assert numbers(store, here(limit=4, before=2)) == [1]
    assert numbers(store, here(limit=4, before=1)) == []


RARE = event(
    9,
    name="CreateRole",
    username="bob",
    key="AKIAI44QH8DHBEXAMPLE",
    source="sts.amazonaws.com",
    read_only=False,
    resources=(("AWS::IAM::Role", "Web"), ("AWS::IAM::Policy", "WebPolicy")),
)
RARE_VALUES = {
    "EventId": (RARE.id, "00000009"),
    "EventName": ("CreateRole", "Create"),
    "ReadOnly": ("false", None),
    "Username": ("bob", "Bob"),
    "ResourceType": ("AWS::IAM::Role", "AWS::IAM"),
    "ResourceName": ("Web", "We"),
    "EventSource": ("sts.amazonaws.com", "sts"),
    "AccessKeyId": ("AKIAI44QH8DHBEXAMPLE", ""),
}


def test_every_attribute_is_covered() -> None:
    assert set(RARE_VALUES) == set(ATTRIBUTES)


@pytest.mark.parametrize("attribute", sorted(RARE_VALUES))
def test_finds_by_each_attribute_the_whole_value(store: Store, attribute: str) -> None:
    value, part = RARE_VALUES[attribute]
    common = [(n, event(n, resources=(("AWS::EC2::Instance", "i-1"),))) for n in range(1, 9)]
    store.write([], [*common, (9, RARE), (10, event(10))])
    assert store.find(here(attribute, value)) == [(9, RARE)]
    if part is not None:
        assert store.find(here(attribute, part)) == []


def test_finds_a_rare_event_far_back(store: Store) -> None:
    """The rare event lies in the second of four blocks."""
    many = 3 * BLOCK_EVENTS + 100
    place = BLOCK_EVENTS + 17
    rare = replace(RARE, id=event(place).id, time=event(place).time)
    for start in range(1, many, 1000):
        batch = range(start, min(start + 1000, many + 1))
        store.write([], [(n, rare if n == place else event(n)) for n in batch])
    for attribute in RARE_VALUES:
        value = rare.id if attribute == "EventId" else RARE_VALUES[attribute][0]
        assert store.find(here(attribute, value)) == [(place, rare)]
        assert store.find(here(attribute, value, before=place)) == []
        assert store.find(here(attribute, value, before=place + 1)) == [(place, rare)]
        assert store.find(here(attribute, value, start=place, end=place)) == [(place, rare)]
        assert store.find(here(attribute, value, start=place + 1)) == []


def test_pages_through_several_blocks_without_gap_or_repetition(store: Store) -> None:
    many = 2 * BLOCK_EVENTS + 10
    for start in range(1, many, 777):
        batch = range(start, min(start + 777, many + 1))
        store.write([], [(n, event(n, name="ListRoles" if n % 3 else "GetRole")) for n in batch])
    seen: list[int] = []
    before: int | None = None
    while page := store.find(here("EventName", "GetRole", limit=500, before=before)):
        seen += [number for number, _ in page]
        before = seen[-1]
    assert seen == [n for n in range(many, 0, -1) if n % 3 == 0]


def test_reads_on_from_a_number_in_order(store: Store) -> None:
    store.write([], [(number, event(number)) for number in (2, 3, 5, 9)])
    assert [number for number, _ in store.after(0, 3)] == [2, 3, 5]
    assert [number for number, _ in store.after(5, 3)] == [9]
    assert store.after(5, 3)[0][1] == event(9)
    assert store.after(9, 3) == []


def test_trims_the_oldest_by_age(store: Store) -> None:
    store.write([], [(n, event(n)) for n in range(1, 101)])
    keep = Keep(age=timedelta(seconds=40))
    assert store.trim(keep, 25) == 25
    assert numbers(store, here(limit=100))[-1] == 26
    assert store.trim(keep, 500) == 34  # event 60 is exactly 40 seconds before event 100
    assert numbers(store, here(limit=100)) == list(range(100, 59, -1))
    assert store.trim(keep, 500) == 0


def test_trims_the_oldest_by_size(store: Store) -> None:
    big = b'{"x":"' + b"x" * 4000 + b'"}'
    for start in range(1, 2001, 500):
        store.write(
            [put("role", "web", b"kept")],
            [(n, replace(event(n), record=big)) for n in range(start, start + 500)],
        )
    keep = Keep(size=4_000_000)
    while removed := store.trim(keep, 100):
        assert 0 < removed <= 100
    left = numbers(store, here(limit=2000))
    assert left == list(range(2000, 2000 - len(left), -1))
    assert 500 <= len(left) <= 1000
    assert list(store.rows()) == [put("role", "web", b"kept")]


def test_the_memory_store_is_bounded_by_itself() -> None:
    store = MemoryStore(largest=100_000)
    for start in range(1, 1001, 50):
        store.write([], [(n, event(n)) for n in range(start, start + 50)])
    left = numbers(store, here(limit=2000))
    assert 50 < len(left) < 150
    assert left == list(range(1000, 1000 - len(left), -1))


def test_trims_nothing_without_a_bound(store: Store) -> None:
    store.write([], [(n, event(n)) for n in range(1, 11)])
    assert store.trim(Keep(), 500) == 0
    assert store.trim(Keep(age=timedelta(days=90), size=10**12), 500) == 0


def test_finds_after_trimming_half_a_block(store: Store) -> None:
    many = BLOCK_EVENTS + 50
    store.write([], [(n, event(n)) for n in range(1, many + 1)])
    store.trim(Keep(age=timedelta(seconds=60)), 100_000)
    left = list(range(many, many - 61, -1))
    assert numbers(store, here(limit=100)) == left
    assert numbers(store, here("EventName", "GetRole", limit=100)) == left
    store.write([], [(many + 1, event(many + 1))])
    assert numbers(store, here(limit=1)) == [many + 1]


def test_clear_keeps_only_what_it_is_told(store: Store) -> None:
    store.write([put("role", "web", b"1")], [(n, event(n)) for n in range(1, BLOCK_EVENTS + 5)])
    store.clear([put("account", ACCOUNT, b"root")])
    assert list(store.rows()) == [put("account", ACCOUNT, b"root")]
    assert store.find(here()) == []
    number = store.last_sequence() + 1
    store.write([], [(number, event(1))])
    assert numbers(store, here("EventName", "GetRole")) == [number]
    assert store.trim(Keep(age=timedelta(seconds=5)), 100) == 0


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable):
        store.write([put("role", "a", b"1")], [])
    with pytest.raises(StoreUnavailable):
        store.find(here())
    with pytest.raises(StoreUnavailable):
        store.probe()
    with pytest.raises(StoreUnavailable):
        list(store.rows())
