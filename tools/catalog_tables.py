"""The catalog's tables that are not one service's: services, keys, actions, service-linked roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tools import models, service_reference
from tools.models import Model

Facts = Callable[[str], dict[str, Any]]

# The reference's key types in ours, and whether the key is multivalued.
_TYPES: Final[Mapping[str, tuple[str, bool]]] = {
    "String": ("string", False),
    "ArrayOfString": ("string", True),
    "ARN": ("arn", False),
    "ArrayOfARN": ("arn", True),
    "Bool": ("bool", False),
    "ArrayOfBool": ("bool", True),
    "Numeric": ("numeric", False),
    "Date": ("date", False),
    "IPAddress": ("ip", False),
}


def services(names: Sequence[str], facts: Facts, prefix: Callable[[Model], str]) -> dict[str, Any]:
    """One row a botocore service: [prefix, principal, event source, global, code, status, full name]."""
    given = facts("services")
    rows: dict[str, Any] = {}
    for name in names:
        model = models.model(name)
        own = prefix(model)
        signing = str(model.metadata.get("signingName") or model.metadata["endpointPrefix"])
        code, status = given["own_denials"].get(name) or given["denials"][_protocol(model)]
        row = [
            own,
            f"{given['principals'].get(name, own)}.amazonaws.com",
            f"{given['event_sources'].get(name, signing)}.amazonaws.com",
            int(name in given["global"]),
            code,
            status,
            str(model.metadata.get("serviceFullName", "")),
        ]
        rows[name] = row
    return {
        "source": [given["source"], f"AWS service models (botocore {models.VERSION})"],
        "date": str(given["date"]),
        "services": rows,
        "encoded": given["encoded"],
        "quotes_resource": given["quotes_resource"],
        "event_suffixes": given["event_suffixes"],
    }


def passing(made: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The operations that take a role, by service, so that nobody reads every file to find them."""
    rows = {
        name: sorted(operation for operation, row in data["operations"].items() if row.get("roles"))
        for name, data in sorted(made.items())
    }
    return {
        "source": [f"AWS service models (botocore {models.VERSION})", "tools/facts"],
        "date": service_reference.date(),
        "services": {name: operations for name, operations in rows.items() if operations},
    }


def _protocol(model: Model) -> str:
    """The protocol that words a service's errors: where several are offered, the oldest one does."""
    offered = model.metadata.get("protocols") or [model.metadata["protocol"]]
    if "query" in offered and model.metadata.get("protocol") == "query":
        return "query"
    return str(model.metadata["protocol"])


def keys(facts: Facts) -> dict[str, Any]:
    """Every condition key: [type, many]; and which of them are global."""
    given = facts("keys")
    found: dict[str, list[Any]] = {}
    for prefix in service_reference.prefixes():
        for key in service_reference.keys(prefix):
            kind, many = _TYPES[key.type]
            found.setdefault(key.name, [kind, int(many)])
    own = {name: [row["type"], int(row.get("many", False))] for name, row in given["keys"].items()}
    found.update(own)
    return {
        "source": [given["source"], service_reference.source()],
        "date": service_reference.date(),
        "global": sorted(name for name in own if name.startswith("aws:")),
        "keys": dict(sorted(found.items())),
    }


def actions() -> dict[str, Any]:
    """Every action that a policy can name, by prefix and access level; and the services' names by prefix."""
    rows: dict[str, Any] = {}
    for prefix in service_reference.prefixes():
        levels: dict[str, list[str]] = {}
        for action in service_reference.actions(prefix).values():
            levels.setdefault(action.level, []).append(action.name)
        rows[prefix] = {level: sorted(names) for level, names in sorted(levels.items())}
    return {
        "source": [service_reference.source()],
        "date": service_reference.date(),
        "names": {prefix: service_reference.service_name(prefix) for prefix in rows},
        "actions": rows,
    }


def service_linked_roles(facts: Facts) -> dict[str, Any]:
    """One row a service principal: role name, suffix, managed policy, description, first calls."""
    given = facts("service_linked_roles")
    rows: dict[str, Any] = {}
    for principal, row in sorted(given["roles"].items()):
        rows[f"{principal}.amazonaws.com"] = {
            "role": f"AWSServiceRoleFor{row['role']}",
            **{name: row[name] for name in ("suffix", "policy", "description", "optional") if name in row},
            **({"made_by": row["made_by"]} if "made_by" in row else {}),
        }
    return {"source": [given["source"]], "date": str(given["date"]), "roles": rows}


def use_cases(facts: Facts) -> dict[str, Any]:
    """One row a use case of the console's wizard: services, policies, instance profile, description."""
    given = facts("use_cases")
    rows: dict[str, Any] = {}
    for name, row in sorted(given["use_cases"].items()):
        services = row["service"] if isinstance(row["service"], list) else [row["service"]]
        rows[name] = {
            "services": [f"{service}.amazonaws.com" for service in services],
            "policies": [f"arn:aws:iam::aws:policy/{policy}" for policy in row.get("policies", ())],
            "instance_profile": row.get("instance_profile", False),
            "description": row["description"],
        }
    return {"source": [given["source"]], "date": str(given["date"]), "use_cases": rows}


def not_covered(facts: Facts) -> dict[str, Any]:
    """What looks like a role parameter and is none, and passes that no input shows, with the reasons."""
    given = facts("roles")
    rows = [
        [
            row["service"] if isinstance(row["service"], list) else [row["service"]],
            row.get("operation", ""),
            row.get("path", ""),
            row["why"],
        ]
        for row in given["not_roles"]
    ]
    return {
        "source": [given["source"]],
        "date": str(given["date"]),
        "not_roles": rows,
        "unreached": dict(sorted(given["unreached"].items())),
    }
