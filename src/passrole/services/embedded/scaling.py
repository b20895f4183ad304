"""moto's Auto Scaling groups as the agent knows them, and what the agent tells them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

from passrole.services.embedded.tables import backend, every_backend
from passrole.services.scaling import Activity, Group, Member, Place

_SUCCESSFUL: Final = "Successful"

# A launch configuration's attributes in moto, as RunInstances' parameters.
_CONFIGURED: Final[Mapping[str, str]] = {
    "ImageId": "image_id",
    "InstanceType": "instance_type",
    "KeyName": "key_name",
    "KernelId": "kernel_id",
    "RamdiskId": "ramdisk_id",
}


class EmbeddedScaling:
    """``services.scaling.ScalingGroups`` over moto.

    used says whether moto is loaded at all; place waits for an account's tables in a region.
    """

    def __init__(
        self, used: Callable[[], bool], place: Callable[[str, str], AbstractAsyncContextManager[None]]
    ) -> None:
        self._used = used
        self._place = place

    def groups(self) -> Sequence[Group]:
        """See ScalingGroups."""
        if not self._used():
            return ()
        return [
            _group(account, region, kept, group)
            for account, region, kept in every_backend("autoscaling")
            for group in list(kept.autoscaling_groups.values())
        ]

    async def launched(self, group: Group, place: Place, activities: Mapping[str, Activity]) -> bool:
        """See ScalingGroups."""
        async with self._place(group.account, group.region):
            kept, found = _present(group)
            if found is None or found.status:
                return False
            # A subclass of moto's, importable since moto's Auto Scaling is loaded.
            from passrole.services.embedded.scaled import ScaledInstance

            for instance_id, activity in activities.items():
                instance = kept.ec2_backend.by_id[instance_id]
                member = ScaledInstance(instance, found, launched_from=_launched_from(found, instance))
                found.instance_states.append(member)
                _add(kept, found, activity)
            _attach(kept, found)
        return True

    async def ended(self, group: Group, activities: Mapping[str, Activity], asked: str | None) -> None:
        """See ScalingGroups."""
        async with self._place(group.account, group.region):
            kept, found = _present(group)
            if found is None:
                return
            found.instance_states = [
                one for one in found.instance_states if one.instance.id not in activities
            ]
            for activity in activities.values():
                if not (activity.id and kept.finish(activity.id)):
                    _add(kept, found, activity)
            if asked is not None:
                found.asked = asked
            _attach(kept, found)

    async def failed(self, group: Group, activities: Sequence[Activity]) -> None:
        """See ScalingGroups."""
        async with self._place(group.account, group.region):
            kept, found = _present(group)
            if found is not None:
                for activity in activities:
                    _add(kept, found, activity)

    async def removed(self, group: Group) -> None:
        """See ScalingGroups."""
        async with self._place(group.account, group.region):
            kept, found = _present(group)
            if found is not None and not found.instance_states:
                kept.remove(found)


def _present(group: Group) -> tuple[Any, Any]:
    """moto's backend, and its group where it is still the same one."""
    kept = backend("autoscaling", group.account, group.region)
    found = kept.autoscaling_groups.get(group.name) if kept is not None else None
    return kept, found if found is not None and found._id == group.id else None


def _group(account: str, region: str, kept: Any, group: Any) -> Group:
    desired = group.desired_capacity or 0
    weight, on_demand = _distribution(group, desired)
    return Group(
        id=group._id,
        name=str(group.name),
        arn=str(group.arn),
        account=account,
        region=region,
        role_arn=str(group.service_linked_role_arn),
        desired=desired,
        weight=weight,
        on_demand=on_demand,
        members=tuple(_member(one) for one in list(group.instance_states)),
        places=tuple(_places(kept, group)),
        launch=_launch(group),
        tags=dict(group.get_propagated_tags()),
        suspended=frozenset(one["ProcessName"] for one in group.suspended_processes),
        deleting=bool(group.status),
        asked=group.asked,
    )


def _member(one: Any) -> Member:
    instance = one.instance
    launched_from = one.launched_from or {}
    return Member(
        instance_id=str(instance.id),
        state=one.lifecycle_state,
        healthy=one.health_status == "Healthy",
        running=instance.state in ("pending", "running"),
        gone=instance.state in ("shutting-down", "terminated"),
        protected=bool(one.protected_from_scale_in),
        zone=str(one.availability_zone or ""),
        subnet=str(instance.subnet_id or ""),
        spot=instance.lifecycle == "spot",
        version=int(launched_from.get("Version", 0)),
        launched=instance.launch_time.replace(tzinfo=UTC).timestamp(),
        ending=one.ending,
    )


