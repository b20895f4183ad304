"""Events that trails write to CloudWatch Logs, with the roles that they were passed.

What cannot be written is not kept for later. Source: CloudTrail User Guide, "Sending events to CloudWatch
Logs".
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports
from passrole.services.cloudtrail.destinations import CLOUDTRAIL
from passrole.services.operation import ActAs
from passrole.services.workloads.trails.files import File
from passrole.state.trail import Event
from passrole.state.trails import TrailDefinition
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

_SESSION_SECONDS: Final = 3600
_SESSION_NAME: Final = "CloudTrail"

# Bounds of one PutLogEvents call. Source: CloudWatch Logs API Reference.
_LOG_EVENTS: Final = 1000
_LOG_BYTES: Final = 1_000_000
_LOG_EVENT_EXTRA: Final = 26


@dataclass(frozen=True, slots=True)
class _Taken:
    """A role that was taken for a trail, used until shortly before its session ends."""

    act: ActAs
    role: str
    region: str
    until: datetime


class LogGroups:
    """Writes to them, for all trails."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._directory = ports.directory
        self._taken: dict[str, _Taken] = {}  # by the trail's ARN

    def forget(self, trail: str) -> None:
        """The trail of that ARN is gone."""
        self._taken.pop(trail, None)

    async def write(self, trail: TrailDefinition, files: Sequence[File]) -> str:
        """Every event as a log event. Returns why it could not be written, "" where all were."""
        region = trail.log_group.split(":")[3]
        act = await self._role(trail, region)
        if isinstance(act, str):
            return act
        group = trail.log_group.split(":")[6]
        for file in files:
            stream = f"{file.account}_CloudTrail_{file.region}"
            for events in _batches(file.events):
                try:
                    await _put_events(act, {"logGroupName": group, "logStreamName": stream}, events)
                except ServiceError as error:
                    self._taken.pop(trail.arn, None)  # the next round takes the role anew
                    log.info("%s: not written to %s: %s", trail.arn, trail.log_group, error)
                    return "AccessDenied" if "AccessDenied" in error.code else error.code
        return ""

    async def _role(self, trail: TrailDefinition, region: str) -> ActAs | str:
        """The role that the trail was passed, kept for an hour; or why it cannot be taken."""
        now = self._ports.now()
        held = self._taken.get(trail.arn)
        if held is not None and (held.role, held.region) == (trail.log_role, region) and now < held.until:
            return held.act
        role = role_of_arn(self._directory, trail.log_role)
        if role is None:
            return "AccessDenied"
        taken = await self._ports.acting.with_role(
            CLOUDTRAIL,
            role,
            session_name=_SESSION_NAME,
            source_arn=trail.arn,
            region=region,
            seconds=_SESSION_SECONDS,
            replaces=held.act if held is not None else None,
        )
        if isinstance(taken, Refusal):
            self._taken.pop(trail.arn, None)
            return "AccessDenied"
        until = now + timedelta(seconds=_SESSION_SECONDS - 300)
        self._taken[trail.arn] = _Taken(taken, trail.log_role, region, until)
        return taken


def _batches(events: Iterable[Event]) -> Iterable[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    size = 0
    for event in events:
        text = event.record.decode()
        cost = len(event.record) + _LOG_EVENT_EXTRA
        if batch and (len(batch) >= _LOG_EVENTS or size + cost > _LOG_BYTES):
            yield batch
            batch, size = [], 0
        batch.append({"timestamp": int(event.time.timestamp() * 1000), "message": text})
        size += cost
    if batch:
        yield batch


async def _put_events(act: ActAs, stream: Mapping[str, str], events: list[dict[str, object]]) -> None:
    """Raises ServiceError."""
    given: Mapping[str, object] = {**stream, "logEvents": events}
    try:
        await act.call("logs", "PutLogEvents", given)
    except ServiceError as error:
        if error.code != "ResourceNotFoundException":
            raise
        await act.call("logs", "CreateLogStream", stream)
        await act.call("logs", "PutLogEvents", given)
