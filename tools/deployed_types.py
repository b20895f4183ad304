"""Writes catalog/data/tables/deployments.json: which calls make a template's resources, with which roles.

python -m tools.deployed_types [--check]

CloudFormation's types come from its resource schemas, as cfn-lint ships them: the properties whose format is
a role or an instance profile, or that are called as a role parameter is, and the calls of the create handler.
They are matched with the catalog's role parameters by name. What names do not tell, and Terraform's types,
are in tools/facts/deployments.yaml.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import yaml

from passrole.catalog import operations
from passrole.catalog.deployments import snaked
from passrole.catalog.operations import Operation
from passrole.catalog.role_parameters import EMBEDDED
from passrole.catalog.services import action_prefix

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "src/passrole/catalog/data/tables/deployments.json"
FACTS: Final = ROOT / "tools/facts/deployments.yaml"
_LINTER = find_spec("cfnlint")  # its code is not imported, only its files are read
SCHEMAS: Final = Path(str(_LINTER.origin if _LINTER else "")).parent / "data/schemas"
_DEEPEST: Final = 8
_FORMATS: Final = ("AWS::IAM::Role", "AWS::IAM::InstanceProfile")
# Verbs of calls that begin a resource; updates are only matched where nothing else is.
_MAKES: Final = (
    "Create",
    "Put",
    "Register",
    "Associate",
    "Add",
    "Set",
    "Run",
    "Request",
    "Import",
    "Activate",
)

Row = list[str]  # property, operation, role parameter


def build() -> dict[str, Any]:
    """The table."""
    facts = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
    found = {name: rows for name, schema in _schemas() if (rows := _rows(name, schema))}
    for name, rows in facts["cloudformation"].items():
        told = [_whole(name, row) for row in rows]
        paths = {row[0] for row in told}
        found[name] = [row for row in found.get(name, []) if row[0] not in paths] + told
    terraform = {_terraform(name): _snaked(rows) for name, rows in found.items()}
    for name, rows in facts["terraform"].items():
        terraform[name] = [_whole(name, row) for row in rows]
    return {
        "source": [
            f"CloudFormation resource schemas as cfn-lint {version('cfn-lint')} ships them",
            *facts["source"],
        ],
        "date": facts["date"],
        "cloudformation": {name: rows for name, rows in sorted(found.items()) if rows},
        "terraform": dict(sorted(terraform.items())),
        "sent_again": _known_of(facts["sent_again"], terraform),
    }


def _known_of(types: Sequence[str], known: Mapping[str, object]) -> list[str]:
    """The types, in order. Raises ValueError for one that has no role."""
    strange = sorted(set(types) - known.keys())
    if strange:
        raise ValueError(f"sent_again: {', '.join(strange)} have no role")
    return sorted(types)


def _terraform(type: str) -> str:
    """``aws_sagemaker_model``: most of Terraform's types are called so; of those that are not, none is."""
    vendor, kind = type.split("::", 2)[1:]
    return f"aws_{vendor.lower()}_{snaked(kind.replace('::', ''))}"


def _snaked(rows: Sequence[Row]) -> list[Row]:
    """The rows with properties as Terraform writes them."""
    return [[snaked(path), call, parameter] for path, call, parameter in rows]


def _whole(name: str, row: Sequence[str]) -> Row:
    """A row of the facts with its role parameter. Raises ValueError where the catalog has none such."""
    path, call = row[0], row[1]
    service, _, operation = call.partition(":")
    known = operations.operation(service, operation)
    paths = [one.path for one in known.role_parameters] if known is not None else []
    if len(row) > 2:
        fits = [one for one in paths if one == row[2]]
    else:
        fits = [one for one in paths if _segments(one)[-1] == _segments(path)[-1]] or paths
    if len(set(fits)) != 1:
        raise ValueError(f"{name}: {call} has {', '.join(paths) or 'no role parameter'}")
    return [path, call, fits[0]]


def _schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    listed = json.loads((SCHEMAS / "providers/us-east-1.json").read_text())
    for name, file in sorted(listed.items()):
        yield name, json.loads((SCHEMAS / "resources" / f"{file}.json").read_text())


