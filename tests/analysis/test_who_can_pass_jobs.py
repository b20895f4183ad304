"""who-can-pass by several processes: the same rows, counts and notes as by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.analysis.test_who_can_pass_spark import ACCOUNTS, files

from passrole.analysis import who_can_pass_jobs
from passrole.analysis.account_passes import Pass
from passrole.analysis.who_can_pass import Asked, By, Passes
from passrole.analysis.who_can_pass_jobs import Jobs
from passrole.state.estate.accounts import Accounts
from passrole.state.estate.notes import UnreadableEstate


class Told:
    """What a run says, and how many accounts it tells to be done."""

    def __init__(self, folder: Path, asked: Asked) -> None:
        self.lines: list[str] = []
        self.done = 0
        accounts = Accounts.of([folder])
        self.run = Jobs(accounts, asked, 2, say=self.lines.extend, progress=self._one_more)

    def _one_more(self) -> None:
        self.done += 1


def account(row: Pass) -> str:
    return row.principal.split(":")[4]


@pytest.mark.parametrize("at_once", [1, 5000])  # rows that a process tells
def test_several_processes_find_what_one_does(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(who_can_pass_jobs, "_ROWS", at_once)
    told = Told(files(tmp_path), Asked())
    rows = list(told.run.rows())
    estates = Accounts.of([tmp_path])
    alone = list(Passes(estates).rows())
    assert sorted(rows, key=str) == sorted(alone, key=str)
    for one in ACCOUNTS:  # within an account they come in order
        assert [row for row in rows if account(row) == one] == [row for row in alone if account(row) == one]
    # Rows share their conditions, as what writes them expects.
    assert len({id(row.conditions) for row in rows}) == len({row.conditions for row in rows})
    assert set(told.lines) == {str(note) for estate in estates for note in estate.notes}
    assert len([line for line in told.lines if "none.json" in line]) == 1
    assert (told.done, told.run.why_nothing()) == (len(ACCOUNTS), "")


def test_they_count_as_one_does(tmp_path: Path) -> None:
    files(tmp_path)
    bys: tuple[By, ...] = ("role", "service", "principal")
    for by in bys:
        told = Told(tmp_path, Asked(principal="alice", by=by))
        assert told.run.counts(by) == Passes(Accounts.of([tmp_path]), principal="alice").counts(by)


def test_an_empty_answer_says_why_of_all_accounts(tmp_path: Path) -> None:
    told = Told(files(tmp_path), Asked(role="Nope"))
    assert list(told.run.rows()) == []
    assert told.run.why_nothing() == f"no role fits Nope, of {2 * len(ACCOUNTS)}; * and ? are wildcards"


def test_an_account_that_became_unreadable_ends_it(tmp_path: Path) -> None:
    told = Told(files(tmp_path), Asked())

    def cut() -> Iterator[Pass]:
        (tmp_path / f"{ACCOUNTS[-1]}.json").write_text("{")
        yield from told.run.rows()

    with pytest.raises(UnreadableEstate, match="cut short"):
        list(cut())
