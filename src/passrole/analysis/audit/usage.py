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
    gains: tuple[str, ...] | None = None  # actions that the role has and the principal lacks; None: not known

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from other rows."""
        return self.principal, self.role, self.service, self.operation

    def as_json(self) -> dict[str, object]:
        """As the contract has it, where the calls came from and, where it is known, what is gained."""
        made: dict[str, object] = {
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
        return made if self.gains is None else made | {"gains": list(self.gains)}


class Usage:
    """Every pass of a trail, added up. directory, where given, tells the roles of names and profiles."""

    def __init__(self, directory: Directory | None = None) -> None:
        self._directory = directory
        self._rows: dict[tuple[str, str, str, str], Used] = {}
        self._seen = Seen()
        self.days: dict[str, list[int]] = {}  # (allowed, denied) by date
        self.failed = 0  # passes in calls that failed for other reasons than a denial
        self.repeated = 0  # passes that the trail has more than once

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
        denied = one.outcome == DENIED
        row = self._row(
            one.principal, one.role, one.by, one.service, one.operation, one.account, one.services
        )
        if denied:
            row.denied += 1
        else:
            row.allowed += 1
        if one.time:
            row.first = min(row.first or one.time, one.time)
            row.last = max(row.last, one.time)
            day = self.days.setdefault(one.time[:10], [0, 0])
            day[denied] += 1
        _note(row.resources, one.resource)
        _note(row.addresses, one.address)

    def merge(self, added: Used, by: str) -> None:
        """Takes a row in that was added up elsewhere. by is as in Found, of its role."""
        row = self._row(
            added.principal, added.role, by, added.service, added.operation, added.account, added.services
        )
        row.allowed += added.allowed
        row.denied += added.denied
        if added.first:
            row.first = min(row.first or added.first, added.first)
        row.last = max(row.last, added.last)
        for resource in added.resources:
            _note(row.resources, resource)
        for address in added.addresses:
            _note(row.addresses, address)

    def _row(
        self,
        principal: str,
        role: str,
        by: str,
        service: str,
        operation: str,
        account: str,
        services: tuple[str, ...],
    ) -> Used:
        key = (self._known(principal, BY_NAME), self._known(role, by), service, operation)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Used(*key, account=account, services=services)
        return row

    def _known(self, arn: str, by: str) -> str:
        """The role's ARN in the account's details, where the record told no more than a name."""
        if self._directory is None or by == BY_ARN:
            return arn
        role = role_named_by(self._directory, arn, by)
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


def role_named_by(directory: Directory, arn: str, by: str) -> Role | None:
    """The role that a Found's role means; None where there is no such role or instance profile."""
    try:
        made = Arn.parse(arn)
    except InvalidArn:
        return None
    if made.kind != "role":
        return None
    if by == BY_PROFILE:
        profile = directory.get(InstanceProfile, made.account, made.name)
        return directory.by_id(Role, profile.role_id) if profile is not None else None
    role = directory.get(Role, made.account, made.name)
    # A path is known from an ARN alone; a name without one may have any.
    return role if role is not None and (role.arn == arn or made.resource.count("/") == 1) else None


def _note(few: list[str], text: str) -> None:
    """Keeps the first few texts in alphabetic order: the same whichever comes first."""
    if not text or text in few:
        return
    if len(few) < SHOWN:
        insort(few, text)
    elif text < few[-1]:
        few.pop()
        insort(few, text)