def _rows(name: str, schema: Mapping[str, Any]) -> list[Row]:
    """The role properties of a type, with the parameters that they become."""
    calls = list(_calls(name, schema))
    if not calls:
        return []
    _, vendor, kind = name.lower().split("::")[:3]
    rows: list[Row] = []
    for path, is_role in dict.fromkeys(_properties(schema)):
        best = max(
            (_fit(path, call, vendor, kind, is_role=is_role) for call in calls), key=lambda one: one[0]
        )
        if best[0] > 0:
            rows.append([path, best[1], best[2]])
    return rows


def _calls(name: str, schema: Mapping[str, Any]) -> Iterator[Operation]:
    """The operations with roles that the create handler calls, or that are called as the type is."""
    handlers = schema.get("handlers") or {}
    named = {one.lower() for one in (handlers.get("create") or {}).get("permissions", ())}
    _, vendor, kind = name.split("::", 2)
    for one in operations.passing():
        prefix = action_prefix(one.service)
        if not one.name.startswith(_MAKES):
            continue
        if (
            f"{prefix}:{one.name}".lower() in named
            or any(use.action.lower() in named and use.action.endswith(one.name) for use in one.actions)
            or (
                not named and vendor.lower() in (one.service, prefix) and one.name[6:].lower() == kind.lower()
            )
        ):
            yield one


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Every string property by its path, and whether its format says that it is a role."""
    read_only = {
        one.removeprefix("/properties/").replace("/", ".") for one in schema.get("readOnlyProperties", ())
    }

    def walk(node: Any, path: str, seen: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
        if not isinstance(node, dict) or len(seen) > _DEEPEST or path in read_only:
            return
        if "$ref" in node:
            ref = str(node["$ref"]).rsplit("/", 1)[-1]
            if ref not in seen:
                yield from walk(schema.get("definitions", {}).get(ref), path, (*seen, ref))
        for key, one in (node.get("properties") or {}).items():
            yield from walk(one, f"{path}.{key}" if path else key, seen)
        yield from walk(node.get("items"), f"{path}[]", seen)
        for many in ("oneOf", "anyOf", "allOf"):
            for one in node.get(many) or ():
                yield from walk(one, path, seen)
        if "string" in (node.get("type") or ()) and path:
            yield path, str(node.get("format", "")).startswith(_FORMATS)

    yield from walk({"properties": schema.get("properties", {})}, "", ())


def _fit(path: str, call: Operation, vendor: str, kind: str, *, is_role: bool) -> tuple[int, str, str]:
    """How well a property fits a role parameter of a call: (0, …) where it does not."""
    name = f"{call.service}:{call.name}"
    best = (0, name, "")
    wanted = _segments(path)
    own = (vendor == call.service) + (vendor in (call.service, action_prefix(call.service)))
    rows = [one for one in call.role_parameters if one.holds != EMBEDDED]
    for one in rows:
        have = _segments(one.path)
        score = 0
        if have == wanted:
            score = 100
        elif have[-len(wanted) :] == wanted or wanted[-len(have) :] == have:
            score = 50 + min(len(have), len(wanted))
        elif is_role and own and have[-1] == wanted[-1]:
            score = 40
        elif is_role and own and len(rows) == 1 and len(wanted) == 1:
            score = 20
        if 50 < score < 100 and not is_role and not _is_called_role(wanted[-1]):
            continue
        score += own + (call.name.lower().endswith(kind) if own else 0) if score else 0
        if score > best[0]:
            best = (score, name, one.path)
    return best


def _is_called_role(leaf: str) -> bool:
    return "role" in leaf or "instanceprofile" in leaf


def _segments(path: str) -> list[str]:
    """The names of a path as they compare: in small letters, without marks of lists and ``_``."""
    return [plain(one) for one in path.split(".")]


def plain(path: str) -> str:
    """A path as names compare: small letters, no marks of lists, ``_`` or ``.``."""
    return re.sub(r"[^a-z0-9]", "", path.lower())


def main(arguments: Sequence[str]) -> int:
    """0, or 1 with --check where the file is not current."""
    text = json.dumps(build(), indent=1) + "\n"
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("deployments.json is stale: run python -m tools.deployed_types", file=sys.stderr)
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
