"""The reference evaluator against cases whose verdicts are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.reference.evaluator import decide

FOLDER = Path(__file__).parent / "contract"
VERDICTS: dict[str, str] = {
    verdict["id"]: verdict["decision"]
    for verdict in map(json.loads, (FOLDER / "verdicts.jsonl").read_text().splitlines())
}
CASES: list[dict[str, object]] = [
    json.loads(line) for line in (FOLDER / "cases.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_agrees_with_the_given_verdict(case: dict[str, object]) -> None:
    assert decide(case) == VERDICTS[str(case["id"])]
