"""Use cases of the console's "Create role" wizard: what a role for an AWS service consists of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from passrole.catalog import files


@dataclass(frozen=True, slots=True)
class UseCase:
    """A kind of service role.

    services are the principals that may assume it; policies the ARNs of AWS's managed policies; with
    instance_profile an instance profile of the role's name is made beside it.
    """

    name: str  # "rds-enhanced-monitoring"
    services: tuple[str, ...]
    policies: tuple[str, ...]
    instance_profile: bool
    description: str

    def trust_policy(self) -> str:
        """The role's trust policy, as the wizard writes it: JSON text."""
        services = self.services[0] if len(self.services) == 1 else list(self.services)
        statement = {
            "Sid": "",
            "Effect": "Allow",
            "Principal": {"Service": services},
            "Action": "sts:AssumeRole",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@lru_cache(maxsize=1)
def use_cases() -> Mapping[str, UseCase]:
    """All of them by name, in order."""
    return {
        name: UseCase(
            name,
            tuple(row["services"]),
            tuple(row["policies"]),
            row["instance_profile"],
            row["description"],
        )
        for name, row in files.table("use_cases")["use_cases"].items()
    }
