"""The lines of docs/who-can-pass.md, typed by a shell in a folder that has what they name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.analysis.details import allow, arn, document, organization, page, role, trust, user

from passrole import Endpoint, Options
from passrole.wire.client import Client
from passrole.wire.models import Credentials

TEXT = (Path(__file__).parents[2] / "docs" / "who-can-pass.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)
ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
OTHER = "444455556666"


def details(account: str) -> str:
    calls = allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"])
    passing = allow(arn("role", "app/*", account))
    users = [user("alice", document(passing, calls), account=account)]
    roles = [role("app/Worker", trust("lambda.amazonaws.com"), account=account)]
    return json.dumps(page(users=users, roles=roles))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An account's details, and a folder of two accounts with their organization."""
    tmp_path.joinpath("details.json").write_text(details("111122223333"))
    accounts = tmp_path / "accounts"
    accounts.mkdir()
    for account in ("111122223333", OTHER):
        accounts.joinpath(f"{account}.json").write_text(details(account))
    above = json.dumps(organization(members=("111122223333", OTHER)))
    accounts.joinpath("organization.json").write_text(above)
    return tmp_path


def typed(line: str, folder: Path, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PASSROLE_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**kept, "PATH": path, **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("line", [line for line in LINES if "export" not in line])
def test_a_question_is_answered(folder: Path, line: str) -> None:
    done = typed(line, folder, {})
    assert done.returncode == 0, done.stderr
    assert ("lambda.amazonaws.com" if "--by role" not in line else "app/Worker") in done.stdout
    assert "accounts/" in line or "organization's policies are not known" in done.stderr


def test_an_organization_is_exported(tmp_path: Path) -> None:
    (line,) = [line for line in LINES if "export" in line]
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        root.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
        key = {"AWS_ACCESS_KEY_ID": ROOT[0], "AWS_SECRET_ACCESS_KEY": ROOT[1]}
        done = typed(line, tmp_path, {**key, "ENDPOINT": endpoint.url})
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == "passrole: 1 of 1 accounts written into accounts\n"
    assert {file.name for file in (tmp_path / "accounts").iterdir()} == {
        "111122223333.json",
        "organization.json",
    }
