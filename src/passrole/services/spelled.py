"""Inputs and outputs in upper camel case, as targets and states have them for every service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from passrole.wire.models import Shape

# Services whose name in AWS's newer SDKs, which targets and states go by, is not botocore's.
_NAMES: Final[Mapping[str, str]] = {
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}


def service_named(name: str) -> str:
    """botocore's name of the service that ``aws-sdk:NAME:…`` means."""
    return _NAMES.get(name.lower(), name.lower())


def spelled(shape: Shape, value: object) -> object:
    """The value with its members as the service's model spells them; what it lacks is left out."""
    if shape.kind == "structure" and isinstance(value, Mapping):
        known = {name.lower(): name for name in shape.members}
        found: dict[str, object] = {}
        for name, inner in value.items():
            member = known.get(str(name).lower())
            if member is not None:
                found[member] = spelled(shape.members[member], inner)
        return found
    if shape.kind == "list" and isinstance(value, list):
        return [spelled(shape.member, one) for one in value]
    if shape.kind == "map" and isinstance(value, Mapping):
        return {name: spelled(shape.value, one) for name, one in value.items()}
    if shape.kind in ("string", "blob") and isinstance(value, Mapping | list):
        value = orjson.dumps(value).decode()  # a message or an event that is written as JSON itself
    if shape.kind == "blob" and isinstance(value, str):
        return value.encode()
    return value


def upper_camel(shape: Shape, value: object) -> object:
    """An output with its members in upper camel case, as states show every service's; blobs as text."""
    if shape.kind == "structure" and isinstance(value, Mapping):
        return {
            name[:1].upper() + name[1:]: upper_camel(shape.members[name], inner)
            if name in shape.members
            else inner
            for name, inner in value.items()
        }
    if shape.kind == "list" and isinstance(value, list | tuple):
        return [upper_camel(shape.member, one) for one in value]
    if shape.kind == "map" and isinstance(value, Mapping):
        return {name: upper_camel(shape.value, one) for name, one in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
