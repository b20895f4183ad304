"""The command line as a person types it: status, stdout, and one clear line on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from passrole import __version__


def run(*arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "passrole", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        check=False,
    )


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"passrole {__version__}\n")


def test_help_shows_examples() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "passrole serve" in done.stdout
    assert "passrole exec --instance" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("serve", "--port", "none"), "--port"),
        (("serve", "--port", "70000"), "--port"),
        (("serve", "--account", "1"), "--account"),
        (("serve", "--nonsense"), "--nonsense"),
        (("conjure",), "conjure"),
        (("decide",), "--jsonl"),
        (("exec", "--", "true"), "--instance"),
    ],
)
def test_a_bad_flag_is_one_line_and_status_2(arguments: tuple[str, ...], word: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert word in done.stderr


def test_half_a_root_key_is_refused() -> None:
    done = run("serve", "--ephemeral", "--port", "0", PASSROLE_ROOT_ACCESS_KEY_ID="AKIAROOTROOTROOTROOT")
    assert done.returncode == 2
    assert "PASSROLE_ROOT_SECRET_ACCESS_KEY" in done.stderr


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    done = run("serve", "--port", "0", "--data", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_decide_answers_line_by_line_and_goes_on_after_a_bad_one() -> None:
    case = {
        "id": "a",
        "request": {
            "principal": "arn:aws:iam::111122223333:user/alice",
            "action": "iam:PassRole",
            "resource": "arn:aws:iam::111122223333:role/Web",
        },
        "identity_policies": [
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
            }
        ],
    }
    lines = [json.dumps(case), "{", json.dumps({**case, "id": "c", "identity_policies": []})]
    done = run("decide", "--jsonl", given="\n".join(lines) + "\n")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict.get("decision") for verdict in verdicts] == ["allowed", None, "implicit_deny"]
    assert "error" in verdicts[1]
    assert done.returncode == 1
