"""Auto Scaling: an agent that keeps each group at its desired capacity, as the group's service-linked role.

Whenever something may have changed it looks at the groups; for one that has too few instances, too many or
unhealthy ones it takes the role as autoscaling.amazonaws.com and calls EC2 like anyone, so the role's rights
and those of passing the profile's role count as they are then. What fails is an activity, tried again after
a growing pause, or as soon as a call has changed something.
Source: Auto Scaling User Guide, "Service-linked roles for Amazon EC2 Auto Scaling", "Scaling activities",
"Health checks"; texts of activities from the guide and from reports of live ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports, Told
from passrole.services.operation import ActAs, Output
from passrole.services.scaling import (
    AUTOSCALING,
    IN_SERVICE,
    SCALES,
    STANDBY,
    TERMINATING,
    Activity,
    Group,
    Member,
    Place,
    ScalingGroups,
)
from passrole.services.workloads.rounds import Tried, WhenChanged
from passrole.state.associations import release
from passrole.state.entities import Association
from passrole.state.store import StoreUnavailable
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

SESSION_NAME: Final = "AutoScaling"

_ENDS: Final = frozenset(("TerminateInstances", "StopInstances"))

UNHEALTHY: Final = "an instance was launched in response to an unhealthy instance needing to be replaced."


@dataclass(slots=True, kw_only=True)
class _Tried(Tried):
    """What the agent remembers of the group of an ARN.

    act is the role as it was taken last; fresh is that of the look at hand.
    """

    arn: str
    role_arn: str = ""  # that the directory says the group holds
    act: ActAs | None = None
    fresh: ActAs | None = None


@dataclass(frozen=True, slots=True)
class _Leaving:
    """An instance that has to go. unhealthy: its place is to be filled for that reason."""

    member: Member
    cause: str
    unhealthy: bool = False


class CannotAct(Exception):
    """The service could not take the group's role; the text is an activity's."""


class AutoScaling:
    """One task for all groups; it sleeps while nothing changes and nothing has failed."""

    def __init__(self, ports: Ports, groups: ScalingGroups) -> None:
        self._groups = groups
        self._directory = ports.directory
        self._acting = ports.acting
        self._now = ports.machine
        self._commit = ports.commit
        self._rounds: WhenChanged[_Tried] = WhenChanged("auto-scaling", self._look)
        self._tried = self._rounds.tried
        self.watches: Mapping[str, Told] = {
            "autoscaling": self._rounds.told,
            "ec2": self._told_of_instances,
            "iam": self._rounds.told_of_rights,
        }

    def start(self) -> None:
        """On the event loop that the gateway runs on; groups of an earlier run go on."""
        self._rounds.start()

    def reset(self) -> None:
        """Its groups are gone."""
        self._tried.clear()

    async def stop(self) -> None:
        """Returns once nothing is being launched any more: what EC2 launches must be a group's."""
        await self._rounds.stop()

    def _told_of_instances(self, call: Call, output: Callable[[], Output]) -> None:
        if call.operation in _ENDS:
            self._rounds.again()
        else:
            self._rounds.told_of_rights(call, output)

    async def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        groups = self._groups.groups()
        gone = [self._tried.pop(each) for each in self._tried.keys() - {group.id for group in groups}]
        for group in groups:
            one = self._tried.setdefault(group.id, _Tried(arn=group.arn))
        await self._hold(groups, gone)
        for group in groups:
            if self._rounds.stopping:
                return
            one = self._tried[group.id]
            if one.failures and one.due > loop.time():
                continue
            one.tried, one.fresh = loop.time(), None
            try:
                done = await self._meet(group, one)
            except (ServiceError, CannotAct) as error:
                log.info("group %s: %s", group.arn, error)
                one.failed(loop.time())
                continue
            one.failures = 0
            if done:
                self._rounds.again()  # another look finds it settled, or what came up meanwhile

    async def _hold(self, groups: Sequence[Group], gone: Sequence[_Tried]) -> None:
        """Which group holds which role: a service-linked role is not deleted while one does."""
        changed = False
        for one in gone:
            changed |= release(self._directory, one.arn) > 0
        for group in groups:
            one, role = self._tried[group.id], role_of_arn(self._directory, group.role_arn)
            if role is not None and one.role_arn != group.role_arn:
                one.role_arn = group.role_arn
                changed = True
                self._directory.put(
                    Association(
                        account=group.account,
                        resource=group.arn,
                        holder=SCALES,
                        role_id=role.id,
                        service=AUTOSCALING,
                        created=self._now(),
                    )
                )
        if changed:
            with suppress(StoreUnavailable):  # the gateway finds out, too, and reads the state back
                await self._commit(())

    async def _meet(self, group: Group, one: _Tried) -> bool:
        """Brings the group nearer to what it wants; was there anything to do?

        Raises CannotAct or the service's error, once the activity that tells of it is written.
        """
        if group.deleting and not group.members:
            await self._groups.removed(group)
            return True
        leaving = list(self._out_of_service(group))
        ids = {each.member.instance_id for each in leaving}
        staying = [m for m in group.members if m.state == IN_SERVICE and m.instance_id not in ids]
        missing = group.wanted - len(staying)
        if missing < 0:
            leaving += self._too_many(group, staying, -missing)
        if "Terminate" in group.suspended and not group.deleting:
            leaving = [each for each in leaving if each.member.gone]
        if leaving:
            await self._end(group, one, leaving)
            return True
        if missing > 0 and not group.deleting and "Launch" not in group.suspended:
            await self._fill(group, one, missing, staying)
            return True
        return False

    def _out_of_service(self, group: Group) -> Iterable[_Leaving]:
        at = self._at()
        checked = not {"HealthCheck", "ReplaceUnhealthy"} & group.suspended
        for member in group.members:
            if group.deleting:
                yield _Leaving(member, self._selected(group, len(group.members), 0, member))
            elif member.state == TERMINATING:
                text = f"{at} instance {member.instance_id} was taken out of service in response to a user"
                yield _Leaving(member, f"{text} request.")
            elif (member.state == STANDBY and not member.gone) or not checked:
                continue
            elif not member.running:
                text = (
                    f"{at} an instance was taken out of service in response to an EC2 health check indicating"
                    " it has been terminated or stopped."
                )
                yield _Leaving(member, text, unhealthy=True)
            elif not member.healthy:
                text = f"{at} an instance was taken out of service in response to a user health-check."
                yield _Leaving(member, text, unhealthy=True)

    def _too_many(self, group: Group, staying: Sequence[Member], number: int) -> list[_Leaving]:
        """Which go first: of the fullest zone, of the oldest template version, the oldest.

        Source: Auto Scaling User Guide, "Default termination policy".
        """
        left = [member for member in staying if not member.protected]
        counted = Counter(member.zone for member in staying)
        chosen: list[Member] = []
        while left and len(chosen) < number:
            first = min(left, key=lambda m: (-counted[m.zone], m.version, m.launched, m.instance_id))
            left.remove(first)
            counted[first.zone] -= 1
            chosen.append(first)
        after = len(staying) - len(chosen)
        return [_Leaving(member, self._selected(group, len(staying), after, member)) for member in chosen]

    async def _end(self, group: Group, one: _Tried, leaving: Sequence[_Leaving]) -> None:
        started = self._now().timestamp()

        def told(message: str = "") -> dict[str, Activity]:
            return {
                each.member.instance_id: Activity(
                    f"Terminating EC2 instance: {each.member.instance_id}",
                    each.cause,
                    started,
                    message,
                    Place(each.member.zone, each.member.subnet),
                    each.member.ending,
                )
                for each in leaving
            }

        alive = [each.member.instance_id for each in leaving if not each.member.gone]
        if alive:
            try:
                act = await self._act(group, one)
                await act.call("ec2", "TerminateInstances", {"InstanceIds": alive})
            except (ServiceError, CannotAct) as error:
                if getattr(error, "code", "") != "InvalidInstanceID.NotFound":
                    message = f"{_sentence(error)} Terminating EC2 instance failed."
                    await self._groups.failed(group, tuple(told(message).values()))
                    raise
        unhealthy = any(each.unhealthy for each in leaving)
        requested = any(each.member.state == TERMINATING for each in leaving)
        asked = UNHEALTHY if unhealthy else "" if requested else None
        await self._groups.ended(group, told(), asked)

    async def _fill(self, group: Group, one: _Tried, missing: int, staying: Sequence[Member]) -> None:
        """Launches what is missing, spread over the group's places. Goes on with the other places where one
        fails; raises the last error.
        """
        problem: ServiceError | CannotAct | None = None
        present = len(staying)
        on_demand = min(missing, max(0, group.on_demand - sum(not member.spot for member in staying)))
        for spot, wanted in ((False, on_demand), (True, missing - on_demand)):
            for place, number in _spread(group, staying, wanted):
                try:
                    await self._launch(group, one, place, number, present, spot=spot)
                    present += number
                except (ServiceError, CannotAct) as error:
                    problem = error
        if problem is not None:
            raise problem

    async def _launch(
        self, group: Group, one: _Tried, place: Place, number: int, present: int, *, spot: bool
    ) -> None:
        started = self._now().timestamp()
        if group.asked == UNHEALTHY:
            cause = f"{self._at()} {UNHEALTHY}"
        else:
            cause = (
                f"{group.asked}  {self._at()} an instance was started in response to a difference between"
                f" desired and actual capacity, increasing the capacity from {present} to {present + number}."
            ).lstrip()
        try:
            act = await self._act(group, one)
            output = await act.call("ec2", "RunInstances", _request(group, place, number, spot=spot))
        except (ServiceError, CannotAct) as error:
            message = f"{_sentence(error)} Launching EC2 instance failed."
            text = f"Launching a new EC2 instance.  Status Reason: {message}"
            failed = Activity(text, cause, started, message, place)
            await self._groups.failed(group, (failed,) * number)
            raise
        ids = _instance_ids(output)
        done = {
            each: Activity(f"Launching a new EC2 instance: {each}", cause, started, "", place) for each in ids
        }
        if not await self._groups.launched(group, place, done):
            await act.call("ec2", "TerminateInstances", {"InstanceIds": list(ids)})

    async def _act(self, group: Group, one: _Tried) -> ActAs:
        """The group's role, taken once a look, as its trust policy is then. Raises CannotAct."""
        if one.fresh is not None:
            return one.fresh
        refusal = CannotAct(f"Access denied when attempting to assume role {group.role_arn}.")
        role = role_of_arn(self._directory, group.role_arn)
        if role is None:
            raise refusal
        taken = await self._acting.with_role(
            AUTOSCALING,
            role,
            session_name=SESSION_NAME,
            source_arn=group.arn,
            region=group.region,
            replaces=one.act,
        )
        if isinstance(taken, Refusal):
            one.act = None
            raise refusal
        one.act = one.fresh = taken
        return taken

    def _selected(self, group: Group, before: int, after: int, member: Member) -> str:
        return (
            f"{group.asked}  {self._at()} an instance was taken out of service in response to a difference"
            f" between desired and actual capacity, shrinking the capacity from {before} to {after}."
            f"  {self._at()} instance {member.instance_id} was selected for termination."
        ).lstrip()

    def _at(self) -> str:
        return _at(self._now())


