"""When keys, users and roles were last used, and for which services.

Written by the gateway for every authenticated call, coarsely: a row changes at most once a
minute, so that reads stay reads. AWS is later still (up to four hours).
Source: IAM User Guide, "Refine permissions in AWS using last accessed information".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Final

import msgspec

from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Entity, Role, User, register

_RESOLUTION: Final = timedelta(minutes=1)
USED_BY: Final = "used-by"  # user or role id -> last uses

# Source: same page: "iam:PassRole is not tracked".
_UNTRACKED: Final = frozenset({"iam:PassRole"})


class ActionUse(msgspec.Struct, frozen=True):
    """When and where an action was last asked for."""

    time: datetime
    region: str


@register
class ServiceUse(Entity, frozen=True, kw_only=True):
    """A user's or role's last call of one service, and of each action of it."""

    kind: ClassVar[str] = "service-use"
    entity_id: str
    service: str  # namespace as policies have it: "ec2"
    time: datetime
    region: str
    actions: Mapping[str, ActionUse] = {}

    @property
    def key(self) -> str:
        return f"{self.entity_id} {self.service}"

    def refers(self) -> Iterator[tuple[str, str]]:
        yield USED_BY, self.entity_id


def note_use(
    directory: Directory,
    entity: User | Role | None,
    key_id: str,
    *,
    action: str,
    region: str,
    now: datetime,
) -> None:
    """Remembers that an entity (None for the root) asked for an action with that access key.

    action is as policies name it (``ec2:RunInstances``), whether it was allowed or not.
    """
    now = now.replace(microsecond=0)
    service, _, name = action.partition(":")
    if not key_id.startswith("ASIA"):
        key = directory.by_id(AccessKey, key_id)
        if key is not None and _due(key.last_used, now):
            used = msgspec.structs.replace(
                key, last_used=now, last_used_region=region, last_used_service=service
            )
            directory.put(used)
    if entity is None or action in _UNTRACKED or directory.by_id(type(entity), entity.id) is None:
        return  # nothing to remember of the root, nor of whom this very call deleted
    if isinstance(entity, Role):
        role = directory.by_id(Role, entity.id)
        if role is not None and _due(role.last_used, now):
            directory.put(msgspec.structs.replace(role, last_used=now, last_used_region=region))
    known = directory.by_key(ServiceUse, entity.account, f"{entity.id} {service}")
    if known is None:
        known = ServiceUse(
            account=entity.account, entity_id=entity.id, service=service, time=now, region=region
        )
    elif name in known.actions and not _due(known.actions[name].time, now):
        return
    actions = {**known.actions, name: ActionUse(now, region)}
    directory.put(msgspec.structs.replace(known, time=now, region=region, actions=actions))


def forget(directory: Directory, entity_id: str) -> None:
    """Drops what is kept about a deleted entity."""
    for use in directory.referring(USED_BY, entity_id):
        directory.delete(use)


def _due(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= _RESOLUTION
