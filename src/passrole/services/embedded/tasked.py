"""moto's ECS whose tasks start and stop when they are told to, and whose services have tasks.

moto calls a task RUNNING as soon as it is asked for, moves it on whenever somebody looks, and starts no tasks
of a service. Imports moto's ECS, so ``seams`` imports it only once that has been.
Texts: ECS Developer Guide, "Stopped tasks error codes", "Service event messages"; ECS API Reference.
"""

from __future__ import annotations

import uuid
from copy import copy
from datetime import UTC, datetime
from typing import Any, Final

from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import Container, EC2ContainerServiceBackend, Service, Task

PROVISIONING: Final = "PROVISIONING"
RUNNING: Final = "RUNNING"
STOPPED: Final = "STOPPED"

NO_INSTANCES: Final = "No Container Instances were found in your cluster."
_KEPT_EVENTS: Final = 100  # Source: ECS Developer Guide, "Viewing Amazon ECS service event messages"


def now() -> datetime:
    """As moto keeps times: UTC, naive."""
    return datetime.now(UTC).replace(tzinfo=None)


class StartingTask(Task):
    """A task that waits to be started. last_status is what it was set to, whoever looks."""

    last_status = PROVISIONING  # moto's is a property that moves on

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        definition = self._backend.describe_task_definition(self.task_definition_arn)
        self.containers = [_container(self, definition, one) for one in definition.container_definitions]
        self.cpu, self.memory = definition.cpu, definition.memory
        self.created_at = now()
        self.last_status = PROVISIONING

    def advance(self) -> None:
        """Looking changes nothing."""

    def to(self, status: str, **told: object) -> None:
        """The task and its containers are in that status; told sets further attributes."""
        self.last_status = status
        for container in self.containers:
            container.last_status = status
        vars(self).update(told)


def _container(task: StartingTask, definition: Any, given: Any) -> Container:
    container = Container(definition)  # type: ignore[abstract]  # as moto itself does
    vars(container).update(
        name=given.get("name"),
        image=given.get("image"),
        cpu=str(given.get("cpu", 0)),
        memory=str(given["memory"]) if given.get("memory") else None,
        task_arn=task.task_arn,
        container_arn=f"{task.task_arn.replace(':task/', ':container/')}/{uuid.uuid4()}",
        health_status="UNKNOWN",
    )
    del container.exitCode  # nothing has ended yet
    return container


