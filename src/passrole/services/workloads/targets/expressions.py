"""When a schedule is due: ``rate(5 minutes)``, ``cron(0 12 * * ? *)`` and ``at(2026-01-02T03:04:05)``.

Source: EventBridge User Guide, "Setting a schedule pattern for scheduled rules"; Scheduler User Guide,
"Schedule types in EventBridge Scheduler".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from passrole.values.errors import PassroleError

_UNITS: Final[Mapping[str, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_RATE: Final = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)")
_AT: Final = re.compile(r"at\(\s*([0-9T:-]+)\s*\)")
_CRON: Final = re.compile(r"cron\(\s*(.+?)\s*\)")
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS: Final = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_FARTHEST: Final = timedelta(days=366)  # how far back a cron is looked for after a jump of the clock


class InvalidExpression(PassroleError, ValueError):
    """A text that is no schedule."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, from when the schedule began."""

    every: timedelta

    def due(self, after: datetime, until: datetime, began: datetime) -> datetime | None:
        """The last time in (after, until], None where there is none."""
        times = (until - began) // self.every
        last = began + times * self.every
        return last if times > 0 and last > after else None


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    when: datetime

    def due(self, after: datetime, until: datetime, began: datetime) -> datetime | None:
        """See Rate."""
        return self.when if after < self.when <= until else None


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that six fields name, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: tzinfo

    def due(self, after: datetime, until: datetime, began: datetime) -> datetime | None:
        """See Rate. Looks back from until, at most a year."""
        day = until.astimezone(self.zone).date()
        first = max(after, until - _FARTHEST).astimezone(self.zone).date()
        while day >= first:
            if day.year in self.years and day.month in self.months and self._on(day.year, day.month, day.day):
                for hour in sorted(self.hours, reverse=True):
                    for minute in sorted(self.minutes, reverse=True):
                        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                        when = local.astimezone(UTC)
                        if after < when <= until:
                            return when
            day -= timedelta(days=1)
        return None

    def _on(self, year: int, month: int, day: int) -> bool:
        last = calendar.monthrange(year, month)[1]
        # AWS counts from Sunday, 1 to 7.
        weekday = (calendar.weekday(year, month, day) + 1) % 7 + 1
        if self.days != "?":
            return day in set(_days(self.days, year, month, last))
        return weekday in set(_weekdays(self.weekdays, day, last))


Expression = Rate | At | Cron


def parse(text: str, zone: tzinfo = UTC) -> Expression:
    """Raises InvalidExpression.

    >>> parse("rate(5 minutes)")
    Rate(every=datetime.timedelta(seconds=300))
    """
    if found := _RATE.fullmatch(text.strip()):
        if int(found[1]) < 1:
            raise InvalidExpression(text)
        return Rate(int(found[1]) * _UNITS[found[2]])
    try:
        if found := _AT.fullmatch(text.strip()):
            return At(datetime.fromisoformat(found[1]).replace(tzinfo=zone))
        if found := _CRON.fullmatch(text.strip()):
            return _cron(found[1].upper().split(), zone)
    except (ValueError, KeyError) as error:
        raise InvalidExpression(text) from error
    raise InvalidExpression(text)


def _cron(fields: list[str], zone: tzinfo) -> Cron:
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise ValueError(fields)
    return Cron(
        minutes=frozenset(_numbers(minutes, 0, 59)),
        hours=frozenset(_numbers(hours, 0, 23)),
        days=days,
        months=frozenset(_numbers(months, 1, 12, _MONTHS)),
        weekdays=weekdays,
        years=frozenset(_numbers(years, 1970, 2199)),
        zone=zone,
    )


def _numbers(field: str, low: int, high: int, names: Mapping[str, int] | None = None) -> Iterator[int]:
    """The values of ``*``, ``5``, ``MON-FRI``, ``0/15`` and lists of them. Raises ValueError."""

    def number(text: str) -> int:
        found = (names or {}).get(text)
        found = int(text) if found is None else found
        if not low <= found <= high:
            raise ValueError(text)
        return found

    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (number(end) for end in span.split("-"))
        else:
            first = number(span)
            last = high if step else first
        yield from range(first, last + 1, int(step) if step else 1)


def _days(field: str, year: int, month: int, last: int) -> Iterator[int]:
    """Days of the month; ``L`` is the last one, ``15W`` the weekday nearest to the fifteenth."""
    for part in field.split(","):
        if part == "L":
            yield last
        elif part.endswith("W"):
            day = int(part[:-1])
            weekday = calendar.weekday(year, month, min(day, last))
            shift = {5: -1 if day > 1 else 2, 6: 1 if day < last else -2}.get(weekday, 0)
            yield day + shift
        else:
            yield from _numbers(part, 1, 31)


def _weekdays(field: str, day: int, last: int) -> Iterator[int]:
    """Weekdays; ``6#3`` is the third Friday of the month, ``6L`` its last one."""
    for part in field.split(","):
        if "#" in part:
            weekday, _, which = part.partition("#")
            if (day - 1) // 7 + 1 == int(which):
                yield from _numbers(weekday, 1, 7, _DAYS)
        elif part.endswith("L"):
            if day + 7 > last:
                yield from _numbers(part[:-1] or "7", 1, 7, _DAYS)
        else:
            yield from _numbers(part, 1, 7, _DAYS)
