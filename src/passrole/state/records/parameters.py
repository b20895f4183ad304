"""requestParameters and responseElements: an input or output in the spelling that CloudTrail has.

The rule is one for nearly all services, from AWS's Java: the first letter lowered and the rest left
(``dBInstanceIdentifier``, ``aWSServiceName``). EC2 and S3 have conventions of their own.
Writers are made from the service models at the first use of a member and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote

from passrole.state.records.hidden import OMITTED, SHOWN, hidden, shown
from passrole.state.records.resources import resource_type
from passrole.wire.models import Shape

Resources = dict[tuple[str, str], None]  # (type, name) in order of appearance, each once
Write = Callable[[object, Resources], object]


class Member(NamedTuple):
    """How one member of a structure is printed. name "" leaves it out; write None prints it as it is."""

    name: str
    write: Write | None = None
    resource: str = ""


class Structure:
    """Writes one structure; knows each member from its first use on."""

    __slots__ = ("_convention", "_members", "_shape")

    def __init__(self, convention: Convention, shape: Shape) -> None:
        self._convention = convention
        self._shape = shape
        self._members: dict[str, Member] = {}

    def __call__(self, value: object, resources: Resources) -> object:
        if type(value) is not dict and not isinstance(value, Mapping):  # the second costs a microsecond
            return value
        members = self._members
        printed: dict[str, object] = {}
        for key, given in value.items():
            if given is None:
                continue
            member = members.get(key)
            if member is None:
                member = self._convention.member(self._shape, key)
                if key in self._shape.members:  # nothing else is kept: it may be anything that a client sends
                    members[key] = member
            name, write, resource = member
            if not name:
                continue
            if resource:
                _note(resources, resource, given)
            printed[name] = given if write is None else write(given, resources)
        return printed


class Convention:
    """The usual spelling; subclasses change parts of it."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._structures: dict[str, Structure] = {}

    def structure(self, shape: Shape) -> Structure:
        """The writer of a structure; one for every shape, so that shapes may hold themselves."""
        found = self._structures.get(shape.name)
        if found is None:
            found = self._structures[shape.name] = Structure(self, shape)
        return found

    def member(self, parent: Shape, member: str) -> Member:
        """How a member of a structure is printed; one that the model does not know is taken as text."""
        shape = parent.members.get(member)
        instead = hidden(self.service, member, shape)
        if instead is OMITTED:
            return Member("")
        name = self.name(member, shape)
        if instead is not SHOWN:
            return Member(name, lambda _value, _resources: instead)
        plain = shape is None or (shown(self.service, member) and shape.kind == "string")
        write = None if shape is None or plain else self.write(member, shape)
        return Member(name, write, resource_type(self.service, parent.name, member))

    def name(self, member: str, shape: Shape | None) -> str:
        """The member's name in the record."""
        return member[:1].lower() + member[1:]

    def write(self, member: str, shape: Shape) -> Write | None:
        """The writer of a value, None for one that JSON can hold as it is."""
        instead = hidden(self.service, "", shape)  # a member was asked before; an item of a list was not
        if instead is not SHOWN:
            text = "" if instead is OMITTED else instead
            return lambda _value, _resources: text
        if shape.document:
            return None
        if shape.kind == "structure":
            return self.structure(shape)
        if shape.kind == "list":
            return self.listed(member, shape)
        if shape.kind == "map":
            return self.mapped(shape)
        if shape.kind == "timestamp":
            return lambda value, _resources: self.moment(value) if isinstance(value, datetime) else value
        return None

    def listed(self, member: str, shape: Shape) -> Write | None:
        """The writer of a list."""
        write = self.write(member, shape.member)
        if write is None:
            return None

        def written(value: object, resources: Resources) -> object:
            if not isinstance(value, list | tuple):
                return value
            return [write(item, resources) for item in value]

        return written

    def mapped(self, shape: Shape) -> Write | None:
        """The writer of a map; its keys are the caller's and stay as they are."""
        write = self.write("", shape.value)
        if write is None:
            return None

        def written(value: object, resources: Resources) -> object:
            if not isinstance(value, Mapping):
                return value
            return {key: write(item, resources) for key, item in value.items()}

        return written

    def moment(self, time: datetime) -> object:
        """A time as Java prints it: ``Jul 10, 2023 12:09:21 PM``."""
        return _java(time, "")


class Dated(Convention):
    """The usual spelling with times in a form of their own."""

    def __init__(self, service: str, moment: Callable[[datetime], object]) -> None:
        super().__init__(service)
        self._moment = moment

    def moment(self, time: datetime) -> object:
        return self._moment(time)


def newer_java(time: datetime) -> str:
    """A time as newer Java prints it: ``Jul 10, 2023, 12:09:21 PM``."""
    return _java(time, ",")


def iso(time: datetime) -> str:
    """A time in ISO 8601, to the nanosecond: ``2024-10-10T12:55:43.023139000Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


class EksConvention(Convention):
    """EKS: members of the path by their names there and as they stood there; times in seconds.

    Sources: events of CreateAccessEntry and AssociateAccessPolicy in Stratus Red Team's "Create Admin EKS
    Access Entry"; EKS User Guide, "Logging Amazon EKS API calls", CreateCluster.
    """

    def member(self, parent: Shape, member: str) -> Member:
        shape = parent.members.get(member)
        made = super().member(parent, member)
        if shape is None or shape.location != "uri":
            return made
        return Member(shape.location_name or member, _quoted, made.resource)

    def moment(self, time: datetime) -> object:
        return round(time.timestamp(), 3)


def _quoted(value: object, resources: Resources) -> object:
    return quote(value, safe="") if isinstance(value, str) else value


class SameSpelling(Convention):
    """Services that print their members as the API has them."""

    def name(self, member: str, shape: Shape | None) -> str:
        return member


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _java(time: datetime, after_date: str) -> str:
    hour = time.hour % 12 or 12
    half = "AM" if time.hour < 12 else "PM"
    date = f"{_MONTHS[time.month - 1]} {time.day}, {time.year}{after_date}"
    return f"{date} {hour}:{time.minute:02}:{time.second:02} {half}"


def _note(resources: Resources, kind: str, given: object) -> None:
    if isinstance(given, str):
        # What is not printable names nothing in AWS, and might not be text at all.
        if given and given.isprintable():
            resources[(kind, given)] = None
    elif isinstance(given, list | tuple):
        for item in given:
            if isinstance(item, str):
                _note(resources, kind, item)
