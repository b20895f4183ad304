"""The README's own lines, typed by a shell with the AWS CLI against a fresh endpoint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.server import Serve, clean_environment

README = Path(__file__).parents[2] / "README.md"


def commands(section: str) -> list[str]:
    """The lines after ``$`` in the console blocks of a section."""
    text = README.read_text(encoding="utf-8")
    body = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert body is not None, f"README has no section {section!r}"
    blocks = re.findall(r"^```console\n(.*?)^```", body[1], re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of the reader's second terminal."""
    folder = tmp_path / "data"
    with Serve(tmp_path / "log", "--data", str(folder), named_root=False) as serve:
        yield clean_environment() | {
            "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": serve.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_PROFILE": "passrole",
            "AWS_PAGER": "",
        }


def test_the_first_lines_show_the_refusal_and_its_remedy(shell: dict[str, str]) -> None:
    lines = [line for line in commands("See it refuse") if not line.startswith("make ")]
    assert len(lines) >= 5
    done = [
        subprocess.run(["bash", "-c", line], env=shell, capture_output=True, text=True, check=False)
        for line in lines
    ]
    for line, one in zip(lines[:3], done[:3], strict=True):
        assert one.returncode == 0, (line, one.stderr)
    refused = done[3]
    assert refused.returncode != 0
    assert (
        "is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/Admin"
        " because no identity-based policy allows the iam:PassRole action" in refused.stderr
    )
    explained = done[4]
    assert "arn:aws:iam::111122223333:role/Admin" in explained.stdout, explained.stderr
    assert "Pass" in explained.stdout  # the statement that came nearest
