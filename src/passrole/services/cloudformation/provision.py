"""One resource made, changed and deleted by the calls that its type's row names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from passrole.services.cloudformation import rooms
from passrole.services.cloudformation.filling import MISSING, Filling
from passrole.services.cloudformation.shaping import Unfit, fitted
from passrole.services.cloudformation.types import Do, Part, ResourceType
from passrole.services.operation import ActAs, Output
from passrole.state.entities import Tags
from passrole.values.errors import ServiceError

_FIRST_PAUSE: Final = 0.02  # seconds between two looks at what is not ready yet; they grow to a second
_LONGEST_PAUSE: Final = 1.0
_LOOKS: Final = 600


class Failed(Exception):
    """A resource that could not be made, changed or deleted; the text is the event's reason.

    physical is the id of what is there nevertheless.
    """

    def __init__(self, reason: str, physical: str = "") -> None:
        super().__init__(reason)
        self.physical = physical


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that is there: its physical id, which Ref gives, and what Fn::GetAtt gives."""

    physical: str
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Provision:
    """The work on one resource. properties are resolved, its name among them."""

    type: ResourceType
    act: ActAs
    properties: Mapping[str, object]
    account: str
    region: str
    generated: str = ""
    token: str = ""
    made: Made = field(default_factory=lambda: Made(""))

    async def create(self) -> Made:
        """Raises ServiceError, Unfit or Failed; what a part of it failed for is there already."""
        row, filling = self.type, self._filling()
        unknown = row.unknown(self.properties)
        if unknown:
            raise Unfit(f"property {', '.join(unknown)} is not supported by this endpoint")
        if row.create is not None:
            filling.output = await self._call(row.create, filling, tags=self._tags_to_create())
        if row.read is not None and "{read." in row.id:
            filling.read = await self._call(row.read, filling, auto=False)
        filling.id = self._id(filling)
        self.made = Made(filling.id)
        try:
            await self._ready(filling)
            self.made = await self._seen(filling)
            filling.attribute = self.made.attributes
            for name, part in row.parts.items():
                if name in self.properties and not part.created:
                    await self._put(part, self._items(part, self.properties[name]), filling)
            if row.tags is not None and not row.tags.created:
                await self._tag((), self._tags())
        except ServiceError as error:
            raise Failed(refused(row.service, error, self.token), filling.id) from error
        except (Unfit, Failed) as error:
            raise Failed(str(error), filling.id) from error
        return self.made

    async def update(self, old: Mapping[str, object], changed: Sequence[str]) -> Made:
        """Brings what is there from the old properties to the new. Raises ServiceError, Unfit or Failed."""
        row, filling = self.type, self._filling()
        unknown = row.unknown(self.properties)
        if unknown:
            raise Unfit(f"property {', '.join(unknown)} is not supported by this endpoint")
        for do in row.update:
            if any(row.takes(do, name) and name not in row.parts for name in changed):
                await self._call(do, filling, tags=None)
        for name, part in row.parts.items():
            again = any(one in part.on for one in changed)
            if name in changed or again:
                await self._change_part(part, name, old, filling, again=again)
        if "Tags" in changed and row.tags is not None:
            before, after = dict(pairs(old.get("Tags"))), self._tags()
            new = after if row.tags.whole else [one for one in after if before.get(one[0]) != one[1]]
            gone = [key for key in before if key not in dict(after)]
            await self._tag(gone, new)
        self.made = await self._seen(filling)
        return self.made

    async def delete(self) -> None:
        """Raises ServiceError, Unfit or Failed; what is gone already is as if it had been deleted."""
        row, filling = self.type, self._filling()
        for name, part in row.parts.items():
            if part.remove is not None and name in self.properties and (part.each or row.delete is None):
                for item in self._items(part, self.properties[name]):
                    await self._gone(part.remove, filling, item, part.names)
        if row.delete is not None:
            await self._gone(row.delete, filling, MISSING, {})

    # Calls

    async def _call(
        self,
        do: Do,
        filling: Filling,
        *,
        tags: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        auto: bool = True,
    ) -> Output:
        row = self.type
        given: dict[str, object] = {}
        if auto and not do.on and not do.whole:
            for name, value in self.properties.items():
                member = row.member(do.call, name)
                if member is not None and name not in row.skip and name != "Tags":
                    given[member] = value
        given.update(tags or {})
        filled = filling.fill(do.input)
        if isinstance(filled, dict):
            given.update(filled)
        if auto and row.create is not None and do is not row.create and "Tags" in self.properties:
            self._tags_of_update(do, given)
        if do.room:
            work = rooms.Room(self.act, self.type.service, self.region, self.properties, filling)
            adapted = await rooms.ROOMS[do.room](work, given)
            if adapted is None:
                return {}
            given = adapted
        known = {**row.names, **(names or {})}
        request = {
            member: fitted(row.service, do.call, member, value, known) for member, value in given.items()
        }
        output = await self.act.call(row.service, do.call, request)
        failed = output.get(do.failed) if do.failed else None
        if isinstance(failed, list) and failed:
            raise Failed(json.dumps(failed, default=str))
        return output

    def _tags_of_update(self, do: Do, given: dict[str, object]) -> None:
        """An update call takes the tags where nothing else sets them."""
        member = self.type.member(do.call, "Tags")
        if self.type.tags is None and member is not None and not do.on and not do.whole:
            given[member] = _key_values(self._tags())

    async def _gone(self, do: Do, filling: Filling, item: object, names: Mapping[str, str]) -> None:
        filling.item = item
        try:
            await self._call(do, filling, auto=False, names=names)
        except ServiceError as error:
            if not missing(error):
                raise

    async def _put(self, part: Part, items: Sequence[object], filling: Filling) -> None:
        for item in items:
            if part.put.when and str(item).lower() != part.put.when:
                continue
            filling.item = item
            await self._call(part.put, filling, auto=False, names=part.names)

    async def _change_part(
        self, part: Part, name: str, old: Mapping[str, object], filling: Filling, *, again: bool
    ) -> None:
        before = self._items(part, old[name]) if name in old else []
        after = self._items(part, self.properties[name]) if name in self.properties else []
        switched_off = bool(part.put.when) and bool(after) and str(after[0]).lower() != part.put.when
        if part.each:
            keys = [_key(part, one) for one in after]
            gone = [one for one in before if _key(part, one) not in keys]
        else:
            gone = before if not after or switched_off else []
        for item in gone:
            if part.remove is not None:
                await self._gone(part.remove, filling, item, part.names)
        await self._put(part, [one for one in after if again or one not in before], filling)

    def _items(self, part: Part, value: object) -> list[object]:
        if not part.each:
            return [value]
        return value if isinstance(value, list) else [value]

    # Tags

    def _tags(self) -> list[tuple[str, str]]:
        return pairs(self.properties.get("Tags"))

    def _tags_to_create(self) -> Mapping[str, object] | None:
        row, tags = self.type, self.properties.get("Tags")
        if row.create is None or not tags:
            return None
        if row.tags is not None and row.tags.specification:
            kind = row.tags.specification
            return {"TagSpecifications": [{"ResourceType": kind, "Tags": _key_values(self._tags())}]}
        if row.tags is not None and not row.tags.created:
            return None
        member = row.member(row.create.call, "Tags")
        if member is None:
            return None
        if row.tags is not None and row.tags.propagate:
            return {member: tags}
        return {member: _key_values(self._tags())}

    async def _tag(self, gone: Sequence[str], new: Sequence[tuple[str, str]]) -> None:
        tagging, filling = self.type.tags, self._filling()
        if tagging is None:
            return
        if gone and tagging.remove is not None and not (tagging.whole and new):
            filling.keys = list(gone)
            filling.removed = [{"Key": key, **self._group(propagate=False)} for key in gone]
            await self._call(tagging.remove, filling, auto=False)
        if new and tagging.put is not None:
            added = [{"Key": key, "Value": value, **self._group(propagate=True)} for key, value in new]
            filling.tags = added
            await self._call(tagging.put, filling, auto=False)

    def _group(self, *, propagate: bool) -> Mapping[str, object]:
        if self.type.tags is None or not self.type.tags.propagate:
            return {}
        more: dict[str, object] = {"ResourceId": self.made.physical, "ResourceType": "auto-scaling-group"}
        return {**more, "PropagateAtLaunch": True} if propagate else more

    # What is there

    def _filling(self) -> Filling:
        return Filling(
            self.properties,
            self.account,
            self.region,
            id=self.made.physical,
            generated=self.generated,
            attribute=self.made.attributes,
        )

    def _id(self, filling: Filling) -> str:
        row = self.type
        template = row.id or f"{{{row.name_property}}}"
        found = filling.fill(template)
        if found is MISSING or not isinstance(found, str):
            raise Failed("the service's answer does not name what it has made")
        return found

    async def _ready(self, filling: Filling) -> None:
        wait = self.type.wait
        if wait is None:
            return
        pause = _FIRST_PAUSE
        for _ in range(_LOOKS):
            filling.read = await self._call(Do(wait.call, wait.input, whole=True), filling, auto=False)
            value = str(filling.fill(wait.value))
            if value in wait.until:
                return
            if value in wait.failed:
                raise Failed(f"it is {value}")
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
        raise Failed("it did not become ready in time")

    async def _seen(self, filling: Filling) -> Made:
        row = self.type
        if row.read is not None:
            filling.read = await self._call(row.read, filling, auto=False)
        attributes = dict(self.made.attributes)
        for name, template in row.attributes.items():
            value = filling.fill(template)
            if value is not MISSING and ("{output" not in template or filling.output):
                attributes[name] = value
        return Made(filling.id, attributes)


