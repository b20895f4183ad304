"""CloudFormation at work: after a call that begins a deployment has been answered, the agent carries it out.

With a role it acts as that role, which it takes as cloudformation.amazonaws.com, the trust policy asked then;
without one with its caller's own rights, so a template cannot do what its deployer may not.
Source: CloudFormation User Guide, "CloudFormation service role".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from passrole.authorize.call import Call
from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports, Told
from passrole.services.cloudformation.custom import Answers
from passrole.services.cloudformation.deploy import Deployment, Stopped
from passrole.services.cloudformation.history import History
from passrole.services.operation import ActAs, Output
from passrole.state.directory import Directory
from passrole.state.stacks import DELETED, ChangeSet, Stack, named, resources
from passrole.state.store import StoreUnavailable
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

CLOUDFORMATION: Final = "cloudformation.amazonaws.com"
SESSION_NAME: Final = "AWSCloudFormation"
_SECONDS: Final = 3600
_RENEW: Final = timedelta(minutes=50)

_BEGIN: Final = frozenset(
    (
        "CreateStack",
        "UpdateStack",
        "DeleteStack",
        "ExecuteChangeSet",
        "RollbackStack",
        "ContinueUpdateRollback",
    )
)
_WORK: Final[Mapping[str, Callable[[Deployment], Awaitable[None]]]] = {
    "CREATE_IN_PROGRESS": Deployment.create,
    "UPDATE_IN_PROGRESS": Deployment.update,
    "DELETE_IN_PROGRESS": Deployment.delete,
    "ROLLBACK_IN_PROGRESS": Deployment.roll_creation_back,
    "UPDATE_ROLLBACK_IN_PROGRESS": Deployment.roll_update_back,
}
_CUT_SHORT: Final = "The endpoint was stopped while this was going on."


class CannotAct(Exception):
    """The stack's role cannot be taken; the text is the stack's reason."""


class RoleRights:
    """The stack's role, taken again before its credentials end: ``ActAs``."""

    def __init__(self, ports: Ports, stack: Stack) -> None:
        self._ports = ports
        self._stack = stack
        self._taken: ActAs | None = None
        self._until = ports.now()
        self._taking = asyncio.Lock()

    async def take(self) -> ActAs:
        """Raises CannotAct."""
        async with self._taking:
            if self._taken is not None and self._ports.now() < self._until:
                return self._taken
            stack = self._stack
            role = role_of_arn(self._ports.directory, stack.role_arn)
            refusal = CannotAct(f"Role {stack.role_arn} is invalid or cannot be assumed")
            if role is None:
                raise refusal
            # What is going on keeps the credentials that it began with: they are not ended here.
            taken = await self._ports.acting.with_role(
                CLOUDFORMATION,
                role,
                session_name=SESSION_NAME,
                source_arn=stack.arn,
                region=stack.region,
                seconds=_SECONDS,
            )
            if isinstance(taken, Refusal):
                raise refusal
            self._taken, self._until = taken, self._ports.now() + _RENEW
            return taken

    async def call(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """See ActAs."""
        try:
            act = await self.take()
        except CannotAct as error:
            raise ServiceError(str(error), code="AccessDenied", status=403) from error
        return await act.call(service, operation, given)

    def call_from_thread(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """Deployments work on the event loop."""
        raise RuntimeError("a deployment calls on the event loop")


class Stacks:
    """The deployments of one endpoint, each a task; a stack has one at a time."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._directory: Directory = ports.directory
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._going: dict[str, Deployment] = {}
        self._starting: asyncio.Task[None] | None = None
        self.answers = Answers(ports.url)
        self.watches: Mapping[str, Told] = {"cloudformation": self._told}

    def start(self) -> None:
        """On the event loop that the gateway runs on; what an earlier run left unfinished has failed."""
        self._starting = asyncio.get_running_loop().create_task(self._cut_short(), name="stacks")

    def reset(self) -> None:
        """The stacks are gone; what is being made fails at its next step."""
        for task in self._tasks.values():
            task.cancel()

    async def stop(self) -> None:
        """Returns once nothing is being made any more; unfinished stacks have failed at the next start."""
        tasks = [*self._tasks.values(), *((self._starting,) if self._starting is not None else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # What it hears of

    def _told(self, call: Call, output: Callable[[], Output]) -> None:
        if call.operation == "CancelUpdateStack":
            stack = self._named(call, str(call.input.get("StackName", "")))
            going = self._going.get(stack.arn) if stack is not None else None
            if going is not None:
                going.canceled = "Update cancelled by user."
        elif call.operation in _BEGIN:
            stack = self._begun(call, output)
            if stack is not None and stack.busy:
                self._begin(call, stack)

    def _begun(self, call: Call, output: Callable[[], Output]) -> Stack | None:
        if call.operation == "ExecuteChangeSet":
            name, change_set = str(call.input.get("StackName") or ""), str(call.input["ChangeSetName"])
            if change_set.startswith("arn:"):
                found = self._directory.by_key(ChangeSet, call.account, change_set)
                name = found.stack if found is not None else ""
            return self._named(call, name)
        return self._named(call, str(output().get("StackId") or call.input.get("StackName", "")))

    def _named(self, call: Call, name: str) -> Stack | None:
        return named(self._directory, call.account, call.region, name)

    def _begin(self, call: Call, stack: Stack) -> None:
        before = self._tasks.get(stack.arn)
        if before is not None and not before.done() and stack.status != "DELETE_IN_PROGRESS":
            return  # the request was one that had been made before
        going = self._going.get(stack.arn)
        if going is not None:
            going.canceled = "Delete requested by user."
        task = asyncio.get_running_loop().create_task(self._carry_out(call, stack, before))
        self._tasks[stack.arn] = task
        task.add_done_callback(lambda done: self._ended(stack.arn, done))

    def _ended(self, arn: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(arn) is task:
            del self._tasks[arn]

    # What it does

    async def _carry_out(self, call: Call, stack: Stack, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
            self._going.pop(stack.arn, None)
        act: ActAs
        deployment: Deployment | None = None
        try:
            if stack.role_arn:
                act = RoleRights(self._ports, stack)
            else:
                act = self._ports.acting.as_caller(call, CLOUDFORMATION)
            deployment = Deployment(self._ports, self.answers, stack.arn, stack.account, act)
            self._going[stack.arn] = deployment
            if isinstance(act, RoleRights):
                await act.take()
            await _WORK[stack.status](deployment)
        except CannotAct as error:
            if deployment is not None:
                await deployment.fail(str(error))
        except (Stopped, StoreUnavailable) as error:
            log.error("the deployment of %s was left: %s", stack.arn, error)
        except Exception:  # the last line before an agent's task, as before a client
            log.exception("the deployment of %s could not be carried out", stack.arn)
            await self._fail(stack, "Internal Failure")
        finally:
            if self._going.get(stack.arn) is deployment:
                self._going.pop(stack.arn, None)

    async def _fail(self, stack: Stack, reason: str) -> None:
        now = self._directory.by_key(Stack, stack.account, stack.arn)
        if now is not None and now.busy:
            self._mark_failed(now, reason)
            await self._ports.commit(())

    async def _cut_short(self) -> None:
        for stack in list(self._directory.everywhere(Stack)):
            if stack.busy and stack.arn not in self._tasks:
                self._mark_failed(stack, _CUT_SHORT)
        await self._ports.commit(())

    def _mark_failed(self, stack: Stack, reason: str) -> None:
        history, now = History(self._directory, self._ports.ids), self._ports.now()
        for one in resources(self._directory, stack.arn).values():
            if one.status.endswith("_IN_PROGRESS"):
                status = one.status.replace("_IN_PROGRESS", "_FAILED")
                history.resource(stack, replace(one, status=status, reason=reason, at=now))
        if stack.status.endswith("_CLEANUP_IN_PROGRESS"):
            status = stack.status.removesuffix("_CLEANUP_IN_PROGRESS")
        else:
            status = stack.status.replace("_IN_PROGRESS", "_FAILED")
        if status != DELETED:
            history.stack(stack, status, now, reason)
