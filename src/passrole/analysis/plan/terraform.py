"""The role passes of a Terraform plan, as ``terraform show -json`` writes it.

Source: Terraform Internals, "JSON Output Format".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from passrole.analysis.plan.passes import ANY, Deployment, PlannedPass, UnreadablePlan, Where, roles_of
from passrole.catalog import deployments
from passrole.catalog.role_parameters import ROLE_NAME
from passrole.state.directory import Directory

_INDEX: Final = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_WORK: Final = frozenset(("create", "update"))
_DEEPEST: Final = 20  # steps from a reference to what it refers to

Json = Mapping[str, Any]


def read_plan(text: str, where: Where, directory: Directory | None = None) -> Deployment:
    """The passes of the resources that the plan makes or gives another role. Raises UnreadablePlan."""
    try:
        plan = json.loads(text)
    except ValueError as error:
        raise UnreadablePlan(f"it is no JSON: {error}") from error
    if not isinstance(plan, dict) or not isinstance(plan.get("resource_changes", []), list):
        raise UnreadablePlan("it is no plan: terraform show -json PLAN writes one")
    return _Plan(plan, where, directory).read()


class _Plan:
    def __init__(self, plan: Json, where: Where, directory: Directory | None) -> None:
        self._where = where
        self._directory = directory
        self._changes = [one for one in plan.get("resource_changes", ()) if isinstance(one, dict)]
        self._by_address = {plain(str(one.get("address", ""))): one for one in self._changes}
        self._root = _dict(_dict(plan.get("configuration")).get("root_module"))

    def read(self) -> Deployment:
        made = Deployment()
        for one in self._changes:
            change = _dict(one.get("change"))
            if one.get("mode", "managed") != "managed" or not _WORK & set(change.get("actions") or ()):
                continue
            before, after = _dict(change.get("before")), _dict(change.get("after"))
            waits = _dict(change.get("after_unknown"))
            address = str(one.get("address", ""))
            for row in deployments.terraform(str(one.get("type", ""))):
                path = row.path.split(".")
                present = set(_values(before, path))
                for value in _values(after, path):
                    if value not in present:  # what keeps its role passes none
                        for role in self._roles(value, row.parameter.holds, ()):
                            made.passes.append(PlannedPass(address, row, role))
                if any(value is True for value in _leaves(waits, path)):
                    references = self._references(address, path)
                    for role in self._roles(ANY, row.parameter.holds, references):
                        made.passes.append(PlannedPass(address, row, role))
        return made

    def _roles(self, value: str, holds: str, references: tuple[str, ...]) -> tuple[str, ...]:
        """The roles that a value names, or the resources that it will come from."""
        found: list[str] = []
        for address in references:
            planned = self._by_address.get(plain(address))
            kind = str(planned.get("type", "")) if planned is not None else ""
            if kind == "aws_iam_role":
                found.append(self._role(planned or {}))
            elif kind == "aws_iam_instance_profile":
                found += self._of_profile(planned or {})
        if found:
            return tuple(dict.fromkeys(found))
        own = self._profile_named(value) if "instance-profile" in holds and value != ANY else None
        if own is not None:
            return tuple(self._of_profile(own))
        own = self._role_named(value) if "name" in holds and value != ANY else None
        return (self._role(own),) if own is not None else roles_of(value, holds, self._where, self._directory)

    def _role(self, planned: Json) -> str:
        after = _dict(_dict(planned.get("change")).get("after"))
        prefix = after.get("name_prefix")
        name = after.get("name") or (f"{prefix}{ANY}" if prefix else ANY)
        return self._where.role(str(name), str(after.get("path") or "/"))

    def _of_profile(self, planned: Json) -> list[str]:
        after = _dict(_dict(planned.get("change")).get("after"))
        role = after.get("role")
        if isinstance(role, str):
            known = self._role_named(role)
            if known is not None:
                return [self._role(known)]
            return list(roles_of(role, ROLE_NAME, self._where, self._directory))
        references = self._references(str(planned.get("address", "")), ["role"])
        return list(self._roles(ANY, ROLE_NAME, references))

    def _role_named(self, name: str) -> Json | None:
        return self._named("aws_iam_role", name)

    def _profile_named(self, name: str) -> Json | None:
        return self._named("aws_iam_instance_profile", name)

    def _named(self, kind: str, name: str) -> Json | None:
        for one in self._changes:
            if one.get("type") == kind:
                after = _dict(_dict(one.get("change")).get("after"))
                if after.get("name") == name:
                    return one
        return None

    # References

    def _references(self, address: str, path: list[str]) -> tuple[str, ...]:
        """The resources that an attribute refers to, by their addresses."""
        modules, local = _parted(plain(address))
        for one in self._module(modules).get("resources") or ():
            if isinstance(one, dict) and one.get("address") == local:
                named = _named_in(_dict(one.get("expressions")), path)
                return tuple(self._followed(modules, named, 0))
        return ()

    def _followed(self, modules: tuple[str, ...], named: list[str], depth: int) -> Iterator[str]:
        """Through variables and outputs to the resources."""
        if depth > _DEEPEST:
            return
        for text in named:
            head, _, rest = text.partition(".")
            if head == "var" and modules:
                calls = _dict(self._module(modules[:-1]).get("module_calls"))
                given = _dict(_dict(calls.get(modules[-1])).get("expressions"))
                inner = _named_in(given, [rest.partition(".")[0]])
                yield from self._followed(modules[:-1], inner, depth + 1)
            elif head == "module":
                name, _, output = plain(rest).partition(".")
                outputs = _dict(self._module((*modules, name)).get("outputs"))
                expression = _dict(_dict(outputs.get(output.partition(".")[0])).get("expression"))
                inner = [one for one in expression.get("references") or () if isinstance(one, str)]
                yield from self._followed((*modules, name), inner, depth + 1)
            elif head == "local":
                continue  # a plan does not say what locals are made of
            else:
                local = ".".join(plain(text).split(".")[:2])
                yield "".join(f"module.{one}." for one in modules) + local

    def _module(self, modules: tuple[str, ...]) -> Json:
        found = self._root
        for name in modules:
            found = _dict(_dict(_dict(found.get("module_calls")).get(name)).get("module"))
        return found


def plain(address: str) -> str:
    """An address without indexes: what is the same in the configuration."""
    return _INDEX.sub("", address)


def _parted(address: str) -> tuple[tuple[str, ...], str]:
    """The modules of an address, and the rest of it."""
    parts = address.split(".")
    modules: list[str] = []
    while parts[:1] == ["module"] and len(parts) > 2:
        modules.append(parts[1])
        parts = parts[2:]
    return tuple(modules), ".".join(parts)


def _named_in(expressions: Json, path: list[str]) -> list[str]:
    return [
        one
        for found in _leaves(expressions, path, stop="references")
        for one in (found if isinstance(found, list) else [found])
        if isinstance(one, str)
    ]


def _values(value: object, path: list[str]) -> Iterator[str]:
    for one in _leaves(value, path):
        listed = one if isinstance(one, list) else [one]
        yield from (text for text in listed if isinstance(text, str) and text)


def _leaves(value: object, path: list[str], stop: str = "") -> Iterator[object]:
    """What stands at a path, whether its blocks are lists or not; with stop that member of it."""
    if isinstance(value, list) and (path or stop or any(isinstance(one, list | dict) for one in value)):
        for one in value:
            yield from _leaves(one, path, stop)
        return
    if not path:
        if stop and isinstance(value, dict):
            yield value.get(stop)
        elif not stop:
            if isinstance(value, list):
                yield from value
            else:
                yield value
        return
    if value is True:
        yield True  # all of it waits
    elif isinstance(value, dict):
        if path[0] == ANY:
            for one in value.values():
                yield from _leaves(one, path[1:], stop)
        elif path[0] in value:
            yield from _leaves(value[path[0]], path[1:], stop)
        elif stop in value and path:
            yield value.get(stop)  # a whole block from one expression


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}
