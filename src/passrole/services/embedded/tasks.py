"""moto's ECS tasks and services as the agent knows them, and what the agent tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.resources import role_of_arn
from passrole.catalog.services import linked_roles
from passrole.passing.role_passes import role_passes
from passrole.passing.rule import service_may_assume
from passrole.services.embedded.tables import backend, every_backend
from passrole.services.tasks import (
    ECS,
    ECS_TASKS,
    EXECUTION_ROLE,
    TASK_ROLE,
    Container,
    Task,
    TaskService,
    unusable,
)
from passrole.state.directory import Directory
from passrole.state.entities import Association, Role
from passrole.state.sessions import end_sessions
from passrole.values.errors import ServiceError

_STARTS: Final = frozenset(("RunTask", "StartTask"))
_HOLDERS: Final[Mapping[str, str]] = {TASK_ROLE: "task_role_arn", EXECUTION_ROLE: "execution_role_arn"}


class ClientException(ServiceError):
    """ECS's ClientException."""

    code, status = "ClientException", 400


class InvalidParameter(ServiceError):
    """ECS's InvalidParameterException."""

    code, status = "InvalidParameterException", 400


def check(call: Call, directory: Directory, facts: ResourceFacts) -> None:
    """Raises ECS's error where it could not take the roles of the tasks that a call starts, or its own."""
    if call.operation in _STARTS:
        for passed in role_passes(call, directory, facts):
            if ECS_TASKS not in passed.services:
                continue
            judged = service_may_assume(
                ECS_TASKS, str(passed.role), call.account, directory, facts, region=call.region
            )
            if not passed.role_id or not judged.decision.allowed:
                raise ClientException(unusable(str(passed.role)))
    if call.operation == "CreateService" and _own_role(directory, call.account) is None:
        raise InvalidParameter(
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
        )


def _own_role(directory: Directory, account: str) -> Role | None:
    found = directory.get(Role, account, linked_roles()[ECS].role_name)
    return found if found is not None and found.path == linked_roles()[ECS].path else None


class EmbeddedTasks:
    """``services.tasks.Tasks`` over moto.

    used says whether moto is loaded at all; place waits for an account's tables in a region.
    """

    def __init__(
        self, used: Callable[[], bool], place: Callable[[str, str], AbstractAsyncContextManager[None]]
    ) -> None:
        self._used = used
        self._place = place
        # Of each account and region what the directory holds: (task's ARN, holder) -> the role's ARN.
        self._settled: dict[tuple[str, str], dict[tuple[str, str], str]] = {}

    def starting(self) -> Sequence[Task]:
        """See Tasks."""
        return [
            _task(account, region, kept, task)
            for account, region, kept in self._backends()
            for task in _tasks(kept)
            if task.last_status == "PROVISIONING"
        ]

    def services(self) -> Sequence[TaskService]:
        """See Tasks."""
        return [
            _service(account, region, kept, service)
            for account, region, kept in self._backends()
            for service in list(kept.services.values())
            if service.status == "ACTIVE" or kept.tasks_of(service)
        ]

    async def started(self, task: Task) -> None:
        """See Tasks."""
        async with self._place(task.account, task.region):
            kept, found = _present(task)
            if found is not None and found.last_status == "PROVISIONING":
                at = datetime.now(UTC).replace(tzinfo=None)
                found.to("RUNNING", started_at=at, connectivity="CONNECTED", connectivity_at=at)
                kept.count()

    async def failed(self, task: Task, reason: str) -> None:
        """See Tasks."""
        async with self._place(task.account, task.region):
            kept, found = _present(task)
            if found is not None and found.last_status == "PROVISIONING":
                kept.end(found, reason, "TaskFailedToStart")

    async def place(self, service: TaskService, number: int) -> str:
        """See Tasks."""
        async with self._place(service.account, service.region):
            kept = backend("ecs", service.account, service.region)
            found = kept.service_of(service.arn) if kept is not None else None
            if found is None or found.status != "ACTIVE":
                return ""
            problem: str = kept.place(found, number)
            return problem

    async def stop(self, service: TaskService, tasks: Sequence[str]) -> None:
        """See Tasks."""
        async with self._place(service.account, service.region):
            kept = backend("ecs", service.account, service.region)
            found = kept.service_of(service.arn) if kept is not None else None
            if found is None:
                return
            deployment = found.deployments[0]["id"] if found.deployments else found.name
            for task in kept.tasks_of(found):
                if task.task_arn in tasks:
                    reason = f"Scaling activity initiated by (deployment {deployment})"
                    kept.end(task, reason, "ServiceSchedulerInitiated")

    async def tell(self, service: TaskService, event: str) -> None:
        """See Tasks."""
        async with self._place(service.account, service.region):
            kept = backend("ecs", service.account, service.region)
            found = kept.service_of(service.arn) if kept is not None else None
            if found is not None:
                kept.tell(found, event)

    def settle(self, directory: Directory, account: str, region: str) -> bool:
        """See Tasks."""
        before = self._settled.get((account, region), {})
        kept = backend("ecs", account, region)
        held = dict(_holding(kept)) if kept is not None else {}
        if before == held:
            return False
        for arn, holder in before.keys() - held.keys():
            known = directory.by_key(Association, account, f"{arn} {holder}")
            if known is not None:
                directory.delete(known)
            end_sessions(directory, arn)
        for (arn, holder), role_arn in held.items():
            if before.get((arn, holder)) != role_arn:
                role = role_of_arn(directory, role_arn)
                directory.put(
                    Association(
                        account=account,
                        resource=arn,
                        holder=holder,
                        role_id=role.id if role is not None else "",
                        service=ECS_TASKS,
                        created=datetime.now(UTC),
                    )
                )
        self._settled[(account, region)] = held
        return True

    def restored(self) -> None:
        """moto's tasks are back, and the directory knows what they hold."""
        for account, region, kept in every_backend("ecs"):
            self._settled[(account, region)] = dict(_holding(kept))

    def forget(self) -> None:
        """Every task is gone."""
        self._settled.clear()

    def _backends(self) -> Iterator[tuple[str, str, Any]]:
        return every_backend("ecs") if self._used() else iter(())


