"""Stack policies: what an update of a stack may do to which resource.

A stack without a policy lets every update do everything; with one, only what it allows.
Source: CloudFormation User Guide, "Prevent updates to stack resources".
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping

from passrole.services.cloudformation.errors import ValidationError

MODIFY = "Update:Modify"
REPLACE = "Update:Replace"
DELETE = "Update:Delete"


def checked(text: str) -> str:
    """The policy's text. Raises ValidationError for one that is none."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValidationError("Error validating stack policy: Invalid stack policy") from error
    if not isinstance(given, dict) or not list(_statements(given)):
        raise ValidationError("Error validating stack policy: Invalid stack policy")
    return text


def refusal(policy: str, action: str, name: str, kind: str) -> str:
    """Why the policy does not let an update do that to the resource, "" where it does."""
    if not policy:
        return ""
    allowed = False
    for number, statement in enumerate(_statements(json.loads(policy)), 1):
        if not _about(statement, action, name, kind):
            continue
        if statement.get("Effect") == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow [{action}] for "
                f"resource [LogicalResourceId/{name}]"
            )
        allowed = True
    if allowed:
        return ""
    return (
        f"Action denied by stack policy: No statement allows [{action}] for resource "
        f"[LogicalResourceId/{name}]"
    )


def _statements(given: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    found = given.get("Statement")
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield one


def _about(statement: Mapping[str, object], action: str, name: str, kind: str) -> bool:
    return (
        _one_of(statement, "Action", (action,))
        and _one_of(statement, "Resource", (f"LogicalResourceId/{name}",))
        and _of_type(statement.get("Condition"), kind)
    )


def _one_of(statement: Mapping[str, object], element: str, values: tuple[str, ...]) -> bool:
    negated = statement.get(f"Not{element}")
    patterns = _texts(negated if negated is not None else statement.get(element))
    found = any(fnmatch.fnmatchcase(value, pattern) for value in values for pattern in patterns)
    return found != (negated is not None)


def _of_type(condition: object, kind: str) -> bool:
    if not isinstance(condition, dict):
        return True
    for operator, keys in condition.items():
        patterns = _texts(keys.get("ResourceType")) if isinstance(keys, dict) else []
        like = operator == "StringLike"
        if not any(fnmatch.fnmatchcase(kind, one) if like else kind == one for one in patterns):
            return False
    return True


def _texts(given: object) -> list[str]:
    return [str(one) for one in given] if isinstance(given, list) else [str(given)]
