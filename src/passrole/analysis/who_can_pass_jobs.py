"""who-can-pass over many accounts by several processes, each with one account at a time.

Accounts come as they are done; of one principal all passes come together, in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from passrole.analysis.account_passes import Pass
from passrole.analysis.pass_filters import Seen, why_nothing
from passrole.analysis.pool import spread
from passrole.analysis.requirements import Requirement
from passrole.analysis.who_can_pass import Asked, By, Passes
from passrole.state.estate.accounts import Accounts
from passrole.state.estate.estate import Estate
from passrole.state.estate.notes import UnreadableEstate

_ROWS: Final = 5_000  # that a process tells at once

Conditions = tuple[Requirement, ...]


class Part(msgspec.Struct, kw_only=True):
    """What a process tells of an account: rows that share their conditions, or counts.

    A row has the places of its role and its conditions among those of the part. At the end, with done, come
    the notes, what the listing has come by, and what keeps the account from being read.
    """

    principal: str = ""
    roles: list[str] = []
    conditions: list[Conditions] = []
    rows: list[tuple[int, str, int]] = []
    counts: dict[str, int] = {}
    notes: list[str] = []
    seen: Seen | None = None
    unreadable: str = ""
    done: bool = False


class Jobs:
    """The question over accounts, as ``Passes`` answers it."""

    def __init__(
        self,
        accounts: Accounts,
        asked: Asked,
        jobs: int,
        *,
        say: Callable[[Iterable[str]], None],
        progress: Callable[[], None],
    ) -> None:
        """say is told what each account's answer leaves out, progress that one more is done."""
        self._accounts = accounts
        self._asked = asked
        self._jobs = jobs
        self._say = say
        self._progress = progress
        self._said: set[str] = set()
        self._seen = Seen()

    def rows(self) -> Iterator[Pass]:
        """Every pass. Raises UnreadableEstate and WorkerLost."""
        shared: dict[Conditions, Conditions] = {}
        for part in self._parts(None):
            conditions = [shared.setdefault(one, one) for one in part.conditions]
            for role, service, place in part.rows:
                yield Pass(part.principal, part.roles[role], service, conditions[place])

    def counts(self, by: By) -> list[tuple[str, int]]:
        """As Passes.counts. Raises UnreadableEstate and WorkerLost."""
        found: Counter[str] = Counter()
        for part in self._parts(by):
            found.update(part.counts)
        return sorted(found.items(), key=lambda row: (-row[1], row[0]))

    def why_nothing(self) -> str:
        """As Passes.why_nothing."""
        asked = self._asked
        if self._seen.passes:
            return ""
        return why_nothing(
            self._seen,
            role=asked.role,
            service=asked.service,
            principal=asked.principal,
            usable=asked.usable,
        )

    def _parts(self, by: By | None) -> Iterator[Part]:
        for part in spread(self._accounts.ids, _Reader(self._accounts, self._asked, by), Part, self._jobs):
            if part.unreadable:
                raise UnreadableEstate(part.unreadable)
            yield part
            if part.done:
                # What is said of all accounts each process says.
                self._say(note for note in part.notes if note not in self._said)
                self._said.update(part.notes)
                if part.seen is not None:
                    self._seen.add(part.seen)
                self._progress()


class _Reader:
    """What a process does with an account; the organization is read with the first one."""

    def __init__(self, accounts: Accounts, asked: Asked, by: By | None) -> None:
        self._accounts = accounts
        self._asked = asked
        self._by = by
        self._next = ""
        self._estates: Iterator[Estate] | None = None

    def __call__(self, account: str) -> Iterator[Part]:
        self._next = account
        try:
            if self._estates is None:
                self._estates = self._accounts.read(self._ids())
            estate = next(self._estates)
        except UnreadableEstate as error:
            yield Part(unreadable=str(error), done=True)
            return
        asked = self._asked
        passes = Passes(
            (estate,),
            role=asked.role,
            service=asked.service,
            principal=asked.principal,
            usable=asked.usable,
        )
        if self._by is None:
            yield from _told(passes.rows())
            counts: dict[str, int] = {}
        else:
            counts = dict(passes.counts(self._by))
        yield Part(counts=counts, notes=list(map(str, estate.notes)), seen=passes.seen, done=True)

    def _ids(self) -> Iterator[str]:
        while True:
            yield self._next


def _told(rows: Iterator[Pass]) -> Iterator[Part]:
    part = Part()
    roles: dict[str, int] = {}
    conditions: dict[Conditions, int] = {}
    for row in rows:
        if row.principal != part.principal or len(part.rows) >= _ROWS:
            if part.rows:
                part.roles, part.conditions = list(roles), list(conditions)
                yield part
            part, roles, conditions = Part(principal=row.principal), {}, {}
        role = roles.setdefault(row.role, len(roles))
        place = conditions.setdefault(row.conditions, len(conditions))
        part.rows.append((role, row.service, place))
    if part.rows:
        part.roles, part.conditions = list(roles), list(conditions)
        yield part
