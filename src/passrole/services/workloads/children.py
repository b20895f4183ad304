"""Child processes that run one thing once: nothing inherited, ended with all that they started.

Not asyncio's subprocesses: uvloop's hand descriptors of this process on to the child.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

_OUTPUT_KEPT: Final = 256 * 1024  # bytes of what it printed, the last ones


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: what it left in its result file, or AWS's members of an error in its place."""

    answer: Mapping[str, object]
    output: str
    seconds: float


class Children:
    """At most so many at once, each with a thread that waits for it."""

    def __init__(self, at_once: int) -> None:
        # Of its own: functions that call functions must not wait for each other's threads.
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="functions")
        self._groups: set[int] = set()

    async def run(
        self,
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        given: bytes,
        *,
        seconds: float,
        request_id: str,
    ) -> Ended:
        """Runs a command in folder/task with given as its standard input, for that many seconds at most.

        Its answer is the JSON object in folder/result.
        """
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        process = await loop.run_in_executor(self._pool, _start, command, environment, folder, given)
        self._groups.add(process.pid)
        timed_out = False
        try:
            await loop.run_in_executor(self._pool, process.wait, seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            # Whatever it has started ends with it; also where nobody waits for the answer any more.
            _end(process.pid)
            self._groups.discard(process.pid)
        status = await asyncio.to_thread(process.wait)
        answer = _timed_out(seconds, request_id) if timed_out else _result(folder, status, request_id)
        output = await asyncio.to_thread(_tail, folder / "output")
        return Ended(answer, output, time.monotonic() - started)

    async def stop(self) -> None:
        """Ends those that are running."""
        for group in self._groups:
            _end(group)
        await asyncio.to_thread(self._pool.shutdown)


def _start(
    command: list[str], environment: dict[str, str], folder: Path, given: bytes
) -> subprocess.Popen[bytes]:
    (folder / "given").write_bytes(given)
    with (folder / "given").open("rb") as read, (folder / "output").open("wb") as written:
        return subprocess.Popen(
            command,
            cwd=folder / "task",
            env=environment,
            stdin=read,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left of it


def _result(folder: Path, status: int | None, request_id: str) -> Mapping[str, object]:
    try:
        found = orjson.loads((folder / "result").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        found = None
    if isinstance(found, dict):
        return found
    how = (
        f"signal: {signal.Signals(-status).name}"
        if status is not None and status < 0
        else f"exit status {status}"
    )
    message = f"RequestId: {request_id} Error: Runtime exited with error: {how}"
    return {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}}


def _timed_out(seconds: float, request_id: str) -> Mapping[str, object]:
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return {"error": {"errorType": "Sandbox.Timedout", "errorMessage": message}}


def _tail(output: Path) -> str:
    with output.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _OUTPUT_KEPT))
        return file.read().decode(errors="replace")
