"""How fast a trail's delivery reads the stored trail and makes files, beside gzip alone over the same bytes.

    python -m bench.trails [EVENTS]

Delivery works on a thread of its own: what it costs the endpoint is the processor's time, and the lock of the
interpreter while it reads and filters. Prints events and megabytes a second, and the ratio to gzip alone.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from passrole.services.workloads.trails.files import made
from passrole.services.workloads.trails.selection import Selection
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Event
from passrole.state.trails import TrailDefinition

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "us-east-1"
BLOCK = 4000


def event(number: int) -> Event:
    """A record of some 1.1 KB."""
    padding = f"{number:032x}" * 28
    record = (
        f'{{"eventVersion":"1.11","eventTime":"2026-03-14T12:00:00Z","eventName":"CreateRole","eventID":"{number}",'
        f'"managementEvent":true,"requestParameters":{{"description":"{padding}"}}}}'
    )
    return Event(
        account=ACCOUNT,
        region=REGION,
        id=f"{number:08x}-0000-4000-8000-000000000000",
        time=NOON + timedelta(milliseconds=number),
        name="CreateRole",
        source="iam.amazonaws.com",
        record=record.encode(),
    )


def main(events: int) -> None:
    """Runs both and prints them."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        for first in range(1, events + 1, BLOCK):
            last = min(first + BLOCK, events + 1)
            store.write([], [(number, event(number)) for number in range(first, last)])
        trail = TrailDefinition(account=ACCOUNT, name="all", region=REGION, created=NOON, bucket="b")
        takes = Selection(trail).takes
        texts: list[bytes] = []
        position, began = 0, time.process_time()
        while block := store.after(position, BLOCK):
            position = block[-1][0]
            for file in made(block, takes, trail, "", NOON):
                texts.append(file.body)
        delivered = time.process_time() - began
        store.close()
    plain = [gzip.decompress(text) for text in texts]
    size = sum(map(len, plain)) / 1e6
    began = time.process_time()
    for text in plain:
        gzip.compress(text, 5)
    alone = time.process_time() - began
    print(f"delivery  {events / delivered:10,.0f} events/s  {size / delivered:7.1f} MB/s of processor time")
    print(f"gzip      {events / alone:10,.0f} events/s  {size / alone:7.1f} MB/s")
    print(f"ratio     {delivered / alone:10.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
