"""How much of the trail to keep, as the command line says it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from passrole.state.trail import InvalidKeep, Keep


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("90d", Keep(age=timedelta(days=90))),
        ("12h", Keep(age=timedelta(hours=12))),
        ("2GB", Keep(size=2 * 10**9)),
        ("500mb", Keep(size=500 * 10**6)),
        ("90d,2GB", Keep(timedelta(days=90), 2 * 10**9)),
        (" 1 TB , 7D ", Keep(timedelta(days=7), 10**12)),
    ],
)
def test_reads_ages_and_sizes(text: str, keep: Keep) -> None:
    assert Keep.parse(text) == keep


@pytest.mark.parametrize(
    "text", ["", "90", "d", "0d", "1d,2d", "1GB,2GB", "1.5GB", "-1d", "90d;2GB", "9999999d"]
)
def test_refuses_what_it_cannot_read(text: str) -> None:
    with pytest.raises(InvalidKeep, match="write 90d, 2GB or 90d,2GB"):
        Keep.parse(text)
