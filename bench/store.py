"""How fast state becomes durable and the trail answers: python -m bench.store [--events N]

One run prints the stores behind group commit beside a peer, plain sqlite3 with one commit a request
(same file, same settings: WAL, synchronous=FULL), so that the ratios hold on any machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

import uvloop

from passrole.state.commit import Committer
from passrole.state.directory import Change
from passrole.state.record import record
from passrole.state.records.identity import identity_of
from passrole.state.store import Store
from passrole.state.store.memory import MemoryStore
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Event, EventQuery
from passrole.values.principal import Principal

ACCOUNT = "111122223333"
START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 1.5  # a measurement
ROLE = b'{"account":"111122223333","name":"Web","trust":"' + b"x" * 500 + b'"}'
RECORD = b'{"eventVersion":"1.11","userIdentity":{"type":"IAMUser"},"x":"' + b"x" * 1000 + b'"}'


def event(number: int) -> Event:
    """Like what one of sixteen users causes with one of eight operations on one of 500 roles."""
    return Event(
        account=ACCOUNT,
        region="us-east-1",
        id=f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-000000000000",
        time=START + timedelta(milliseconds=number),
        name=("GetRole", "ListRoles", "GetUser", "CreateRole", "PutRolePolicy", "GetPolicy", "TagRole")[
            number % 7
        ],
        source="iam.amazonaws.com",
        username=f"user-{number % 16}",
        access_key_id=f"AKIA{number % 16:016}",
        read_only=number % 7 not in (3, 4, 6),
        resources=(("AWS::IAM::Role", f"Role-{number % 500}"),),
        record=RECORD,
        request_id="0b7ed4d3-2f0c-4f6f-8e0b-000000000000",
    )


async def writes(store: Store, clients: int) -> tuple[float, list[float]]:
    """(transactions a second, seconds each) with that many clients, each waiting for its own."""
    committer = Committer(store)
    committer.start()
    taken: list[float] = []
    end = perf_counter() + SECONDS

    async def client(name: int) -> None:
        number = name
        while (start := perf_counter()) < end:
            number += clients
            await committer.submit([Change("role", ACCOUNT, f"r{number}", ROLE)], [event(number)])
            taken.append(perf_counter() - start)

    start = perf_counter()
    await asyncio.gather(*(client(name) for name in range(clients)))
    rate = len(taken) / (perf_counter() - start)
    await committer.close()
    return rate, taken


async def reads(store: Store) -> tuple[float, float]:
    """(records of reads a second until all are durable, seconds of the loop for each)."""
    committer = Committer(store)
    committer.start()
    events = [event(number) for number in range(30_000)]
    on_loop = 0.0
    start = perf_counter()
    for first in range(0, len(events), 100):
        before = perf_counter()
        for given in events[first : first + 100]:
            wait = committer.later(given)
        on_loop += perf_counter() - before
        await asyncio.sleep(0)
        if wait is not None:
            await wait
    await committer.flush()
    rate = len(events) / (perf_counter() - start)
    await committer.close()
    return rate, on_loop / len(events)


async def submit_cost() -> float:
    """Seconds of the loop for one submission: making it, not waiting for it."""
    committer = Committer(MemoryStore())
    committer.start()
    changes = [Change("role", ACCOUNT, "web", ROLE)]
    events = [event(1)]
    rounds: list[float] = []
    for _ in range(200):
        start = perf_counter()
        futures = [committer.submit(changes, events) for _ in range(8)]
        rounds.append((perf_counter() - start) / 8)
        await asyncio.gather(*futures)
    await committer.close()
    return median(rounds)


def record_cost() -> float:
    """Seconds to make the record of one GetRole, JSON and columns."""
    caller = Principal.parse(f"arn:aws:iam::{ACCOUNT}:user/alice", id="AIDAIOSFODNN7EXAMPLE")
    identity = identity_of(caller, "AKIAIOSFODNN7EXAMPLE")
    rounds: list[float] = []
    for _ in range(50):
        start = perf_counter()
        for _ in range(200):
            record(
                "iam",
                "GetRole",
                identity=identity,
                account=ACCOUNT,
                region="us-east-1",
                time=START,
                source_ip="127.0.0.1",
                user_agent="Boto3/1.40 md/Botocore#1.40 ua/2.1 os/linux lang/python#3.11",
                request={"RoleName": "Web"},
                request_id="0b7ed4d3-2f0c-4f6f-8e0b-4c1d0a5b7e11",
                event_id="5fd1d5b6-b2d0-4f5f-9d2e-6a50f8a9d9c6",
            )
        rounds.append((perf_counter() - start) / 200)
    return median(rounds)


def peer(folder: Path) -> tuple[float, list[float]]:
    """The same rows by sqlite3 alone: one transaction and one commit a request, one after another."""
    SqliteStore(folder).close()
    taken: list[float] = []
    with closing(sqlite3.connect(folder / "passrole.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        end = perf_counter() + SECONDS
        number = 0
        while (start := perf_counter()) < end:
            number += 1
            given = event(number)
            resources = "".join(f"{kind}\x1f{name}\x1e" for kind, name in given.resources)
            columns = (number, given.account, given.region, number, given.id, given.name, given.source)
            more = (given.username, given.access_key_id, given.read_only, resources, given.request_id)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", ("role", ACCOUNT, f"r{number}", ROLE))
            connection.execute(
                f"INSERT INTO events VALUES ({', '.join('?' * 13)})", (*columns, *more, given.record)
            )
            connection.execute("COMMIT")
            taken.append(perf_counter() - start)
    return len(taken) / SECONDS, taken


def questions(store: Store, many: int) -> None:
    """Prints how long LookupEvents' questions take over so many events."""
    batch = 1000
    start = perf_counter()
    for first in range(1, many + 1, batch):
        store.write([], [(n, event(n)) for n in range(first, min(first + batch, many + 1))])
    print(f"  {many / (perf_counter() - start):>9,.0f} events/s written in batches of {batch}")
    asked = {
        "newest 50": ("", ""),
        "EventName, common": ("EventName", "GetRole"),
        "EventName, absent": ("EventName", "DeleteRole"),
        "Username": ("Username", "user-3"),
        "ResourceName": ("ResourceName", "Role-77"),
        "EventId, oldest": ("EventId", event(1).id),
        "EventId, absent": ("EventId", "no-such-event"),
    }
    for label, (attribute, value) in asked.items():
        query = EventQuery(ACCOUNT, "us-east-1", attribute, value)
        times = []
        for _ in range(5):
            before = perf_counter()
            store.find(query)
            times.append(perf_counter() - before)
        print(f"  {median(times) * 1e3:>9.2f} ms  {label}")


