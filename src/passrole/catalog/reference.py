"""AWS's published service reference: what it says of operations, where it differs from the catalog, and
what of it the catalog can take over.

One JSON document a service prefix: ``Actions`` with their resource types and condition keys, and
``Operations`` with the actions that each authorizes and the SDK clients that have it. Source: Service
Authorization Reference, "Simplified AWS service information for programmatic access".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from passrole.catalog import actions, files, operations
from passrole.values.errors import PassroleError

PASS_ROLE: Final = operations.PASS_ROLE
_PASSED_TO: Final = "iam:PassedToService"


class BadReference(PassroleError):
    """A document that is not of the service reference's form."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"not a service reference: {self.why}"


@dataclass(frozen=True, slots=True)
class Published:
    """One operation of one SDK client, as the reference has it."""

    service: str  # botocore's name
    operation: str
    actions: tuple[str, ...]  # "ec2:RunInstances", the one of the operation's own name first
    passes: bool  # iam:PassRole is among what it authorizes
    passed_to: tuple[str, ...]  # values of iam:PassedToService, where the reference gives any
    keys: tuple[tuple[str, ...], ...]  # condition keys of each action, as far as the document has it
    bare: tuple[bool, ...]  # for each action: it has no resource types


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the reference and the catalog disagree about an operation.

    kind is ``operation`` (the catalog lacks it), ``actions``, ``principals`` or ``passes`` (only one of
    them says that it passes a role).
    """

    service: str
    operation: str
    kind: str
    catalog: tuple[str, ...]
    reference: tuple[str, ...]


def read(document: bytes) -> tuple[Published, ...]:
    """The operations of one document. Raises BadReference."""
    try:
        data = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise BadReference(str(error)) from error
    if not isinstance(data, dict) or not isinstance(data.get("Name"), str):
        raise BadReference("it has no Name")
    own = {row["Name"]: row for row in _rows(data, "Actions")}
    return tuple(one for row in _rows(data, "Operations") for one in _published(data["Name"], row, own))


def _rows(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "Name" in row for row in rows):
        raise BadReference(f"{name} is not a list of named objects")
    return rows


def _published(prefix: str, row: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Published]:
    authorized = row.get("AuthorizedActions") or [{"Name": row["Name"], "Service": prefix}]
    named = [(f"{one.get('Service', prefix)}:{one['Name']}", one) for one in authorized]
    passes = [one for action, one in named if action == PASS_ROLE]
    passed_to = sorted({value for one in passes for value in (one.get("Context") or {}).get(_PASSED_TO, ())})
    wanted = sorted(
        dict.fromkeys(action for action, _ in named if action != PASS_ROLE),
        key=lambda action: (action.partition(":")[2] != row["Name"], _is_tagging(action), action),
    )
    rows = [
        own.get(action.partition(":")[2], {}) if action.startswith(f"{prefix}:") else {} for action in wanted
    ]
    for sdk in row.get("SDK", ()):
        if sdk.get("Package") == "Boto3":
            yield Published(
                service=sdk["Name"],
                operation=row["Name"],
                actions=tuple(wanted),
                passes=bool(passes),
                passed_to=tuple(passed_to),
                keys=tuple(tuple(one.get("ActionConditionKeys", ())) for one in rows),
                bare=tuple("Name" in one and not one.get("Resources") for one in rows),
            )


def _is_tagging(action: str) -> bool:
    return actions.access_level(action) == "Tagging"


def differences(published: Iterable[Published]) -> tuple[Difference, ...]:
    """Where the reference and the catalog disagree, in order of service and operation.

    Tagging actions are left out: the reference lists them whether or not the call has tags.
    """
    found = [one for row in published for one in _differences(row)]
    return tuple(sorted(found, key=lambda one: (one.service, one.operation, one.kind)))


def _differences(row: Published) -> Iterator[Difference]:
    known = operations.operation(row.service, row.operation)
    theirs = tuple(action for action in row.actions if not _is_tagging(action)) or row.actions
    if known is None:
        yield Difference(row.service, row.operation, "operation", (), theirs)
        return
    ours = tuple(dict.fromkeys(use.action for use in known.actions if not _is_tagging(use.action)))
    if set(ours) != set(theirs) and not known.exempt and known.access_level != "Tagging":
        yield Difference(row.service, row.operation, "actions", ours, theirs)
    principals = tuple(sorted({one for each in known.role_parameters for one in each.principals}))
    if bool(known.role_parameters) != row.passes:
        yield Difference(row.service, row.operation, "passes", principals, row.passed_to)
    elif row.passed_to and not set(row.passed_to) <= set(principals):
        yield Difference(row.service, row.operation, "principals", principals, row.passed_to)


def overlay(published: Iterable[Published], *, source: str, date: str) -> bytes:
    """What the catalog takes over, as a file for ``operations.use_overlay``.

    Operations that the catalog lacks come with the actions that the reference gives, on resources that stay
    unknown where an action has any; where the operation takes one role parameter, the principals that the
    reference adds. An operation that the catalog knows keeps its actions: it knows when each is asked for.
    """
    rows: dict[str, dict[str, Any]] = {}
    for row in published:
        known = operations.operation(row.service, row.operation)
        if known is None:
            rows.setdefault(row.service, {})[row.operation] = {"actions": list(_actions(row))}
        elif len(known.role_parameters) == 1 and row.passed_to:
            new = [one for one in row.passed_to if one not in known.role_parameters[0].principals]
            if new:
                rows.setdefault(row.service, {})[row.operation] = {"principals": new}
    content = {"source": [source], "date": date, "services": rows}
    files.parse("overlay", orjson.dumps(content))  # refuses a missing source or date
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _actions(row: Published) -> Iterator[dict[str, object]]:
    for action, keys, bare in zip(row.actions, row.keys, row.bare, strict=True):
        if not _is_tagging(action) or len(row.actions) == 1:
            yield {"action": action, "keys": list(keys), "bare": bare}