def _present(task: Task) -> tuple[Any, Any]:
    kept = backend("ecs", task.account, task.region)
    return kept, next((one for one in _tasks(kept) if one.id == task.id), None) if kept is not None else None


def _tasks(kept: Any) -> Iterator[Any]:
    for tasks in list(kept.tasks.values()):
        yield from list(tasks.values())


def _holding(kept: Any) -> Iterator[tuple[tuple[str, str], str]]:
    for task in _tasks(kept):
        if task.last_status == "RUNNING":
            for holder in _HOLDERS:
                role = _role(kept, task, holder)
                if role:
                    yield (str(task.task_arn), holder), role


def _role(kept: Any, task: Any, holder: str) -> str:
    """The ARN of a task's role: its override's, else its definition's."""
    definition = kept.describe_task_definition(task.task_definition_arn)
    text = str(task.overrides.get(holder) or getattr(definition, _HOLDERS[holder], None) or "")
    return text if not text or text.startswith("arn:") else f"arn:aws:iam::{kept.account_id}:role/{text}"


def _task(account: str, region: str, kept: Any, task: Any) -> Task:
    definition = kept.describe_task_definition(task.task_definition_arn)
    return Task(
        arn=str(task.task_arn),
        id=str(task.id),
        account=account,
        region=region,
        fargate=task.container_instance_arn is None,
        task_role=_role(kept, task, TASK_ROLE),
        execution_role=_role(kept, task, EXECUTION_ROLE),
        containers=tuple(_container(one) for one in definition.container_definitions),
    )


def _container(given: Mapping[str, Any]) -> Container:
    logging = given.get("logConfiguration") or {}
    secrets = [*(given.get("secrets") or ()), *(logging.get("secretOptions") or ())]
    credentials = (given.get("repositoryCredentials") or {}).get("credentialsParameter")
    return Container(
        name=str(given.get("name")),
        image=str(given.get("image") or ""),
        log=dict(logging.get("options") or {}) if logging.get("logDriver") == "awslogs" else {},
        secrets=tuple([str(one["valueFrom"]) for one in secrets] + ([credentials] if credentials else [])),
    )


def _service(account: str, region: str, kept: Any, service: Any) -> TaskService:
    tasks = kept.tasks_of(service)
    network = (service.network_configuration or {}).get("awsvpcConfiguration") or {}
    ended = [
        one
        for one in kept.tasks.get(service.cluster_name, {}).values()
        if one.group == f"service:{service.name}"
    ]
    return TaskService(
        arn=str(service.arn),
        name=str(service.name),
        account=account,
        region=region,
        desired=int(service.desired_count or 0) if service.status == "ACTIVE" else 0,
        current=tuple(one.task_arn for one in tasks if one.task_definition_arn == service.task_definition),
        outdated=tuple(one.task_arn for one in tasks if one.task_definition_arn != service.task_definition),
        awsvpc=bool(network),
        subnets=tuple(network.get("subnets") or ()),
        failed=sum(getattr(one, "stop_code", "") == "TaskFailedToStart" for one in ended),
    )
