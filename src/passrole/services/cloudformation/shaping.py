"""A resource's properties as an operation's input: CloudFormation's names and types made the API's.

The rule is that a property is the member of the same name, whatever the case; a value takes the type of the
member's shape ("30" becomes a number, an object becomes JSON where the API takes a text, a list of Key and
Value becomes a map of tags). The table of types says where a name differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from passrole.policy.cfn_values import comparable
from passrole.wire import models

_KEYS: Final = ("key", "tagkey")
_VALUES: Final = ("value", "tagvalue")


class Unfit(Exception):
    """A value that the API's type cannot hold; the text says which."""


@cache
def members(service: str, operation: str) -> Mapping[str, str]:
    """The operation's input members by their name in lower case."""
    shape = models.service(service).operation(operation).input
    return {name.lower(): name for name in shape.members} if shape is not None else {}


def fitted(service: str, operation: str, member: str, value: object, names: Mapping[str, str]) -> object:
    """The value in the type of that input member. names are names inside that differ. Raises Unfit."""
    shape = models.service(service).operation(operation).input
    assert shape is not None
    return _fit(shape.members[member], value, names, member)


def _fit(shape: models.Shape, value: object, names: Mapping[str, str], at: str) -> object:
    if shape.kind == "structure":
        return _structure(shape, value, names, at)
    if shape.kind == "list":
        if isinstance(value, dict) and _pairs(shape.member) is not None:
            key, text = _pairs(shape.member) or ("", "")
            return [{key: name, text: comparable(one)} for name, one in value.items()]
        listed = value if isinstance(value, list) else [value]
        return [_fit(shape.member, one, names, f"{at}[{index}]") for index, one in enumerate(listed)]
    if shape.kind == "map":
        if isinstance(value, list):  # tags
            value = {_named(one, _KEYS): _named(one, _VALUES) for one in value}
        if not isinstance(value, dict):
            raise Unfit(f"{at}: expected an object")
        return {name: _fit(shape.value, one, names, f"{at}.{name}") for name, one in value.items()}
    return _scalar(shape, value, at)


def _structure(shape: models.Shape, value: object, names: Mapping[str, str], at: str) -> object:
    if not isinstance(value, dict):
        raise Unfit(f"{at}: expected an object")
    known = {name.lower(): name for name in shape.members}
    made: dict[str, object] = {}
    for name, one in value.items():
        member = known.get(names.get(name, name).lower())
        if member is None:
            raise Unfit(f"{at}: property {name} is not supported by this endpoint")
        made[member] = _fit(shape.members[member], one, names, f"{at}.{name}")
    return made


def _scalar(shape: models.Shape, value: object, at: str) -> object:
    kind = shape.kind
    if kind in ("string", "character"):
        if isinstance(value, dict | list):
            return json.dumps(value, separators=(",", ":"))
        return comparable(value)
    if kind == "blob":
        return value if isinstance(value, bytes) else comparable(value).encode()
    if kind == "timestamp":
        return value
    text = comparable(value).strip()
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        return int(text) if kind in ("integer", "long") else float(text)
    except (KeyError, ValueError) as error:
        raise Unfit(f"{at}: {text!r} is no {kind}") from error


def _pairs(shape: models.Shape) -> tuple[str, str] | None:
    """The names of a tag's two members."""
    if shape.kind != "structure":
        return None
    known = {name.lower(): name for name in shape.members}
    key = next((known[name] for name in _KEYS if name in known), None)
    value = next((known[name] for name in _VALUES if name in known), None)
    return (key, value) if key is not None and value is not None else None


def _named(one: object, names: tuple[str, ...]) -> str:
    if not isinstance(one, dict):
        raise Unfit("tags are objects of Key and Value")
    return next((comparable(value) for name, value in one.items() if name.lower() in names), "")
