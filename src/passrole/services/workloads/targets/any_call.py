"""Universal targets: ``arn:aws:scheduler:::aws-sdk:SERVICE:OPERATION``, any call with a JSON input.

Source: Scheduler User Guide, "Using universal targets in EventBridge Scheduler".
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from passrole.services.spelled import service_named, spelled
from passrole.services.workloads.targets.invoking import Request, UnsupportedTarget
from passrole.wire import models
from passrole.wire.services import index


def request(target: str, text: str) -> Request:
    """The call that a universal target's ARN and input mean. Raises UnsupportedTarget."""
    named, _, member = target.rpartition("aws-sdk:")[2].partition(":")
    service = service_named(named)
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
    fitted = spelled(shape, given) if shape is not None else {}
    if not isinstance(fitted, Mapping):
        raise UnsupportedTarget(f"{target}: its input is no JSON object.")
    return Request(service, operation, {str(name): value for name, value in fitted.items()})
