"""Amazon ECS.

Source: Service Authorization Reference, "Condition keys for Amazon Elastic Container Service"; ECS Developer
Guide, "How Amazon Elastic Container Service works with IAM"; ECS API Reference for the default cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Computed, Keys, Rules, many, one
from passrole.catalog import paths
from passrole.state.directory import Directory

KEYS: Final[Keys] = {
    "ecs:account-setting": one("name"),
    "ecs:compute-compatibility": many("requiresCompatibilities[]"),
    "ecs:container-name": one("container"),
    "ecs:daemon-task-definition": one("daemonTaskDefinitionArn"),
    "ecs:enable-ecs-managed-tags": one("enableECSManagedTags"),
    "ecs:enable-execute-command": one("enableExecuteCommand"),
    "ecs:enable-service-connect": one("serviceConnectConfiguration.enabled"),
    "ecs:fargate-ephemeral-storage-kms-key": one(
        "configuration.managedStorageConfiguration.fargateEphemeralStorageKmsKeyId"
    ),
    "ecs:instance-metadata-tags-propagation": one(
        "managedInstancesProvider.instanceLaunchTemplate.instanceMetadataTagsPropagation"
    ),
    "ecs:propagate-tags": one("propagateTags", "managedInstancesProvider.propagateTags"),
    "ecs:subnet": many(
        "networkConfiguration.awsvpcConfiguration.subnets[]", "networkConfiguration.subnets[]"
    ),
}

# Operations that take the cluster named default where the request names none.
_IN_DEFAULT: Final = frozenset(
    (
        "CreateExpressGatewayService",
        "CreateService",
        "DeleteAttributes",
        "DeleteService",
        "DeregisterContainerInstance",
        "DescribeContainerInstances",
        "DescribeServices",
        "DescribeTasks",
        "ExecuteCommand",
        "ListAttributes",
        "ListContainerInstances",
        "ListServices",
        "ListTasks",
        "PutAttributes",
        "RegisterContainerInstance",
        "RunTask",
        "StartTask",
        "StopTask",
        "SubmitContainerStateChange",
        "SubmitTaskStateChange",
        "UpdateContainerAgent",
        "UpdateContainerInstancesState",
        "UpdateService",
    )
)
# Operations that make something, and tag it as they do.
_TAGGING: Final = frozenset(("TagResource", "UntagResource"))


def _arn(call: Call, kind: str, name: str) -> str:
    """The ARN of what goes by a name or by its ARN."""
    return name if name.startswith("arn:") else f"arn:aws:ecs:{call.region}:{call.account}:{kind}/{name}"


def _text(call: Call, *members: str) -> str:
    found = (call.input.get(member) for member in members)
    return next((value for value in found if isinstance(value, str) and value), "")


def _cluster(call: Call, directory: Directory) -> str | None:
    given = _text(call, "cluster", "clusterArn")
    if not given and call.operation not in _IN_DEFAULT:
        return None  # one that a service, a task or a daemon is in
    return _arn(call, "cluster", given or "default")


def _cluster_name(call: Call) -> str:
    return _text(call, "cluster", "clusterArn").rpartition("/")[2] or "default"


def _within_cluster(kind: str, member: str) -> Computed:
    """The ARN of what the member names, which is in the request's cluster."""

    def find(call: Call, directory: Directory) -> str | None:
        given = _text(call, member)
        return _arn(call, f"{kind}/{_cluster_name(call)}", given) if given else None

    return find


def _container_instances(call: Call, directory: Directory) -> tuple[str, ...]:
    kind = f"container-instance/{_cluster_name(call)}"
    given = paths.values("containerInstances[]", call.input)
    return tuple(_arn(call, kind, value) for _, value in given if isinstance(value, str))


def _capacity_providers(call: Call, directory: Directory) -> tuple[str, ...]:
    """Of the strategy; a cluster is given the names by themselves besides."""
    sources = (
        "capacityProviderStrategy[].capacityProvider",
        "capacityProviders[]",
        "capacityProviderArns[]",
        "defaultCapacityProviderStrategy[].capacityProvider",
    )
    names = (value for path in sources for _, value in paths.values(path, call.input))
    found = (_arn(call, "capacity-provider", name) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(found))


def _task_definition(call: Call, directory: Directory) -> str | None:
    given = _text(call, "taskDefinition", "taskDefinitionArn")
    # A family without a revision is its newest one.
    if given and not re.search(r":\d+$", given):
        return None
    return _arn(call, "task-definition", given) if given else ""


def _namespace(call: Call, directory: Directory) -> str | None:
    given = call.input.get("serviceConnectConfiguration")
    name = given.get("namespace") if isinstance(given, Mapping) else call.input.get("namespace")
    if not isinstance(name, str):
        # A service may take the namespace that its cluster has by default.
        return None if isinstance(given, Mapping) and given.get("enabled") else ""
    return name if name.startswith("arn:") else None


def _public_ip(call: Call, directory: Directory) -> str:
    given = paths.values("networkConfiguration.awsvpcConfiguration.assignPublicIp", call.input)
    return next((str(value == "ENABLED").lower() for _, value in given), "")


def _having(member: str, path: str) -> Computed:
    """Does the request set it up? A service that is updated keeps what the request does not name."""

    def find(call: Call, directory: Directory) -> str | None:
        if call.operation == "UpdateService" and member not in call.input:
            return None
        return "true" if any(True for _ in paths.values(path, call.input)) else "false"

    return find


def _privileged(call: Call, directory: Directory) -> str:
    given = paths.values("containerDefinitions[].privileged", call.input)
    return "true" if any(value is True for _, value in given) else "false"


def _size(member: str) -> Computed:
    """CPU units or MiB, which may be written "1 vCPU" and "2 GB"."""

    def find(call: Call, directory: Directory) -> str | None:
        given = next(
            (v for path in (f"overrides.{member}", member) for _, v in paths.values(path, call.input)), None
        )
        if not isinstance(given, str) or not given:
            # A service's and a daemon's tasks are as large as their task definition says.
            return "" if call.operation in ("RegisterTaskDefinition", "RunTask", "StartTask") else None
        whole = re.fullmatch(r"(\d*\.?\d+)\s*(vcpu|gb)?", given.strip().lower())
        return None if whole is None else f"{float(whole[1]) * (1024 if whole[2] else 1):g}"

    return find


def _create_action(call: Call, directory: Directory) -> str:
    return "" if call.operation in _TAGGING else call.operation


RULES: Final[Rules] = {
    "ecs:auto-assign-public-ip": _public_ip,
    "ecs:capacity-provider": _capacity_providers,
    "ecs:cluster": _cluster,
    "ecs:container-instances": _container_instances,
    "ecs:createaction": _create_action,
    "ecs:enable-ebs-volumes": _having("volumeConfigurations", "volumeConfigurations[].managedEBSVolume"),
    "ecs:enable-vpc-lattice": _having("vpcLatticeConfigurations", "vpcLatticeConfigurations[]"),
    "ecs:namespace": _namespace,
    "ecs:privileged": _privileged,
    "ecs:service": _within_cluster("service", "service"),
    "ecs:task": _within_cluster("task", "task"),
    "ecs:task-cpu": _size("cpu"),
    "ecs:task-definition": _task_definition,
    "ecs:task-memory": _size("memory"),
}
