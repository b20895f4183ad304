"""Each command that reads trails answers the same, in whatever form they come."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.analysis.audit.organization_trail import Event
from tests.analysis.audit.test_columns import as_parquet, athena, lake, security_lake
from tests.analysis.audit.wrapped_trails import WRAPPED
from tests.analysis.details import allow, arn, document, page, role, trust, user
from tests.faces.test_audits import ALICE, EVENTS, WORKER
from tests.faces.test_audits import live as live  # a fixture
from tests.faces.test_questions import EC2, LAMBDA, ROOT, run

from passrole.analysis.audit import spark
from passrole.analysis.audit.sources import pieces
from passrole.analysis.sources import Source
from passrole.wire.client import Client
from passrole.wire.models import Credentials

NOWHERE = Source()

FORMS: Mapping[str, Callable[[list[Event]], bytes]] = {
    "Parquet of Athena": lambda events: as_parquet(athena(events)),
    "Parquet of Security Lake in gzip": lambda events: gzip.compress(as_parquet(security_lake(events))),
    "Parquet of CloudTrail Lake": lambda events: as_parquet(lake(events)),
    "a subscription of CloudWatch Logs": WRAPPED["aws kinesis get-records"],
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The events as CloudTrail writes them."""
    path = tmp_path_factory.mktemp("log") / "log.json"
    path.write_text(json.dumps({"Records": EVENTS}))
    return str(path)


@pytest.fixture(scope="module", params=FORMS)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same events in another form."""
    path = tmp_path_factory.mktemp("other") / "trail"
    path.write_bytes(FORMS[request.param]([dict(one) for one in EVENTS]))
    return str(path)


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An account in which Alice may pass nothing."""
    path = tmp_path_factory.mktemp("details") / "details.json"
    users = [user("alice", document(allow(action=["lambda:*", "ec2:*"])))]
    roles = [role("Web", trust(EC2), profile="Front"), role("app/Worker", trust(LAMBDA))]
    path.write_text(json.dumps(page(users=users, roles=roles)))
    return str(path)


@pytest.fixture(scope="module")
def answers(log: str, details: str) -> dict[str, Any]:
    """What each command says of the log."""
    return {
        "audit": run("audit", log, "--format", "json").json,
        "replay": run("replay", log, "--details", details, "--format", "json").json,
        "least-privilege": run("least-privilege", log, "--format", "json").json,
    }


def test_an_audit_finds_the_same(answers: dict[str, Any], other: str) -> None:
    found = run("audit", other, "--format", "json", "--strict")
    assert found.status == 0
    assert found.json == answers["audit"]
    assert {row["role"] for row in found.json["passes"]} == {WORKER, arn("role", "Front")}


def test_a_replay_finds_the_same(answers: dict[str, Any], other: str, details: str) -> None:
    found = run("replay", other, "--details", details, "--format", "json", "--strict")
    assert found.status == 1
    assert found.json == answers["replay"]
    assert [(row["event"], row["would_be"]) for row in found.json][:1] == [("e-1", "denied")]


def test_least_privilege_finds_the_same(answers: dict[str, Any], other: str) -> None:
    found = run("least-privilege", other, "--format", "json")
    assert found.status == 0
    assert found.json == answers["least-privilege"]
    assert set(found.json) == {ALICE}


def test_a_task_of_spark_finds_the_same(log: str, other: str) -> None:
    def rows(trail: str) -> Iterator[tuple[object, ...]]:
        for piece in pieces([trail], NOWHERE):
            for report in spark._read(msgspec.msgpack.encode(piece), NOWHERE):
                yield from spark._rows_of(report)

    assert list(rows(other)) == list(rows(log))


def test_a_bucket_s_tables_are_read(live: dict[str, str]) -> None:
    with Client(Credentials(*ROOT), url=live["url"], region="eu-west-1") as root:
        root.call(
            "s3",
            "CreateBucket",
            {"Bucket": "lake", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}},
        )
        body = as_parquet(security_lake([dict(one) for one in EVENTS]))
        root.call(
            "s3", "PutObject", {"Bucket": "lake", "Key": "aws/CLOUD_TRAIL_MGMT/2.0/a.parquet", "Body": body}
        )
    found = run("audit", "s3://lake/", "--endpoint", live["url"], "--format", "json", "--strict", **live)
    assert {row["role"]: row["allowed"] for row in found.json["passes"]} == {WORKER: 1, arn("role", "Web"): 1}


def test_an_audit_s_own_rows_are_no_trail(tmp_path: Path) -> None:
    import pyarrow

    row = {"principal": ALICE, "role": WORKER, "service": LAMBDA, "operation": "o", "allowed": 1, "denied": 0}
    path = tmp_path / "part-00000.parquet"
    path.write_bytes(as_parquet(pyarrow.Table.from_pylist([row])))
    found = run("audit", str(path), "--strict")
    assert found.status == 2
    assert "an answer, not a trail" in found.err
