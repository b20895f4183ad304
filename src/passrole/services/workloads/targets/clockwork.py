"""Which schedules have become due since the last look, by the endpoint's clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from passrole.services.workloads.targets.expressions import InvalidExpression, parse


class Clockwork:
    """A clock that jumps, as tests make it, makes a schedule due once, not once for each time it passed."""

    def __init__(self, now: datetime) -> None:
        self._looked = now
        # ARN -> the schedule and when it was first seen: a rate counts from there.
        self._began: dict[str, tuple[str, datetime]] = {}

    def reset(self, now: datetime) -> None:
        """No schedule is left."""
        self._looked = now
        self._began.clear()

    def due(self, now: datetime, schedules: Iterable[tuple[str, str, str]]) -> Mapping[str, datetime]:
        """ARN -> time, for each (ARN, expression, time zone or "") that has become due.

        An expression that cannot be read never is.
        """
        before, self._looked = self._looked, now
        found: dict[str, datetime] = {}
        seen: dict[str, tuple[str, datetime]] = {}
        for arn, expression, zone in schedules:
            known, began = self._began.get(arn, ("", before))
            if known != expression:
                began = before
            seen[arn] = (expression, began)
            try:
                when = parse(expression, ZoneInfo(zone) if zone else UTC).due(before, now, began)
            except (InvalidExpression, ZoneInfoNotFoundError):
                continue
            if when is not None:
                found[arn] = when
        self._began = seen
        return found
