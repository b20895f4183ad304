"""kill -9 at any moment: nothing acknowledged is lost, nothing is there by halves."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.state.trails import ACCOUNT

from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import EventQuery

ROOT = Path(__file__).parents[2]  # the writer below imports this folder

# Eight clients; a line on stdout is an acknowledgement. Rows are counters, so that a lost
# transaction shows even if a later one of another client survived.
WRITER = """
import asyncio, sys
from pathlib import Path
from passrole.state.commit import Committer
from passrole.state.directory import Change
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Keep
from tests.state.trails import ACCOUNT, event

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    committer = Committer(store, Keep(size=3_000_000))
    committer.start()
    start = int(sys.argv[2])

    async def client(name):
        number = start
        while True:
            number += 1
            changes = [
                Change("counter", ACCOUNT, f"{name}", b"%d" % number),
                Change("row", ACCOUNT, f"{name}-{number}", b"x" * 300),
                Change("row", ACCOUNT, f"{name}-{number - 20}", None),
            ]
            record = event(number, name="CreateRole", username=f"{name}-{number}")
            committer.later(event(number))
            await committer.submit(changes, [record])
            sys.stdout.write(f"{name} {number}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(client(name) for name in range(8)))

asyncio.run(main())
"""


def kill_while_writing(folder: Path, rounds: int, chance: random.Random) -> None:
    """Writes, kills, reopens and compares, over and over in the same folder."""
    acknowledged: dict[int, int] = {}
    for _ in range(rounds):
        start = max(acknowledged.values(), default=0) + 1000
        acknowledged.update(_write_until_killed(folder, start, chance.uniform(0.01, 0.4)))
        with closing(SqliteStore(folder)) as store:
            rows = {(row.kind, row.key): row.body for row in store.rows()}
            for name, number in acknowledged.items():
                kept = int(rows[("counter", str(name))] or b"")
                assert kept >= number, f"client {name} was told of {number}, the store has {kept}"
                # The transaction is whole: its other row, its deletion and its record.
                assert ("row", f"{name}-{kept}") in rows
                assert ("row", f"{name}-{kept - 20}") not in rows
                query = EventQuery(ACCOUNT, "us-east-1", "Username", f"{name}-{kept}")
                assert len(store.find(query)) == 1


def _write_until_killed(folder: Path, start: int, seconds: float) -> dict[int, int]:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(start)], stdout=subprocess.PIPE, cwd=ROOT
    )
    with writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()  # it is writing now
        assert first, "the writer failed"
        sleep(seconds)
        writer.kill()
        lines = [first, *writer.stdout.readlines()]
    # The last line may be cut off: then its client was not told.
    told = (line.split() for line in lines if line.endswith(b"\n"))
    return {int(name): int(number) for name, number in told}


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    kill_while_writing(tmp_path, 3, random.Random(20260314))


@pytest.mark.prove
def test_nothing_acknowledged_is_lost_in_five_minutes(tmp_path: Path) -> None:
    end = monotonic() + 300
    while monotonic() < end:
        seed = random.randrange(2**32)
        print(f"seed {seed}")
        kill_while_writing(tmp_path / str(seed), 20, random.Random(seed))
