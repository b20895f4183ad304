"""moto's Auto Scaling without its own launching: groups say what they want, the agent sees to it.

moto launches and terminates inside CreateAutoScalingGroup, SetDesiredCapacity and the others, behind the
gateway and as nobody. Imports moto's Auto Scaling, so ``seams`` imports it only once that has been.
Texts: reports of live activities (pelias/kubernetes issue 32; Auto Scaling User Guide, "Verify a scaling
activity", "Troubleshoot").
"""

from __future__ import annotations

import uuid
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, InstanceState
from moto.core.responses import ActionResult, EmptyResult

from passrole.services.scaling import TERMINATING

_KEPT_ACTIVITIES: Final = 2000  # of one account and region; AWS keeps six weeks'
_PAGE: Final = 100


def now() -> str:
    """The time as causes of activities write it: ``2026-11-24T10:00:00Z``."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class ScaledInstance(InstanceState):
    """An instance of a group. launched_from is its own template and version, not the group's of today."""

    def __init__(
        self, instance: Any, group: ScaledGroup, *, launched_from: dict[str, str] | None = None
    ) -> None:
        instance.autoscaling_group = group  # moto lets an instance keep the first group that it was in
        super().__init__(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
        self.launched_from = launched_from
        self.ending = ""  # the id of the activity that ends it

    @property
    def launch_template(self) -> dict[str, Any] | None:
        """What it was launched from."""
        return self.launched_from


class ScaledGroup(FakeAutoScalingGroup):
    """A group that knows what it wants and launches nothing."""

    status: str | None = None  # "Delete in progress"
    asked: str = ""  # the request that set the desired capacity, as a cause
    launch_configuration_name = ""

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Only sets it."""
        before = getattr(self, "desired_capacity", None) or 0
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if not hasattr(self, "metrics"):  # while it is being made
            self.ask("a user request created an AutoScalingGroup", before)

    def ask(self, what: str, before: int) -> None:
        """Notes what changed the desired capacity."""
        if before != self.desired_capacity:
            self.asked = (
                f"At {now()} {what} changing the desired capacity from {before} to {self.desired_capacity}."
            )

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """The agent replaces what is missing."""

    def update(self, *given: Any, **named: Any) -> None:
        """As moto's; a capacity that is not given moves into the new bounds, a policy not given stays."""
        before = self.desired_capacity or 0
        if named.get("mixed_instances_policy") is None and not (
            named.get("launch_template") or named.get("launch_config_name")
        ):
            named["mixed_instances_policy"] = self.mixed_instances_policy
        low = int((self.min_size or 0) if named.get("min_size") is None else named["min_size"])
        high = int((self.max_size or 0) if named.get("max_size") is None else named["max_size"])
        desired = named.get("desired_capacity")
        check_bounds(low, high, desired)
        if desired is None:
            named["desired_capacity"] = min(max(before, low), high)
        super().update(*given, **named)
        if named.get("launch_template") or named.get("mixed_instances_policy"):
            self.launch_config = None  # type: ignore[assignment]  # moto itself leaves it None
            self.launch_configuration_name = ""
        elif named.get("launch_config_name"):
            self.ec2_launch_template = None
        self.ask(
            f"a user request update of AutoScalingGroup constraints to min: {low}, max: {high}, desired:"
            f" {self.desired_capacity}",
            before,
        )

    def member(self, instance_id: str) -> ScaledInstance | None:
        """The group's instance of that id."""
        # Invariant: only ScaledInstances are added to instance_states.
        found = next((one for one in self.instance_states if one.instance.id == instance_id), None)
        return found if isinstance(found, ScaledInstance) else None


def check_bounds(low: int, high: int, desired: int | None) -> None:
    """Raises ValidationError where the three do not go together."""
    if low > high:
        raise ValidationError(f"Max bound, {high}, must be greater than or equal to min bound, {low}")
    if desired is not None and not low <= desired <= high:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        )


