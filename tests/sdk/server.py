"""The real ``passrole serve`` process, started and ended by a test."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

ACCOUNT = "111122223333"
REGION = "us-east-1"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Key:
    """Credentials of one caller."""

    id: str
    secret: str
    token: str = ""

    def environment(self) -> dict[str, str]:
        found = {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}
        return found | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})


ROOT = Key("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that names credentials, endpoints or settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PASSROLE_", "MOTO_"))
    }


class Serve:
    """``passrole serve`` on a free port, from entering to leaving the context."""

    def __init__(self, log: Path, *arguments: str, named_root: bool = True) -> None:
        self._log = log
        self._root = (
            {"PASSROLE_ROOT_ACCESS_KEY_ID": ROOT.id, "PASSROLE_ROOT_SECRET_ACCESS_KEY": ROOT.secret}
            if named_root
            else {}
        )
        self._arguments = arguments
        self.url = ""

    def __enter__(self) -> Self:
        self._stderr = self._log.open("ab")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "passrole",
                "serve",
                "--port",
                "0",
                "--account",
                ACCOUNT,
                *self._arguments,
            ],
            env=clean_environment() | self._root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        try:
            self.url = self._ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status = self.stop(signal.SIGTERM)
        assert kind is not None or status in (0, -signal.SIGKILL), self.errors()

    def stop(self, number: signal.Signals) -> int:
        """Ends the process by that signal; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._stderr.close()
        return status

    def errors(self) -> str:
        """What the process has written to standard error."""
        return self._log.read_text(errors="replace")

    def _ready(self) -> str:
        """The address on the line that says that the endpoint is ready."""
        out = self.process.stdout
        assert out is not None
        end = time.monotonic() + START_SECONDS
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while time.monotonic() < end and selector.select(end - time.monotonic()):
                chunk = os.read(out.fileno(), 65536)
                if not chunk:
                    break
                text += chunk
                found = re.search(rb"^passrole ready on (http://127\.0\.0\.1:[0-9]+)$", text, re.MULTILINE)
                if found is not None:
                    return found[1].decode()
        raise AssertionError(f"passrole serve did not get ready: {text!r}\n{self.errors()}")
