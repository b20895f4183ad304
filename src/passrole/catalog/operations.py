"""What a call of an operation needs: IAM actions on resources, and the roles that it passes on.

An operation is an API call by botocore's service and operation names, an action what a policy
names. They differ: ``s3:ListObjectsV2`` needs ``s3:ListBucket``. Facts come from
``catalog/data/<service>.json``, read when a service is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from passrole.catalog import files, role_parameters, templates
from passrole.catalog.role_parameters import RoleParameter

PASS_ROLE = "iam:PassRole"


# What a resource is when its call is judged. One that exists has tags and more, which somebody must tell.
# One that the call makes has none yet; neither has what a template leaves open: a list that goes over all
# of a type, a network interface that a launch may name or have made.
EXISTING: Final = ""
MADE: Final = "made"
OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """One resource type that an action is authorized on.

    template is filled from the call by ``catalog.templates.fill``; templates.UNKNOWN where the
    input does not tell which resource it is, which is not the same as ``*``. type is "" where the
    input's ARN may be of any of the service's types.
    """

    type: str
    template: str
    required: bool  # False: only if the input names one
    # Condition keys of this resource type: "ec2:InstanceType", "aws:ResourceTag/${TagKey}"; "lambda:*" for
    # whatever the service has, where the reference does not know the action.
    keys: tuple[str, ...]
    stands: str = EXISTING


@dataclass(frozen=True, slots=True)
class ActionUse:
    """One action that an operation is authorized for."""

    action: str  # "ec2:RunInstances"
    resources: tuple[ResourceUse, ...]  # () : the action has no resource types, its resource is "*"
    keys: tuple[str, ...]  # condition keys of the action as such: "aws:RequestTag/${TagKey}"
    when: str  # input path whose presence asks for the action: "TagSpecifications[].Tags"; "" always

    def applies(self, given: Mapping[str, object]) -> bool:
        """True where this input needs the action: see ``catalog.templates.asked``."""
        return templates.asked(self.when, given)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its actions, primary first, and its role parameters.

    exempt operations need no permission (``sts:GetCallerIdentity``); they have no actions.
    iam:PassRole is never among actions: it goes with role_parameters.
    """

    service: str  # botocore's name: "stepfunctions"
    name: str
    actions: tuple[ActionUse, ...]
    role_parameters: tuple[RoleParameter, ...]
    exempt: bool
    access_level: str  # "Read" | "List" | "Write" | "Tagging" | "Permissions management"
    tags: tuple[str, ...] = ()  # paths to the request's tags, in any of AWS's forms
    tag_keys: tuple[str, ...] = ()  # paths to the keys of tags, as in UntagResource
    unread_tags: tuple[str, ...] = ()  # paths to tags of which it is not known whose they are


def services() -> tuple[str, ...]:
    """botocore's names of the services that the catalog knows, in order."""
    return files.service_names()


def operation(service: str, name: str) -> Operation | None:
    """The operation, or None where the catalog does not know it: what it needs is then unknown."""
    known = _service(service)
    return None if known is None else known.operation(name)


def operation_names(service: str) -> tuple[str, ...]:
    """The operations of a service that the catalog knows, in order; () for a service it does not."""
    known = _service(service)
    return () if known is None else tuple(known.rows)


def describe(service: str, name: str) -> dict[str, object] | None:
    """One line of ``passrole catalog --format jsonl``, None for an operation that is not known.

    actions has iam:PassRole right after the primary action where the operation takes a role.
    """
    known = operation(service, name)
    if known is None:
        return None
    actions = list(dict.fromkeys(use.action for use in known.actions))
    if known.role_parameters:
        actions.insert(1, PASS_ROLE)
    return {
        "service": service,
        "operation": name,
        "actions": actions,
        "role_parameters": [
            {"path": one.path, "holds": one.holds, "principals": list(one.principals)}
            for one in known.role_parameters
        ],
    }


@lru_cache(maxsize=1)
def passing() -> tuple[Operation, ...]:
    """Every operation that takes a role, in order of service and name."""
    return tuple(made for key in passing_names() if (made := operation(*key)) is not None)


@lru_cache(maxsize=1)
def passing_names() -> tuple[tuple[str, str], ...]:
    """The same by service and name, without reading the services' files."""
    table: Mapping[str, list[str]] = files.table("passing")["services"]
    return tuple((service, name) for service, names in table.items() for name in names)


