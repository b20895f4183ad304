"""Records beside events that AWS recorded or documents: tests/state/recorded_events.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
import yaml
from tests.state.test_record import ACCOUNT, ALICE, NOW, Members

from passrole.state.record import record
from passrole.values.errors import ServiceError

WRITTEN = yaml.safe_load(Path(__file__).with_name("recorded_events.yaml").read_text())
SOURCES = cast("dict[str, str]", WRITTEN["sources"])
CASES = cast("list[Members]", WRITTEN["cases"])
DENIALS = cast("list[Members]", WRITTEN["denials"])


def made(case: Members, error: ServiceError | None = None) -> Members:
    service, _, operation = str(case["call"]).partition(":")
    found = json.loads(
        record(
            service,
            operation,
            identity=ALICE,
            account=ACCOUNT,
            region="eu-west-1",
            time=NOW,
            source_ip="192.0.2.1",
            user_agent="aws-cli/2.17.60",
            request=cast(Members, case["request"]),
            request_id="r-1",
            event_id="e-1",
            response=cast("Members | None", case.get("response")),
            error=error,
            denied=error is not None,
            host="b.localhost",
        ).record
    )
    assert isinstance(found, dict)
    return found


def named(case: Members) -> str:
    return f"{case['call']} ({case['source']})"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_records_as_aws_does(case: Members) -> None:
    found = made(case)
    source, _, name = str(case["event"]).partition(" ")
    assert found["eventSource"] == f"{source}.amazonaws.com"
    assert found["eventName"] == name
    assert found["awsRegion"] == case.get("region", "eu-west-1")
    assert found["readOnly"] is case.get("read", False)
    data = case.get("data", False)
    assert found["eventCategory"] == ("Data" if data else "Management")
    assert found["managementEvent"] is not data
    assert found["requestParameters"] == case["parameters"]
    assert found["responseElements"] == case["answer"]
    assert found.get("resources") == case.get("resources")
    assert found.get("additionalEventData") == case.get("additional")
    assert found.get("apiVersion") == (str(case["apiVersion"]) if "apiVersion" in case else None)


@pytest.mark.parametrize("case", DENIALS, ids=named)
def test_records_refusals_as_aws_does(case: Members) -> None:
    found = made(case, ServiceError("no", code="AccessDenied", status=403))
    assert found["errorCode"] == "AccessDenied"
    assert found["responseElements"] is None
    assert found["requestParameters"] == case["parameters"]


def test_cases_cover_what_takes_roles() -> None:
    calls = {str(case["call"]) for case in CASES + DENIALS}
    assert len(calls) >= 90
    assert len({call.partition(":")[0] for call in calls}) >= 45
    assert {case["source"] for case in CASES + DENIALS} == SOURCES.keys()