class ScaledBackend(AutoScalingBackend):
    """One account's Auto Scaling in one region. Parameters are moto's, which differ from caller to caller."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.activities: deque[dict[str, Any]] = deque(maxlen=_KEPT_ACTIVITIES)  # the newest first

    def group(self, name: str) -> ScaledGroup:
        """Raises ValidationError where there is none."""
        found = self.autoscaling_groups.get(name)
        if not isinstance(
            found, ScaledGroup
        ):  # Invariant: all are; seams made FakeAutoScalingGroup this class
            raise ValidationError("AutoScalingGroup name not found - null")
        return found

    def create_auto_scaling_group(self, name: str, *given: Any, **named: Any) -> FakeAutoScalingGroup:
        """As moto's, with AWS's rules of names, sizes and launch configurations."""
        if name in self.autoscaling_groups:
            raise AutoscalingClientError(
                "AlreadyExists",
                f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
            )
        configuration = named.get("launch_config_name")
        if configuration and configuration not in self.launch_configurations:
            raise ValidationError(
                "Launch configuration name not found - A launch configuration with the name:"
                f" {configuration} does not exist"
            )
        check_bounds(int(named["min_size"]), int(named["max_size"]), named.get("desired_capacity"))
        return super().create_auto_scaling_group(name, *given, **named)

    def delete_group(self, name: str, *, force: bool) -> None:
        """Deleted at once where it is empty; else once the agent has ended its instances.

        Raises ResourceInUse for one that has instances, unless force.
        """
        found = self.autoscaling_groups.get(name)
        if found is None:
            raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        group = self.group(name)
        if not group.instance_states:
            self.remove(group)
            return
        if not force:
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance"
                " request(s) still in the group.",
            )
        before = group.desired_capacity or 0
        group.status = "Delete in progress"
        group.min_size = group.max_size = group.desired_capacity = 0
        group.ask("a user request force deleted AutoScalingGroup", before)

    def delete_auto_scaling_group(self, group_name: str) -> None:
        """For whoever deletes it as part of something larger."""
        self.delete_group(group_name, force=True)

    def remove(self, group: ScaledGroup) -> None:
        """It is gone, with what belongs to it alone."""
        self.autoscaling_groups.pop(group.name, None)
        for key in [key for key, one in self.policies.items() if one.auto_scaling_group_name == group.name]:
            del self.policies[key]
        for key in [
            key for key, one in self.lifecycle_hooks.items() if one.auto_scaling_group_name == group.name
        ]:
            del self.lifecycle_hooks[key]

    def set_desired_capacity(self, group_name: str, desired_capacity: int | None) -> None:
        """Raises ValidationError outside of the group's bounds."""
        group = self.group(group_name)
        before, wanted = group.desired_capacity or 0, desired_capacity or 0
        if wanted > (group.max_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the"
                " AutoScalingGroup."
            )
        if wanted < (group.min_size or 0):
            raise ValidationError(
                f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the"
                " AutoScalingGroup."
            )
        group.set_desired_capacity(wanted)
        group.ask("a user request explicitly set group desired capacity", before)

    def execute(self, name: str, group_name: str | None, metric: float | None, breach: float | None) -> None:
        """Executes a simple or step scaling policy, by its name or ARN; the group's bounds limit it.

        Raises ValidationError for an unknown policy, and for a step policy without its two values.
        """
        policy: Any = next(
            (
                one
                for one in self.policies.values()
                if name in (one.name, one.arn) and group_name in (None, one.auto_scaling_group_name)
            ),
            None,
        )
        if policy is None or policy.policy_type not in ("SimpleScaling", "StepScaling"):
            raise ValidationError(f"No scaling policy found with name: {name}")
        adjustment = policy.scaling_adjustment
        if policy.policy_type == "StepScaling":
            if metric is None or breach is None:
                raise ValidationError("MetricValue and BreachThreshold are required for StepScaling policies")
            adjustment = _step(policy.step_adjustments, metric - breach)
        if adjustment is None:
            return
        group = self.group(policy.auto_scaling_group_name)
        before = group.desired_capacity or 0
        wanted = _adjusted(before, policy, int(adjustment))
        group.set_desired_capacity(min(max(wanted, group.min_size or 0), group.max_size or 0))
        group.ask(f"a user request executed policy {policy.name}", before)

    def attach_instances(self, group_name: str, instance_ids: list[str]) -> None:
        """As moto's; more than the group may hold is AWS's ValidationError."""
        group = self.group(group_name)
        more = (group.desired_capacity or 0) + len(instance_ids)
        if more > (group.max_size or 0):
            raise ValidationError(
                f"AutoScalingGroup {group_name} has min-size={group.min_size}, max-size={group.max_size}, and"
                f" desired-size={group.desired_capacity}.  To attach {len(instance_ids)} more instance,"
                " please update the AutoScalingGroup sizes appropriately."
            )
        for instance_id in instance_ids:
            instance = self.ec2_backend.get_instance(instance_id)
            if any(group.member(instance_id) for group in self._all()):
                raise ValidationError(
                    f"Instance {instance_id} is already part of AutoScalingGroup:{group_name}"
                )
            if instance.state != "running":
                raise ValidationError(
                    f"Instance {instance_id} is not in correct state. Instance(s) must be in 'running' state."
                )
        for instance_id in instance_ids:
            instance = self.ec2_backend.get_instance(instance_id)
            self.ec2_backend.create_tags([instance_id], {"aws:autoscaling:groupName": group.name})
            group.instance_states.append(ScaledInstance(instance, group))
        group.desired_capacity = more
        self.update_attached_elbs(group.name)
        self.update_attached_target_groups(group.name)

    def terminate_instance(self, instance_id: str, should_decrement: bool) -> Any:
        """Marks it; the agent terminates it. Returns the activity, in progress."""
        found = next(((group, one) for group in self._all() if (one := group.member(instance_id))), None)
        if found is None:
            raise ValidationError(f"Instance Id not found - No managed instance found for {instance_id}")
        group, member = found
        before = group.desired_capacity or 0
        cause = f"At {now()} instance {instance_id} was taken out of service in response to a user request"
        if should_decrement:
            if before <= (group.min_size or 0):
                raise ValidationError(
                    "Currently, desiredSize equals minSize"
                    f" ({group.min_size}). Terminating instance without replacement will violate group's min"
                    " size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower"
                    " group's min size."
                )
            group.desired_capacity = before - 1
            cause += f", shrinking the capacity from {before} to {before - 1}"
        member.lifecycle_state = TERMINATING
        activity = self.add_activity(
            group,
            description=f"Terminating EC2 instance: {instance_id}",
            cause=f"{cause}.",
            start=datetime.now(UTC),
            status="InProgress",
        )
        member.ending = activity["ActivityId"]
        return activity

    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """The agent sees it for itself."""

    def add_activity(
        self,
        group: ScaledGroup,
        *,
        description: str,
        cause: str,
        start: datetime,
        status: str,
        message: str = "",
        details: str = "{}",
    ) -> dict[str, Any]:
        """A new activity of the group, the newest; in DescribeScalingActivities' members."""
        activity: dict[str, Any] = {
            "ActivityId": str(uuid.uuid4()),
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": group.arn,
            "Description": description,
            "Cause": cause,
            "StartTime": start.replace(tzinfo=None),
            "StatusCode": status,
            "Progress": 50 if status == "InProgress" else 100,
            "Details": details,
        }
        if status != "InProgress":
            activity["EndTime"] = datetime.now(UTC).replace(tzinfo=None)
        if message:
            activity["StatusMessage"] = message
        self.activities.appendleft(activity)
        return activity

    def finish(self, activity_id: str) -> bool:
        """An activity that was in progress has succeeded."""
        for one in self.activities:
            if one["ActivityId"] == activity_id and one["StatusCode"] == "InProgress":
                one.update(
                    StatusCode="Successful", Progress=100, EndTime=datetime.now(UTC).replace(tzinfo=None)
                )
                return True
        return False

    def described(self, name: str | None, ids: list[str], deleted: bool, start: int, size: int) -> Any:
        """The activities of a page, and the token of the next one."""
        if name and name not in self.autoscaling_groups and not deleted:
            raise ValidationError("AutoScalingGroup name not found - null")
        there = {group.arn for group in self._all()}
        found = [
            one
            for one in self.activities
            if (not name or one["AutoScalingGroupName"] == name)
            and (not ids or one["ActivityId"] in ids)
            and (deleted or one["AutoScalingGroupARN"] in there)
        ]
        end = start + size
        return found[start:end], str(end) if end < len(found) else None

    def _all(self) -> list[ScaledGroup]:
        return [self.group(name) for name in self.autoscaling_groups]


