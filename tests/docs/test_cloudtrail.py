"""The lines of docs/cloudtrail.md, typed one after the other at a fresh endpoint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.services.workloads.trails.test_delivery import bucket_policy

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import MAIN_ACCOUNT, Options

PAGE = Path(__file__).parents[2] / "docs" / "cloudtrail.md"
LINES = re.findall(r"^\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_lines_run(tmp_path: Path) -> None:
    assert len(LINES) >= 10
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PASSROLE_"))}
    with Endpoint(Options(port=0, ephemeral=True)) as running:
        (tmp_path / "policy.json").write_text(bucket_policy("logs-of-calls", MAIN_ACCOUNT))
        environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": running.url,
            "AWS_ACCESS_KEY_ID": running.root_key.id,
            "AWS_SECRET_ACCESS_KEY": running.root_key.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for line in LINES:
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
            assert "Traceback" not in done.stderr
            if "lookup-events" in line:
                assert '"EventName": "CreateUser"' in done.stdout