def uncovered() -> dict[str, str]:
    """``service:Operation`` of the role passes that this catalog knows of and cannot check, with the reason.

    The role is one of something made before (an input names none), or stands in a text that only the
    service reads: the roles that it writes out as ARNs are checked, others are not.
    """
    found: dict[str, str] = dict(files.table("not_role_parameters")["unreached"])
    for service in services():
        known = _service(service)
        for name, row in known.rows.items() if known is not None else ():
            for one in row.get("roles", ()):
                if one["holds"] == role_parameters.EMBEDDED:
                    found[f"{service}:{name}"] = (
                        f"roles that the text of {one['path']} does not write out as ARNs"
                    )
    return dict(sorted(found.items()))


def use_overlay(content: bytes | None) -> None:
    """Lays what ``reference.overlay`` made over the data files; None takes it off again.

    Raises BadCatalogFile for a file without source or date.
    """
    _overlay.clear()
    if content is not None:
        _overlay.update(files.parse("overlay", content)["services"])
    _service.cache_clear()
    passing.cache_clear()


_overlay: Final[dict[str, Any]] = {}


def _unknown(action: str) -> ResourceUse:
    """Of an action of which only the name is known: neither its resource nor what it is limited by."""
    prefix = action.partition(":")[0]
    return ResourceUse("", templates.UNKNOWN, True, (f"{prefix}:*", "aws:ResourceTag/${TagKey}"))


class _Service:
    """One service's file with what lies over it; its operations are made as they are asked for."""

    __slots__ = ("keys", "made", "name", "over", "resources", "rows", "tags")

    def __init__(self, name: str, data: Mapping[str, Any], over: Mapping[str, Any]) -> None:
        self.name = name
        self.keys: list[tuple[str, ...]] = [tuple(keys) for keys in data.get("keys", ())]
        self.resources: list[ResourceUse] = [
            ResourceUse(kind, template, bool(required), self.keys[keys], *stands)
            for kind, template, required, keys, *stands in data.get("resources", ())
        ]
        self.tags: list[tuple[tuple[str, ...], ...]] = [
            tuple(tuple(paths) for paths in row) for row in data.get("tags", ())
        ]
        self.over = over
        own = data.get("operations", {})
        self.rows: Mapping[str, Any] = own if over.keys() <= own.keys() else {**over, **own}
        self.made: dict[str, Operation] = {}

    def operation(self, name: str) -> Operation | None:
        made = self.made.get(name)
        if made is None and (row := self.rows.get(name)) is not None:
            made = self.made[name] = self._laid(name) if row is self.over.get(name) else self._own(name, row)
        return made

    def _own(self, name: str, row: Mapping[str, Any]) -> Operation:
        more = tuple(self.over.get(name, {}).get("principals", ()))
        passed = tuple(role_parameters.read(one) for one in row.get("roles", ()))
        if more:
            passed = tuple(
                replace(one, principals=tuple(dict.fromkeys((*one.principals, *more))), disputed=True)
                for one in passed
            )
        tags, tag_keys, unread_tags = self.tags[row["tags"]] if "tags" in row else ((), (), ())
        return Operation(
            service=self.name,
            name=name,
            tags=tags,
            tag_keys=tag_keys,
            unread_tags=unread_tags,
            actions=tuple(
                ActionUse(action, tuple(self.resources[one] for one in uses), self.keys[keys], when)
                for action, uses, keys, when in row.get("actions", ())
            ),
            role_parameters=passed,
            exempt=row.get("exempt", False),
            access_level=row["level"],
        )

    def _laid(self, name: str) -> Operation:
        """An operation that only the overlay has: its actions, on resources that stay unknown."""
        return Operation(
            service=self.name,
            name=name,
            actions=tuple(
                ActionUse(
                    one["action"],
                    () if one["bare"] else (_unknown(one["action"]),),
                    tuple(one["keys"]),
                    "",
                )
                for one in self.over[name].get("actions", ())
            ),
            role_parameters=(),
            exempt=False,
            access_level="Write",
        )


@lru_cache(maxsize=512)
def _service(name: str) -> _Service | None:
    data = files.service_file(name)
    over = _overlay.get(name, {})
    return None if data is None and not over else _Service(name, data or {}, over)
