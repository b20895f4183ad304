"""The policy that calls need which really were made: a trail's, an exec session's, a test run's.

Each recorded call is planned as the endpoint plans it: its actions on its resources, and the roles that it
passes. What a record does not tell of a resource becomes ``*``, and is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from passrole.analysis.audit import narrowest
from passrole.analysis.audit.events import Record, caller_of
from passrole.analysis.audit.exports import record_of
from passrole.analysis.audit.extract import ALLOWED, extract
from passrole.analysis.audit.narrowest import Document
from passrole.analysis.audit.takers import takers
from passrole.analysis.audit.usage import Usage
from passrole.analysis.denied_events import is_denied, of_event
from passrole.analysis.recorded_calls import NotTold, recorded_call
from passrole.authorize.call import Call, NoFacts
from passrole.authorize.plan import plan
from passrole.catalog.operations import PASS_ROLE
from passrole.state.directory import Directory
from passrole.state.entities import Role, User
from passrole.state.estate.row import EPOCH

_FACTS: Final = NoFacts()
_ANY: Final = "*"
_EXACT: Final = 20  # resources of an action that are named one by one
_SEPARATORS: Final = re.compile(r"[/:]")
_ENTITY: Final = re.compile(r"(user|role|group|policy|instance profile) ([\w+=,.@-]+)", re.ASCII)
_NOBODY: Final = '{"Version":"2012-10-17","Statement":[]}'
_PRINCIPAL: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):(user|role)(/(?:.+/)?)([^/]+)", re.DOTALL)


@dataclass
class Needs:
    """What calls need, call by call. directory is that of the account, where it is known.

    denied tells that calls which were refused are to be allowed, too. Counted are the calls, those that were
    refused and are left out, those whose record does not tell enough (with the reasons), and the resources
    that are not told.
    """

    directory: Directory = field(default_factory=Directory)
    roles: frozenset[str] | None = None  # the ARNs of all roles, where they are known
    denied: bool = False
    calls: int = 0
    refused: int = 0
    open_resources: int = 0
    untold: dict[str, int] = field(default_factory=dict)
    untold_roles: int = 0
    _needed: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    _usage: Usage = field(default_factory=Usage)

    def add(self, event: Mapping[str, object]) -> None:
        """Counts one recorded call."""
        refused = is_denied(event)
        if (event.get("errorCode") or event.get("errorMessage")) and not (refused and self.denied):
            self.refused += refused
            return
        identity = event.get("userIdentity")
        principal, _ = caller_of(identity if isinstance(identity, Mapping) else {})
        self._know(principal)
        try:
            told = recorded_call(event, self.directory)
        except NotTold as error:
            self.untold[str(error)] = self.untold.get(str(error), 0) + 1
            return
        self.calls += 1
        actions = self._needed.setdefault(principal, {})
        if refused and told.unread:
            self._refused(event, told.call, actions)
            return
        for check in plan(told.call, self.directory, _FACTS).checks:
            self._need(actions, check.action, check.resource)
        allowed = {name: value for name, value in event.items() if name not in ("errorCode", "errorMessage")}
        found = extract(record_of(allowed, Record), takers())
        self.untold_roles += found.untold
        self._usage.add(found.passes)

    def _need(self, actions: dict[str, set[str]], action: str, resource: str | None) -> None:
        self.open_resources += resource is None
        actions.setdefault(action, set()).add(resource or _ANY)

    def _refused(self, event: Mapping[str, object], call: Call, actions: dict[str, set[str]]) -> None:
        """What a call needs whose record has no parameters: its message tells one action and one resource."""
        denial = of_event(event)
        if denial.action and denial.action != PASS_ROLE:
            self._need(actions, denial.action, self._named(denial.resource, call.account))
            return
        for check in plan(call, self.directory, _FACTS).checks:
            if check.action != PASS_ROLE:
                self._need(actions, check.action, None)
        passes = extract(record_of(event, Record), takers()).passes
        self._usage.add(structs.replace(one, outcome=ALLOWED) for one in passes)

    def _named(self, resource: str, account: str) -> str | None:
        """The ARN of what a message names, as IAM does: ``user bob``."""
        if resource.startswith("arn:") or resource == _ANY:
            return resource
        told = _ENTITY.fullmatch(resource)
        if told is None:
            return None
        kind, name = told[1].replace(" ", "-"), told[2]
        known: User | Role | None = None
        if kind == "user":
            known = self.directory.get(User, account, name)
        elif kind == "role":
            known = self.directory.get(Role, account, name)
        return known.arn if known is not None else f"arn:aws:iam::{account}:{kind}/{name}"

    def _know(self, principal: str) -> None:
        """Puts a principal that no details tell of into the directory, without any policy."""
        parts = _PRINCIPAL.fullmatch(principal)
        if parts is None:
            return
        account, kind, path, name = parts.groups()
        entity = User if kind == "user" else Role
        if self.directory.get(entity, account, name) is not None:
            return
        id = f"{kind}:{account}:{name}"
        if kind == "user":
            self.directory.put(User(account=account, name=name, path=path, id=id, created=EPOCH))
        else:
            made = Role(account=account, name=name, path=path, id=id, created=EPOCH, trust=_NOBODY)
            self.directory.put(made)
        self.directory.commit()

    def policies(self) -> dict[str, Document]:
        """The policy of each principal, of the calls so far."""
        passes = narrowest.policies(self._usage.rows(), self.roles)
        made: dict[str, Document] = {}
        for principal in dict.fromkeys((*self._needed, *passes)):
            statements = list(_statements(self._needed.get(principal, {})))
            passing = passes.get(principal, {}).get("Statement")
            statements += passing if isinstance(passing, list) else []
            if statements:
                made[principal] = {"Version": "2012-10-17", "Statement": statements}
        return made


def _statements(actions: Mapping[str, set[str]]) -> Iterable[Document]:
    """Actions that have the same resources share a statement."""
    by_resources: dict[tuple[str, ...], list[str]] = {}
    for action, resources in actions.items():
        by_resources.setdefault(narrowed(resources), []).append(action)
    for number, (shared, named) in enumerate(sorted(by_resources.items()), 1):
        yield {
            "Sid": f"Calls{number}",
            "Effect": "Allow",
            "Action": _one_or_all(sorted(named)),
            "Resource": _one_or_all(shared),
        }


def narrowed(resources: Iterable[str]) -> tuple[str, ...]:
    """The resources one by one, or where that would be many, what those of a kind have in common.

    >>> narrowed(f"arn:aws:s3:::logs/2026/{day}.gz" for day in range(30))
    ('arn:aws:s3:::logs/2026/*',)
    """
    named = sorted(set(resources))
    if _ANY in named:
        return (_ANY,)
    if len(named) <= _EXACT:
        return tuple(named)
    kinds: dict[tuple[str, ...], list[str]] = {}
    for one in named:
        *fields, resource = one.split(":", 5)
        kinds.setdefault((*fields, _SEPARATORS.split(resource)[0]), []).append(one)
    return tuple(sorted(_shared(kind) for kind in kinds.values()))


def _shared(named: list[str]) -> str:
    """What ARNs begin with, to the end of a part, and a star; never less than their first five fields."""
    if len(named) == 1:
        return named[0]
    first, last = named[0], named[-1]  # Invariant: in order, so that these two differ the most
    length = next(
        (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None
    )
    prefix = first[: len(first) if length is None else length]
    ends = [found.end() for found in _SEPARATORS.finditer(prefix)]
    return prefix[: ends[-1]] + _ANY if ends else _ANY


def _one_or_all(values: Iterable[str]) -> str | list[str]:
    listed = list(values)
    return listed[0] if len(listed) == 1 else listed
