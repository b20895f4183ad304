"""How long LookupEvents takes over a long trail, by each attribute: a common value, a rare one, an absent.

    python -m bench.lookup [EVENTS]

The trail is one of 20 users who work with 500 roles through 12 operations of 4 services in two regions, in
1.1 KB a record. Each question asks for a page of 50; printed is the best of three in milliseconds of the
processor's time, with the disk's cache warm.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from passrole.state.store.sqlite import SqliteStore
from passrole.state.trail import Event, EventQuery, Numbered

NOON: Final = datetime(2026, 3, 14, 12, tzinfo=UTC)
ACCOUNT, REGIONS = "111122223333", ("us-east-1", "eu-west-1")
BATCH: Final = 4096
OPERATIONS: Final = {
    "iam": ("GetRole", "CreateRole", "DeleteRole"),
    "sts": ("AssumeRole", "GetCallerIdentity", "GetSessionToken"),
    "lambda": ("CreateFunction20150331", "GetFunction20150331v2", "UpdateFunctionCode20150331v2"),
    "ec2": ("RunInstances", "DescribeInstances", "TerminateInstances"),
}
# What is asked for: the value in every block, the one event in all that has it, none.
QUESTIONS: Final = {
    "": ("", "", ""),
    "EventId": (f"{7:08x}-0000-4000-8000-000000000000", f"{7:08x}-0000-4000-8000-000000000000", "none"),
    "EventName": ("CreateRole", "DeleteRolesAll", "NoSuchCall"),
    "ReadOnly": ("true", "false", "false"),
    "Username": ("user-3", "intruder", "nobody"),
    "ResourceType": ("AWS::IAM::Role", "AWS::KMS::Key", "AWS::SQS::Queue"),
    "ResourceName": ("role-77", "key-1", "none"),
    "EventSource": ("lambda.amazonaws.com", "kms.amazonaws.com", "sqs.amazonaws.com"),
    "AccessKeyId": ("AKIAUSER3EXAMPLE0000", "AKIAINTRUDEREXAMPLE0", "AKIANONE000000000000"),
}


def event(number: int, chosen: random.Random) -> Event:
    """The number-th; the seventh is the one that stands out."""
    service = chosen.choice(tuple(OPERATIONS))
    name, user, role = (
        chosen.choice(OPERATIONS[service]),
        f"user-{chosen.randrange(20)}",
        f"role-{chosen.randrange(500)}",
    )
    key, resources = f"AKIA{user.replace('-', '').upper()}EXAMPLE0000", (("AWS::IAM::Role", role),)
    if number == 7:
        service, name, user, key = "kms", "DeleteRolesAll", "intruder", "AKIAINTRUDEREXAMPLE0"
        resources = (("AWS::KMS::Key", "key-1"),)
    padding = f"{number:032x}" * 30
    record = (
        f'{{"eventVersion":"1.11","eventName":"{name}","requestParameters":{{"roleName":"{role}{padding}"}}}}'
    )
    return Event(
        account=ACCOUNT,
        region=REGIONS[number % 7 == 0] if number != 7 else REGIONS[0],
        id=f"{number:08x}-0000-4000-8000-000000000000",
        time=NOON + timedelta(milliseconds=20 * number),
        name=name,
        source=f"{service}.amazonaws.com",
        username=user,
        access_key_id=key,
        read_only=name.startswith(("Get", "Describe", "Assume")),
        resources=resources,
        record=record.encode(),
    )


def batches(events: int) -> Iterator[list[Numbered]]:
    chosen = random.Random(20260314)
    for first in range(1, events + 1, BATCH):
        yield [(number, event(number, chosen)) for number in range(first, min(first + BATCH, events + 1))]


def asked(store: SqliteStore, attribute: str, value: str) -> tuple[float, int]:
    """Milliseconds of processor time, and how many events a page of it has."""
    query = EventQuery(ACCOUNT, REGIONS[0], attribute, value, NOON - timedelta(days=1), None, 50)
    best, found = float("inf"), 0
    for _ in range(3):
        began = time.process_time()
        found = len(store.find(query))
        best = min(best, time.process_time() - began)
    return best * 1000, found


def main(events: int) -> None:
    """Writes the trail and asks everything."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        began = time.process_time()
        for batch in batches(events):
            store.write([], batch)
        each = (time.process_time() - began) * 1e6 / events
        print(f"{events:,} events written, {each:.0f} µs each with their making")
        print(f"{'attribute':14}{'common':>16}{'once':>16}{'absent':>16}")
        for attribute, values in QUESTIONS.items():
            cells = [asked(store, attribute, value) for value in values]
            print(f"{attribute or '(none)':14}" + "".join(f"{ms:10.2f} ms{found:3}" for ms, found in cells))
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
