"""EC2's three spellings in CloudTrail.

Operations of 2014 and before print an older form: lower case, every list as ``{"items": […]}`` under
a name that ends in Set. Newer ones print the query parameters themselves under ``OperationRequest``,
list items numbered by a stray ``tag``, and the XML of the answer under ``OperationResponse``.
Sources: recorded events of the invictus-ir aws_dataset; requests quoted in Permiso's Cloud Console
Cartographer and in Panther's detection rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from passrole.state.records.ec2_tables import ALWAYS, ALWAYS_IN, GATHERED, PLAIN_LISTS, SETS, SHARED
from passrole.state.records.parameters import Convention, Member, Resources, Structure, Write
from passrole.wire.models import Shape

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Located(Convention):
    """EC2's names: those of the XML, which the model keeps as locations."""

    def __init__(self) -> None:
        super().__init__("ec2")

    def name(self, member: str, shape: Shape | None) -> str:
        located = shape.location_name if shape is not None and shape.location_name else member
        return located[:1].lower() + located[1:]

    def moment(self, time: datetime) -> object:
        return int((time - _EPOCH).total_seconds() * 1000)


class _Classic(_Located):
    """The older form of one operation's request."""

    def __init__(self, operation: str) -> None:
        super().__init__()
        self._operation = operation

    def member(self, parent: Shape, member: str) -> Member:
        shape = parent.members.get(member)
        plain = PLAIN_LISTS.get((parent.name, member))
        if shape is not None and shape.kind == "list" and plain is not None:
            return Member(plain, super().listed(member, shape))
        return super().member(parent, member)

    def name(self, member: str, shape: Shape | None) -> str:
        if shape is not None and shape.kind == "list":
            return self._set(member, shape)[0]
        return super().name(member, shape)

    def listed(self, member: str, shape: Shape) -> Write | None:
        write = self.write(member, shape.member)
        item = self._set(member, shape)[1]
        always = ALWAYS_IN.get(shape.member.name, {})

        def written(value: object, resources: Resources) -> object:
            if not isinstance(value, list | tuple):
                return value
            items: list[object] = []
            for given in value:
                printed = given if write is None else write(given, resources)
                if isinstance(printed, dict):
                    items.append({**always, **printed} if always else printed)
                else:
                    items.append({item: printed} if item else printed)
            return {"items": items} if items else {}

        return written

    def _set(self, member: str, shape: Shape) -> tuple[str, str]:
        listed = SETS.get(f"{self._operation}.{member}") or SETS.get(member)
        if listed is not None:
            return listed
        one = super().name(member, shape)
        return f"{one}Set", one


class ClassicRequest:
    """Writes the input of an older operation."""

    def __init__(self, operation: str, shape: Shape) -> None:
        self._write = _Classic(operation).structure(shape)
        self._always = ALWAYS.get(operation, {})
        self._gathered = GATHERED.get(operation)
        self._shared = SHARED.get(operation)

    def __call__(self, value: object, resources: Resources) -> object:
        if self._shared is not None and isinstance(value, Mapping):
            value = _with_permission(value, self._shared[0])
        printed = self._write(value, resources)
        if not isinstance(printed, dict):
            return printed
        if self._shared is not None:
            attribute = printed.pop("attribute", None)
            if self._shared[0] in (value if isinstance(value, Mapping) else ()):
                attribute = self._shared[1]
            if attribute is not None:
                printed = {"attributeType": attribute, **printed}
        if self._gathered is not None:
            name, members = self._gathered
            item = {member: printed.pop(member) for member in members if member in printed}
            printed = {name: {"items": [item]}, **printed}
        return {**self._always, **printed}


def _with_permission(given: Mapping[str, object], permission: str) -> Mapping[str, object]:
    """OperationType with UserIds and groups, as the permission that they stand for."""
    change = {"add": "Add", "remove": "Remove"}.get(str(given.get("OperationType")))
    if change is None or permission in given:
        return given
    parts: list[dict[str, object]] = []
    for member, name in (("GroupNames", "Group"), ("UserGroups", "Group"), ("UserIds", "UserId")):
        listed = given.get(member)
        parts += [{name: one} for one in listed] if isinstance(listed, list | tuple) else []
    said = ("OperationType", "GroupNames", "UserGroups", "UserIds")
    return {**{k: v for k, v in given.items() if k not in said}, permission: {change: parts}}


class ClassicResponse:
    """Writes the output of an older operation: lists as items, times in milliseconds."""

    def __init__(self, shape: Shape | None) -> None:
        self._write = None if shape is None else _ClassicAnswer().structure(shape)

    def __call__(self, value: object, resources: Resources, request_id: str) -> object:
        printed = self._write(value, resources) if self._write is not None else {}
        if not isinstance(printed, dict) or not printed:
            printed = {"_return": True}
        elif "return" in printed:
            printed["_return"] = printed.pop("return")
        return {"requestId": request_id, **printed}


class _ClassicAnswer(_Located):
    def listed(self, member: str, shape: Shape) -> Write | None:
        write = super().listed(member, shape)
        items = "item" if member == "PrivateIpAddresses" else "items"

        def written(value: object, resources: Resources) -> object:
            printed = value if write is None else write(value, resources)
            return {items: printed} if printed else {}

        return written


class _Query(Convention):
    """The newer form of a request: the query's own names, list items numbered."""

    def __init__(self) -> None:
        super().__init__("ec2")

    def name(self, member: str, shape: Shape | None) -> str:
        if shape is None:
            return member
        located = shape.query_name or shape.location_name or member
        return located[:1].upper() + located[1:]

    def moment(self, time: datetime) -> object:
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")

    def listed(self, member: str, shape: Shape) -> Write | None:
        write = self.write(member, shape.member)

        def written(value: object, resources: Resources) -> object:
            if not isinstance(value, list | tuple):
                return value
            items: list[object] = []
            for number, given in enumerate(value, 1):
                printed = given if write is None else write(given, resources)
                if isinstance(printed, dict):
                    items.append({"tag": number, **printed})
                else:
                    items.append({"tag": number, "content": printed})
            return items[0] if len(items) == 1 else items

        return written


class _Answer(_Located):
    """The newer form of an answer: the XML as it would be, an only item not in a list."""

    def listed(self, member: str, shape: Shape) -> Write | None:
        write = super().listed(member, shape)

        def written(value: object, resources: Resources) -> object:
            printed = value if write is None else write(value, resources)
            if not isinstance(printed, list | tuple):
                return printed
            if not printed:
                return ""
            return {"item": printed[0] if len(printed) == 1 else printed}

        return written

    def moment(self, time: datetime) -> object:
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class QueryRequest:
    """Writes the input of a newer operation: ``{"OperationRequest": {…}}``."""

    def __init__(self, operation: str, shape: Shape) -> None:
        self._name = f"{operation}Request"
        self._write = _Query().structure(shape)

    def __call__(self, value: object, resources: Resources) -> object:
        return {self._name: self._write(value, resources) or ""}


class QueryResponse:
    """Writes the output of a newer operation: ``{"OperationResponse": {…}}``."""

    def __init__(self, operation: str, shape: Shape | None, api_version: str) -> None:
        self._name = f"{operation}Response"
        self._write: Structure | None = None if shape is None else _Answer().structure(shape)
        self._namespace = f"http://ec2.amazonaws.com/doc/{api_version}/"

    def __call__(self, value: object, resources: Resources, request_id: str) -> object:
        printed = self._write(value, resources) if self._write is not None else {}
        if not isinstance(printed, dict) or not printed:
            printed = {"return": True}
        return {self._name: {"xmlns": self._namespace, "requestId": request_id, **printed}}
