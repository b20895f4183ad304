"""Files of many accounts, read one account after the other."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.analysis.details import (
    ACCOUNT,
    Json,
    allow,
    arn,
    document,
    managed,
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.who_can_pass import Passes, who_can_pass
from passrole.state.entities import ManagedPolicy, Role, User
from passrole.state.estate.accounts import Accounts
from passrole.state.estate.estate import read_files
from passrole.state.estate.notes import UnreadableEstate
from passrole.state.organization import scps_for

OTHER, THIRD = "444455556666", "777788889999"
EC2 = "ec2.amazonaws.com"


def account_page(account: str = ACCOUNT) -> Json:
    return page(
        users=[user("alice", document(allow()), account=account)],
        roles=[role("Web", trust(EC2), account=account), role("Own", trusting(), account=account)],
    )


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def test_each_account_is_an_estate_of_its_own(tmp_path: Path) -> None:
    paths = [put(tmp_path / "all.json", [account_page(), account_page(OTHER)])]
    paths.append(put(tmp_path / "third.json.gz", account_page(THIRD)))
    found = Accounts.of(paths)
    assert found.ids == (ACCOUNT, OTHER, THIRD)
    assert len(found) == 3
    for estate, account in zip(found, found.ids, strict=True):
        assert estate.accounts == (account,)
        # Nothing is left of the accounts before.
        assert [one.account for one in estate.directory.everywhere(User)] == [account]
        assert [one.account for one in estate.directory.everywhere(Role)] == [account] * 2
    together = [row for estate in (read_files(paths),) for row in who_can_pass(estate)]
    assert list(Passes(found).rows()) == together
    assert len(together) == 3


def test_pages_of_an_account_may_stand_in_several_files(tmp_path: Path) -> None:
    mine = arn("policy", "Pass")
    roles = page(roles=[role("Web", trust(EC2))]) | {"IsTruncated": True, "Marker": "m1"}
    users = page(users=[user("alice", managed=[mine])]) | {"IsTruncated": True, "Marker": "m2"}
    aws = managed("Own", document(allow(action="s3:*"))) | {"Arn": "arn:aws:iam::aws:policy/Own"}
    put(tmp_path / "1.json", roles)
    put(tmp_path / "2.json", [page(), account_page(OTHER)])  # an empty page belongs to the account before
    put(tmp_path / "3.json", users)
    put(tmp_path / "4.json", page(policies=[aws]))  # and so does one that has only AWS's policies
    put(tmp_path / "5.json", page(policies=[managed("Pass", document(allow()))]))
    found = Accounts.of([tmp_path])
    assert found.ids == (ACCOUNT, OTHER)
    assert [(row.principal, row.role) for row in Passes(found).rows()] == [
        (arn("user", "alice"), arn("role", "Web")),
        (arn("user", "alice", OTHER), arn("role", "Web", OTHER)),
    ]
    first = next(iter(found))
    assert first.directory.get(ManagedPolicy, "aws", "Own") is not None
    assert [str(note) for note in first.notes] == [
        f"{ACCOUNT}, {OTHER}: their organization's policies are not known, and not counted"
    ]


def test_a_folder_stands_for_its_files_and_what_is_none_of_them_is_named(tmp_path: Path) -> None:
    put(tmp_path / "a" / "deep" / "one.json", account_page())
    put(tmp_path / "two.json.gz", account_page(OTHER))
    put(tmp_path / "broken.json", {"Users": []})
    (tmp_path / "cut.json").write_text('{"UserDetailList": [')
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(b"{}")[:-9])
    (tmp_path / "README.txt").write_text("nothing")
    found = Accounts.of([tmp_path, tmp_path / "two.json.gz"])
    assert set(found.ids) == {ACCOUNT, OTHER}
    notes = [str(note) for note in next(iter(found)).notes]
    assert [Path(note.split(": ")[1]).name for note in notes[:3]] == [
        "broken.json",
        "cut.json",
        "cut.json.gz",
    ]
    assert all(note.startswith("left out: ") for note in notes[:3])
    assert [str(note) for note in read_files([tmp_path]).notes][:3] == notes[:3]
    for path, why in (
        (tmp_path / "cut.json", r"cut\.json: the file is cut short"),
        (tmp_path / "cut.json.gz", "cut.json.gz: "),
    ):
        with pytest.raises(UnreadableEstate, match=why):
            Accounts.of([path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableEstate, match=r"empty: the folder has no \.json"):
        Accounts.of([tmp_path / "empty"])


def test_an_organizations_policies_meet_every_account_and_no_other(tmp_path: Path) -> None:
    guard = document({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"})
    put(tmp_path / "zz.json", organization([guard], members=(ACCOUNT, OTHER)))
    for account in (ACCOUNT, OTHER, THIRD):
        put(tmp_path / f"{account}.json", account_page(account))
    notes: list[str] = []
    for estate in Accounts.of([tmp_path]):
        (account,) = estate.accounts
        assert estate.organized is (account != THIRD)
        assert bool(scps_for(estate.directory, account)) is estate.organized
        assert bool(who_can_pass(estate)) is (account == THIRD)
        notes += map(str, estate.notes)
    assert notes == [
        f"{THIRD}: in no organization of those given: its policies are not known, and not counted"
    ]
    assert [row.role for row in who_can_pass(tmp_path)] == [arn("role", "Web", THIRD)]


def test_thousands_of_accounts_share_one_note(tmp_path: Path) -> None:
    pages = [page(users=[user("u", account=str(10**11 + number))]) for number in range(1200)]
    put(tmp_path / "all.json", pages)
    notes = [str(note) for estate in Accounts.of([tmp_path / "all.json"]) for note in estate.notes]
    assert notes == ["1,200 accounts: their organization's policies are not known, and not counted"]


def test_files_of_nobody_are_refused(tmp_path: Path) -> None:
    above = put(tmp_path / "organization.json", organization())
    with pytest.raises(UnreadableEstate, match="the details name no account"):
        Accounts.of([above])