def _places(kept: Any, group: Any) -> Iterator[Place]:
    if not group.vpc_zone_identifier:
        for zone in group.availability_zones:
            yield Place(str(zone))
        return
    zones = {
        subnet_id: str(subnet.availability_zone)
        for by_id in list(kept.ec2_backend.subnets.values())
        for subnet_id, subnet in list(by_id.items())
    }
    for subnet in group.vpc_zone_identifier.split(","):
        # A subnet that is gone is left to EC2, which says so.
        yield Place(zones.get(subnet.strip(), ""), subnet.strip())


def _distribution(group: Any, desired: int) -> tuple[int, int]:
    """The capacity of one instance, and how many instances are on demand.

    Of a mixed instances policy the first override is launched: its priority is the highest.
    Source: Auto Scaling API Reference, InstancesDistribution.
    """
    policy = group.mixed_instances_policy
    if not policy:
        return 1, desired
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or [{}]
    weight = max(1, int(overrides[0].get("WeightedCapacity") or 1))
    given = policy.get("InstancesDistribution", {})
    base = min(desired, int(given.get("OnDemandBaseCapacity") or 0))
    percentage = given.get("OnDemandPercentageAboveBaseCapacity")
    share = 100 if percentage is None else int(percentage)
    on_demand = base - (-(desired - base) * share // 100)
    return weight, -(-on_demand // weight)


def _launch(group: Any) -> Mapping[str, object]:
    if group.launch_config is not None:
        return _configured(group.launch_config)
    if group.ec2_launch_template is None:
        return {}
    template = {"LaunchTemplateId": group.ec2_launch_template.id, "Version": group.launch_template_version}
    launch: dict[str, object] = {"LaunchTemplate": template}
    overrides = ((group.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or []
    if overrides:
        first = overrides[0]
        if first.get("InstanceType"):
            launch["InstanceType"] = first["InstanceType"]
        if first.get("LaunchTemplateSpecification"):
            launch["LaunchTemplate"] = dict(first["LaunchTemplateSpecification"])
    return launch


def _configured(given: Any) -> Mapping[str, object]:
    """RunInstances' parameters of a launch configuration."""
    launch: dict[str, object] = {
        member: str(value) for member, name in _CONFIGURED.items() if (value := getattr(given, name))
    }
    if given.iam_instance_profile:
        text = str(given.iam_instance_profile)
        launch["IamInstanceProfile"] = {"Arn" if text.startswith("arn:") else "Name": text}
    if given.user_data is not None:
        launch["UserData"] = str(given.user_data)
    groups = [str(one) for one in given.security_groups]
    by_id = [one for one in groups if one.startswith("sg-")]
    if given.associate_public_ip_address is not None and by_id:
        launch["NetworkInterfaces"] = [
            {
                "DeviceIndex": 0,
                "AssociatePublicIpAddress": bool(given.associate_public_ip_address),
                "Groups": by_id,
            }
        ]
    elif groups:
        launch["SecurityGroupIds" if by_id else "SecurityGroups"] = by_id or groups
    if given.block_device_mapping_dict:
        launch["BlockDeviceMappings"] = [dict(one) for one in given.block_device_mapping_dict]
    if given.ebs_optimized:
        launch["EbsOptimized"] = True
    if given.instance_monitoring_enabled:
        launch["Monitoring"] = {"Enabled": True}
    if given.metadata_options:
        launch["MetadataOptions"] = dict(given.metadata_options)
    if given.spot_price:
        spot = {"MarketType": "spot", "SpotOptions": {"MaxPrice": str(given.spot_price)}}
        launch["InstanceMarketOptions"] = spot
    return launch


def _launched_from(group: Any, instance: Any) -> dict[str, str] | None:
    """The template and version of an instance, which EC2 keeps in its tags."""
    template = group.ec2_launch_template
    if template is None:
        return None
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    version = tags.get("aws:ec2launchtemplate:version") or str(template.default_version_number)
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": version}


def _add(kept: Any, group: Any, activity: Activity) -> None:
    place = activity.place
    named = {"Subnet ID": place.subnet, "Availability Zone": place.zone} if place is not None else {}
    kept.add_activity(
        group,
        description=activity.description,
        cause=activity.cause,
        start=datetime.fromtimestamp(activity.started, UTC),
        status="Failed" if activity.message else _SUCCESSFUL,
        message=activity.message,
        details=json.dumps({name: value for name, value in named.items() if value}, separators=(",", ":")),
    )


def _attach(kept: Any, group: Any) -> None:
    """Its load balancers know its instances."""
    kept.update_attached_elbs(group.name)
    kept.update_attached_target_groups(group.name)
