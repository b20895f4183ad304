"""passrole least-privilege as a command: over files, and over a run on a live endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.analysis.details import arn
from tests.faces.test_audits import ALICE, WORKER, event
from tests.faces.test_questions import EC2, LAMBDA, ROOT, run

from passrole import Endpoint, Options
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

SESSION = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/Web/i-1",
    "principalId": "AROAWEB:i-1",
    "accountId": "111122223333",
    "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn("role", "app/Web")}},
}
EVENTS = [
    event("CreateFunction20150331", LAMBDA, {"functionName": "f", "role": WORKER}, 1),
    event("DescribeInstances", EC2, None, 2),
    event("GetUser", "iam.amazonaws.com", {"userName": "alice"}, 3),
    event(
        "DeleteUser", "iam.amazonaws.com", {"userName": "bob"}, 4, errorCode="AccessDenied", errorMessage="x"
    ),
    event("DeleteUser", "iam.amazonaws.com", {"userName": "eve"}, 5, errorCode="NoSuchEntity"),
    event("GetRole", "iam.amazonaws.com", {"roleName": "Web"}, 6, userIdentity=SESSION),
]


def refused(name: str, source: str, minute: int, sentence: str, code: str = "AccessDenied") -> dict[str, Any]:
    """A denial as CloudTrail records it: without the call's parameters."""
    message = (
        f"User: {ALICE} is not authorized to perform: {sentence} because no identity-based policy allows it"
    )
    return event(name, source, None, minute, errorCode=code, errorMessage=message)


REFUSED = [
    refused("DeleteUser", "iam.amazonaws.com", 1, "iam:DeleteUser on resource: user bob"),
    refused("CreateInstanceProfile", "iam.amazonaws.com", 2, "iam:CreateInstanceProfile on resource: x"),
    refused(
        "DeleteFunction20150331",
        LAMBDA,
        3,
        "lambda:DeleteFunction on resource: arn:aws:lambda:eu-west-1:111122223333:function:f",
        "AccessDeniedException",
    ),
    refused(
        "CreateFunction20150331", LAMBDA, 4, f"iam:PassRole on resource: {WORKER}", "AccessDeniedException"
    ),
]


def statements(policy: Any) -> dict[str, Any]:
    """What each action is allowed on."""
    found: dict[str, Any] = {}
    for one in policy["Statement"]:
        for action in [one["Action"]] if isinstance(one["Action"], str) else one["Action"]:
            found[action] = one["Resource"]
    return found


@pytest.fixture
def trail(tmp_path: Path) -> str:
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": EVENTS}))
    return str(path)


def test_the_policy_of_each_principal(trail: str) -> None:
    done = run("least-privilege", trail, "--format", "json")
    assert done.status == 0
    assert set(done.json) == {ALICE, arn("role", "app/Web")}
    assert statements(done.json[ALICE]) == {
        "lambda:CreateFunction": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "ec2:DescribeInstances": "*",
        "iam:GetUser": ALICE,
        "iam:PassRole": WORKER,
    }
    (passing,) = [one for one in done.json[ALICE]["Statement"] if one["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": LAMBDA}}
    assert "4 calls" in done.err


def test_a_session_a_time_and_what_was_denied(trail: str) -> None:
    (web,) = run("least-privilege", trail, "--session", "i-1", "--format", "json").json.values()
    assert set(statements(web)) == {"iam:GetRole"}
    timed = run(
        "least-privilege", trail, "--since", "2026-01-05T09:12:02Z", "--until", "2026-01-05T09:12:03Z",
        "--format", "json",
    )  # fmt: skip
    assert set(statements(timed.json[ALICE])) == {"ec2:DescribeInstances"}
    denied = run("least-privilege", trail, "--denied", "--principal", "alice", "--format", "json").json
    assert statements(denied[ALICE])["iam:DeleteUser"] == arn("user", "bob")
    assert run("least-privilege", trail, "--since", "yesterday").status == 2


def test_a_refusal_needs_what_its_message_says(tmp_path: Path) -> None:
    path = tmp_path / "trail.json"
    path.write_text(json.dumps({"Records": REFUSED}))
    assert "4 refused calls left out: --denied" in run("least-privilege", str(path)).err
    done = run("least-privilege", str(path), "--denied", "--format", "json")
    assert statements(done.json[ALICE]) == {
        "iam:DeleteUser": arn("user", "bob"),
        "iam:CreateInstanceProfile": "*",
        "lambda:DeleteFunction": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "lambda:CreateFunction": "*",
        "iam:PassRole": WORKER,
    }
    (passing,) = [one for one in done.json[ALICE]["Statement"] if one["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": LAMBDA}}
    assert "2 resources not told by the records: * in the policies" in done.err


def test_a_trail_that_cannot_be_read_needs_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "trail.json"
    path.write_text('{"Records": [')
    done = run("least-privilege", str(path))
    assert (done.status, done.out) == (2, "")
    assert "left out" in done.err
    path.write_text('{"Records": []}')
    assert run("least-privilege", str(path)).status == 0


def test_the_other_forms(trail: str) -> None:
    assert f"The policy for {ALICE}" in run("least-privilege", trail).out
    written = run("least-privilege", trail, "--terraform").out
    assert 'actions   = ["iam:GetUser"]' in written
    assert 'variable = "iam:PassedToService"' in written
    assert run("least-privilege", trail, "--format", "csv").status == 2


def test_a_run_on_an_endpoint_needs_no_more_than_its_policy() -> None:
    """What the calls of a run need is enough for the same calls, and for no other."""
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        root.call("iam", "CreateUser", {"UserName": "dev"})
        everything = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
        }
        given = {"UserName": "dev", "PolicyName": "p", "PolicyDocument": json.dumps(everything)}
        root.call("iam", "PutUserPolicy", given)
        key = root.call("iam", "CreateAccessKey", {"UserName": "dev"})["AccessKey"]
        assert isinstance(key, dict)
        mine = Credentials(str(key["AccessKeyId"]), str(key["SecretAccessKey"]))
        with Client(mine, url=endpoint.url) as dev:

            def work() -> None:
                dev.call("iam", "GetUser", {"UserName": "dev"})
                dev.call("iam", "ListRoles", {})

            work()
            keys = {"AWS_ACCESS_KEY_ID": ROOT[0], "AWS_SECRET_ACCESS_KEY": ROOT[1], "AWS_REGION": "us-east-1"}
            done = run("least-privilege", endpoint.url, "--principal", "dev", "--format", "json", **keys)
            (policy,) = done.json.values()
            assert set(statements(policy)) == {"iam:GetUser", "iam:ListRoles"}
            root.call("iam", "PutUserPolicy", given | {"PolicyDocument": json.dumps(policy)})
            work()
            with pytest.raises(ServiceError, match="not authorized"):
                dev.call("iam", "ListUsers", {})
