"""The names that other programs may import: pinned."""

from __future__ import annotations

import passrole


def test_the_public_names_are_these() -> None:
    assert sorted(passrole.__all__) == [
        "Arn",
        "Decision",
        "Endpoint",
        "Options",
        "Outcome",
        "Policies",
        "Policy",
        "Principal",
        "Request",
        "evaluate",
        "who_can_pass",
    ]
    for name in passrole.__all__:
        assert getattr(passrole, name) is not None
