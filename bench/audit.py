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
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench.audit_fixture import write

NAMES = {
    "lambda:CreateFunction": "CreateFunction20150331",
    "stepfunctions:CreateStateMachine": "CreateStateMachine",
    "ec2:RunInstances": "RunInstances",
}


def passrole(folder: str, jobs: int) -> Counter[str]:
    """The command itself."""
    command = [sys.executable, "-m", "passrole", "audit", folder, "--format", "json", "--jobs", str(jobs)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, env=environment
    )
    rows = json.loads(done.stdout)["passes"]
    return Counter(
        {f"{row['principal']} {row['role']} {NAMES[row['operation']]}": row["allowed"] for row in rows}
    )


def peer(name: str, python: str, folder: str, jobs: int) -> Counter[str] | None:
    """One of audit_peers; None where it is not installed."""
    script = Path(__file__).with_name("audit_peers.py")
    done = subprocess.run(
        [python, str(script), name, folder, str(jobs)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{name:22} not run: {done.stderr.strip().splitlines()[-1]}")
        return None
    return Counter(json.loads(done.stdout))


def cpu() -> float:
    """Seconds of processors that finished processes have used: what a busy machine leaves to compare."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints a line a reader."""
    options = argparse.ArgumentParser()
    options.add_argument("--megabytes", type=int, default=400)
    options.add_argument("--files", type=int, default=40)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--peers", default=sys.executable)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        size = write(Path(folder), given.megabytes, given.files)
        stored = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{size / 1e6:.0f} MB of JSON in {given.files} files, {stored / 1e6:.0f} MB gzipped")
        empty = Path(folder) / "empty"
        empty.mkdir()
        before = time.perf_counter()
        passrole(str(empty), given.jobs)
        print(f"{'an audit of nothing':22} {time.perf_counter() - before:6.2f} s")
        empty.rmdir()
        found: dict[str, Counter[str]] = {}
        for name in ("passrole audit", "orjson", "duckdb"):
            before, used = time.perf_counter(), cpu()
            if name == "passrole audit":
                rows: Counter[str] | None = passrole(folder, given.jobs)
                # One process of it; the others are as large.
                memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            else:
                rows = peer(name, sys.executable if name == "orjson" else given.peers, folder, given.jobs)
            seconds = time.perf_counter() - before
            if rows is None:
                continue
            found[name] = rows
            spent = cpu() - used
            line = f"{name:22} {seconds:6.2f} s  {size / 1e6 / seconds:6.0f} MB/s"
            line += f"  {spent:6.2f} s of processors, {size / 1e6 / spent:4.0f} MB/s each"
            if name == "passrole audit":
                line += f"  largest process {memory} MB (target 500 MB/s, 300 MB)"
            print(line, flush=True)
        first, *others = found.values()
        same = all(other == first for other in others)
        print(
            f"{first.total():,} passes in {len(first):,} rows; all readers agree: {'yes' if same else 'NO'}"
        )


if __name__ == "__main__":
    main()
