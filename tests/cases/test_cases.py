"""Every case of the folder, asked each way that can express it."""

from __future__ import annotations

import json
from operator import attrgetter

import pytest
from tests.cases.ask import ask
from tests.cases.case import Case, load
from tests.reference.evaluator import decide as decide_by_reference

from passrole.decision.decide import decide as decide_lines

CASES = load()
each_case = pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))


@each_case
def test_by_the_reference(case: Case) -> None:
    assert decide_by_reference(case.body) == case.outcome, case.source


@each_case
def test_by_evaluate(case: Case) -> None:
    decision = ask(case.body)
    assert (decision.outcome.value, decision.reason) == (case.outcome, case.reason), case.source
    assert not case.layer or decision.layer == case.layer


@each_case
def test_by_decide(case: Case) -> None:
    [answer] = decide_lines([json.dumps(case.body).encode()], explain=True)
    verdict = json.loads(answer)
    assert (verdict["id"], verdict["decision"]) == (case.id, case.outcome), case.source
    # decide's reason reads on from "because"; an explicit deny's has no "because".
    told = (verdict["layer"], verdict["reason"])
    assert not case.layer or told == (case.layer, case.reason.removeprefix("because "))
