"""One process owns a data folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from os import getpid
from pathlib import Path
from typing import Final

from passrole.state.store import StoreUnavailable

_FILE: Final = "lock"


class FolderLock:
    """Holds a folder until ``release`` or the end of the process, however it ends.

    The lock is an open write transaction on a SQLite file of its own: the operating system frees it
    with the process, on every platform, and a reader still sees which process holds it.
    Raises StoreUnavailable where the folder cannot be made or another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._held: sqlite3.Connection | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"cannot use the data folder {folder}: {error.strerror}") from error
        path = folder / _FILE
        try:
            path.touch(mode=0o600)
            held = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable(f"cannot use the data folder {folder}: {error}") from error
        try:
            # PRAGMA user_version tells the owner's process id; it must be committed to be seen.
            held.execute("BEGIN IMMEDIATE")
            held.execute(f"PRAGMA user_version = {getpid()}")
            held.execute("COMMIT")
            held.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            held.close()
            raise StoreUnavailable(_why(folder, path, error)) from error
        except sqlite3.Error as error:
            held.close()
            raise StoreUnavailable(f"cannot use the data folder {folder}: {error}") from error
        self._held = held

    def release(self) -> None:
        """Gives the folder up; a second time does nothing."""
        if self._held is not None:
            self._held.close()
            self._held = None


def _why(folder: Path, path: Path, error: sqlite3.OperationalError) -> str:
    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
        return f"cannot use the data folder {folder}: {error}"
    owner = 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as reader:
        owner = reader.execute("PRAGMA user_version").fetchone()[0]
    who = f"process {owner}" if owner else "another process"
    return f"the data folder {folder} is in use by {who}"
