"""Counts at the end of a run how many cases each way of asking has answered as AWS does."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line of counts: ``cases: 819 by the reference, 819 by evaluate, …``."""
    ways: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        place, _, name = report.nodeid.partition("::test_by_")
        if name and "tests/cases/" in place:
            ways[name.partition("[")[0].replace("_", " ")] += 1
    if ways:
        counts = ", ".join(f"{count} by {way}" for way, count in ways.items())
        terminalreporter.write_line(f"cases: {counts}")
