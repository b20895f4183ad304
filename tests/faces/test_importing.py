"""``serve --import``: accounts as they were elsewhere, with their ids, judged by the same policies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from passrole.analysis.sources import Source
from passrole.faces.endpoint import Endpoint
from passrole.faces.exporting import export
from passrole.faces.importing import import_files
from passrole.faces.options import Options
from passrole.state.directory import Directory
from passrole.state.entities import User
from passrole.state.estate.notes import UnreadableEstate
from passrole.values.ids import Ids

ACCOUNT = "444455556666"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
DETAILS = {
    "UserDetailList": [
        {
            "Path": "/team/",
            "UserName": "alice",
            "UserId": "AIDA44445555666677778",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/team/alice",
            "CreateDate": "2020-01-02T03:04:05Z",
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [
                {
                    "PolicyName": "see",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"},
                    },
                }
            ],
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [
        {
            "Path": "/app/",
            "RoleName": "Web",
            "RoleId": "AROA44445555666677778",
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/app/Web",
            "CreateDate": "2020-01-02T03:04:05Z",
            "AssumeRolePolicyDocument": TRUST,
            "InstanceProfileList": [],
            "RolePolicyList": [],
            "AttachedManagedPolicies": [],
        }
    ],
    "Policies": [],
}


def iam(endpoint: Endpoint, key_id: str, secret: str) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


@pytest.fixture
def details(tmp_path: Path) -> Path:
    file = tmp_path / "details.json"
    file.write_text(json.dumps(DETAILS))
    return file


def test_accounts_come_with_ids_and_arns_and_new_secrets(tmp_path: Path, details: Path) -> None:
    folder = tmp_path / "data"
    with Endpoint(Options(port=0, data=folder, account=ACCOUNT, imports=(details,))) as running:
        root = running.root_key
        admin = iam(running, root.id, root.secret)
        role = admin.get_role(RoleName="Web")["Role"]
        assert (role["RoleId"], role["Arn"]) == (
            "AROA44445555666677778",
            f"arn:aws:iam::{ACCOUNT}:role/app/Web",
        )
        assert role["AssumeRolePolicyDocument"] == TRUST
        key = admin.create_access_key(UserName="alice")["AccessKey"]
        alice = iam(running, key["AccessKeyId"], key["SecretAccessKey"])
        assert alice.get_role(RoleName="Web")["Role"]["RoleName"] == "Web"
        with pytest.raises(ClientError, match="iam:ListRoles"):
            alice.list_roles()
        admin.delete_user_policy(UserName="alice", PolicyName="see")
        admin.update_user(UserName="alice", NewUserName="alicia")
    # The flag may stay in a start script: what changed here is not undone.
    with Endpoint(Options(port=0, data=folder, account=ACCOUNT, imports=(details,))) as running:
        admin = iam(running, root.id, root.secret)
        assert [user["UserName"] for user in admin.list_users()["Users"]] == ["alicia"]
        assert admin.list_user_policies(UserName="alicia")["PolicyNames"] == []


def test_another_account_gets_a_root_key_in_the_credentials_file(tmp_path: Path, details: Path) -> None:
    folder = tmp_path / "data"
    with Endpoint(Options(port=0, data=folder, imports=(details,))) as running:
        session = _profile(folder / "credentials", ACCOUNT)
        users = iam(running, *session).list_users()["Users"]
        assert [user["UserName"] for user in users] == ["alice"]


def test_an_id_that_another_account_has_is_told(tmp_path: Path, details: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(DETAILS).replace(f":{ACCOUNT}:", ":777788889999:"))
    directory, now = Directory(), datetime(2026, 1, 1, tzinfo=UTC)
    import_files(directory, Ids(), (details,), now, credentials=None)
    found = import_files(directory, Ids(), (other,), now, credentials=None)
    assert [user.account for user in directory.everywhere(User)] == [ACCOUNT]
    assert found.notes[-2:] == (
        f"user alice of 777788889999: {ACCOUNT} has its id, left out",
        f"role web of 777788889999: {ACCOUNT} has its id, left out",
    )


def test_what_is_exported_can_be_imported(
    tmp_path: Path, details: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "exported.json"
    with Endpoint(Options(port=0, ephemeral=True, account=ACCOUNT, imports=(details,))) as running:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", running.root_key.id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running.root_key.secret)
        written.write_bytes(export(Source(endpoint=running.url)))
    with Endpoint(Options(port=0, ephemeral=True, account=ACCOUNT, imports=(written,))) as running:
        admin = iam(running, running.root_key.id, running.root_key.secret)
        role = admin.get_role(RoleName="Web")["Role"]
        assert (role["RoleId"], role["AssumeRolePolicyDocument"]) == ("AROA44445555666677778", TRUST)
        policy = admin.get_user_policy(UserName="alice", PolicyName="see")
        assert policy["PolicyDocument"]["Statement"]["Action"] == "iam:GetRole"


def test_a_file_that_is_no_details_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"Resources": {}}')
    with pytest.raises(UnreadableEstate, match=r"other\.json"):
        Endpoint(Options(port=0, ephemeral=True, imports=(file,))).start()


def _profile(file: Path, name: str) -> tuple[str, str]:
    import configparser

    parser = configparser.ConfigParser()
    parser.read(file)
    return parser[name]["aws_access_key_id"], parser[name]["aws_secret_access_key"]
