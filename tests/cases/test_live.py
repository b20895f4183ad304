"""Cases asked of a running endpoint over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

import pytest
from tests.cases.case import Case, load, mapping
from tests.cases.live import LEFT_OUT, Asker, question_of

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

ALL = load()
CASES = [case for case in ALL if question_of(case) is not None]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    root = ("AKIAROOTROOTROOTROOT", "root-secret-0123456789")
    with Endpoint(Options(port=0, ephemeral=True, testing=True, root_key=root)) as running:
        yield running


def test_there_are_enough() -> None:
    assert len(CASES) >= 150
    assert set(LEFT_OUT) <= {case.id for case in ALL}


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_by_live(endpoint: Endpoint, case: Case) -> None:
    allowed, message = Asker(endpoint, case).ask()
    assert allowed == (case.outcome == "allowed"), message
    if not allowed:
        # A name of the action is said in AWS's spelling, whatever the case's.
        action = str(mapping(case.body["request"])["action"]).lower()
        assert f"perform: {action}" in message.lower()
        # STS refuses AssumeRole without saying why.
        assert action.startswith("sts:") or case.reason.lower() in message.lower()
