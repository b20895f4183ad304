"""What deployments make: the resource types of CloudFormation and Terraform whose properties hold roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.catalog import files
from passrole.catalog.operations import operation
from passrole.catalog.role_parameters import RoleParameter

_CLOUD_CONTROL: Final = "awscc_"
_OF_MANY_CALLS: Final = frozenset(("aws_s3_bucket", "awscc_s3_bucket"))


@dataclass(frozen=True, slots=True)
class RoleProperty:
    """A property of a resource type that becomes a role parameter of the call that makes the resource.

    path is the property's: CloudFormation's with ``[]`` for a list, Terraform's without (a block is one or
    many), ``*`` for every key of a map, ``name[key=value]`` for the items of a list with that member and
    ``name#json`` for what a JSON text holds. call is ``lambda:CreateFunction``.
    """

    path: str
    call: str
    parameter: RoleParameter


def cloudformation(type: str) -> tuple[RoleProperty, ...]:
    """The role properties of a type (``AWS::Lambda::Function``), () where it has none that is known.

    >>> [(one.path, one.call) for one in cloudformation("AWS::Lambda::Function")]
    [('Role', 'lambda:CreateFunction')]
    """
    return _of("cloudformation").get(type, ())


def terraform(type: str) -> tuple[RoleProperty, ...]:
    """The role properties of a Terraform resource type (``aws_lambda_function``), () where none is known.

    Types of the awscc provider are CloudFormation's, in Terraform's spelling.

    >>> [(one.path, one.call) for one in terraform("awscc_ecs_task_definition")][:1]
    [('execution_role_arn', 'ecs:RegisterTaskDefinition')]
    """
    return (_awscc() if type.startswith(_CLOUD_CONTROL) else _of("terraform")).get(type, ())


def sends_again(type: str, row: RoleProperty) -> bool:
    """Does every update of a Terraform resource send the role, though it is the one that it has?

    >>> sends_again("aws_sfn_state_machine", *terraform("aws_sfn_state_machine"))
    True
    >>> sends_again("aws_lambda_function", *terraform("aws_lambda_function"))
    False
    """
    if type in files.table("deployments")["sent_again"]:
        return True
    service, _, call = row.call.partition(":")
    # They replace a configuration; but API Gateway patches it, and a bucket is more than its replication.
    return call.startswith(("Put", "Set")) and service != "apigateway" and type not in _OF_MANY_CALLS


def snaked(path: str) -> str:
    """A property of CloudFormation's as Terraform writes it.

    >>> snaked("Targets[].IAMRoleArn"), snaked("S3Config.Role")
    ('targets.iam_role_arn', 's3_config.role')
    """
    spelled = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", path.replace("[]", ""))
    head, equals, _ = spelled.partition("=")
    if not equals:
        return spelled.lower()
    # What a member is compared with stays as it is.
    value, bracket, rest = path.partition("=")[2].partition("]")
    return f"{head.lower()}={value}{bracket}{snaked(rest)}"


@lru_cache(maxsize=1)
def _awscc() -> Mapping[str, tuple[RoleProperty, ...]]:
    made: dict[str, tuple[RoleProperty, ...]] = {}
    for type, rows in _of("cloudformation").items():
        vendor, _, kind = type.removeprefix("AWS::").partition("::")
        name = f"{_CLOUD_CONTROL}{vendor.lower()}_{snaked(kind.replace('::', ''))}"
        made[name] = tuple(RoleProperty(snaked(row.path), row.call, row.parameter) for row in rows)
    return made


@lru_cache(maxsize=2)
def _of(tool: str) -> Mapping[str, tuple[RoleProperty, ...]]:
    return {
        type: tuple(
            RoleProperty(path, call, found)
            for path, call, parameter in rows
            if (found := _parameter(call, parameter)) is not None
        )
        for type, rows in files.table("deployments")[tool].items()
    }


def _parameter(call: str, path: str) -> RoleParameter | None:
    """The catalog's role parameter; None where a catalog of another release has none such."""
    service, _, name = call.partition(":")
    known = operation(service, name)
    rows = known.role_parameters if known is not None else ()
    return next((one for one in rows if one.path == path), None)
