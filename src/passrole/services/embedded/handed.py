"""What moto would have handed on by itself: noted while it works, told once its call has succeeded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from passrole.services.embedded.tables import backend, every_backend
from passrole.services.patterns import matches
from passrole.services.targets import Document, Handed, MatchedEvent, Pipe, Rule, Schedule
from passrole.values.arn import Arn


class _Found(threading.local):
    """What the call has handed on that the thread works on; None outside of one."""

    found: list[Handed] | None = None


_FOUND = _Found()


@contextmanager
def collecting() -> Iterator[list[Handed]]:
    """Collects what is handed on within."""
    found: list[Handed] = []
    _FOUND.found = found
    try:
        yield found
    finally:
        _FOUND.found = None


def hand(one: Handed) -> None:
    """Hands something on, from within a call; outside of one there is nobody to act for."""
    if _FOUND.found is not None:
        _FOUND.found.append(one)


class EmbeddedHanding:
    """``services.targets.Handing`` over moto."""

    def __init__(self) -> None:
        self._told: list[Callable[[Sequence[Handed]], None]] = []

    def subscribe(self, told: Callable[[Sequence[Handed]], None]) -> None:
        """See Handing."""
        self._told.append(told)

    def tell(self, found: Sequence[Handed]) -> None:
        """A call has succeeded that handed this on."""
        for told in self._told if found else ():
            told(found)

    def listens(self, account: str, region: str) -> bool:
        """See Handing."""
        return any(True for _ in _patterns(account, region))

    def offer(self, account: str, region: str, event: Document) -> None:
        """See Handing."""
        self.tell(
            [
                MatchedEvent(rule_of(rule), event)
                for rule, pattern in _patterns(account, region)
                if matches(pattern, event)
            ]
        )

    def rules(self) -> Sequence[Rule]:
        """See Handing."""
        return [
            rule_of(rule)
            for _, _, kept in every_backend("events")
            for bus in list(kept.event_buses.values())
            for rule in list(bus.rules.values())
            if rule.scheduled_expression and rule.state == "ENABLED"
        ]

    def schedules(self) -> Sequence[Schedule]:
        """See Handing."""
        return [
            _schedule(account, region, schedule)
            for account, region, kept in every_backend("scheduler")
            for group in list(kept.schedule_groups.values())
            for schedule in list(group.schedules.values())
            if schedule.state == "ENABLED"
        ]

    def pipes(self) -> Sequence[Pipe]:
        """See Handing."""
        return [
            _pipe(region, pipe)
            for _, region, kept in every_backend("pipes")
            for pipe in list(kept.pipes.values())
            if pipe.desired_state == "RUNNING" and not pipe.enrichment and _waiting(str(pipe.source))
        ]

    def complete(self, schedule: Schedule) -> None:
        """See Handing."""
        kept = backend("scheduler", schedule.account, schedule.region)
        group = kept.schedule_groups.get(schedule.group) if kept is not None else None
        if group is not None:
            group.schedules.pop(schedule.name, None)


def _waiting(source: str) -> bool:
    arn = Arn.parse(source)
    kept = backend("sqs", arn.account, arn.region) if arn.service == "sqs" else None
    queue = kept.queues.get(arn.resource) if kept is not None else None
    return queue is not None and bool(queue.messages)


def _pipe(region: str, pipe: Any) -> Pipe:  # moto's Pipe
    given = pipe.source_parameters or {}
    filters = (given.get("FilterCriteria") or {}).get("Filters") or ()
    return Pipe(
        arn=str(pipe.arn),
        region=region,
        role_arn=str(pipe.role_arn),
        source=str(pipe.source),
        target=str(pipe.target),
        batch=int((given.get("SqsQueueParameters") or {}).get("BatchSize") or 10),
        filters=tuple(json.loads(one["Pattern"]) for one in filters if one.get("Pattern")),
        target_parameters=dict(pipe.target_parameters or {}),
    )


def _patterns(account: str, region: str) -> Iterator[tuple[Any, Document]]:
    """The enabled rules of the default bus that have a pattern, with it."""
    kept = backend("events", account, region)
    bus = kept.event_buses.get("default") if kept is not None else None
    for rule in list(bus.rules.values()) if bus is not None else ():
        pattern = rule.event_pattern.get_pattern()
        if pattern and rule.state.startswith("ENABLED"):
            yield rule, pattern


def rule_of(rule: Any) -> Rule:  # moto's Rule
    """A rule as it is now."""
    return Rule(
        arn=str(rule.arn),
        account=str(rule.account_id),
        region=str(rule.region_name),
        role_arn=str(rule.role_arn or ""),
        schedule=str(rule.scheduled_expression or ""),
        targets=tuple(dict(target) for target in rule.targets),
    )


def _schedule(account: str, region: str, schedule: Any) -> Schedule:  # moto's Schedule
    return Schedule(
        arn=str(schedule.arn),
        account=account,
        region=region,
        name=str(schedule.name),
        group=str(schedule.group_name),
        expression=str(schedule.schedule_expression),
        timezone=str(schedule.schedule_expression_timezone or "UTC"),
        created=datetime.fromtimestamp(float(schedule.creation_date), UTC),
        start=_time(schedule.start_date),
        end=_time(schedule.end_date),
        target=dict(schedule.target),
        delete_after=schedule.action_after_completion == "DELETE",
    )


def _time(given: Any) -> datetime | None:  # what moto kept of the request
    if given is None or given == "":
        return None
    if isinstance(given, datetime):
        return given
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    return datetime.fromisoformat(str(given).replace("Z", "+00:00"))
