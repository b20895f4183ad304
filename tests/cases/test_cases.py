"""Every case of the folder, asked each way that can express it."""

from __future__ import annotations

import json
from operator import attrgetter

import pytest
from tests.cases.ask import ask
from tests.cases.case import Case, load
from tests.cases.expressible import SIMULATED, simulation
from tests.reference.evaluator import decide as decide_by_reference
from tests.services.world import World

from passrole.decision.decide import decide as decide_lines

CASES = load()
SIMULATIONS = [(case, request) for case in CASES if (request := simulation(case)) is not None]
# Where the simulator says that one of these layers stood in the way.
DETAILS = {
    "scp": ("OrganizationsDecisionDetail", "AllowedByOrganizations"),
    "boundary": ("PermissionsBoundaryDecisionDetail", "AllowedByPermissionsBoundary"),
}
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


@pytest.mark.parametrize(("case", "request_"), SIMULATIONS, ids=[case.id for case, _ in SIMULATIONS])
def test_by_simulate_custom_policy(case: Case, request_: dict[str, object]) -> None:
    world = World()
    key = ""
    if caller := str(request_.get("CallerArn", "")):  # it must be there
        key = world.account(caller.split(":")[4])
        path, _, name = caller.partition(":user")[2].rpartition("/")
        world.call("iam:CreateUser", {"UserName": name, "Path": f"{path}/"}, key=key)
    answer = world.call("iam:SimulateCustomPolicy", request_, key=key)
    results = answer["EvaluationResults"]
    assert isinstance(results, list)
    [result] = results
    assert result["EvalDecision"] == SIMULATED[case.outcome], case.source
    if case.layer in ("scp", "boundary"):
        assert result[DETAILS[case.layer][0]] == {DETAILS[case.layer][1]: False}
