"""Plays the case files of IAM, STS and Organizations against the handlers."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest
from tests.services.casefile import Case, Handlers, Player, cases

HERE = Path(__file__).parent
CASES = [case for part in ("iam", "sts", "organizations") for case in cases(HERE / part / "cases")]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_answers_as_aws_does(case: Case) -> None:
    Player(Handlers()).play(case)


def test_case_names_are_unique() -> None:
    names = [case.id for case in CASES]
    assert len(names) == len(set(names))
