"""ECS: an agent that starts tasks with the roles that they were passed, and keeps services at their count.

A task's execution role is taken for what ECS itself needs before the task runs (secrets, the registry's
token, the log streams), its task role for the task's own credentials, both as ecs-tasks.amazonaws.com.
Containers are not run: a running task is one that has credentials. Services are scheduled as
AWSServiceRoleForECS.
Source: ECS Developer Guide, "Task execution IAM role", "Task IAM role", "Stopped tasks error codes",
"Service event messages", "Service throttle logic"; texts also from reports of live tasks
(terraform-aws-modules/terraform-aws-ecs pull requests 112, 145, 313).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.catalog.services import linked_roles
from passrole.services.agents import Ports, Told
from passrole.services.operation import ActAs, Output
from passrole.services.tasks import ECS, ECS_TASKS, Container, Task, Tasks, TaskService, unusable
from passrole.services.workloads.rounds import Tried, WhenChanged
from passrole.state.entities import Role
from passrole.state.store import StoreUnavailable
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

SCHEDULER: Final = "ecs-service-scheduler"  # the scheduler's session name

_SECONDS: Final = 6 * 3600  # Source: ECS Developer Guide, "Task IAM role": renewed before six hours

_ECR: Final = re.compile(r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/", re.ASCII)

_RETRIEVAL: Final = (
    "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve"
)
_RETRIED: Final = "service call has been retried 1 time(s)"


@dataclass(slots=True)
class _Tried(Tried):
    """What the agent remembers of a service."""

    act: ActAs | None = None
    known: frozenset[str] = frozenset()  # its tasks (ARNs), as of the last look
    lost: int = 0  # tasks that have failed, as of the last look


class CannotStart(Exception):
    """A task that cannot be started; the text is its stoppedReason."""


class TaskRoles:
    """One task for all of ECS; it sleeps while nothing changes and nothing has failed."""

    def __init__(self, ports: Ports, tasks: Tasks) -> None:
        self._tasks = tasks
        self._directory = ports.directory
        self._acting = ports.acting
        self._assume = ports.assume
        self._ids = ports.ids
        self._commit = ports.commit
        self._rounds: WhenChanged[_Tried] = WhenChanged("ecs", self._look)
        self._tried = self._rounds.tried
        self.watches: Mapping[str, Told] = {
            "ecs": self._rounds.told,
            **dict.fromkeys(("iam", "logs", "secretsmanager", "ssm", "ec2"), self._rounds.told_of_rights),
        }

    def start(self) -> None:
        """On the event loop that the gateway runs on; services of an earlier run go on."""
        self._rounds.start()

    def reset(self) -> None:
        """Its tasks are gone."""
        self._tried.clear()

    async def stop(self) -> None:
        """Returns once no task is being started any more: what has begun is finished."""
        await self._rounds.stop()

    async def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for task in self._tasks.starting():
            if self._rounds.stopping:
                return
            await self._start(task)
        services = self._tasks.services()
        for gone in self._tried.keys() - {service.arn for service in services}:
            del self._tried[gone]
        for service in services:
            if self._rounds.stopping:
                return
            await self._keep(service, loop)

    # Tasks

    async def _start(self, task: Task) -> None:
        try:
            await self._prepare(task)
            await self._take(task, task.task_role)
        except CannotStart as problem:
            await self._tasks.failed(task, str(problem))
        else:
            await self._tasks.started(task)
        if self._tasks.settle(self._directory, task.account, task.region):
            with suppress(StoreUnavailable):  # the gateway finds out, too, and reads the state back
                await self._commit(())
        self._rounds.again()  # its service may have to be told

    async def _prepare(self, task: Task) -> None:
        """What the execution role is for. Raises CannotStart."""
        secrets = [each for one in task.containers for each in one.secrets]
        registry = task.fargate and any(_ECR.match(one.image) for one in task.containers)
        logged = [one for one in task.containers if one.log]
        if not task.execution_role or not (secrets or registry or logged):
            return
        act = await self._take(task, task.execution_role)
        if act is None:
            return
        if registry:
            await self._asked(
                act,
                "ecr",
                "GetAuthorizationToken",
                {},
                f"{_RETRIEVAL} ecr registry auth: {_RETRIED}",
            )
        for secret in secrets:
            await self._secret(act, secret)
        for container in logged:
            await self._stream(act, task, container)

    async def _take(self, task: Task, role_arn: str) -> ActAs | None:
        """Credentials of the role for the task; None where it has no such role. Raises CannotStart."""
        if not role_arn:
            return None
        cannot = CannotStart(unusable(role_arn))
        role = role_of_arn(self._directory, role_arn)
        if role is None:
            raise cannot
        try:
            taken = await self._assume.assume(
                ECS_TASKS,
                role,
                session_name=task.id,
                workload=task.arn,
                seconds=_SECONDS,
                region=task.region,
                context={},
            )
        except StoreUnavailable as error:
            raise CannotStart(f"InternalError: {error}") from error
        if isinstance(taken, Refusal):
            raise cannot
        return self._acting.with_session(taken, ECS_TASKS, task.region)

    async def _secret(self, act: ActAs, secret: str) -> None:
        if ":secretsmanager:" in secret:
            arn = ":".join(secret.split(":")[:7])  # a key of its JSON, a stage and a version may follow
            said = (
                f"{_RETRIEVAL} secret from asm: {_RETRIED}: failed to fetch secret {arn} from secrets manager"
            )
            await self._asked(act, "secretsmanager", "GetSecretValue", {"SecretId": arn}, said)
            return
        name = secret.partition(":parameter")[2] if secret.startswith("arn:") else secret
        said = f"{_RETRIEVAL} secrets from ssm: {_RETRIED}"
        given = {"Names": [name], "WithDecryption": True}
        output = await self._asked(act, "ssm", "GetParameters", given, said)
        missing = output.get("InvalidParameters")
        if missing:
            raise CannotStart(
                f"ResourceInitializationError: {_RETRIEVAL} secrets from ssm: invalid ssm parameters: {name}"
            )

    async def _stream(self, act: ActAs, task: Task, container: Container) -> None:
        """The container's log stream, ``PREFIX/CONTAINER/TASK``, and its group where ECS is to make it."""
        said = "failed to validate logger args: create stream has been retried 1 times"
        group = container.log.get("awslogs-group", "")
        if container.log.get("awslogs-create-group") == "true":
            head = f"{said}: failed to create Cloudwatch log group"
            await self._asked(act, "logs", "CreateLogGroup", {"logGroupName": group}, head, exists=True)
        prefix = container.log.get("awslogs-stream-prefix")
        stream = f"{prefix}/{container.name}/{task.id}" if prefix else task.id
        given = {"logGroupName": group, "logStreamName": stream}
        head = f"{said}: failed to create Cloudwatch log stream"
        await self._asked(act, "logs", "CreateLogStream", given, head, exists=True, end=" : exit status 1")

    async def _asked(
        self,
        act: ActAs,
        service: str,
        operation: str,
        given: Mapping[str, object],
        said: str,
        *,
        exists: bool = False,
        end: str = "",
    ) -> Output:
        """A call with the execution role. exists: what it makes may be there. Raises CannotStart."""
        try:
            return await act.call(service, operation, given)
        except ServiceError as error:
            if exists and error.code == "ResourceAlreadyExistsException":
                return {}
            called = f"status code: {error.status}, request id: {self._ids.uuid()}"
            raise CannotStart(
                f"ResourceInitializationError: {said}: {error.code}: {error.message} {called}{end}"
            ) from error

    # Services

    async def _keep(self, service: TaskService, loop: asyncio.AbstractEventLoop) -> None:
        """Brings a service nearer to its count."""
        there = frozenset((*service.current, *service.outdated))
        one = self._tried.setdefault(service.arn, _Tried(known=there, lost=service.failed))
        new = sorted(there - one.known)
        one.known = there
        if new:
            await self._tasks.tell(service, f"(service {service.name}) has started {_tasks(new, 'tasks')}.")
        if service.failed > one.lost:
            one.lost = service.failed
            one.tried = loop.time()
            one.failed(one.tried)
            event = f"(service {service.name}) is unable to consistently start tasks successfully."
            await self._tasks.tell(service, event)
        missing = service.desired - len(service.current)
        leaving = [*service.outdated, *service.current[service.desired :]] if missing <= 0 else []
        if leaving:
            await self._tasks.stop(service, leaving)
            if self._tasks.settle(self._directory, service.account, service.region):
                with suppress(StoreUnavailable):
                    await self._commit(())
            stopped = _tasks(leaving, "running tasks")
            await self._tasks.tell(service, f"(service {service.name}) has stopped {stopped}.")
            self._rounds.again()
        elif missing <= 0:
            one.failures = 0
            if service.desired:
                await self._tasks.tell(service, f"(service {service.name}) has reached a steady state.")
        elif not one.failures or one.due <= loop.time():
            one.tried = loop.time()
            problem = await self._place(service, one, missing)
            if problem:
                one.tried = loop.time()
                one.failed(one.tried)
                await self._tasks.tell(
                    service, f"(service {service.name}) was unable to place a task. Reason: {problem}"
                )
            else:
                self._rounds.again()  # the tasks are to be started

    async def _place(self, service: TaskService, one: _Tried, number: int) -> str:
        """Places tasks; returns why it could not."""
        linked = linked_roles()[ECS]
        role = self._directory.get(Role, service.account, linked.role_name)
        arn = f"arn:aws:iam::{service.account}:role{linked.path}{linked.role_name}"
        cannot = f"ECS was unable to assume the role '{arn}'."
        if role is None or role.arn != arn:
            return cannot
        try:
            act = await self._acting.with_role(
                ECS,
                role,
                session_name=SCHEDULER,
                source_arn=service.arn,
                region=service.region,
                replaces=one.act,
            )
            if isinstance(act, Refusal):
                one.act = None
                return cannot
            one.act = act
            if service.subnets:
                await act.call("ec2", "DescribeSubnets", {"SubnetIds": list(service.subnets)})
        except ServiceError as error:
            return error.message
        return await self._tasks.place(service, number)


def _tasks(arns: list[str], what: str) -> str:
    """``2 running tasks: (task ID) (task ID)``."""
    named = " ".join(f"(task {arn.rsplit('/', 1)[-1]})" for arn in arns)
    return f"{len(arns)} {what}: {named}"
