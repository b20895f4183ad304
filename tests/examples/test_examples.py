"""Every example does what its page says, against the real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sdk.server import ROOT, Serve, clean_environment

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 600

pytestmark = pytest.mark.sdk


@pytest.mark.parametrize(
    ("script", "flags", "shows"),
    [
        ("1-instance-role/run.sh", (), ("iam:PassRole", "instance-profile/EC2-roles-for-XYZ-web")),
        ("2-enhanced-monitoring/run.sh", (), ("iam:PassRole", "engine")),
        ("3-the-danger/run.sh", ("--run-functions",), ("everyone's salaries", "iam:PassRole")),
        (
            "4-cross-account/run.py",
            ("--testing", "--run-functions"),
            ("Cross-account pass role is not allowed.", "report.txt"),
        ),
        pytest.param(
            "5-cdk-app/run.sh",
            ("--run-functions",),
            ("iam:PassRole on resource: ", "cfn-exec-role", "first.png", "Thumbnails: destroyed"),
            marks=pytest.mark.node,
        ),
    ],
)
def test_example(script: str, flags: tuple[str, ...], shows: tuple[str, ...], tmp_path: Path) -> None:
    path = EXAMPLES / script
    if path.parent.name == "5-cdk-app" and not (path.parent / "node_modules").is_dir():
        pytest.fail("this test needs Node.js 20 or newer and the AWS CDK: make cdk-packages")
    assert shutil.which("bash") is not None
    with Serve(tmp_path / "stderr.log", "--ephemeral", *flags) as server:
        done = subprocess.run(
            [sys.executable, str(path)] if path.suffix == ".py" else ["bash", str(path)],
            env={
                **clean_environment(),
                **ROOT.environment(),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "AWS_ENDPOINT_URL": server.url,
                "AWS_DEFAULT_REGION": "us-east-1",
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert done.stdout.rstrip().endswith("done"), said
    for text in shows:
        assert text in said, said
