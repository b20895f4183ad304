"""What the service Auto Scaling must know of groups, and what it tells them, whoever keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

AUTOSCALING: Final = "autoscaling.amazonaws.com"
SCALES: Final = "ServiceLinkedRoleARN"  # what a group holds its role by

# Lifecycle states. Source: Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle".
IN_SERVICE: Final = "InService"
STANDBY: Final = "Standby"
TERMINATING: Final = "Terminating"


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a group. running: EC2 has it pending or running; gone: EC2 has terminated it."""

    instance_id: str
    state: str
    healthy: bool  # as SetInstanceHealth and the health checks have it
    running: bool
    gone: bool
    protected: bool
    zone: str
    subnet: str  # "" outside of a VPC
    spot: bool
    version: int  # of the launch template, 0 for a launch configuration's
    launched: float  # POSIX time
    ending: str = ""  # the id of the activity that ends it, where a request has begun one


@dataclass(frozen=True, slots=True)
class Place:
    """Where a group may launch: a subnet, or a zone alone where it names no subnets."""

    zone: str
    subnet: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group as it is now.

    launch holds RunInstances' parameters but for number, place and tags. weight is the capacity of one
    instance; on_demand of the wanted instances are no spot instances. asked says which request set the
    desired capacity, in the words of an activity's cause.
    """

    id: str
    name: str
    arn: str
    account: str
    region: str
    role_arn: str
    desired: int
    weight: int
    on_demand: int
    members: tuple[Member, ...]
    places: tuple[Place, ...]
    launch: Mapping[str, object]
    tags: Mapping[str, str]
    suspended: frozenset[str]
    deleting: bool
    asked: str

    @property
    def wanted(self) -> int:
        """How many instances the desired capacity takes."""
        return -(-self.desired // self.weight)


@dataclass(frozen=True, slots=True)
class Activity:
    """What a group did or could not do. message is why it failed, "" where it did not."""

    description: str
    cause: str
    started: float  # POSIX time
    message: str = ""
    place: Place | None = None
    id: str = ""  # of an activity that a request has begun


class ScalingGroups(Protocol):
    """The groups that are there."""

    def groups(self) -> Sequence[Group]:
        """All of them, of whatever account and region. Costs a look at each."""

    async def launched(self, group: Group, place: Place, activities: Mapping[str, Activity]) -> bool:
        """The group's new instances, by id; False where the group is no more: they are nobody's."""

    async def ended(self, group: Group, activities: Mapping[str, Activity], asked: str | None) -> None:
        """Instances, by id, that are no longer the group's. asked replaces what stands in ``Group.asked``."""

    async def failed(self, group: Group, activities: Sequence[Activity]) -> None:
        """What could not be done."""

    async def removed(self, group: Group) -> None:
        """The group, which is being deleted and has no instances any more, is gone."""
