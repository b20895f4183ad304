"""What an operation was given, read back from its record.

CloudTrail prints an input's members in spellings of its own: the first letter lowered, EC2's XML names with
lists under ``…Set: {"items": […]}``, EC2's newer ``OperationRequest`` with numbered lists, S3's headers, some
services as the API has them; exports print nested values as text. One reading takes all of them back: a
member is known by any of its names, whatever their case, and a value is brought into its shape's form.
Source: see ``state.records``, which writes the same spellings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

import orjson

from passrole.state.records.ec2_tables import GATHERED, SETS
from passrole.wire import models, services
from passrole.wire.models import Shape

Read = Callable[[object, int], object]  # (value in the record, how deep it stands) → value in the input

_DEEPEST: Final = 64  # levels of an input that are read; no input of AWS's has half as many

# Names that a service prints in no other place. Source: S3 User Guide, "Amazon S3 CloudTrail events".
_OWN_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("s3", "Bucket"): "bucketname",
    ("s3", "Policy"): "bucketpolicy",
}

HIDDEN: Final = frozenset(("HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>", "***", "****"))


class _Structure:
    """Reads one structure; knows every name of each member."""

    __slots__ = ("_known", "_members", "_names", "_service", "_shape")

    def __init__(self, service: str, shape: Shape) -> None:
        self._service = service
        self._shape = shape
        self._names: dict[str, str] | None = None
        self._members: dict[str, tuple[str, Read | None]] = {}  # by the name in the record

    def __call__(self, value: object, depth: int) -> object:
        if type(value) is not dict:  # the others take a microsecond
            if isinstance(value, str):
                value = _parsed(value)
            if not isinstance(value, Mapping):
                return value
        if depth > _DEEPEST:
            return value
        given: dict[str, object] = {}
        for key, printed in value.items():
            if printed is None:
                continue
            member = self._members.get(key)
            if member is None:
                member = self._member(key)
            name, read = member
            # S3 prints the bare name of a sub-resource beside the member of that name.
            if name and (printed != "" or name not in given):
                given[name] = printed if read is None else read(printed, depth + 1)
        return given

    def _member(self, key: str) -> tuple[str, Read | None]:
        names = self._names
        if names is None:
            names = self._names = _names(self._service, self._shape)
        name = names.get(key.lower(), "")
        if not name:
            return "", None  # not kept: it may be anything
        read = _reader(self._service, self._shape.members[name])
        found = self._members[key] = (name, read)
        return found


def _names(service: str, shape: Shape) -> dict[str, str]:
    """Each name that a member may have, in lower case; its own name goes before those of others."""
    found = {name.lower(): name for name in shape.members}
    for name, member in shape.members.items():
        for other in (member.location_name, member.query_name, _OWN_NAMES.get((service, name), "")):
            if other:
                found.setdefault(other.lower(), name)
    for name, member in shape.members.items():
        if member.kind == "list":
            for one in (SETS.get(name, ("", ""))[0], f"{member.location_name or name}Set"):
                if one:
                    found.setdefault(one.lower(), name)
    return found


@lru_cache(maxsize=4096)
def _structure(service: str, name: str) -> _Structure:
    return _Structure(service, models.service(service).shape(name))


def _reader(service: str, shape: Shape) -> Read | None:
    """What reads a value of the shape; None where it is taken as it stands."""
    if shape.document:
        return None
    match shape.kind:
        case "structure":
            return _structure(service, shape.name)
        case "list":
            return _List(service, shape)
        case "map":
            return _Map(service, shape)
        case "string":
            return _text
    return None


class _List:
    """Reads a list in any form: plain, ``{"items": […]}``, ``{"item": …}``, numbered, a lone value.

    S3 prints its lists under the names of their items in XML: ``{"Tag": […]}``.
    """

    __slots__ = ("_item", "_of_structures", "_read")

    def __init__(self, service: str, shape: Shape) -> None:
        self._read = _reader(service, shape.member)
        self._of_structures = shape.member.kind in ("structure", "map")
        self._item = shape.member.location_name if service == "s3" and not shape.flattened else ""

    def __call__(self, value: object, depth: int) -> object:
        if self._item and isinstance(value, Mapping) and value.keys() == {self._item}:
            value = value[self._item]
        items = _items(value)
        if depth > _DEEPEST:
            return items
        if not self._of_structures:
            items = [_alone(one) for one in items]
        read = self._read
        return items if read is None else [read(one, depth + 1) for one in items]


def _items(value: object) -> list[object]:
    if isinstance(value, str):
        parsed = _parsed(value)
        if isinstance(parsed, list):
            return parsed
        value = parsed
    if isinstance(value, Mapping):
        if not value:
            return []
        if len(value) == 1:
            for name in ("items", "item", "member"):
                if name in value:
                    inner = value[name]
                    return list(inner) if isinstance(inner, list) else [inner]
        return [value]
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value in ("", None) else [value]


def _alone(item: object) -> object:
    """A plain value that is printed as an object: ``{"tag": 1, "content": "a"}``, ``{"owner": "a"}``."""
    if not isinstance(item, Mapping):
        return item
    if "content" in item:
        return item["content"]
    values = [value for name, value in item.items() if name != "tag"]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else item


class _Map:
    """Reads a map: its keys are the caller's."""

    __slots__ = ("_read",)

    def __init__(self, service: str, shape: Shape) -> None:
        self._read = _reader(service, shape.value)

    def __call__(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, Mapping) and isinstance(value.get("entry"), list) and len(value) == 1:
            value = {
                str(one.get("key")): one.get("value") for one in value["entry"] if isinstance(one, Mapping)
            }
        read = self._read
        if not isinstance(value, Mapping) or read is None or depth > _DEEPEST:
            return value
        return {key: read(one, depth + 1) for key, one in value.items() if one is not None}


