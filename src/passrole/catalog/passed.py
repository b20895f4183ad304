"""Services as receivers of roles: which operations hand a role to a service principal, and as whom the
service then assumes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.catalog import operations
from passrole.catalog.operations import Operation
from passrole.catalog.role_parameters import RoleParameter
from passrole.catalog.services import service

_REGION: Final = "{region}"
_REGIONAL: Final = re.compile(r"(.+)\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com", re.ASCII)


@dataclass(frozen=True, slots=True)
class Use:
    """One role parameter of one operation that passes a role to the service."""

    operation: Operation
    parameter: RoleParameter


@lru_cache(maxsize=1)
def uses() -> Mapping[str, tuple[Use, ...]]:
    """What passes roles to each value of iam:PassedToService, by that value."""
    found: dict[str, list[Use]] = {}
    for operation in operations.passing():
        for parameter in operation.role_parameters:
            for principal in parameter.principals:
                found.setdefault(principal, []).append(Use(operation, parameter))
    return {principal: tuple(rows) for principal, rows in sorted(found.items())}


def has_associated_resource(principal: str) -> bool:
    """May iam:AssociatedResourceArn come with a pass to that service?"""
    return any(use.parameter.associated_resource for use in uses().get(principal, ()))


@lru_cache(maxsize=4096)
def services_assuming_as(principal: str) -> tuple[str, ...]:
    """The values of iam:PassedToService whose service assumes roles under another name: this one.

    A Region's own name of a service counts as the service's.

    >>> services_assuming_as("dms.eu-west-1.amazonaws.com")
    ('dms.amazonaws.com',)
    """
    found = {
        passed
        for passed, rows in uses().items()
        for use in rows
        if passed != principal
        and any(fits(template, principal) for template in use.parameter.trust_principals)
    }
    regional = _REGIONAL.fullmatch(principal)
    if regional is not None and f"{regional[1]}.amazonaws.com" in uses():
        found.add(f"{regional[1]}.amazonaws.com")
    return tuple(sorted(found))


def fits(template: str, principal: str) -> bool:
    """Is it the service principal that trust_principals of a role parameter mean, in some Region?"""
    if _REGION not in template:
        return template == principal
    head, _, tail = template.partition(_REGION)
    return re.fullmatch(re.escape(head) + r"[a-z]{2}(-[a-z]+)+-\d" + re.escape(tail), principal) is not None


def principal_named(text: str) -> str:
    """A service principal as it is, or that of a short name: ``lambda`` is ``lambda.amazonaws.com``."""
    if "." in text or not text:
        return text
    known = service(text)
    if f"{text}.amazonaws.com" in uses() or known is None:
        return f"{text}.amazonaws.com"
    return known.principal or f"{text}.amazonaws.com"
