"""Service-linked roles: made as their service defines them, used by it alone.

Source: IAM User Guide, "Create a service-linked role".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from passrole.catalog.services import LinkedRole
from passrole.state.directory import Directory
from passrole.state.entities import ROLE_ASSOCIATION, Association, Role
from passrole.values.ids import ROLE, Ids


def linked_role(directory: Directory, account: str, linked: LinkedRole) -> Role | None:
    """The account's role of that service, the one without a suffix."""
    return directory.get(Role, account, linked.role_name)


def make_linked_role(
    directory: Directory,
    ids: Ids,
    account: str,
    linked: LinkedRole,
    now: datetime,
    *,
    suffix: str = "",
    description: str | None = None,
) -> Role:
    """Adds the role with the trust, path and policy that the service gives it."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": linked.principal},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = Role(
        account=account,
        name=linked.role_name + (f"_{suffix}" if suffix else ""),
        path=linked.path,
        id=ids.unique(ROLE, account),
        created=now.replace(microsecond=0),
        trust=json.dumps(trust, separators=(",", ":")),
        description=linked.description if description is None else description,
        attached=(linked.policy_arn,) if linked.policy_arn else (),
    )
    directory.put(role)
    return role


def uses_of(directory: Directory, role: Role) -> Mapping[str, tuple[str, ...]]:
    """What still uses the role: region -> ARNs of resources."""
    found: dict[str, list[str]] = {}
    for use in directory.referring(ROLE_ASSOCIATION, role.id):
        if isinstance(use, Association):
            region = use.resource.split(":", 5)[3] if use.resource.count(":") >= 5 else ""
            found.setdefault(region, []).append(use.resource)
    return {region: tuple(arns) for region, arns in found.items()}
