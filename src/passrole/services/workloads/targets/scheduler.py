"""EventBridge Scheduler: schedules call their targets with the role that they were passed.

A schedule's flexible time window is not used: its target is called at once. Calls that fail are tried again,
then sent to the dead-letter queue, with the same role.
Source: Scheduler User Guide, "Managing targets in EventBridge Scheduler", "Setting up the execution role",
"Confused deputy prevention" (aws:SourceArn is the schedule group's).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from passrole.services.agents import Ports, Told
from passrole.services.targets import Handing, Schedule
from passrole.services.workloads.rounds import Ticking
from passrole.services.workloads.targets.any_call import request
from passrole.services.workloads.targets.clockwork import Clockwork
from passrole.services.workloads.targets.invoking import Invocation, Invoking, UnsupportedTarget

log = logging.getLogger(__name__)

SCHEDULER: Final = "scheduler.amazonaws.com"
TICK: Final = 1.0  # seconds between two looks at the clock
_UNIVERSAL: Final = ":scheduler:::aws-sdk:"


class Scheduler:
    """One task for all schedules."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, handing: Handing) -> None:
        self._ports = ports
        self._handing = handing
        self._invoking = Invoking(ports)
        self._clockwork = Clockwork(ports.now())
        self._ticking = Ticking("scheduler", self._look, TICK)

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._clockwork.reset(self._ports.now())
        self._ticking.start()

    def reset(self) -> None:
        """No schedule is left."""
        self._invoking.reset()
        self._clockwork.reset(self._ports.now())

    async def stop(self) -> None:
        """Returns once no target is being called any more."""
        await self._ticking.stop()
        await self._invoking.stop()

    def _look(self) -> None:
        now = self._ports.now()
        schedules = {one.arn: one for one in self._handing.schedules()}
        asked = [(one.arn, one.expression, one.timezone) for one in schedules.values()]
        for arn, when in self._clockwork.due(now, asked).items():
            schedule = schedules[arn]
            if (schedule.start is None or schedule.start <= when) and (
                schedule.end is None or when <= schedule.end
            ):
                self._call(schedule)
                if schedule.delete_after and schedule.expression.startswith("at("):
                    self._handing.complete(schedule)

    def _call(self, schedule: Schedule) -> None:
        target = schedule.target
        retry = target.get("RetryPolicy") or {}
        attempts = retry.get("MaximumRetryAttempts")
        arn = str(target["Arn"])
        group = f"arn:aws:scheduler:{schedule.region}:{schedule.account}:schedule-group/{schedule.group}"
        universal = _UNIVERSAL in arn
        asked = Invocation(
            service=SCHEDULER,
            source_arn=group,
            region=schedule.region,
            # A universal target's ARN names no place: the call is made where the schedule is.
            target=f"arn:aws:scheduler:{schedule.region}:{schedule.account}:{arn.rpartition(':::')[2]}"
            if universal
            else arn,
            payload=str(target.get("Input") or "{}"),
            role_arn=str(target.get("RoleArn") or ""),
            session_name=schedule.name,
            parameters=target,
            retries=attempts if isinstance(attempts, int) else 185,
            dead_letters=str((target.get("DeadLetterConfig") or {}).get("Arn") or ""),
            buries=True,
        )
        if not universal:
            self._invoking.later(asked)
            return
        try:
            self._invoking.later(asked, [request(arn, str(target.get("Input") or ""))])
        except UnsupportedTarget as error:
            log.info("%s: %s", schedule.arn, error)
