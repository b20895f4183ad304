"""Which instance holds which profile: noted while moto works, brought to the directory afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from passrole.services.scaling import SCALES
from passrole.services.tasks import EXECUTION_ROLE, TASK_ROLE
from passrole.state.directory import Directory
from passrole.state.entities import Association
from passrole.state.sessions import end_sessions

HOLDER: Final = "IamInstanceProfile"
MONITORED: Final = "MonitoringRoleArn"
EXECUTES: Final = "Role"  # of a Lambda function
EC2: Final = "ec2.amazonaws.com"

# The services whose associations live in moto's memory alone. Source of the ARNs' second field: Service
# Authorization Reference.
_EMBEDDED_HOLDERS: Final = frozenset((HOLDER, MONITORED, EXECUTES, SCALES, TASK_ROLE, EXECUTION_ROLE))


@dataclass(frozen=True, slots=True)
class Held:
    """An instance (its ARN) now holds the profile, and through it the role, if the profile has one."""

    account: str
    instance: str
    profile_id: str
    role_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """An instance holds no profile any more."""

    account: str
    instance: str


@dataclass(frozen=True, slots=True)
class Terminated:
    """An instance is no more: the credentials that its metadata gave end with it."""

    instance: str


Note = Held | Ended | Terminated


class _Notes(threading.local):
    taken: list[Note] | None = None


_notes: Final = _Notes()


def note(change: Note) -> None:
    """Takes a change down, for the call that this thread is working on."""
    if _notes.taken is not None:
        _notes.taken.append(change)


@contextmanager
def noting() -> Iterator[list[Note]]:
    """Collects what is noted by this thread; calls of one thread do not nest."""
    taken: list[Note] = []
    _notes.taken = taken
    try:
        yield taken
    finally:
        _notes.taken = None


def apply(directory: Directory, notes: list[Note], now: datetime) -> None:
    """Brings the directory up to date, in the order in which things happened."""
    for change in notes:
        if isinstance(change, Terminated):
            end_sessions(directory, change.instance)
            continue
        key = f"{change.instance} {HOLDER}"
        if isinstance(change, Held):
            directory.put(
                Association(
                    account=change.account,
                    resource=change.instance,
                    holder=HOLDER,
                    role_id=change.role_id,
                    profile_id=change.profile_id,
                    service=EC2,
                    created=now,
                )
            )
            continue
        held = directory.by_key(Association, change.account, key)
        if held is not None:
            directory.delete(held)


def drop(directory: Directory, restored: frozenset[str] = frozenset()) -> int:
    """Ends every association of a resource that is no more; returns how many there were.

    For start-up: the instances of the last run are gone, so nothing may hold their roles any longer; but for
    those of the moto packages that are restored.
    """
    gone = [
        held
        for held in directory.everywhere(Association)
        if held.holder in _EMBEDDED_HOLDERS and _package(held) not in restored
    ]
    for held in gone:
        end_sessions(directory, held.resource)
        directory.delete(held)
    return len(gone)


def _package(held: Association) -> str:
    """moto's package for the resource that holds a role."""
    service = held.resource.split(":", 3)[2] if held.resource.count(":") > 2 else ""
    return {"lambda": "awslambda"}.get(service, service)
