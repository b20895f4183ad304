"""The account's history of calls, in CloudTrail's record format: one event, one question, one bound."""

from __future__ import annotations

import re
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from passrole.values.errors import PassroleError


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One CloudTrail record and the columns it is found by.

    record is the JSON text of the whole record. resources are (type, name) pairs, as
    LookupEvents prints them: ``("AWS::IAM::Role", "Web")``. time is aware.
    """

    account: str  # whose trail it is in: recipientAccountId
    region: str
    id: str
    time: datetime
    name: str  # eventName
    source: str  # eventSource
    username: str = ""
    access_key_id: str = ""
    read_only: bool = False
    resources: tuple[tuple[str, str], ...] = ()
    record: bytes
    request_id: str = ""


# (sequence number, event): the number says in which order this endpoint recorded them.
Numbered = tuple[int, Event]

# What LookupEvents may ask for, by its AttributeKey. Source: CloudTrail API Reference, LookupAttribute.
ATTRIBUTES: Final[Mapping[str, Callable[[Event, str], bool]]] = {
    "EventId": lambda event, value: event.id == value,
    "EventName": lambda event, value: event.name == value,
    "ReadOnly": lambda event, value: event.read_only == (value == "true"),
    "Username": lambda event, value: event.username == value,
    "ResourceType": lambda event, value: any(kind == value for kind, _ in event.resources),
    "ResourceName": lambda event, value: any(name == value for _, name in event.resources),
    "EventSource": lambda event, value: event.source == value,
    "AccessKeyId": lambda event, value: event.access_key_id == value,
}


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of one account and region: newest first, start and end inclusive.

    attribute is a key of ATTRIBUTES, "" for every event. before pages: only events with a smaller
    sequence number. Newest means recorded last: event times follow it unless the clock was set back.
    """

    account: str
    region: str
    attribute: str = ""
    value: str = ""
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    before: int | None = None

    def matches(self, event: Event) -> bool:
        """Does the event belong to the answer, leaving limit and before aside?"""
        return (
            event.account == self.account
            and event.region == self.region
            and (self.start is None or event.time >= self.start)
            and (self.end is None or event.time <= self.end)
            and (not self.attribute or ATTRIBUTES[self.attribute](event, self.value))
        )


class Trail(Protocol):
    """Takes events and finds them again."""

    def later(self, event: Event) -> Future[None] | None:
        """Visible to find at once, durable within 100 ms.

        Returns None, or, where the trail cannot keep up, a future to await before going on.
        """

    def find(self, query: EventQuery) -> Sequence[Numbered]:
        """(sequence number, event), newest first."""

    def newest(self) -> int:
        """The sequence number of the event that was recorded last, 0 before the first."""


class History(Protocol):
    """The trail read from its beginning on, as its delivery reads it."""

    def newest(self) -> int:
        """See Trail."""

    def after(self, number: int, limit: int) -> Sequence[Numbered]:
        """The oldest durable events with a greater number, in order, at most limit; from any thread.

        Reading them keeps nobody from writing or finding others. Raises StoreUnavailable.
        """

    async def flush(self) -> None:
        """Returns once everything recorded so far is durable. Raises StoreUnavailable."""


class InvalidKeep(PassroleError, ValueError):
    """A text that should have said how much of the trail to keep."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"{self.text!r} does not say how much of the trail to keep: write 90d, 2GB or 90d,2GB"


_AGES: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}
_SIZES: Final = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BOUND: Final = re.compile(r"([0-9]{1,9})\s*(h|d|kb|mb|gb|tb)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of the trail is kept: the older part goes once either bound is passed.

    age counts back from the newest event; size is in bytes of the whole store. None: no bound.
    """

    age: timedelta | None = None
    size: int | None = None

    @classmethod
    def parse(cls, text: str) -> Keep:
        """Reads ``--trail-keep``: an age (``12h``, ``90d``), a size (``500MB``, ``2GB``) or both.

        Raises InvalidKeep.

        >>> Keep.parse("90d,2GB")
        Keep(age=datetime.timedelta(days=90), size=2000000000)
        """
        age: timedelta | None = None
        size: int | None = None
        for part in text.split(","):
            found = _BOUND.fullmatch(part.strip())
            if found is None or not int(found[1]):
                raise InvalidKeep(text)
            number, unit = int(found[1]), found[2]
            if unit.lower() in _AGES:
                if age is not None or number > 999_999:
                    raise InvalidKeep(text)
                age = number * _AGES[unit.lower()]
            elif size is None:
                size = number * _SIZES[unit.upper()]
            else:
                raise InvalidKeep(text)
        return cls(age, size)