class TaskedBackend(EC2ContainerServiceBackend):
    """One account's ECS in one region. Parameters are moto's, which differ from caller to caller."""

    @staticmethod
    def _calculate_task_resource_requirements(task_definition: Any) -> dict[str, Any]:
        """As moto's, which breaks on containers without memory of their own: the task's is enough."""
        given = copy(task_definition)
        given.container_definitions = [
            one if one.get("memory") or one.get("memoryReservation") else {**one, "memory": 0}
            for one in task_definition.container_definitions
        ]
        return EC2ContainerServiceBackend._calculate_task_resource_requirements(given)

    def run_task(self, cluster_str: str, *given: Any, **named: Any) -> list[Task]:
        """As moto's. Raises InvalidParameterException where a cluster has no instances to run it on."""
        self._fill_groups(*given, *named.values())
        try:
            tasks = super().run_task(cluster_str, *given, **named)
        except Exception as error:
            # moto raises a bare Exception here, and for nothing else.
            if type(error) is Exception and str(error).startswith("No instances found"):
                raise InvalidParameterException(NO_INSTANCES) from error
            raise
        self.count()
        return tasks

    def start_task(self, *given: Any, **named: Any) -> list[Task]:
        """As moto's."""
        self._fill_groups(*given, *named.values())
        tasks = super().start_task(*given, **named)
        self.count()
        return tasks

    def _fill_groups(self, *given: Any) -> None:
        """Puts the default group of the subnets' VPC where a network's groups are left out.

        moto wants some. Source: ECS API Reference, AwsVpcConfiguration, securityGroups.
        """
        for one in given:
            network = one.get("awsvpcConfiguration") if isinstance(one, dict) else None
            if not isinstance(network, dict) or network.get("securityGroups"):
                continue
            backend = ec2_backends[self.account_id][self.region_name]
            asked = network.get("subnets", ())
            subnets = [subnet for subnet in backend.describe_subnets() if subnet.id in asked]
            groups = (backend.get_default_security_group(subnet.vpc_id) for subnet in subnets)
            network["securityGroups"] = list(dict.fromkeys(group.id for group in groups if group is not None))

    def stop_task(self, cluster_str: str, task_str: str, reason: str) -> Task:
        """Raises InvalidParameterException for a task that is not there. A stopped one stays as it is."""
        cluster = self._get_cluster(cluster_str)
        task_id = task_str.split("/")[-1]
        tasks = self.tasks.get(cluster.name, {})
        found = next((task for task in tasks.values() if task.id == task_id), None)
        if found is None:
            raise InvalidParameterException("The referenced task was not found.")
        if found.last_status != STOPPED:
            self.end(found, reason or "Task stopped by user", "UserInitiated")
        return found

    def end(self, task: Any, reason: str, code: str) -> None:
        """The task has stopped, and gives back what it took of its instance."""
        if task.container_instance_arn:
            instances = self.container_instances.get(task.cluster_name, {})
            instance = instances.get(task.container_instance_arn.split("/")[-1])
            if instance is not None:
                self.update_container_instance_resources(instance, task.resource_requirements, removing=True)
        task.desired_status = STOPPED
        at = now()
        task.to(STOPPED, stopped_reason=reason, stop_code=code, stopping_at=at, stopped_at=at)
        self.count()

    def list_tasks(self, *given: Any, **named: Any) -> list[Task]:
        """As moto's, which leaves the service out. Without a desiredStatus, those to be running."""
        names = ("cluster_str", "container_instance", "family", "started_by", "service_name", "desiredStatus")
        asked = {**dict(zip(names, given, strict=False)), **named}
        service = asked.get("service_name")
        asked["desiredStatus"] = asked.get("desiredStatus") or RUNNING
        tasks = super().list_tasks(**asked)
        if not service:
            return tasks
        group = f"service:{str(service).split('/')[-1]}"
        return [task for task in tasks if task.group == group]

    def create_service(self, *given: Any, **named: Any) -> Service:
        """As moto's; the agent sees to its tasks."""
        self._fill_groups(*given, *named.values())
        service = super().create_service(*given, **named)
        vars(service).setdefault("created_at", now())
        self.count()
        return service

    def update_service(self, service_properties: dict[str, Any]) -> Service:
        """As moto's. A new task definition is a new deployment."""
        self._fill_groups(*service_properties.values())
        wanted = service_properties.get("task_definition")
        service = super().update_service(service_properties)
        if wanted:
            service.task_definition = self.describe_task_definition(wanted).arn
        for deployment in service.deployments[:1]:
            deployment["desiredCount"] = service.desired_count
            deployment["taskDefinition"] = service.task_definition
        self.count()
        return service

    def delete_service(self, cluster_name: str, service_name: str, force: bool) -> Service:
        """As moto's; its tasks are the agent's to stop."""
        service = super().delete_service(cluster_name, service_name, force)
        service.desired_count = 0
        self.count()
        return service

    def tasks_of(self, service: Service) -> list[Any]:
        """A service's tasks that have not stopped, oldest first."""
        group = f"service:{service.name}"
        tasks = self.tasks.get(service.cluster_name, {}).values()
        return [task for task in tasks if task.group == group and task.last_status != STOPPED]

    def place(self, service: Service, number: int) -> str:
        """Places tasks for the service; returns why it could not."""
        definition = service.task_definition
        if definition is None:
            return "the service has no task definition."
        deployment = service.deployments[0]["id"] if service.deployments else service.name
        try:
            tasks = self.run_task(
                service.cluster_name,
                definition,
                number,
                overrides=None,
                started_by=str(deployment),
                tags=service.tags if service.propagate_tags == "SERVICE" else None,
                launch_type=service.launch_type,
                networking_configuration=service.network_configuration or None,
                group=f"service:{service.name}",
            )
        except (InvalidParameterException, EcsClientException) as error:
            return error.message
        if len(tasks) < number:
            return "No container instance met all of its requirements."
        return ""

    def tell(self, service: Service, message: str) -> None:
        """An event of the service, unless its newest says the same."""
        if service.events and service.events[0]["message"] == message:
            return
        service.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": now(), "message": message})
        del service.events[_KEPT_EVENTS:]

    def service_of(self, arn: str) -> Service | None:
        """The service of an ARN."""
        return next((one for one in self.services.values() if one.arn == arn), None)

    def count(self) -> None:
        """Numbers of clusters and services, as their tasks are."""
        for cluster in self.clusters.values():
            tasks = [task.last_status for task in self.tasks.get(cluster.name, {}).values()]
            cluster.running_tasks_count = tasks.count(RUNNING)
            cluster.pending_tasks_count = tasks.count(PROVISIONING)
            cluster.active_services_count = sum(
                one.cluster_name == cluster.name and one.status == "ACTIVE" for one in self.services.values()
            )
        for service in self.services.values():
            tasks = [task.last_status for task in self.tasks_of(service)]
            service.running_count = tasks.count(RUNNING)
            service.pending_count = tasks.count(PROVISIONING)
            for deployment in service.deployments[:1]:
                done = service.running_count >= (service.desired_count or 0)
                state = "completed" if done else "in progress"
                deployment.update(
                    runningCount=service.running_count,
                    pendingCount=service.pending_count,
                    rolloutState="COMPLETED" if done else "IN_PROGRESS",
                    rolloutStateReason=f"ECS deployment {deployment['id']} {state}.",
                )
