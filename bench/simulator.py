"""The npm package @cloud-copilot/iam-simulate as a peer: a program of its own, asked over its standard input.

tools/iam_simulate holds its two ways of being asked; ``make bench`` installs it there.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from shutil import which
from typing import Any, Final

FOLDER: Final = Path(__file__).parent.parent / "tools" / "iam_simulate"
NAME: Final = "iam-simulate"


def installed() -> bool:
    """Are Node.js and the package there?"""
    return which("node") is not None and (FOLDER / "node_modules" / "@cloud-copilot").is_dir()


def askable(case: dict[str, Any]) -> dict[str, Any]:
    """The case without the path of the session's role, which the package cannot be told."""
    return {**case, "request": {key: value for key, value in case["request"].items() if key != "role_arn"}}


def microseconds(case: dict[str, Any]) -> float:
    """Of the quickest decision on the case within about a second; raises ValueError if it is not allowed."""
    done = subprocess.run(
        ["node", "time.mjs"],
        cwd=FOLDER,
        input=json.dumps(askable(case)) + "\n",
        capture_output=True,
        check=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    if answer.get("decision") != "allowed":
        raise ValueError(answer)
    return float(answer["microseconds"])


def decisions(cases: Sequence[dict[str, Any]]) -> tuple[list[str], float]:
    """What it decides on each, and the seconds from its first answer to its last, which take in no start."""
    lines = [json.dumps(askable(case)) + "\n" for case in (cases[0], *cases)]
    with subprocess.Popen(
        ["node", "run.mjs"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines[0])
        process.stdin.flush()
        process.stdout.readline()
        begun = time.perf_counter()
        answers: list[str] = []
        # Few enough at once that neither pipe fills up while the other is waited for.
        for start in range(1, len(lines), 4):
            some = lines[start : start + 4]
            process.stdin.writelines(some)
            process.stdin.flush()
            answers += [process.stdout.readline() for _ in some]
        seconds = time.perf_counter() - begun
        process.stdin.close()
    told = [json.loads(answer) for answer in answers]
    return [str(answer.get("decision") or f"error: {answer['error']}") for answer in told], seconds