def show(label: str, rate: float, taken: list[float], against: float | None = None) -> None:
    """One line of the table."""
    cuts = quantiles(taken, n=100)
    ratio = "" if against is None else f"  {rate / against:5.1f} x peer"
    print(f"{label:<34}{rate:>9,.0f}/s  p50 {cuts[49] * 1e3:6.2f} ms  p99 {cuts[98] * 1e3:6.2f} ms{ratio}")


def main() -> None:
    """Runs everything in a temporary folder on the disk that TMPDIR names."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=100_000, help="size of the trail that is asked")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder) / str(number) for number in range(100))
        print("durable writes: one row and one record each")
        base, taken = peer(next(places))
        show("peer: sqlite3, a commit a request", base, taken)
        stores: dict[str, Callable[[], Store]] = {
            "sqlite": lambda: SqliteStore(next(places)),
            "memory": MemoryStore,
        }
        for name, opened in stores.items():
            for clients in (1, 8, 64):
                with closing(opened()) as store:
                    rate, taken = uvloop.run(writes(store, clients))
                show(f"{name}, {clients} clients", rate, taken, base)
        print(f"on the loop: {uvloop.run(submit_cost()) * 1e6:.1f} µs a submission")
        print(f"record of a GetRole: {record_cost() * 1e6:.1f} µs")
        print("records of reads, until durable")
        for name, opened in stores.items():
            with closing(opened()) as store:
                rate, cost = uvloop.run(reads(store))
            print(f"{name:<34}{rate:>9,.0f}/s  {cost * 1e6:.1f} µs of the loop each")
        for name, opened in stores.items():
            print(f"questions over {given.events:,} events, {name}")
            with closing(opened()) as store:
                questions(store, given.events)


if __name__ == "__main__":
    main()
