"""The account's history of calls, in CloudTrail's record format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """One CloudTrail record and the columns it is found by.

    record is the JSON text of the whole record. resources are (type, name) pairs, as
    LookupEvents prints them: ``("AWS::IAM::Role", "Web")``.
    """

    account: str
    region: str
    id: str
    time: datetime
    name: str  # eventName
    source: str  # eventSource
    username: str
    access_key_id: str
    read_only: bool
    resources: tuple[tuple[str, str], ...]
    record: bytes
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: one attribute at most, newest first, start and end inclusive.

    attribute is one of LookupEvents' AttributeKey values. before pages: only events older than
    that (time, sequence) place.
    """

    account: str
    region: str
    attribute: str = ""
    value: str = ""
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    before: int | None = None  # sequence number of the last event already given


class Trail(Protocol):
    """Appends events and finds them again."""

    def append(self, event: Event) -> None:
        """Visible to find at once; durable within 100 ms, or with the write that it belongs to."""

    def find(self, query: EventQuery) -> Sequence[tuple[int, Event]]:
        """(sequence number, event), newest first."""
