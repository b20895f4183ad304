"""who-can-pass as a Spark job: the same rows as locally, and Parquet."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from tests.analysis.details import Json, allow, arn, document, organization, page, role, trust, user

from passrole.analysis import who_can_pass_spark as spark
from passrole.analysis.spark import MissingSpark
from passrole.analysis.who_can_pass import Asked, Passes
from passrole.state.estate.accounts import Accounts, Entry, entry
from passrole.state.estate.files import Content, expanded
from passrole.state.estate.notes import UnreadableEstate

if TYPE_CHECKING:
    from pyspark import Broadcast

EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
ACCOUNTS = tuple(str(10**11 + number) for number in range(7))


def files(folder: Path) -> Path:
    """Seven accounts, the last two in no organization of those given; one has a policy that is none."""
    region = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    guard = document({"Effect": "Deny", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/Frozen"})
    for number, account in enumerate(ACCOUNTS):
        users = [
            user("alice", document(allow()), account=account),
            user("bob", document(allow(arn("role", "Web", account), region)), account=account),
        ]
        if number == 3:
            broken: Json = {"Statement": [{"Effect": "Maybe"}]}
            users.append(user("carol", document(allow()), broken, account=account))
        roles = [role(name, trust(EC2, LAMBDA), account=account) for name in ("Web", "Frozen")]
        (folder / f"{account}.json").write_text(json.dumps(page(users=users, roles=roles)))
    (folder / "organization.json").write_text(json.dumps(organization([guard], members=ACCOUNTS[:5])))
    (folder / "none.json").write_text("{}")
    return folder


@dataclass
class Shared:
    """As a Spark broadcast."""

    value: object


def test_a_missing_pyspark_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with (
        pytest.raises(MissingSpark, match=r"install passrole\[spark\]"),
        spark.asked([files(tmp_path)], Asked()),
    ):
        pass


def test_tasks_give_what_is_found_locally_whatever_accounts_they_get(tmp_path: Path) -> None:
    files(tmp_path)
    entries = [entry(path, Content(), chosen=chosen) for path, chosen in expanded([tmp_path])]
    shared = cast("Broadcast[list[Entry]]", Shared(entries))
    told: list[spark.Told] = []
    for part in (ACCOUNTS[:3], (), ACCOUNTS[3:]):
        told += spark._told(shared, part, Asked())
    local = Accounts.of([tmp_path])
    assert [spark._pass(one) for one in told if one[0] == spark._ROW] == list(Passes(local).rows())
    notes = dict.fromkeys(one[1] for one in told if one[0] == spark._NOTE)
    assert list(notes) == list(dict.fromkeys(str(note) for estate in local for note in estate.notes))
    assert any("UserPolicyList[1].PolicyDocument" in str(note) for note in notes)
    assert any("none.json" in str(note) for note in notes)
    counted = spark._told(shared, ACCOUNTS, Asked(by="service"))
    pairs = [spark._pair(one) for one in counted if one[0] == spark._COUNT]
    assert sorted(pairs) == sorted(Passes(local).counts("service"))


@pytest.mark.prove
@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="needs PySpark")
def test_spark_finds_the_rows_that_are_found_locally(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    files(folder)
    out = tmp_path / "rows"
    local = list(Passes(Accounts.of([folder])).rows())
    with spark.asked([folder], Asked()) as job:
        assert list(job.rows()) == local
        assert len([note for note in job.notes if "none.json" in note]) == 1
        assert job.write(out) == len(local)
        with pytest.raises(spark.FolderTaken):
            job.write(out)
        read = job._session.read.parquet(str(out)).collect()
        assert sorted((one["principal"], one["role"], one["service"]) for one in read) == sorted(
            (one.principal, one.role, one.service) for one in local
        )
        some = next(one for one in read if one["principal"] == arn("user", "bob", ACCOUNTS[0]))
        assert [tuple(one) for one in some["conditions"]] == [
            ("StringEquals", "aws:RequestedRegion", ["eu-west-1"])
        ]
    with spark.asked([folder], Asked(principal="alice", by="role")) as job:
        assert job.counts() == Passes(Accounts.of([folder]), principal="alice").counts("role")
    with (
        pytest.raises(UnreadableEstate, match="not the output"),
        spark.asked([folder / "none.json"], Asked()),
    ):
        pass
