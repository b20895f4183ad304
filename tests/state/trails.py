"""Events and stores that the tests of the state floor share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from passrole.state.store import Store
from passrole.state.store.memory import MemoryStore
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Event

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ACCOUNT = "111122223333"

STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": SqliteStore,
}


def event(
    number: int,
    *,
    name: str = "GetRole",
    account: str = ACCOUNT,
    region: str = "us-east-1",
    username: str = "alice",
    key: str = "AKIAIOSFODNN7EXAMPLE",
    source: str = "iam.amazonaws.com",
    read_only: bool = True,
    resources: tuple[tuple[str, str], ...] = (),
    time: datetime | None = None,
) -> Event:
    """The number-th event, a second after the one before it."""
    return Event(
        account=account,
        region=region,
        id=f"{number:08x}-0000-4000-8000-000000000000",
        time=NOON + timedelta(seconds=number) if time is None else time,
        name=name,
        source=source,
        username=username,
        access_key_id=key,
        read_only=read_only,
        resources=resources,
        record=b'{"eventID":"%d"}' % number,
        request_id=f"request-{number}",
    )
