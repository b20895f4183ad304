"""The store on disk answers as the one in memory does, whatever is done to both.

Blocks are made tiny, so that a short history crosses many of their borders.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.state.trails import ACCOUNT, NOON, event

from passrole.state.directory import Change
from passrole.state.store import Store
from passrole.state.store.memory import MemoryStore
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import ATTRIBUTES, Event, EventQuery, Keep

NAMES = st.sampled_from(["GetRole", "CreateRole", "é"])
VALUES = {
    "EventId": st.integers(1, 60).map(lambda number: event(number).id),
    "EventName": NAMES,
    "ReadOnly": st.sampled_from(["true", "false"]),
    "Username": st.sampled_from(["alice", "bob", "carol"]),
    "ResourceType": st.sampled_from(["AWS::IAM::Role", "AWS::IAM", "AWS::S3::Bucket"]),
    "ResourceName": st.sampled_from(["Web", "We", "WebPolicy"]),
    "EventSource": st.sampled_from(["iam.amazonaws.com", "sts.amazonaws.com"]),
    "AccessKeyId": st.sampled_from(["AKIA1", "AKIA2", ""]),
}
assert set(VALUES) == set(ATTRIBUTES)


@st.composite
def some_event(draw: st.DrawFn) -> Event:
    number = draw(st.integers(1, 60))
    pairs = st.tuples(VALUES["ResourceType"], VALUES["ResourceName"])
    return event(
        number,
        name=draw(NAMES),
        account=draw(st.sampled_from([ACCOUNT, "4" * 12])),
        region=draw(st.sampled_from(["us-east-1", "eu-west-1"])),
        username=draw(VALUES["Username"]),
        key=draw(VALUES["AccessKeyId"]),
        source=draw(VALUES["EventSource"]),
        read_only=draw(st.booleans()),
        resources=tuple(draw(st.lists(pairs, max_size=2))),
        time=NOON + timedelta(seconds=draw(st.integers(0, 40))),
    )


@st.composite
def question(draw: st.DrawFn) -> EventQuery:
    attribute = draw(st.sampled_from(["", *sorted(ATTRIBUTES)]))
    seconds = st.none() | st.integers(0, 40).map(lambda second: NOON + timedelta(seconds=second))
    return EventQuery(
        draw(st.sampled_from([ACCOUNT, "4" * 12])),
        draw(st.sampled_from(["us-east-1", "eu-west-1"])),
        attribute,
        draw(VALUES[attribute]) if attribute else "",
        start=draw(seconds),
        end=draw(seconds),
        limit=draw(st.integers(1, 5)),
        before=draw(st.none() | st.integers(1, 80)),
    )


change = st.builds(
    Change,
    st.sampled_from(["role", "user"]),
    st.just(ACCOUNT),
    st.sampled_from("abc"),
    st.none() | st.binary(max_size=3),
)
step = st.one_of(
    st.tuples(st.just("write"), st.lists(change, max_size=4), st.lists(some_event(), max_size=12)),
    st.tuples(st.just("trim"), st.integers(0, 40), st.integers(1, 20)),
    st.tuples(st.just("clear"), st.lists(change, max_size=2)),
    st.just(("reopen",)),
)


class Both:
    """The two stores, and the numbers that their events get."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk: Store = SqliteStore(folder)
        self.memory: Store = MemoryStore()
        self.number = 0

    def take(self, step: tuple[object, ...]) -> None:
        """Does the same to both."""
        match step:
            case ("write", list(changes), list(events)):
                numbered = [(self.number + place, event) for place, event in enumerate(events, 1)]
                self.number += len(events)
                for store in (self.disk, self.memory):
                    store.write(changes, numbered)
            case ("trim", int(seconds), int(at_most)):
                keep = Keep(age=timedelta(seconds=seconds))
                assert self.disk.trim(keep, at_most) == self.memory.trim(keep, at_most)
            case ("clear", list(changes)):
                for store in (self.disk, self.memory):
                    store.clear(changes)
            case _:
                self.disk.close()
                self.disk = SqliteStore(self.folder)


@contextmanager
def both() -> Iterator[Both]:
    with tempfile.TemporaryDirectory() as folder, patch("passrole.state.store.blocks.BLOCK_EVENTS", 7):
        stores = Both(Path(folder))
        try:
            yield stores
        finally:
            stores.disk.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(step, max_size=10), st.lists(question(), min_size=1, max_size=12))
def test_both_stores_answer_alike(steps: list[tuple[object, ...]], questions: list[EventQuery]) -> None:
    with both() as stores:
        for taken in steps:
            stores.take(taken)
            assert list(stores.disk.rows()) == list(stores.memory.rows())
        for asked in questions:
            assert stores.disk.find(asked) == stores.memory.find(asked)
