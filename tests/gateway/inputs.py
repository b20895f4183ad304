"""Inputs made from the service models: all that an operation requires, and a value at an input path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tests.gateway.texts import text

from passrole.catalog import paths
from passrole.catalog.paths import Step
from passrole.wire import models
from passrole.wire.models import Shape

# Inputs are as open as JSON is: Any stops at this module.
Input = dict[str, Any]

_WHEN: Final = datetime(2027, 1, 1, tzinfo=UTC)
_DEEPEST: Final = 24  # shapes that contain themselves must end somewhere


class NoInput(Exception):
    """A path that does not stand in the operation's input, or a shape that cannot be filled."""


def required(service: str, operation: str) -> Input:
    """An input with every member that the model requires, and no other."""
    shape = models.service(service).operation(operation).input
    return {} if shape is None else _structure(shape, 0)


def put(service: str, operation: str, given: Input, path: str, value: object) -> None:
    """Sets what stands at an input path (see ``catalog.paths``), making what it stands in.

    A list gets one element, or the one that its filter asks for. Raises NoInput.
    """
    shape = models.service(service).operation(operation).input
    if shape is None:
        raise NoInput(f"{service}:{operation} takes no input")
    _put(shape, given, paths.parse(path), value)


def value(shape: Shape) -> Any:
    """A value that the shape takes."""
    return _value(shape, 0)


def shape_at(service: str, operation: str, path: str) -> Shape:
    """The shape at an input path."""
    shape = models.service(service).operation(operation).input
    for step in paths.parse(path):
        assert shape is not None
        match step.kind:
            case "member":
                shape = shape.members[step.name]
            case "list":
                shape = shape.member
            case "map":
                shape = shape.value
    assert shape is not None
    return shape


def _put(shape: Shape, holder: Any, steps: Sequence[Step], value: object) -> Any:
    """What stands in the place of holder once the value is in it."""
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    match step.kind:
        case "member":
            inner = shape.members.get(step.name)
            if inner is None:
                raise NoInput(f"{shape.name} has no member {step.name}")
            holder = _structure(shape, 0) if holder is None else holder
            if shape.union:
                for other in [name for name in holder if name != step.name]:
                    del holder[other]
            holder[step.name] = _put(inner, holder.get(step.name), rest, value)
            return holder
        case "list":
            holder = list(holder or ())
            place = _place(step, holder)
            if place is None:
                holder.append(_element(shape.member, step))
                place = len(holder) - 1
            holder[place] = _put(shape.member, holder[place], rest, value)
            return holder
        case "map":
            holder = dict(holder or {})
            key = _key(step, shape.key)
            holder[key] = _put(shape.value, holder.get(key), rest, value)
            return holder
    made = json.dumps(_put_json(json.loads(holder) if _is_json(holder) else {}, rest, value))
    return made.encode() if shape.kind == "blob" else made


def _put_json(holder: Input, steps: Sequence[Step], value: object) -> Input:
    """As _put, inside a text that is JSON: no model says what stands there."""
    step, rest = steps[0], steps[1:]
    holder[step.name] = _put_json(holder.get(step.name, {}), rest, value) if rest else value
    return holder


def _is_json(holder: object) -> bool:
    return isinstance(holder, str | bytes) and holder[:1] in ("{", b"{")


def _place(step: Step, holder: Sequence[Any]) -> int | None:
    if not step.name:
        return 0 if holder else None
    found = (number for number, one in enumerate(holder) if one.get(step.name) == step.value)
    return next(found, None)


def _element(shape: Shape, step: Step) -> Any:
    if not step.name:
        return None if shape.kind != "structure" else _structure(shape, 0)
    element = _structure(shape, 0)
    element[step.name] = matching(step.value) if step.pattern else step.value
    return element


def _key(step: Step, shape: Shape) -> str:
    if step.pattern:
        return matching(step.name)
    return step.name or str(_value(shape, 0))


def matching(pattern: str) -> str:
    """A text that the pattern of a path or of a condition matches whole."""
    return text(pattern.replace(".*", "", 1), None, None)


def _structure(shape: Shape, depth: int) -> Input:
    if shape.document:
        return {}
    if shape.union:
        for name, member in shape.members.items():
            return {name: _value(member, depth + 1)}
    names = shape.required
    if not names and depth > 0:
        names = tuple(shape.members)[:1]  # one that is required itself: a form has no way to say nothing
    return {name: _value(shape.members[name], depth + 1) for name in names}


def _value(shape: Shape, depth: int) -> Any:
    if depth > _DEEPEST:
        raise NoInput(f"{shape.name} contains itself")
    match shape.kind:
        case "structure":
            return _structure(shape, depth)
        case "list":
            # One that is required says something, also where the model would take an empty one.
            one = _value(shape.member, depth + 1)
            more = (_whole(shape.minimum) or 1) - 1
            return [one, *(_value(shape.member, depth + 1) for _ in range(more))]
        case "map":
            return {str(_value(shape.key, depth + 1)): _value(shape.value, depth + 1)}
        case "string":
            return (
                shape.enum[0]
                if shape.enum
                else text(shape.pattern, _whole(shape.minimum), _whole(shape.maximum))
            )
        case "integer" | "long":
            return int(max(1, shape.minimum or 0) if (shape.maximum or 1) >= 1 else shape.maximum or 0)
        case "float" | "double":
            return float(max(0.5, shape.minimum or 0))
        case "boolean":
            return True
        case "timestamp":
            return _WHEN
        case "blob":
            return b"a" * max(1, _whole(shape.minimum) or 0)
    raise NoInput(f"{shape.name} is a {shape.kind}")


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
