"""Log files as CloudTrail names and fills them.

Source: CloudTrail User Guide, "CloudTrail log file examples", "Finding your CloudTrail log files".
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from passrole.state.trail import Event, Numbered
from passrole.state.trails import TrailDefinition

_LARGEST: Final = 5_000_000  # bytes of records in one file, before compression
_LETTERS: Final = string.ascii_letters + string.digits
_COMPRESSION: Final = 5


@dataclass(frozen=True, slots=True)
class File:
    """A log file of one account and region, ready to be put. events are what is in it, in order."""

    account: str
    region: str
    key: str
    body: bytes
    hash: str  # SHA-256 of the text before compression, in hex
    events: Sequence[Event]


def made(
    block: Sequence[Numbered],
    takes: Callable[[Event], bool],
    trail: TrailDefinition,
    organization: str,
    now: datetime,
) -> list[File]:
    """The files of those events of a block that are taken, a file for each account and region at least.

    organization is the id of the trail's, "" for an account's own trail. Pure work for a thread.
    """
    sorted_out: dict[tuple[str, str], list[Event]] = {}
    for _, event in block:
        if takes(event):
            sorted_out.setdefault((event.account, event.region), []).append(event)
    return [
        _file(trail, organization, account, region, part, now)
        for (account, region), events in sorted_out.items()
        for part in _parts(events)
    ]


def folder(
    trail: TrailDefinition, organization: str, account: str, kind: str, region: str, now: datetime
) -> str:
    """``[PREFIX/]AWSLogs/[o-…/]ACCOUNT/KIND/REGION/YYYY/MM/DD``; kind is CloudTrail or CloudTrail-Digest."""
    parts = [trail.prefix, "AWSLogs", organization, account, kind, region, f"{now:%Y/%m/%d}"]
    return "/".join(part for part in parts if part)


def _parts(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    part: list[Event] = []
    size = 0
    for event in events:
        if part and size + len(event.record) > _LARGEST:
            yield part
            part, size = [], 0
        part.append(event)
        size += len(event.record) + 1
    if part:
        yield part


def _file(
    trail: TrailDefinition,
    organization: str,
    account: str,
    region: str,
    events: Sequence[Event],
    now: datetime,
) -> File:
    text = b'{"Records":[' + b",".join([event.record for event in events]) + b"]}"
    unique = "".join(secrets.choice(_LETTERS) for _ in range(16))
    name = f"{account}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return File(
        account=account,
        region=region,
        key=f"{folder(trail, organization, account, 'CloudTrail', region, now)}/{name}",
        body=gzip.compress(text, _COMPRESSION),
        hash=hashlib.sha256(text).hexdigest(),
        events=events,
    )
