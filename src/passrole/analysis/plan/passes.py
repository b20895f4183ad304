"""The role passes that a deployment would make, before anybody is asked whether they are allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from passrole.catalog.deployments import RoleProperty
from passrole.catalog.role_parameters import INSTANCE_PROFILE_ARN, ROLE_ARN
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile, Role
from passrole.values.errors import PassroleError

ANY: Final = "*"  # stands in an ARN for what only the deployment tells
_PROFILE: Final = ":instance-profile/"
# A value that CloudFormation looks up in Systems Manager or Secrets Manager when it deploys.
_LOOKED_UP: Final = re.compile(r"\{\{resolve:[^}]*\}\}")


class UnreadablePlan(PassroleError):
    """A file that is no deployment, or one that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a deployment happens, as far as it is known before."""

    partition: str
    account: str
    region: str = ANY
    stack: str = ANY  # the stack's name

    def role(self, name: str, path: str = "/") -> str:
        """A role's ARN; name and path may hold ANY."""
        return f"arn:{self.partition}:iam::{self.account}:role{path}{name}"


@dataclass(frozen=True, slots=True)
class PlannedPass:
    """One role that one call would pass. role is its ARN, with ``*`` for what is not known yet."""

    resource: str  # "Worker", "module.a.aws_lambda_function.worker"
    property: RoleProperty
    role: str


@dataclass(slots=True)
class Deployment:
    """What a file deploys. role is the one with which its calls are made, "" for the deployer's own rights.

    stack names it where it is one; by is the role that deploys it in the deployer's place, "" for none (CDK's
    deploys as a role of the bootstrap stack where there is one). assumed is the role that the tool assumes
    for its calls, which nobody passes (a provider's assume_role). notes say what is left out.
    """

    passes: list[PlannedPass] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stack: str = ""
    role: str = ""
    by: str = ""
    assumed: str = ""


def roles_of(text: str, holds: str, where: Where, directory: Directory | None) -> tuple[str, ...]:
    """The ARNs of the roles that a value names, as patterns: those of an instance profile are its roles'.

    () where the value names none: a text that no ARN or name can be.
    """
    text = _LOOKED_UP.sub(ANY, text)
    if "instance-profile" in holds or _PROFILE in text:
        return _of_profile(text, holds, where, directory)
    if text.startswith("arn:"):
        return (text,)
    if text == ANY or (holds == ROLE_ARN and ANY in text):
        return (where.role(ANY),)
    if holds == ROLE_ARN:
        return ()
    name = text.lstrip("/").rsplit("/", 1)[-1]
    known = directory.get(Role, where.account, name) if directory is not None else None
    if known is not None:
        return (known.arn,)
    return (where.role(text.lstrip("/")),)


def _of_profile(text: str, holds: str, where: Where, directory: Directory | None) -> tuple[str, ...]:
    if holds == INSTANCE_PROFILE_ARN and not text.startswith("arn:") and ANY not in text:
        return ()
    name = text.rsplit("/", 1)[-1]
    profile = directory.get(InstanceProfile, where.account, name) if directory is not None else None
    role = directory.by_id(Role, profile.role_id) if directory is not None and profile is not None else None
    # What is not known of a profile is its role: any may be in it.
    return (role.arn if role is not None else where.role(ANY),)
