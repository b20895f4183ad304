"""What only the store on disk must do: come back, keep others out, say what is wrong."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.state.trails import ACCOUNT, event

from passrole.state.directory import Change
from passrole.state.store import StoreUnavailable
from passrole.state.store.blocks import BLOCK_EVENTS
from passrole.state.store.sqlite import FILE, SqliteStore
from passrole.state.trail import EventQuery

ROOT = Path(__file__).parents[2]  # the scripts below import this folder
ROW = Change("role", ACCOUNT, "web", b"{}")


def test_a_reopened_store_has_everything(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.write([ROW], [(n, event(n)) for n in range(1, BLOCK_EVENTS + 10)])
    store.close()
    again = SqliteStore(tmp_path)
    assert list(again.rows()) == [ROW]
    assert again.last_sequence() == BLOCK_EVENTS + 9
    again.write([], [(BLOCK_EVENTS + 10, event(BLOCK_EVENTS + 10, name="CreateRole", read_only=False))])
    found = again.find(EventQuery(ACCOUNT, "us-east-1", "ReadOnly", "false"))
    assert [number for number, _ in found] == [BLOCK_EVENTS + 10]
    again.close()


def test_a_block_goes_on_growing_after_a_restart(tmp_path: Path) -> None:
    """The summary that is sealed after a restart must cover what was written before it."""
    half = BLOCK_EVENTS // 2
    store = SqliteStore(tmp_path)
    store.write([], [(n, event(n, username="early" if n == 3 else "alice")) for n in range(1, half)])
    store.close()
    again = SqliteStore(tmp_path)
    again.write([], [(n, event(n)) for n in range(half, 2 * BLOCK_EVENTS)])
    found = again.find(EventQuery(ACCOUNT, "us-east-1", "Username", "early"))
    assert [number for number, _ in found] == [3]
    again.close()


def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    store = SqliteStore(folder)
    store.write([ROW], [])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["lock", FILE, f"{FILE}-shm", f"{FILE}-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    store.close()


def test_a_file_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    (tmp_path / FILE).chmod(0o644)
    SqliteStore(tmp_path).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    with pytest.raises(StoreUnavailable, match=f"data folder .* is in use by process {os.getpid()}$"):
        SqliteStore(tmp_path)
    store.write([ROW], [])  # the owner goes on
    store.close()
    SqliteStore(tmp_path).close()


HOLD = """
import sys
from pathlib import Path
from passrole.state.store.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_keeps_its_folder_until_it_dies(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreUnavailable, match=f"in use by process {holder.pid}$"):
            SqliteStore(tmp_path)
        holder.kill()
        holder.wait()
        SqliteStore(tmp_path).close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        StoreUnavailable, match=r"written by a newer passrole \(schema 99, this one reads 1\)"
    ):
        SqliteStore(tmp_path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StoreUnavailable, match=r"is not a passrole store$"):
        SqliteStore(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
    connection.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to have a header" * 100)
    with pytest.raises(StoreUnavailable, match=f"cannot open .*{FILE}: file is not a database$"):
        SqliteStore(tmp_path)


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=r"cannot use the data folder .*file/data"):
        SqliteStore(tmp_path / "file" / "data")


def test_a_failed_open_leaves_the_folder_free(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"x" * 5000)
    with pytest.raises(StoreUnavailable):
        SqliteStore(tmp_path)
    (tmp_path / FILE).unlink()
    SqliteStore(tmp_path).close()


FULL = """
import resource, signal, sys
from pathlib import Path
from passrole.state.directory import Change
from passrole.state.store import StoreUnavailable
from passrole.state.store.sqlite import SqliteStore
from tests.state.trails import event

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SqliteStore(Path(sys.argv[1]))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
written = 0
try:
    while True:
        number = written + 1
        store.write([Change("role", "1" * 12, f"r{number:05}", b"x" * 2000)], [(number, event(number))])
        written = number
except StoreUnavailable as error:
    print(error)
try:
    store.probe()
except StoreUnavailable:
    print("still full")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.probe()
assert len(list(store.rows())) == written, "a failed write left a trace"
store.write([Change("role", "1" * 12, "after", b"x")], [(written + 1, event(written + 1))])
store.close()
print(written)
"""


def test_a_full_disk_fails_the_write_whole_and_heals(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    message, still, written = run.stdout.splitlines()
    assert message.startswith(f"cannot write {tmp_path / FILE}: ")
    assert still == "still full"
    store = SqliteStore(tmp_path)
    assert [row.key for row in store.rows()] == ["after"] + [f"r{n:05}" for n in range(1, int(written) + 1)]
    found = store.find(EventQuery(ACCOUNT, "us-east-1", limit=10_000))
    assert [number for number, _ in found] == list(range(int(written) + 1, 0, -1))
    store.close()


def test_the_summary_is_right_after_a_failed_write(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.write([], [(1, event(1, username="first"))])
    with pytest.raises(StoreUnavailable, match="UNIQUE constraint failed"):
        store.write([], [(2, event(2)), (2, event(2))])
    store.write([], [(n, event(n)) for n in range(2, 2 * BLOCK_EVENTS)])
    found = store.find(EventQuery(ACCOUNT, "us-east-1", "Username", "first"))
    assert [number for number, _ in found] == [1]
    store.close()