def tagged(row: ResourceType | None, properties: Mapping[str, object], tags: Tags) -> dict[str, object]:
    """The properties with the stack's tags beside the resource's own, which go before them."""
    given = dict(properties)
    if row is None or not row.takes_tags() or not tags:
        return given
    own = given.get("Tags")
    names = {key for key, _ in pairs(own)}
    more: list[dict[str, object]] = [
        {"Key": key, "Value": value, **({"PropagateAtLaunch": True} if _propagates(row) else {})}
        for key, value in tags
        if key not in names
    ]
    if isinstance(own, dict):
        given["Tags"] = {**own, **{str(one["Key"]): one["Value"] for one in more}}
    elif more:
        given["Tags"] = [*(own if isinstance(own, list) else []), *more]
    return given


def _propagates(row: ResourceType) -> bool:
    return row.tags is not None and row.tags.propagate


def pairs(tags: object) -> list[tuple[str, str]]:
    """Tags of a resource's properties: a list of Key and Value, or an object."""
    if isinstance(tags, dict):
        return [(str(key), str(value)) for key, value in tags.items()]
    if not isinstance(tags, list):
        return []
    return [(str(one.get("Key", "")), str(one.get("Value", ""))) for one in tags if isinstance(one, dict)]


def refused(service: str, error: ServiceError, token: str) -> str:
    """An event's reason for what a service has refused. token tells the attempt."""
    code = error.code.rpartition("#")[2]
    if error.status == 501:
        kind = "UnsupportedOperation"
    elif "AccessDenied" in code or "Unauthorized" in code or error.status == 403:
        kind = "AccessDenied"
    elif missing(error):
        kind = "NotFound"
    elif "Exist" in code or "Conflict" in code or "Duplicate" in code:
        kind = "AlreadyExists"
    elif "Limit" in code:
        kind = "ServiceLimitExceeded"
    else:
        kind = "InvalidRequest" if error.status < 500 else "GeneralServiceException"
    return (
        f'Resource handler returned message: "{error.message} (Service: {service.capitalize()}, Status Code: '
        f'{error.status}, Error Code: {code})" (RequestToken: {token}, HandlerErrorCode: {kind})'
    )


def missing(error: ServiceError) -> bool:
    """Does a service say that the thing is not there?"""
    code = error.code.rpartition("#")[2]
    return (
        error.status == 404
        or code.startswith("NoSuch")
        or "NotFound" in code
        or "NonExistent" in code
        or "DoesNotExist" in code
    )


def _key(part: Part, item: object) -> object:
    return item.get(part.key) if part.key and isinstance(item, dict) else item


def _key_values(tags: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]
