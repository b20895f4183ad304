"""What the service ECS must know of tasks and services, and what it tells them, whoever keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from passrole.state.directory import Directory

ECS: Final = "ecs.amazonaws.com"
ECS_TASKS: Final = "ecs-tasks.amazonaws.com"

TASK_ROLE: Final = "taskRoleArn"  # what tasks hold their roles by
EXECUTION_ROLE: Final = "executionRoleArn"


def unusable(role: str) -> str:
    """What ECS says of a role (its ARN) that it cannot take for a task.

    Source: aws-modern-application-workshop issue 149, boto3 issue 1878.
    """
    return (
        f"ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the"
        " role being passed has the proper trust relationship and permissions and that your IAM user has"
        " permissions to pass this role."
    )


@dataclass(frozen=True, slots=True)
class Container:
    """A container definition, as far as the execution role has to do with it.

    log holds the options of awslogs, nothing for other drivers.
    """

    name: str
    image: str
    log: Mapping[str, str]
    secrets: tuple[str, ...]  # ARNs of secrets and parameters, and names of parameters


@dataclass(frozen=True, slots=True)
class Task:
    """A task that is to be started."""

    arn: str
    id: str
    account: str
    region: str
    fargate: bool
    task_role: str  # ARNs; "" where there is none
    execution_role: str
    containers: tuple[Container, ...]


@dataclass(frozen=True, slots=True)
class TaskService:
    """An ECS service. current and outdated are its tasks that are starting or running, oldest first: of
    its task definition, and of an earlier one.
    """

    arn: str
    name: str
    account: str
    region: str
    desired: int
    current: tuple[str, ...]
    outdated: tuple[str, ...]
    awsvpc: bool
    subnets: tuple[str, ...]
    failed: int  # tasks that could not be started, so far


class Tasks(Protocol):
    """The tasks and services that are there."""

    def starting(self) -> Sequence[Task]:
        """Tasks that have been placed and do nothing yet."""

    def services(self) -> Sequence[TaskService]:
        """All services that are to be kept at their count, and those that still have tasks."""

    async def started(self, task: Task) -> None:
        """The task runs: it has credentials. Its containers are not run."""

    async def failed(self, task: Task, reason: str) -> None:
        """The task could not be started, and has stopped."""

    async def place(self, service: TaskService, number: int) -> str:
        """Places more tasks of the service's definition; returns why not, "" where it did."""

    async def stop(self, service: TaskService, tasks: Sequence[str]) -> None:
        """Stops tasks (ARNs) that the service has too many."""

    async def tell(self, service: TaskService, event: str) -> None:
        """An event of the service, unless its newest says the same."""

    def settle(self, directory: Directory, account: str, region: str) -> bool:
        """Which running tasks hold which roles, in the directory's transaction; did anything change?"""
