"""What deployments make: the resource types of CloudFormation and Terraform whose properties hold roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from passrole.catalog import files
from passrole.catalog.operations import operation
from passrole.catalog.role_parameters import RoleParameter


@dataclass(frozen=True, slots=True)
class RoleProperty:
    """A property of a resource type that becomes a role parameter of the call that makes the resource.

    path is the property's: CloudFormation's with ``[]`` for a list, Terraform's without (a block is one or
    many), ``*`` for every key of a map. call is ``lambda:CreateFunction``.
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
    """The role properties of a Terraform resource type (``aws_lambda_function``), () where none is known."""
    return _of("terraform").get(type, ())


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
