"""RDS Enhanced Monitoring: an agent that acts with the role that each instance was passed.

Every interval it takes the role as monitoring.rds.amazonaws.com, so the trust policy counts as it is then,
and writes one document to the log group RDSOSMetrics with the role's own rights. A role that has lost its
policy is refused at its next document; the one after it has got it back is written again.
Source: RDS User Guide, "Monitoring OS metrics with Enhanced Monitoring".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports, Told
from passrole.services.databases import LOG_GROUP, MONITORING, Databases, MonitoredDatabase
from passrole.services.operation import ActAs
from passrole.services.workloads import machine
from passrole.services.workloads.machine import Sample
from passrole.services.workloads.os_metrics import document
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

RETENTION_DAYS: Final = 30
SESSION_NAME: Final = "RDSOSMetrics"

# A minute's wait for the first document would look like a fault; figures need an interval to speak of.
_FIRST: Final = 1.0


@dataclass(slots=True)
class _Watched:
    """An instance with what the agent keeps of it. due is in the loop's seconds."""

    database: MonitoredDatabase
    due: float
    before: Sample | None = None
    act: ActAs | None = None
    problem: str = ""


class EnhancedMonitoring:
    """One task for all instances; it sleeps until a document is due, or for good while there is none."""

    # Its databases tell it of changes themselves: RDS makes some of them without a call.
    watches: Final[Mapping[str, Told]] = {}

    def __init__(
        self, ports: Ports, databases: Databases, sample: Callable[[], Sample] = machine.sample
    ) -> None:
        self._databases = databases
        self._directory = ports.directory
        self._acting = ports.acting
        self._now = ports.machine
        self._sample = sample
        self._watched: dict[str, _Watched] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._databases.subscribe(self._changed.set)
        self._changed.set()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="enhanced-monitoring")

    def reset(self) -> None:
        """Its instances are gone, which it sees by looking."""
        self._changed.set()

    async def stop(self) -> None:
        """Returns once no document is being written any more."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            next_due = min((one.due for one in self._watched.values()), default=None)
            with suppress(TimeoutError):
                wait = None if next_due is None else max(0.0, next_due - loop.time())
                await asyncio.wait_for(self._changed.wait(), wait)
            if self._changed.is_set():
                self._changed.clear()
                self._look(loop.time())
            due = [one for one in self._watched.values() if one.due <= loop.time()]
            if due:
                await self._report(due)

    def _look(self, now: float) -> None:
        """Takes up new instances, drops those that are gone; a changed interval begins anew."""
        found = self._databases.monitored()
        for arn in self._watched.keys() - found.keys():
            del self._watched[arn]
        for arn, database in found.items():
            known = self._watched.get(arn)
            if known is None or known.database.resource_id != database.resource_id:
                self._watched[arn] = _Watched(database, due=now)
            elif known.database != database:
                if known.database.interval != database.interval:
                    known.due = now + min(database.interval, _FIRST)
                known.database = database

    async def _report(self, due: list[_Watched]) -> None:
        loop = asyncio.get_running_loop()
        after = await asyncio.to_thread(self._sample)
        for one in due:
            if one.before is None:
                one.due = loop.time() + min(one.database.interval, _FIRST)
                one.before = after
                continue
            # From when it was due, so that documents keep their pace; never a burst to make up for lost ones,
            # nor two of one second, which is all that a document tells of its time.
            one.due = max(one.due + one.database.interval, loop.time() + _FIRST)
            before, one.before = one.before, after
            text = document(one.database, before, after, self._now())
            try:
                problem = await self._write(one, text.decode())
            except ServiceError as error:
                problem = str(error)
            if problem and problem != one.problem:
                log.info("no OS metrics of %s: %s", one.database.arn, problem)
            one.problem = problem

    async def _write(self, one: _Watched, text: str) -> str:
        """Writes a document; returns why it could not take the role. Raises ServiceError of Logs."""
        database = one.database
        if self._watched.get(database.arn) is not one:
            return ""  # deleted while another's document was written
        role = role_of_arn(self._directory, database.role_arn)
        if role is None:
            return f"there is no role {database.role_arn}"
        taken = await self._acting.with_role(
            MONITORING,
            role,
            session_name=SESSION_NAME,
            source_arn=database.arn,
            region=database.region,
            replaces=one.act,
        )
        if isinstance(taken, Refusal):
            one.act = None
            return taken.sentence()
        one.act = taken
        stream = {"logGroupName": LOG_GROUP, "logStreamName": database.resource_id}
        event = {"timestamp": int(self._now().timestamp() * 1000), "message": text}
        put: Mapping[str, object] = {**stream, "logEvents": [event]}
        try:
            await taken.call("logs", "PutLogEvents", put)
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            await _make(taken, stream)
            await taken.call("logs", "PutLogEvents", put)
        return ""


async def _make(act: ActAs, stream: Mapping[str, str]) -> None:
    """The log group, kept for thirty days where it is new, and the stream. Raises ServiceError."""
    group = {"logGroupName": stream["logGroupName"]}
    try:
        await act.call("logs", "CreateLogGroup", group)
    except ServiceError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
    else:
        await act.call("logs", "PutRetentionPolicy", {**group, "retentionInDays": RETENTION_DAYS})
    try:
        await act.call("logs", "CreateLogStream", stream)
    except ServiceError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
