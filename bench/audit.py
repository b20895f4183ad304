"""An audit of gzipped CloudTrail files, beside DuckDB's reader of JSON and a plain one by orjson.

    python -m bench.audit [--megabytes N] [--files N] [--jobs N] [--peers PYTHON]

Target: 500 MB/s of JSON on two processors, 300 MB of memory. All readers get the same files and must find
the same passes; each runs as a process of its own, start included; an audit of nothing tells what that takes.
--peers is a Python that has DuckDB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

NAMES = {
    "lambda:CreateFunction": "CreateFunction20150331",
    "stepfunctions:CreateStateMachine": "CreateStateMachine",
    "ec2:RunInstances": "RunInstances",
}


@dataclass(frozen=True)
class Ran:
    """What a reader took: seconds, seconds of processors, and megabytes of its largest process."""

    seconds: float
    processors: float
    memory: int


def run(command: list[str]) -> tuple[str, str, Ran | None]:
    """What a process writes, on both its outputs, and what it and its own processes took; None: it failed."""
    before = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - before
        out.seek(0)
        errors.seek(0)
        took = Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
        return out.read(), errors.read(), None if process.returncode else took


def passrole(folder: str, jobs: int) -> tuple[Counter[str], Ran]:
    """The command itself."""
    command = [sys.executable, "-m", "passrole", "audit", folder, "--format", "json", "--jobs", str(jobs)]
    written, errors, took = run(command)
    if took is None:
        sys.exit(errors)
    rows = json.loads(written)["passes"]
    found = {f"{row['principal']} {row['role']} {NAMES[row['operation']]}": row["allowed"] for row in rows}
    return Counter(found), took


def written(folder: str, megabytes: int, files: int) -> int:
    """Bytes of JSON in a new trail. Another process makes it: what it takes would count as its children's."""
    command = [sys.executable, "-m", "bench.audit_fixture", folder]
    command += ["--megabytes", str(megabytes), "--files", str(files)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def peer(name: str, python: str, folder: str, jobs: int) -> tuple[Counter[str], Ran] | None:
    """One of audit_peers; None where it is not installed."""
    script = str(Path(__file__).with_name("audit_peers.py"))
    written, errors, took = run([python, script, name, folder, str(jobs)])
    if took is None:
        print(f"{name:22} not run: {errors.strip().splitlines()[-1]}")
        return None
    return Counter(json.loads(written)), took


def main() -> None:
    """Prints a line a reader."""
    options = argparse.ArgumentParser()
    options.add_argument("--megabytes", type=int, default=400)
    options.add_argument("--files", type=int, default=40)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--peers", default=sys.executable)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = written(folder, given.megabytes, given.files)
        stored = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{size / 1e6:.0f} MB of JSON in {given.files} files, {stored / 1e6:.0f} MB gzipped")
        empty = Path(folder) / "empty"
        empty.mkdir()
        _, nothing = passrole(str(empty), given.jobs)
        empty.rmdir()
        print(f"{'an audit of nothing':22} {nothing.seconds:6.2f} s")
        found: dict[str, Counter[str]] = {}
        for name in ("passrole audit", "orjson", "duckdb"):
            if name == "passrole audit":
                answer: tuple[Counter[str], Ran] | None = passrole(folder, given.jobs)
            else:
                answer = peer(name, sys.executable if name == "orjson" else given.peers, folder, given.jobs)
            if answer is None:
                continue
            found[name], took = answer
            line = f"{name:22} {took.seconds:6.2f} s  {size / 1e6 / took.seconds:6.0f} MB/s"
            line += f"  {took.processors:6.2f} s of processors, {size / 1e6 / took.processors:4.0f} MB/s each"
            line += f"  largest process {took.memory} MB"
            if name == "passrole audit":
                rest = took.seconds - nothing.seconds
                line += f"  {size / 1e6 / rest:.0f} MB/s without its start (target 500 MB/s, 300 MB)"
            print(line, flush=True)
        first, *others = found.values()
        same = all(other == first for other in others)
        print(
            f"{first.total():,} passes in {len(first):,} rows; all readers agree: {'yes' if same else 'NO'}"
        )


if __name__ == "__main__":
    main()
