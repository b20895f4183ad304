"""Event patterns, by the examples of their operators."""

from __future__ import annotations

from typing import Any

import pytest

from passrole.services.patterns import matches

EVENT: dict[str, Any] = {
    "source": "aws.ec2",
    "detail": {
        "state": "running",
        "count": 5,
        "flag": True,
        "nothing": None,
        "tags": ["a", "b"],
        "ip": "10.0.0.7",
        "path": "dir/one/file.txt",
        "list": [{"k": 1}, {"k": 2}],
    },
}


def detail(**wanted: object) -> dict[str, Any]:
    return {"detail": wanted}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ec2", "aws.s3"]}, True),
        ({"source": ["aws.s3"]}, False),
        ({"source": "aws.ec2"}, False),  # a value is in a list
        (detail(state=["running"], count=[5]), True),
        (detail(state=["running"], count=[6]), False),
        (detail(count=[5.0]), True),
        (detail(flag=[1]), False),
        (detail(flag=[True]), True),
        (detail(nothing=[None]), True),
        (detail(absent=[None]), False),
        (detail(tags=["b", "c"]), True),
        (detail(tags=["c"]), False),
        (detail(list={"k": [2]}), True),
        (detail(list={"k": [3]}), False),
        (detail(state=[{"prefix": "run"}]), True),
        (detail(state=[{"prefix": {"equals-ignore-case": "RUN"}}]), True),
        (detail(state=[{"suffix": "ing"}]), True),
        (detail(state=[{"suffix": "run"}]), False),
        (detail(state=[{"equals-ignore-case": "RUNNING"}]), True),
        (detail(state=[{"anything-but": "stopped"}]), True),
        (detail(state=[{"anything-but": ["running", "stopped"]}]), False),
        (detail(state=[{"anything-but": {"prefix": "run"}}]), False),
        (detail(absent=[{"anything-but": "x"}]), False),
        (detail(count=[{"numeric": [">", 0, "<=", 5]}]), True),
        (detail(count=[{"numeric": ["<", 5]}]), False),
        (detail(state=[{"numeric": [">", 0]}]), False),
        (detail(ip=[{"cidr": "10.0.0.0/24"}]), True),
        (detail(ip=[{"cidr": "10.0.1.0/24"}]), False),
        (detail(path=[{"wildcard": "dir/*.txt"}]), True),
        (detail(path=[{"wildcard": "dir/*.csv"}]), False),
        (detail(state=[{"exists": True}]), True),
        (detail(state=[{"exists": False}]), False),
        (detail(absent=[{"exists": False}]), True),
        ({"detail-type": [{"exists": False}], "source": ["aws.ec2"]}, True),
        ({"$or": [{"source": ["x"]}, detail(count=[5])]}, True),
        ({"$or": [{"source": ["x"]}, detail(count=[6])]}, False),
        (detail(state=[{"unheard-of": 1}]), False),
    ],
)
def test_patterns(pattern: dict[str, Any], expected: bool) -> None:
    assert matches(pattern, EVENT) is expected
