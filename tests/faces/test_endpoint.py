"""The endpoint put together: its own paths, its root key, its folder, its end; asked over real HTTP."""

from __future__ import annotations

import json
import os
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import BadOption, Options
from passrole.faces.root_key import StartFailed
from passrole.state.store import StoreUnavailable

ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-0123456789")


def client(endpoint: Endpoint, service: str, key: tuple[str, str] = ROOT) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries={"total_max_attempts": 1}),
    )


def post(endpoint: Endpoint, path: str, body: object = None, key: tuple[str, str] | None = ROOT) -> Any:
    """(status, JSON) of a POST to one of the endpoint's own paths."""
    data = json.dumps(body).encode() if body is not None else b""
    request = AWSRequest("POST", f"{endpoint.url}/_passrole/{path}", data=data)
    if key is not None:
        SigV4Auth(Credentials(*key), "passrole", "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, data=data, headers=dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, root_key=ROOT)) as running:
        yield running


def test_health_answers_anyone(endpoint: Endpoint) -> None:
    with urllib.request.urlopen(f"{endpoint.url}/_passrole/health") as answer:
        assert answer.status == 200


def test_a_new_account_has_a_root_of_its_own(endpoint: Endpoint) -> None:
    status, made = post(endpoint, "accounts")
    assert status == 200
    key = (made["access_key_id"], made["secret_access_key"])
    assert client(endpoint, "sts", key).get_caller_identity()["Account"] == made["account"]
    # What one account holds, another does not see.
    client(endpoint, "iam", key).create_user(UserName="elsewhere")
    names = [user["UserName"] for user in client(endpoint, "iam").list_users()["Users"]]
    assert "elsewhere" not in names
    # Its root may not do what the main account's root may.
    assert post(endpoint, "reset", key=key)[0] == 403


@pytest.mark.parametrize("path", ["reset", "accounts", "clock"])
def test_paths_for_tests_are_for_the_root_key(endpoint: Endpoint, path: str) -> None:
    assert post(endpoint, path, key=None)[0] == 403
    assert post(endpoint, path, key=(ROOT[0], "guessed"))[0] == 403


def test_paths_for_tests_need_the_flag() -> None:
    with Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as running:
        status, answer = post(running, "reset")
        assert status == 404
        assert "--testing" in answer["message"]


def test_the_clock_goes_forward_and_ends_sessions() -> None:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, root_key=ROOT)) as running:
        taken = client(running, "sts").get_session_token(DurationSeconds=900)["Credentials"]
        assert post(running, "clock", {"advance_seconds": -1})[0] == 400
        assert post(running, "clock", {"advance_seconds": "soon"})[0] == 400
        # A minute short of the end they still hold; signatures are of now, so the clock moves in small steps.
        assert post(running, "clock", {"advance_seconds": 120})[0] == 200
        session = boto3.client(
            "sts",
            endpoint_url=running.url,
            region_name="us-east-1",
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
        )
        assert session.get_caller_identity()["Account"] == running.options.account


def test_reset_empties_all_but_the_root_key() -> None:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, root_key=ROOT)) as running:
        iam, s3 = client(running, "iam"), client(running, "s3")
        iam.create_user(UserName="alice")
        s3.create_bucket(Bucket="held")
        post(running, "accounts")
        assert post(running, "reset") == (200, {})
        assert iam.list_users()["Users"] == []
        assert s3.list_buckets()["Buckets"] == []
        events = client(running, "cloudtrail").lookup_events()["Events"]
        assert "CreateUser" not in {event["EventName"] for event in events}


def test_a_folder_keeps_its_root_key_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Endpoint(Options(port=0, data=folder)) as running:
        first = running.root_key
        assert first.made
        client(running, "iam", (first.id, first.secret)).create_user(UserName="alice")
    file = folder / "credentials"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert first.secret in file.read_text()
    with Endpoint(Options(port=0, data=folder)) as running:
        assert (running.root_key.id, running.root_key.secret) == (first.id, first.secret)
        assert not running.root_key.made
        iam = client(running, "iam", (first.id, first.secret))
        assert iam.get_user(UserName="alice")["User"]["UserName"] == "alice"


def test_one_endpoint_a_folder(tmp_path: Path) -> None:
    with Endpoint(Options(port=0, data=tmp_path)), pytest.raises(StoreUnavailable) as caught:
        Endpoint(Options(port=0, data=tmp_path)).start()
    assert str(tmp_path) in str(caught.value)


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"cannot listen on 127.0.0.1:{port}"):
            Endpoint(Options(port=port, ephemeral=True)).start()


def test_report_lets_a_refused_call_through_and_says_so() -> None:
    with Endpoint(Options(port=0, ephemeral=True, enforce="report", root_key=ROOT)) as running:
        admin = client(running, "iam")
        admin.create_user(UserName="alice")
        key = admin.create_access_key(UserName="alice")["AccessKey"]
        alice = client(running, "iam", (key["AccessKeyId"], key["SecretAccessKey"]))
        answer = alice.create_user(UserName="bob")
        marked = answer["ResponseMetadata"]["HTTPHeaders"]["x-passrole-would-deny"]
        assert "is not authorized to perform: iam:CreateUser" in marked
        events = client(running, "cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
        )["Events"]
        records = [json.loads(event["CloudTrailEvent"]) for event in events]
        by_alice = [record for record in records if record["userIdentity"].get("userName") == "alice"]
        assert by_alice
        assert "iam:CreateUser" in by_alice[0]["additionalEventData"]["passroleWouldDeny"]


def test_a_bucket_owner_cannot_lock_itself_out(endpoint: Endpoint) -> None:
    s3 = client(endpoint, "s3")
    s3.create_bucket(Bucket="locked")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::locked"}
    s3.put_bucket_policy(Bucket="locked", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.list_objects_v2(Bucket="locked")
    s3.delete_bucket_policy(Bucket="locked")
    assert s3.list_objects_v2(Bucket="locked")["KeyCount"] == 0


def test_an_operation_that_is_not_there_is_said_and_never_a_success(endpoint: Endpoint) -> None:
    with pytest.raises(ClientError) as caught:
        client(endpoint, "outposts").list_outposts()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"port": 70000}, "--port"),
        ({"account": "12"}, "--account"),
        ({"enforce": "some"}, "--enforce"),
        ({"ephemeral": True, "data": Path("x")}, "--ephemeral"),
        ({"upstream": "ftp://x"}, "--upstream"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], word: str) -> None:
    with pytest.raises(BadOption, match=word):
        Options(**options)
