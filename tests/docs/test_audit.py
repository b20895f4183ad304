"""The lines of docs/audit.md, typed by a shell in a folder that has what they name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.analysis.audit.organization_trail import deliver
from tests.analysis.details import allow, arn, document, page, role, trust, user

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
LINES = re.findall(r"^\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs, the account's details and proposed policies."""
    made = tmp_path_factory.mktemp("docs")
    deliver(made / "logs", days=60)
    users = [user("alice", document(allow())), user("bob", document(allow()))]
    roles = [role("Deployer", trust("ec2.amazonaws.com"), document(allow(arn("role", "Never"))))]
    made.joinpath("details.json").write_text(json.dumps(page(users=users, roles=roles)))
    (made / "policies" / "user").mkdir(parents=True)
    made.joinpath("policies", "user", "alice.json").write_text(
        json.dumps(document(allow(arn("role", "Web"))))
    )
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
    assert done.returncode in ((0, 1) if line.startswith("passrole replay") else (0,)), done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


def test_there_are_lines() -> None:
    assert len(LINES) >= 5
