"""Step Functions: the calls of executions, with the role that the state machine was passed.

The role is taken by states.amazonaws.com for the state machine, and asked anew once its trust policy has
changed; its rights are asked at each call. Source: Step Functions Developer Guide, "How AWS Step Functions
works with IAM".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from passrole.services.agents import Ports, Told
from passrole.services.operation import Output
from passrole.services.targets import RunningMachine
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.values.errors import ServiceError

STATES: Final = "states.amazonaws.com"

# AWS takes a task's own role with the rights of the machine's role (sts:AssumeRole), not as the service: to
# take it as the service would give away a role that nobody has passed.
_OTHER_ROLE: Final = "Only the state machine's own role is used here: a Task's Credentials are not."


class RoleNotTaken(ServiceError):
    """The role does not admit Step Functions, or is gone. Source of the text: Step Functions' executions."""

    code, status = "AccessDeniedException", 400


class StateMachineCalls:
    """``services.targets.MachineCalls``; called from the threads of executions."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._invoking = Invoking(ports)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._loop = asyncio.get_running_loop()

    def reset(self) -> None:
        """No state machine is left; executions that run on are refused the role."""
        self._invoking.reset()

    async def stop(self) -> None:
        """Executions call nothing any more."""
        self._loop = None
        await self._invoking.stop()

    def call(
        self, running: RunningMachine, region: str, service: str, operation: str, given: Mapping[str, object]
    ) -> Output:
        """See MachineCalls."""
        if self._loop is None:
            raise RoleNotTaken("The endpoint is being stopped.")
        return asyncio.run_coroutine_threadsafe(
            self._call(running, region, service, operation, given), self._loop
        ).result()

    async def _call(
        self, running: RunningMachine, region: str, service: str, operation: str, given: Mapping[str, object]
    ) -> Output:
        if running.task_role:
            raise RoleNotTaken(_OTHER_ROLE)
        asked = Invocation(
            service=STATES,
            source_arn=running.machine,
            region=region,
            target=running.machine.replace(f":{running.region}:", f":{region}:"),
            payload="",
            role_arn=running.role_arn,
            session_name=self._ports.ids.uuid().replace("-", ""),
        )
        act = await self._invoking.act(asked, running.account)
        if isinstance(act, Failure):
            raise RoleNotTaken(
                f"Neither the global service principal {STATES}, nor the regional one is authorized to assume"
                f" the provided role."
            )
        return await act.call(service, operation, given)
