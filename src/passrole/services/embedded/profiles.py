"""The instance profile that a call names, found and checked as EC2 does.

Sources: recorded CloudTrail events and public reports of EC2's errors (IAM User Guide, "Troubleshoot IAM and
Amazon EC2", words the empty profile differently).
"""

from __future__ import annotations

from collections.abc import Mapping

from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile
from passrole.values.errors import ServiceError


class InvalidParameterValue(ServiceError):
    """EC2's InvalidParameterValue."""

    code, status = "InvalidParameterValue", 400


class InvalidParameterCombination(ServiceError):
    """EC2's InvalidParameterCombination."""

    code, status = "InvalidParameterCombination", 400


class IncorrectState(ServiceError):
    """EC2's IncorrectState: an instance that has a profile already."""

    code, status = "IncorrectState", 400


def find(given: object, account: str, directory: Directory) -> InstanceProfile | None:
    """The profile of an IamInstanceProfileSpecification (``{"Name": …}`` or ``{"Arn": …}``).

    None where none is given. Raises EC2's error for one that is named twice, does not exist or is empty.
    """
    if not isinstance(given, Mapping):
        return None
    name, arn = given.get("Name") or "", given.get("Arn") or ""
    if name and arn:
        raise InvalidParameterCombination(
            "The parameter 'iamInstanceProfile.name' may not be used in combination with "
            "'iamInstanceProfile.arn'"
        )
    if not (name or arn):
        return None
    wanted = str(arn).rsplit("/", 1)[-1] if arn else str(name)
    found = directory.get(InstanceProfile, account, wanted)
    if found is None or (arn and found.arn != arn):
        member, label = ("arn", "ARN") if arn else ("name", "name")
        raise InvalidParameterValue(
            f"Value ({arn or name}) for parameter iamInstanceProfile.{member} is invalid. "
            f"Invalid IAM Instance Profile {label}"
        )
    if not found.role_id:
        raise InvalidParameterValue(f'IAM Instance Profile "{found.arn}" has no associated IAM Roles')
    return found
