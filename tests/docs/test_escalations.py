"""The lines of docs/escalations.md, typed by a shell in a folder that has what they name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.analysis.details import allow, arn, document, page, role, trust, user

from passrole.analysis.escalation import techniques
from passrole.analysis.escalation.holders import HOLDERS

PAGE = Path(__file__).parents[2] / "docs" / "escalations.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINES = re.findall(r"^\$ (.+)$", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An account's details and two policies."""
    made = tmp_path_factory.mktemp("docs")
    calls = allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"])
    users = [user("alice", document(allow(arn("role", "Admin")), calls))]
    roles = [role("Admin", trust("lambda.amazonaws.com"), document(allow(action="*")))]
    made.joinpath("details.json").write_text(json.dumps(page(users=users, roles=roles)))
    made.joinpath("old.json").write_text(json.dumps(document(allow(action="s3:*"))))
    made.joinpath("new.json").write_text(json.dumps(document(allow(action="s3:Get*"))))
    return made


@pytest.mark.parametrize("line", LINES)
def test_a_line_runs(folder: Path, line: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PASSROLE_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=kept | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("alice" if "escalations" in line else "PASS") in done.stdout
    assert "Traceback" not in done.stderr


def test_there_are_lines_and_every_step_is_told() -> None:
    assert len(LINES) >= 5
    values = [
        value for one in vars(techniques).values() for value in (one if isinstance(one, tuple) else (one,))
    ]
    named = {one.id for one in values if isinstance(one, techniques.Technique)} | {one.id for one in HOLDERS}
    # "put-user-policy" is told with its like, as "put-…-policy".
    told = {*re.findall(r"`([a-z-]+)`", TEXT)}
    patterns = [one.replace("…", ".+") for one in re.findall(r"`([a-z-]*…[a-z-]*)`", TEXT)]
    missing = [id for id in named - told if not any(re.fullmatch(one, id) for one in patterns)]
    assert missing == []
