"""What a restart of the real process keeps, after an orderly end and after a kill."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.sdk.clients import Boto3
from tests.sdk.example import WEB, Administrator, Caller, allow
from tests.sdk.server import ACCOUNT, Key, Serve


def event_names(caller: Caller) -> list[str]:
    """The names of all recorded events, newest first."""
    return [one.text("EventName") for one in caller.call("cloudtrail:LookupEvents").items("Events")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_keeps_iam_keys_sessions_and_the_trail(tmp_path: Path, number: signal.Signals) -> None:
    data = str(tmp_path / "data")
    with Serve(tmp_path / "first.log", "--data", data) as first:
        admin = Administrator(Boto3(first.url))
        admin.ec2_role(WEB)
        admin.call(
            "iam:CreateRole",
            RoleName="Reader",
            AssumeRolePolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                        "Action": "sts:AssumeRole",
                    },
                }
            ),
        ).at()
        alice = admin.user("alice", allow(["sts:AssumeRole", "iam:GetRole", "cloudtrail:LookupEvents"]))
        taken = alice.call(
            "sts:AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Reader", RoleSessionName="night"
        )
        held = [
            taken.text("Credentials", part) for part in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        ]
        assert alice.call("iam:DeleteRole", RoleName=WEB).code == "AccessDenied"
        launched = admin.launched(WEB)
        admin.call("iam:CreateUser", UserName="last").at()  # answered, so durable
        status = first.stop(number)
        assert status == (0 if number is signal.SIGTERM else -signal.SIGKILL)
    with Serve(tmp_path / "second.log", "--data", data) as second:
        client = Boto3(second.url)
        admin = Administrator(client)
        alice = Caller(client, alice.key, alice.arn)
        assert alice.call("iam:GetRole", RoleName=WEB).text("Role", "RoleName") == WEB
        profile = admin.call("iam:GetInstanceProfile", InstanceProfileName=WEB)
        assert profile.text("InstanceProfile", "Roles", 0, "RoleName") == WEB
        assert admin.call("iam:GetUser", UserName="last").text("User", "UserName") == "last"
        session = Caller(client, Key(*held), "")
        assert session.call("sts:GetCallerIdentity").text("Arn").endswith(":assumed-role/Reader/night")
        names = event_names(alice)
        for name in ("CreateUser", "RunInstances", "AssumeRole", "CreateRole"):
            assert name in names
        # What the embedded services hold survives an orderly end alone, and the start says so.
        orderly = number is signal.SIGTERM
        assert set(admin.instances()) == ({launched} if orderly else set())
        assert ("The last run was not stopped cleanly" in second.errors()) is not orderly


def test_an_ephemeral_endpoint_keeps_nothing(tmp_path: Path) -> None:
    for log in ("first.log", "second.log"):
        with Serve(tmp_path / log, "--ephemeral") as serve:
            admin = Administrator(Boto3(serve.url))
            assert admin.call("iam:GetRole", RoleName="Web").code == "NoSuchEntity"
            admin.role("Web")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.log", "second.log"]
