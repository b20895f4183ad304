"""Every action that a policy can name, whether or not an operation of botocore's needs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from passrole.catalog import files

LEVELS: Final = ("List", "Read", "Tagging", "Write", "Permissions management")


def prefixes() -> tuple[str, ...]:
    """Every service prefix that has actions, in order."""
    return tuple(files.table("actions")["actions"])


def service_name(prefix: str) -> str:
    """AWS's name of the service behind a prefix, "" where it is not known.

    >>> service_name("ec2"), service_name("s3")
    ('Amazon EC2', 'Amazon S3')
    """
    names: Mapping[str, str] = files.table("actions")["names"]
    return names.get(prefix.lower(), "")


@lru_cache(maxsize=512)
def actions(prefix: str) -> Mapping[str, str]:
    """The actions of a prefix with their access level, by name; {} for an unknown prefix."""
    levels = files.table("actions")["actions"].get(prefix.lower(), {})
    return {name: level for level, names in levels.items() for name in names}


@lru_cache(maxsize=512)
def _by_lower(prefix: str) -> Mapping[str, str]:
    return {name.lower(): name for name in actions(prefix)}


def canonical(action: str) -> str | None:
    """``ec2:runinstances`` → ``ec2:RunInstances``; None where AWS has no such action.

    >>> canonical("IAM:passrole")
    'iam:PassRole'
    """
    prefix, _, name = action.partition(":")
    known = _by_lower(prefix.lower()).get(name.lower())
    return None if known is None else f"{prefix.lower()}:{known}"


def access_level(action: str) -> str:
    """One of LEVELS, "" for an action that AWS has not."""
    prefix, _, name = action.partition(":")
    known = _by_lower(prefix.lower()).get(name.lower())
    return "" if known is None else actions(prefix.lower())[known]
