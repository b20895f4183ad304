"""Dynamic references: texts that stand for values of Parameter Store and Secrets Manager.

They are read with the rights of whoever deploys, and kept as references.
Source: CloudFormation User Guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import json
import re
from typing import Final

from passrole.policy.cfn_values import comparable
from passrole.services.operation import ActAs

_REFERENCE: Final = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


class Unresolved(Exception):
    """A reference that gives nothing; the text says why."""


async def resolved(value: object, act: ActAs) -> object:
    """The value with every reference in it read. Raises Unresolved, or the service's error."""
    if isinstance(value, dict):
        return {name: await resolved(one, act) for name, one in value.items()}
    if isinstance(value, list):
        return [await resolved(one, act) for one in value]
    if not isinstance(value, str) or "{{resolve:" not in value:
        return value
    parts: list[str] = []
    at = 0
    for found in _REFERENCE.finditer(value):
        read = _secret if found[1] == "secretsmanager" else _parameter
        parts += [value[at : found.start()], await read(found[2], act)]
        at = found.end()
    return "".join((*parts, value[at:]))


async def _parameter(text: str, act: ActAs) -> str:
    given = {"Name": text, "WithDecryption": True}
    found = (await act.call("ssm", "GetParameter", given)).get("Parameter")
    return str(found["Value"]) if isinstance(found, dict) else ""


async def _secret(text: str, act: ActAs) -> str:
    parts = text.split(":")
    size = 7 if text.startswith("arn:") else 1
    name, rest = ":".join(parts[:size]), [*parts[size:], "", "", "", ""]
    given: dict[str, object] = {"SecretId": name}
    if rest[2]:
        given["VersionStage"] = rest[2]
    if rest[3]:
        given["VersionId"] = rest[3]
    secret = str((await act.call("secretsmanager", "GetSecretValue", given)).get("SecretString", ""))
    if not rest[1]:
        return secret
    try:
        values = json.loads(secret)
    except ValueError as error:
        raise Unresolved(f"Could not parse SecretString JSON of {name}") from error
    if not isinstance(values, dict) or rest[1] not in values:
        raise Unresolved(f"Could not find a value associated with JSONKey in SecretString of {name}")
    return comparable(values[rest[1]])