def _text(value: object, depth: int) -> object:
    """A text. JSON in it may have been printed as what it means, an ARN as it stood in the path."""
    if isinstance(value, str):
        return unquote(value) if value.startswith("arn%3A") else value
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else value


def _parsed(text: str) -> object:
    """What a text of JSON means; any other text as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        found: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return found


class Recorded:
    """Reads requestParameters of one operation. members, where given, are the only ones that are read."""

    __slots__ = ("_all", "_gathered", "_members", "_read", "_sets", "_wrapper")

    def __init__(self, service: str, operation: str, members: frozenset[str] | None = None) -> None:
        shape: Shape | None = None
        if service in services.index() and operation in models.service(service):
            shape = models.service(service).operation(operation).input
        self._read = None if shape is None else _structure(service, shape.name)
        self._wrapper = f"{operation}Request"
        self._gathered = GATHERED.get(operation) if service == "ec2" else None
        own = f"{operation}."
        sets = SETS.items() if service == "ec2" else ()
        self._sets = {name.removeprefix(own): one for name, one in sets if name.startswith(own)}
        self._all = _names(service, shape) if shape is not None else {}
        self._members: frozenset[str] | None = None
        if members is not None:
            self._members = frozenset(name for name, member in self._all.items() if member in members)

    def __call__(self, parameters: object) -> dict[str, object]:
        """The input in botocore's member names, as far as the record has it; {} for null."""
        if isinstance(parameters, str):
            parameters = _parsed(parameters)
        if not isinstance(parameters, Mapping) or self._read is None:
            return {}
        if len(parameters) == 1 and isinstance(inner := parameters.get(self._wrapper), Mapping):
            parameters = inner
        if self._gathered is not None or self._sets:
            parameters = self._spread(parameters)
        if (wanted := self._members) is not None:
            parameters = {key: value for key, value in parameters.items() if key.lower() in wanted}
        found = self._read(parameters, 0)
        return found if isinstance(found, dict) else {}

    def strangers(self, parameters: object) -> int:
        """How many members the record has that the operation does not: it may be another one of that name."""
        if not isinstance(parameters, Mapping):
            return 0
        return sum(1 for name in parameters if name.lower() not in self._all)

    def _spread(self, parameters: Mapping[str, object]) -> dict[str, object]:
        """Members that the record gathers in one set, each under its own name."""
        found = dict(parameters)
        if self._gathered is not None:
            first = next(iter(_items(parameters.get(self._gathered[0]))), None)
            if isinstance(first, Mapping):
                found = {**first, **found}
        for member, (name, item) in self._sets.items():
            values = [
                one[item] for one in _items(parameters.get(name)) if isinstance(one, Mapping) and item in one
            ]
            if values:
                found[member] = values
        return found