def _at(time: datetime) -> str:
    return f"At {time:%Y-%m-%dT%H:%M:%SZ}"


def _sentence(error: ServiceError | CannotAct) -> str:
    text = error.message if isinstance(error, ServiceError) else str(error)
    return text if text.endswith(".") else f"{text}."


def _spread(group: Group, staying: Sequence[Member], number: int) -> list[tuple[Place, int]]:
    """How many to launch where: each goes to the place with the fewest."""
    if not number:
        return []
    counted = {
        place: sum(
            member.subnet == place.subnet if place.subnet else member.zone == place.zone for member in staying
        )
        for place in group.places
    }
    wanted: Counter[Place] = Counter()
    for _ in range(number):
        place = min(counted, key=lambda one: counted[one])
        counted[place] += 1
        wanted[place] += 1
    return list(wanted.items())


def _request(group: Group, place: Place, number: int, *, spot: bool) -> Mapping[str, object]:
    """RunInstances' input."""
    tags = {**group.tags, "aws:autoscaling:groupName": group.name}
    request: dict[str, object] = {
        **group.launch,
        "MinCount": number,
        "MaxCount": number,
        "TagSpecifications": [
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    }
    interfaces = request.get("NetworkInterfaces")
    if not place.subnet:
        request["Placement"] = {"AvailabilityZone": place.zone}
    elif isinstance(interfaces, list):
        request["NetworkInterfaces"] = [{**interfaces[0], "SubnetId": place.subnet}]
    else:
        request["SubnetId"] = place.subnet
    if spot:
        request["InstanceMarketOptions"] = {"MarketType": "spot"}
    return request


def _instance_ids(output: Output) -> tuple[str, ...]:
    instances = output.get("Instances")
    return tuple(str(one["InstanceId"]) for one in instances) if isinstance(instances, list) else ()
