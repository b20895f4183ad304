"""Principals of policies, kept by the unique ids of the entities they name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from passrole.state import principals
from passrole.state.accounts import add_account
from passrole.state.directory import Directory
from passrole.state.entities import Role, User

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
WEB = f"arn:aws:iam::{ACCOUNT}:role/Web"


@pytest.fixture
def directory() -> Directory:
    made = Directory()
    add_account(made, ACCOUNT, "main", NOW)
    made.put(User(account=ACCOUNT, name="alice", path="/team/", id="AIDAALICE", created=NOW))
    made.put(Role(account=ACCOUNT, name="Web", id="AROAWEB", created=NOW, trust="{}"))
    return made


def document(*principals: object, **statement: object) -> str:
    statements = [{"Effect": "Allow", "Principal": each, **statement} for each in principals]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_users_and_roles_stand_for_their_ids(directory: Directory) -> None:
    text = document({"AWS": [ALICE, WEB]}, {"AWS": ALICE, "Service": "ec2.amazonaws.com"}, "*")
    assert principals.resolve(text, directory) == {ALICE: "AIDAALICE", WEB: "AROAWEB"}


@pytest.mark.parametrize(
    "value",
    [
        "*",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:root",
        "999988887777",
        "arn:aws:iam::999988887777:user/whoever",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/Web/session",
        f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
        "AIDAALICE",
    ],
)
def test_other_principals_stand_for_themselves(directory: Directory, value: str) -> None:
    text = document({"AWS": value})
    ids = principals.resolve(text, directory)
    assert ids in ({}, {"AIDAALICE": "AIDAALICE"})
    assert json.loads(principals.bound(text, ids)) == json.loads(text)


@pytest.mark.parametrize(
    "value",
    [
        f"arn:aws:iam::{ACCOUNT}:user/alice",  # the path is missing
        f"arn:aws:iam::{ACCOUNT}:user/team/Alice",
        f"arn:aws:iam::{ACCOUNT}:group/team",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/None/session",
        f"arn:aws:s3:::{ACCOUNT}",
        "AIDAGONE",
        "alice",
    ],
)
def test_what_does_not_exist_is_refused(directory: Directory, value: str) -> None:
    with pytest.raises(principals.UnknownPrincipal) as caught:
        principals.resolve(document({"AWS": ["*", value]}), directory)
    assert str(caught.value) == f'Invalid principal in policy: "AWS":"{value}"'


def test_evaluation_sees_ids_in_principals_only(directory: Directory) -> None:
    text = document({"AWS": ALICE}, Condition={"StringEquals": {"aws:PrincipalArn": ALICE}})
    bound = json.loads(principals.bound(text, principals.resolve(text, directory)))
    assert bound["Statement"][0]["Principal"] == {"AWS": "AIDAALICE"}
    assert bound["Statement"][0]["Condition"] == {"StringEquals": {"aws:PrincipalArn": ALICE}}


def test_reading_follows_renames_and_shows_the_id_of_the_dead(directory: Directory) -> None:
    text = f'{{"Statement": {{"NotPrincipal" : {{"AWS": "{ALICE}"}}, "Effect":"Deny"}}}}'
    ids = principals.resolve(text, directory)
    assert principals.shown(text, ids, directory) == text  # to the letter, as long as nothing changed
    alice = directory.by_id(User, "AIDAALICE")
    assert alice is not None
    directory.put(replace(alice, name="bob", path="/"))
    shown = json.loads(principals.shown(text, ids, directory))
    assert shown["Statement"]["NotPrincipal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    bob = directory.by_id(User, "AIDAALICE")
    assert bob is not None
    directory.delete(bob)
    directory.put(User(account=ACCOUNT, name="alice", path="/team/", id="AIDAOTHER", created=NOW))
    shown = json.loads(principals.shown(text, ids, directory))
    assert shown["Statement"]["NotPrincipal"] == {"AWS": "AIDAALICE"}


def test_a_roles_trust_policy_is_evaluated_by_ids(directory: Directory) -> None:
    text = document({"AWS": WEB})
    role = Role(
        account=ACCOUNT,
        name="r",
        id="AROAR",
        created=NOW,
        trust=text,
        trust_ids=principals.resolve(text, directory),
    )
    assert json.loads(principals.trust_document(role))["Statement"][0]["Principal"] == {"AWS": "AROAWEB"}
