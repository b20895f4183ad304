"""Roles that no policy could let through, in the words of the service that was given one.

A text that is no role, a role of another account, an instance profile that is not there, a role that the
service may not assume. The words are the catalog's, row by row; where it has none, AWS's commonest form.
"""

from __future__ import annotations

import re
from typing import Final

from passrole.authorize.call import Call
from passrole.catalog.role_parameters import ParameterError, RoleParameter
from passrole.catalog.services import denial
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError
from passrole.wire import validate

# How AWS's models write the form of a role's ARN. Source: Lambda API Reference, CreateFunction, Role.
PATTERN: Final = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"

PARTITION: Final = "aws"  # the endpoint's; a role of another partition cannot even be named here
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_NAME: Final = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)

# Where the catalog has no error of the service's own.
_UNUSABLE: Final = ParameterError(
    "InvalidParameterValue", 400, "The role {role} does not exist or cannot be assumed by {principal}."
)


class CrossAccountPass(ServiceError):
    """A role of another account; no policy can allow passing it."""


def cross_account(call: Call, parameter: RoleParameter, role: Arn) -> ServiceError:
    """The service's own error for a role of another account, whatever the policies say."""
    known = parameter.cross_account_error
    if known is not None:
        text = known.message.replace("{role}", str(role)).replace("{name}", role.name)
        return CrossAccountPass(text, code=known.code, status=known.status)
    form = denial(call.service)
    return CrossAccountPass("Cross-account pass role is not allowed.", code=form.code, status=form.status)


def unusable(parameter: RoleParameter, role: Arn, *, missing: bool) -> ServiceError:
    """The service's own error for a role that is not there or that it may not assume."""
    known = (parameter.missing_error if missing else None) or parameter.trust_error or _UNUSABLE
    return _error(known, parameter, str(role), role=role)


def missing_profile(parameter: RoleParameter, given: str) -> ServiceError | None:
    """The error for an instance profile that does not exist or holds no role, by what the caller gave.

    None where the service takes it as it is: there is no role to pass, and none will be.
    """
    known = parameter.missing_error
    return None if known is None else _error(known, parameter, given)


def malformed(call: Call, parameter: RoleParameter, place: str, given: str) -> ServiceError:
    """The service's own error for a text that names no role."""
    known = parameter.malformed_error
    if known is None:
        return validate.malformed(call.service, call.protocol, place, given, PATTERN)
    return _error(known, parameter, given)


def role_arn(text: str) -> Arn | None:
    """The ARN of a role of this partition, in whatever account; None for every other text."""
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        return None
    whole = arn.partition == PARTITION and arn.service == "iam" and not arn.region
    kind, _, name = arn.resource.partition("/")
    return arn if whole and kind == "role" and _ACCOUNT.fullmatch(arn.account) and is_name(name) else None


def is_name(text: str) -> bool:
    """Is it a role's name, a path before it or not."""
    return _NAME.fullmatch(text) is not None


def _error(
    known: ParameterError, parameter: RoleParameter, given: str, *, role: Arn | None = None
) -> ServiceError:
    by = "ARN" if given.startswith("arn:") else "name"
    principal = next(iter(parameter.trust_principals or parameter.principals), "")
    text = known.message
    for word, value in (
        ("{value}", given),
        ("{role}", str(role) if role is not None else given),
        ("{name}", role.name if role is not None else given),
        ("{principal}", principal),
        ("{by}", by),
        ("{member}", by.lower()),
    ):
        text = text.replace(word, value)
    return ServiceError(text, code=known.code, status=known.status)
