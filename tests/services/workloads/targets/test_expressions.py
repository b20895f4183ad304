"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from passrole.services.workloads.targets.expressions import InvalidExpression, parse

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # 00:00


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "until", "due"),
    [
        ("rate(5 minutes)", "2026-03-02T00:00", "2026-03-02T00:04:59", None),
        ("rate(5 minutes)", "2026-03-02T00:04", "2026-03-02T00:05", "2026-03-02T00:05"),
        ("rate(1 hour)", "2026-03-02T00:00", "2026-03-02T05:30", "2026-03-02T05:00"),
        ("rate(1 day)", "2026-03-02T23:59", "2026-03-03T00:00", "2026-03-03T00:00"),
        ("at(2026-03-02T10:00:00)", "2026-03-02T09:59", "2026-03-02T10:00", "2026-03-02T10:00"),
        ("at(2026-03-02T10:00:00)", "2026-03-02T10:00", "2026-03-02T11:00", None),
        ("cron(0 12 * * ? *)", "2026-03-02T11:00", "2026-03-02T12:00", "2026-03-02T12:00"),
        ("cron(0 12 * * ? *)", "2026-03-02T12:00", "2026-03-02T23:00", None),
        ("cron(0/15 8-9 ? * MON-FRI *)", "2026-03-02T00:00", "2026-03-02T23:00", "2026-03-02T09:45"),
        ("cron(0 8 ? * SAT,SUN *)", "2026-03-02T00:00", "2026-03-06T23:00", None),
        ("cron(0 8 1 * ? *)", "2026-03-02T00:00", "2026-04-02T00:00", "2026-04-01T08:00"),
        ("cron(0 8 L * ? *)", "2026-03-02T00:00", "2026-04-02T00:00", "2026-03-31T08:00"),
        ("cron(0 8 1W * ? *)", "2026-03-02T00:00", "2026-08-04T00:00", "2026-08-03T08:00"),
        ("cron(0 8 ? * 6#3 *)", "2026-03-02T00:00", "2026-04-01T00:00", "2026-03-20T08:00"),
        ("cron(0 8 ? * 6L *)", "2026-03-02T00:00", "2026-04-01T00:00", "2026-03-27T08:00"),
        ("cron(0 8 1 JAN ? 2025)", "2024-01-01T00:00", "2026-01-01T00:00", "2025-01-01T08:00"),
    ],
)
def test_the_last_time_that_is_due(text: str, after: str, until: str, due: str | None) -> None:
    found = parse(text).due(at(after), at(until), MONDAY)
    assert found == (None if due is None else at(due))


def test_a_time_zone() -> None:
    berlin = parse("cron(0 9 * * ? *)", ZoneInfo("Europe/Berlin"))
    assert berlin.due(MONDAY, MONDAY + timedelta(days=1), MONDAY) == at("2026-03-02T08:00")


@pytest.mark.parametrize(
    "text",
    [
        "rate(0 minutes)",
        "rate(5 parsecs)",
        "cron(0 12 * * * *)",
        "cron(0 12 * *)",
        "cron(61 * * * ? *)",
        "",
        "at(x)",
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(InvalidExpression):
        parse(text)
