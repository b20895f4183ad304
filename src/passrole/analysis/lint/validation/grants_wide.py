"""iam:PassRole and iam:CreateServiceLinkedRole on resources that are not named.

Access Analyzer looks at each statement by itself, whatever another one denies. A wildcard in the account
alone is none to it, nor is one in a name that tells its service: its own findings on AWS's managed policies
leave ``arn:aws:iam::*:role/AWS_Events_Invoke_Targets`` and ``…:role/lambda-dynamodb-*`` out, and the
reference says so of ``arn:aws:iam::*:role/Service*``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.analysis.lint.node import Node
from passrole.analysis.lint.validation.subject import Said, Spot, Subject, allows, spot, texts
from passrole.catalog import actions
from passrole.values.glob import Pattern

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST: Final = 4  # words of a service's name: "application-autoscaling" has two
_SERVICE_ROLES: Final = "role/aws-service-role/"
# "*", "arn:aws:iam::123456789012:*", "…:role/*": what comes before the first wildcard names no service.
_NAMED_SERVICE: Final = re.compile(r"role/aws-service-role/[a-z0-9-]+[^/*?]*\.amazonaws\.com/.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Granted:
    """An action whose grants are looked at. key is the condition key by which a statement limits it."""

    action: str
    code: str
    key: str
    wide: Callable[[str], bool]


def check(subject: Subject) -> Iterator[Said]:
    for statement in subject.statements if subject.kind == "identity" else ():
        if allows(statement):
            for granted in _GRANTED:
                yield from _checked(statement, granted)


def _checked(statement: Node, granted: _Granted) -> Iterator[Said]:
    if _limited(statement, granted.key):
        return
    way = _way(statement, granted.action)
    if way is None:
        return
    by, spots = way
    excluded = statement.get("NotResource")
    if excluded is not None:
        code = {"named": "NOT_RESOURCE", "star": "STAR_IN_ACTION_AND_NOT_RESOURCE"}.get(
            by, "NOT_ACTION_AND_NOT_RESOURCE"
        )
        yield Said(f"{granted.code}_WITH_{code}", (*spots, spot(excluded)))
        return
    wide = tuple(spot(one) for one in texts(statement, "Resource") if granted.wide(one.text))
    if wide:
        code = {"named": "STAR_IN_RESOURCE", "star": "STAR_IN_ACTION_AND_RESOURCE"}.get(
            by, "STAR_IN_RESOURCE_AND_NOT_ACTION"
        )
        yield Said(f"{granted.code}_WITH_{code}", (*spots, *wide))


def _limited(statement: Node, key: str) -> bool:
    block = statement.get("Condition")
    return any(
        asked.name.lower() == key
        for operator in ((block.members or ()) if block is not None else ())
        for asked in operator.value.members or ()
    )


def _way(statement: Node, action: str) -> tuple[str, tuple[Spot, ...]] | None:
    """How an action comes to be granted, ``named``, by a ``star`` or by ``not``, and where that stands."""
    excluded = statement.get("NotAction")
    if excluded is not None:
        taken = any(Pattern.parse(one.text.lower()).matches(action) for one in texts(statement, "NotAction"))
        return None if taken else ("not", (spot(excluded),))
    found = [one for one in texts(statement, "Action") if Pattern.parse(one.text.lower()).matches(action)]
    if not found:
        return None
    by = "named" if any(one.text.lower() == action for one in found) else "star"
    return by, tuple(map(spot, found))


def is_wide(resource: str) -> bool:
    """Is a resource one on which iam:PassRole is of many roles, of no service in particular?

    >>> [is_wide(f"arn:aws:iam::{one}") for one in ("*:role/A", "1:role/*", "1:role/A-*", "*:role/EC2-*")]
    [False, True, True, False]
    """
    name = _role(resource)
    if name is None or ("*" not in name and "?" not in name):
        return name is None
    return not _tells_service(re.split(r"[*?]", name.removeprefix("role/").rsplit("/", 1)[-1], maxsplit=1)[0])


def _role(resource: str) -> str | None:
    """The part of an ARN that names roles; None for what takes any ARN in."""
    fields = resource.split(":", 5)
    if len(fields) < 6:
        return None if "*" in resource or "?" in resource else resource
    return fields[5]


@lru_cache(maxsize=4096)
def _tells_service(name: str) -> bool:
    """Do words of a name, next to each other, make a service's prefix?

    >>> [_tells_service(name) for name in ("AmazonSageMakerExecution", "kinesis-analytics", "App-")]
    [True, True, False]
    """
    words = [word.lower() for word in _WORD.findall(name)]
    known = _prefixes()
    return any(
        "".join(words[start : start + length]) in known
        for start in range(len(words))
        for length in range(1, _LONGEST + 1)
    )


@lru_cache(maxsize=1)
def _prefixes() -> frozenset[str]:
    return frozenset(one.replace("-", "") for one in actions.prefixes())


def _any_service(resource: str) -> bool:
    """Does a resource take in the service-linked roles of several services?"""
    name = _role(resource)
    if name is None:
        return True
    if "*" not in name and "?" not in name:
        return False
    return _NAMED_SERVICE.fullmatch(name) is None and (
        Pattern.parse(name).matches(f"{_SERVICE_ROLES}a.amazonaws.com/A") or name.startswith(_SERVICE_ROLES)
    )


_GRANTED: Final = (
    _Granted("iam:passrole", "PASS_ROLE", "iam:passedtoservice", is_wide),
    _Granted("iam:createservicelinkedrole", "CREATE_SLR", "iam:awsservicename", _any_service),
)
