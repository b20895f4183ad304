"""Which resource holds which role: questions over the associations that role passes leave behind.

An association outlives the right that made it: losing iam:PassRole, or the role's policies, changes
nothing about a running instance.
"""

from __future__ import annotations

from passrole.state.directory import Directory
from passrole.state.entities import (
    ASSOCIATED_WITH,
    PROFILE_ASSOCIATION,
    PROFILE_OF,
    ROLE_ASSOCIATION,
    Association,
    InstanceProfile,
    Role,
)


def held_by(directory: Directory, resource: str) -> tuple[Association, ...]:
    """The roles and profiles that the resource (an ARN) holds, oldest first."""
    return _associations(directory, ASSOCIATED_WITH, resource)


def role_of(directory: Directory, association: Association) -> Role | None:
    """The role behind an association as it is now.

    Through an instance profile it is the role that this very profile holds today; a profile or role
    that was deleted gives None, also when another of its name followed.
    """
    if not association.profile_id:
        return directory.by_id(Role, association.role_id)
    profile = directory.by_id(InstanceProfile, association.profile_id)
    return directory.by_id(Role, profile.role_id) if profile is not None else None


def holders(directory: Directory, role: Role) -> tuple[Association, ...]:
    """Every association that gives its resource this role now: directly, or by a profile that holds it."""
    direct = (
        found
        for found in _associations(directory, ROLE_ASSOCIATION, role.id)
        if not found.profile_id  # what came through a profile follows the profile, below
    )
    profiles = (
        profile
        for profile in directory.referring(PROFILE_OF, role.id)
        if isinstance(profile, InstanceProfile)
    )
    by_profile = (
        found for profile in profiles for found in _associations(directory, PROFILE_ASSOCIATION, profile.id)
    )
    return (*direct, *by_profile)


def release(directory: Directory, resource: str) -> int:
    """Ends everything that the resource holds, because it is gone; returns how much that was."""
    gone = held_by(directory, resource)
    for association in gone:
        directory.delete(association)
    return len(gone)


def _associations(directory: Directory, relation: str, value: str) -> tuple[Association, ...]:
    return tuple(found for found in directory.referring(relation, value) if isinstance(found, Association))
