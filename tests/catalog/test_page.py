"""docs/catalog.md says what the data says, and its lines can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
import yaml
from tools import catalog_page

from passrole.services.embedded.inventory import release


def test_the_page_is_current() -> None:
    written_for = yaml.safe_load(catalog_page.GAPS.read_text())["moto"]
    if ".".join(map(str, release())) != written_for:
        pytest.skip(f"its figures are of moto {written_for}")
    assert catalog_page.main(["--check"]) == 0, "run python -m tools.catalog_page"


def test_its_first_line_runs() -> None:
    text = catalog_page.TARGET.read_text(encoding="utf-8")
    block = re.search(r"^```console\n\$ passrole (.*?)\n```", text, re.MULTILINE)
    assert block is not None
    command = [sys.executable, "-m", "passrole", *shlex.split(block[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "iam:PassRole" in done.stdout
