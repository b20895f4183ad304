"""passrole compare as a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.analysis.details import ACCOUNT, Json, allow, document
from tests.faces.test_questions import run

OLD = document(allow(action="s3:Get*"))


def written(folder: Path, name: str, content: Json) -> str:
    path = folder / name
    path.write_text(json.dumps(content))
    return str(path)


def test_no_new_access_is_status_0(tmp_path: Path) -> None:
    old, new = written(tmp_path, "old", OLD), written(tmp_path, "new", document(allow(action="s3:GetObject")))
    done = run("compare", old, new)
    assert done.status == 0
    assert done.out.startswith("PASS  The modified permissions do not grant new access")
    assert done.err == ""


def test_new_access_is_status_1_and_shown(tmp_path: Path) -> None:
    old = written(tmp_path, "old", OLD)
    named: Json = {**allow(action="s3:PutObject"), "Sid": "Write"}
    new = written(tmp_path, "new", document(allow(action="s3:Get*"), named))
    done = run("compare", old, new, "--format", "json")
    assert done.status == 1
    (reason,) = done.json["reasons"]
    assert done.json["result"] == "FAIL"
    assert (reason["statementIndex"], reason["statementId"]) == (1, "Write")
    assert reason["example"]["action"] == "s3:PutObject"
    assert reason["example"]["resource"].startswith("arn:aws:s3:::")
    table = run("compare", old, new)
    assert table.status == 1
    assert "s3:PutObject" in table.out
    rows = run("compare", old, new, "--format", "csv").out.splitlines()
    assert [row.partition(",")[0] for row in rows] == ["result", "FAIL"]


def test_statements_with_principals_are_resource_policies(tmp_path: Path) -> None:
    trusted: Json = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    everyone = written(tmp_path, "everyone", document({**trusted, "Principal": "*"}))
    account = written(tmp_path, "account", document(trusted))
    assert run("compare", everyone, account).status == 0
    assert run("compare", account, everyone).status == 1
    assert run("compare", account, everyone, "--type", "identity").status == 0


@pytest.mark.parametrize("content", ["", "{}", '{"Statement": [{"Effect": "Maybe"}]}'])
def test_what_is_no_policy_is_status_2_with_one_line(tmp_path: Path, content: str) -> None:
    bad = tmp_path / "bad"
    bad.write_text(content)
    done = run("compare", written(tmp_path, "old", OLD), str(bad))
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("passrole: compare: ")
    assert done.err.count("\n") == 1


def test_one_of_them_may_come_from_standard_input(tmp_path: Path) -> None:
    done = run("compare", written(tmp_path, "old", OLD), "-", given=json.dumps(OLD))
    assert done.status == 0
    missing = run("compare", str(tmp_path / "none"), "-", given=json.dumps(OLD))
    assert missing.status == 2
    assert "No such file" in missing.err
