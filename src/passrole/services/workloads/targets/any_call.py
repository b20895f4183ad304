"""Universal targets: ``arn:aws:scheduler:::aws-sdk:SERVICE:OPERATION``, any call with a JSON input.

Source: Scheduler User Guide, "Using universal targets in EventBridge Scheduler".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from passrole.services.workloads.targets.invoking import Request, UnsupportedTarget
from passrole.wire import models
from passrole.wire.models import Shape
from passrole.wire.services import index

# Services whose name in AWS's newer SDKs is not botocore's.
_NAMES: Final[Mapping[str, str]] = {
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "sfn": "stepfunctions",
}


def request(target: str, text: str) -> Request:
    """The call that a universal target's ARN and input mean. Raises UnsupportedTarget."""
    named, _, member = target.rpartition("aws-sdk:")[2].partition(":")
    service = _NAMES.get(named.lower(), named.lower())
    if service not in index():
        raise UnsupportedTarget(f"{target}: there is no service {named}.")
    model = models.service(service)
    operation = next((name for name in model.operations if name.lower() == member.lower()), None)
    if operation is None:
        raise UnsupportedTarget(f"{target}: {named} has no operation {member}.")
    try:
        given = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise UnsupportedTarget(f"{target}: its input is not JSON.") from error
    shape = model.operation(operation).input
    fitted = _fitted(shape, given) if shape is not None else {}
    if not isinstance(fitted, Mapping):
        raise UnsupportedTarget(f"{target}: its input is no JSON object.")
    return Request(service, operation, {str(name): value for name, value in fitted.items()})


def _fitted(shape: Shape, value: object) -> object:
    """The value with members spelled as the service's model has them; inputs have upper camel case."""
    if shape.kind == "structure" and isinstance(value, Mapping):
        spelled = {name.lower(): name for name in shape.members}
        found: dict[str, object] = {}
        for name, inner in value.items():
            known = spelled.get(str(name).lower())
            if known is not None:
                found[known] = _fitted(shape.members[known], inner)
        return found
    if shape.kind == "list" and isinstance(value, list):
        return [_fitted(shape.member, one) for one in value]
    if shape.kind == "map" and isinstance(value, Mapping):
        return {name: _fitted(shape.value, one) for name, one in value.items()}
    if shape.kind == "blob" and isinstance(value, str):
        return value.encode()
    return value
