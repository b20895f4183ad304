"""Passes added up: one row a principal, role, service and operation."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from passrole.analysis.audit.extract import ALLOWED, BY_ARN, BY_NAME, BY_PROFILE, DENIED, Found
from passrole.analysis.audit.seen import Seen
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, Role
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

SHOWN: Final = 10  # resources and addresses that a row names


@dataclass(slots=True)
class Used:
    """What a principal did with one role, one service and one operation.

    first and last are the times of its first and last call, as recorded. resources got the role, addresses
    are where the calls came from: the first few in alphabetic order.
    """

    principal: str
    role: str
    service: str
    operation: str
    account: str
    allowed: int = 0
    denied: int = 0
    first: str = ""
    last: str = ""
    services: tuple[str, ...] = ()
    resources: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    days: dict[str, int] = field(default_factory=dict)  # calls by date

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from other rows."""
        return self.principal, self.role, self.service, self.operation

    def as_json(self) -> dict[str, object]:
        """As the contract has it, and where the calls came from."""
        return {
            "principal": self.principal,
            "role": self.role,
            "service": self.service,
            "operation": self.operation,
            "account": self.account,
            "allowed": self.allowed,
            "denied": self.denied,
            "first": self.first,
            "last": self.last,
            "resources": self.resources,
            "addresses": self.addresses,
        }


class Usage:
    """Every pass of a trail, added up. directory, where given, tells the roles of names and profiles."""

    def __init__(self, directory: Directory | None = None) -> None:
        self._directory = directory
        self._rows: dict[tuple[str, str, str, str], Used] = {}
        self._seen = Seen()
        self.failed = 0  # passes in calls that failed for other reasons than a denial
        self.repeated = 0  # passes that the trail has more than once
        self.passes = 0

    def add(self, found: Iterable[Found]) -> None:
        """Counts passes. Those of one event must come together; an event that came before is left out."""
        event = ""
        before = False
        for one in found:
            if one.event != event or not event:
                event = one.event
                before = self._seen.before(f"{one.account}/{event}") if event else False
            if before:
                self.repeated += 1
                continue
            self._count(one)

    def _count(self, one: Found) -> None:
        if one.outcome not in (ALLOWED, DENIED):
            self.failed += 1
            return
        self.passes += 1
        principal, role = self._known(one.principal, BY_NAME), self._known(one.role, one.by)
        key = (principal, role, one.service, one.operation)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Used(*key, account=one.account, first=one.time, last=one.time)
            row.services = one.services
        if one.outcome == ALLOWED:
            row.allowed += 1
        else:
            row.denied += 1
        if one.time:
            row.first = min(row.first or one.time, one.time)
            row.last = max(row.last, one.time)
            day = one.time[:10]
            row.days[day] = row.days.get(day, 0) + 1
        _note(row.resources, one.resource)
        _note(row.addresses, one.address)

    def _known(self, arn: str, by: str) -> str:
        """The role's ARN in the account's details, where the record told no more than a name."""
        if self._directory is None or by == BY_ARN:
            return arn
        try:
            made = Arn.parse(arn)
        except InvalidArn:
            return arn
        if made.kind != "role":
            return arn
        role: Role | None
        if by == BY_PROFILE:
            profile = self._directory.get(InstanceProfile, made.account, made.name)
            role = self._directory.by_id(Role, profile.role_id) if profile is not None else None
        elif made.resource.count("/") == 1:  # a path is known from an ARN alone
            role = self._directory.get(Role, made.account, made.name)
        else:
            role = None
        return role.arn if role is not None else arn

    @property
    def forgotten(self) -> bool:
        """Were there too many passes to tell all that came twice?"""
        return self._seen.forgotten

    def rows(self) -> list[Used]:
        """Every row, in order of principal, role, service and operation."""
        return [self._rows[key] for key in sorted(self._rows)]

    def __iter__(self) -> Iterator[Used]:
        return iter(self.rows())


def _note(few: list[str], text: str) -> None:
    """Keeps the first few texts in alphabetic order: the same whichever comes first."""
    if not text or text in few:
        return
    if len(few) < SHOWN:
        insort(few, text)
    elif text < few[-1]:
        few.pop()
        insort(few, text)