def _step(steps: Any, difference: float) -> int | None:
    """The adjustment of the step that a metric's distance from its threshold falls into."""
    for step in steps:
        low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        if (low is None or difference >= float(low)) and (high is None or difference < float(high)):
            return int(step["ScalingAdjustment"])
    return None


def _adjusted(before: int, policy: Any, adjustment: int) -> int:
    """Source: Auto Scaling User Guide, "Scaling adjustment types"; fractions go away from nothing to one."""
    if policy.adjustment_type == "ExactCapacity":
        return adjustment
    if policy.adjustment_type == "ChangeInCapacity":
        return before + adjustment
    exact = before * adjustment / 100
    change = int(exact) if abs(exact) >= 1 or not exact else (1 if exact > 0 else -1)
    least = int(policy.min_adjustment_magnitude or 0)
    if change and abs(change) < least:
        change = least if change > 0 else -least
    return before + change


# What moto's responses leave out of a request. self is moto's AutoScalingResponse.


def describe_scaling_activities(self: Any) -> ActionResult:
    """DescribeScalingActivities."""
    found, token = self.autoscaling_backend.described(
        self._get_param("AutoScalingGroupName"),
        self._get_param("ActivityIds", []),
        self._get_bool_param("IncludeDeletedGroups", False),
        int(self._get_param("NextToken") or 0),
        self._get_int_param("MaxRecords") or _PAGE,
    )
    return ActionResult({"Activities": found, "NextToken": token})


