"""passrole lint as a command, its page and its hook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.faces.test_questions import run
from tools import lint_page

ALICE = """{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow", "Action": "iam:PassRole",
        "Resource": "*",
    "Condition": {"StringEquals": {
        "aws:ResourceTag/team": "red"}}
  }
}
"""
NARROW = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:PassRole",
 "Resource": "arn:aws:iam::111122223333:role/x",
 "Condition": {"StringEquals": {"iam:PassedToService": "SERVICE"}}}}
"""


@pytest.fixture
def alice(tmp_path: Path) -> str:
    path = tmp_path / "alice.json"
    path.write_text(ALICE)
    return str(path)


def test_findings_as_the_contract_has_them(alice: str) -> None:
    done = run("lint", alice, "--format", "json")
    assert (done.status, done.err) == (1, "")
    assert {(one["code"], one["line"], one["column"], one["severity"]) for one in done.json} == {
        ("PassRoleWithResourceTag", 7, 9, "error"),
        ("PASS_ROLE_WITH_STAR_IN_RESOURCE", 5, 9, "warning"),
        ("PassRoleWithoutReadingRoles", 4, 34, "info"),
    }
    assert all(one["file"] == alice and one["message"] and one["remedy"] for one in done.json)
    assert set(done.json[0]) == {"file", "line", "column", "code", "severity", "message", "remedy"}


def test_only_an_error_is_status_1(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(NARROW.replace("SERVICE", "sqs.amazonaws.com"))
    done = run("lint", str(path))
    assert done.status == 0
    assert "warning PassedToServiceTakesNoRole" in done.out
    path.write_text("{}")
    assert run("lint", str(path), "--format", "json").json == []


def test_what_cannot_be_read_is_status_2(tmp_path: Path) -> None:
    done = run("lint", str(tmp_path / "no.json"))
    assert (done.status, done.out) == (2, "")
    assert "no such file" in done.err


def test_what_cannot_be_read_in_a_folder_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(NARROW.replace("SERVICE", "sqs.amazonaws.com"))
    strange = tmp_path / "values.yaml"
    strange.write_bytes(b"name: caf\xe9\n")
    done = run("lint", str(tmp_path))
    assert (done.status, "PassedToServiceTakesNoRole" in done.out) == (0, True)
    assert f"left out: {strange}: it is not UTF-8" in done.err
    assert run("lint", str(strange)).status == 2


def test_sarif_has_what_the_schema_requires(alice: str) -> None:
    whole: Any = run("lint", alice, "--format", "sarif").json
    assert whole["version"] == "2.1.0"
    (one,) = whole["runs"]
    rules = one["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert {result["ruleId"] for result in one["results"]} >= {"PassRoleWithResourceTag"}
    for result in one["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note")
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert region["startLine"] >= 1
        assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"])
        assert location["physicalLocation"]["artifactLocation"]["uri"] == Path(alice).as_uri()


def test_fix_rewrites_and_says_what_it_left(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(NARROW.replace("SERVICE", "Lamda.amazonaws.com"))
    done = run("lint", "--fix", str(path), "--format", "json")
    assert path.read_text() == NARROW.replace("SERVICE", "lambda.amazonaws.com")
    assert "becomes lambda.amazonaws.com" in done.err
    assert "1 fixed; 1 not" in done.err
    assert [one["code"] for one in done.json] == ["PassRoleWithoutReadingRoles"]


def test_details_tell_of_the_roles(tmp_path: Path) -> None:
    details = tmp_path / "details.json"
    boss = {
        "RoleName": "x",
        "Path": "/",
        "Arn": "arn:aws:iam::111122223333:role/x",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
    }
    details.write_text(json.dumps({"RoleDetailList": [boss]}))
    path = tmp_path / "p.json"
    path.write_text(NARROW.replace("SERVICE", "lambda.amazonaws.com"))
    done = run("lint", str(path), "--details", str(details), "--format", "csv")
    assert ",PassRoleOfAdministrator,warning," in done.out
    assert "PassRoleOfAnotherAccount" in run("lint", str(path), "--account", "444455556666").out


def test_the_page_is_current() -> None:
    assert lint_page.main(["--check"]) == 0, "run python -m tools.lint_page"


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    text = lint_page.TARGET.read_text(encoding="utf-8")
    policy, shown = re.findall(r"^```(?:json|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[:2]
    path = tmp_path / "alice.json"
    path.write_text(policy)
    command, *printed = shown.splitlines()
    assert command.startswith("$ passrole lint --format csv alice.json")
    lines = run("lint", "--format", "csv", str(path)).out.replace(str(path), path.name).splitlines()
    assert [",".join(line.split(",")[:5]) for line in lines] == printed


def test_the_hook_runs_the_command() -> None:
    (hook,) = yaml.safe_load((lint_page.ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["entry"], hook["language"]) == ("passrole-lint", "passrole lint", "python")
