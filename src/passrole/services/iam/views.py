"""IAM's entities in AWS's member names.

How much of an entity is shown differs from operation to operation; the functions here are named for
that. Source: the service model's documentation of List… operations, and recorded responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from passrole.services.iam import tags
from passrole.services.iam.documents import shown_trust
from passrole.state.directory import Directory
from passrole.state.entities import Group, InstanceProfile, Role, User

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

# The model's enum says PermissionsBoundaryPolicy; what IAM sends is this (recorded 2026).
BOUNDARY_TYPE: Final = "Policy"


def boundary(arn: str) -> shapes.AttachedPermissionsBoundary:
    """The permissions boundary of a user or role."""
    return {"PermissionsBoundaryType": BOUNDARY_TYPE, "PermissionsBoundaryArn": arn}


def user_brief(user: User) -> shapes.User:
    """As ListUsers and GetGroup show a user."""
    view: shapes.User = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }
    if user.password_last_used is not None:
        view["PasswordLastUsed"] = user.password_last_used
    return view


def user_full(user: User) -> shapes.User:
    """As GetUser shows it."""
    view = user_brief(user)
    if user.boundary:
        view["PermissionsBoundary"] = boundary(user.boundary)
    if user.tags:
        view["Tags"] = tags.listed(user.tags)
    return view


def group(group: Group) -> shapes.Group:
    """A group; it has no more to show."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def role_brief(role: Role, directory: Directory) -> shapes.Role:
    """As a role stands inside an instance profile, and the core of every other form."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": shown_trust(role, directory),
    }


def role_listed(role: Role, directory: Directory) -> shapes.Role:
    """As ListRoles shows it: without boundary, tags and last use."""
    view = role_brief(role, directory)
    if role.description:
        view["Description"] = role.description
    view["MaxSessionDuration"] = role.max_session
    return view


def role_full(role: Role, directory: Directory) -> shapes.Role:
    """As GetRole shows it."""
    view = role_listed(role, directory)
    if role.boundary:
        view["PermissionsBoundary"] = boundary(role.boundary)
    if role.tags:
        view["Tags"] = tags.listed(role.tags)
    view["RoleLastUsed"] = role_last_used(role)
    return view


def role_last_used(role: Role) -> shapes.RoleLastUsed:
    """Empty for a role that was never used."""
    if role.last_used is None:
        return {}
    return {"LastUsedDate": role.last_used, "Region": role.last_used_region}


def profile(profile: InstanceProfile, directory: Directory) -> shapes.InstanceProfile:
    """An instance profile with its role, as listings show it."""
    role = directory.by_id(Role, profile.role_id) if profile.role_id else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [role_brief(role, directory)] if role is not None else [],
    }


def profile_full(profile_: InstanceProfile, directory: Directory) -> shapes.InstanceProfile:
    """As GetInstanceProfile shows it."""
    view = profile(profile_, directory)
    view["Tags"] = tags.listed(profile_.tags)
    return view