def delete_auto_scaling_group(self: Any) -> ActionResult:
    """DeleteAutoScalingGroup."""
    force = self._get_bool_param("ForceDelete", False)
    self.autoscaling_backend.delete_group(self._get_param("AutoScalingGroupName"), force=force)
    return EmptyResult()


def execute_policy(self: Any) -> ActionResult:
    """ExecutePolicy."""
    params = self._get_params()
    values = [None if params.get(name) is None else float(params[name]) for name in _STEP_VALUES]
    self.autoscaling_backend.execute(params["PolicyName"], params.get("AutoScalingGroupName"), *values)
    return EmptyResult()


def put_lifecycle_hook(self: Any) -> ActionResult:
    """PutLifecycleHook: with the role and target that it names, where moto shows ones of its own."""
    name, group_name = self._get_param("LifecycleHookName"), self._get_param("AutoScalingGroupName")
    kept = self.autoscaling_backend
    kept.group(group_name)
    hook = kept.create_lifecycle_hook(
        name=name,
        as_name=group_name,
        transition=self._get_param("LifecycleTransition"),
        timeout=self._get_int_param("HeartbeatTimeout"),
        result=self._get_param("DefaultResult"),
    )
    hook.role_arn = self._get_param("RoleARN")
    hook.notification_target_arn = self._get_param("NotificationTargetARN")
    return EmptyResult()


_STEP_VALUES: Final = ("MetricValue", "BreachThreshold")
