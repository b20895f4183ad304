"""Managed policies on users, groups and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import managed, paging, quotas
from passrole.services.iam.errors import NoSuchEntity
from passrole.services.iam.lookup import editable_role, find
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import Group, Role, User

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:AttachUserPolicy")
def attach_to_user(call: ServiceCall, given: shapes.AttachUserPolicyRequest) -> Output:
    """Attaches a policy to a user; once more changes nothing.

    Raises NoSuchEntity, ValidationError, PolicyNotAttachable or LimitExceeded.
    """
    _attach(call, find(call, User, given["UserName"]), given["PolicyArn"], "PoliciesPerUser")
    return {}


@operation("iam:AttachGroupPolicy")
def attach_to_group(call: ServiceCall, given: shapes.AttachGroupPolicyRequest) -> Output:
    """Attaches a policy to a group. Raises as AttachUserPolicy does."""
    _attach(call, find(call, Group, given["GroupName"]), given["PolicyArn"], "PoliciesPerGroup")
    return {}


@operation("iam:AttachRolePolicy")
def attach_to_role(call: ServiceCall, given: shapes.AttachRolePolicyRequest) -> Output:
    """Attaches a policy to a role. Raises as AttachUserPolicy does, and UnmodifiableEntity."""
    _attach(call, editable_role(call, given["RoleName"]), given["PolicyArn"], "PoliciesPerRole")
    return {}


@operation("iam:DetachUserPolicy")
def detach_from_user(call: ServiceCall, given: shapes.DetachUserPolicyRequest) -> Output:
    """Takes a policy off a user. Raises NoSuchEntity where it is not attached."""
    _detach(call, find(call, User, given["UserName"]), given["PolicyArn"])
    return {}


@operation("iam:DetachGroupPolicy")
def detach_from_group(call: ServiceCall, given: shapes.DetachGroupPolicyRequest) -> Output:
    """Takes a policy off a group. Raises NoSuchEntity where it is not attached."""
    _detach(call, find(call, Group, given["GroupName"]), given["PolicyArn"])
    return {}


@operation("iam:DetachRolePolicy")
def detach_from_role(call: ServiceCall, given: shapes.DetachRolePolicyRequest) -> Output:
    """Takes a policy off a role. Raises NoSuchEntity where it is not attached, UnmodifiableEntity."""
    _detach(call, editable_role(call, given["RoleName"]), given["PolicyArn"])
    return {}


@operation("iam:ListAttachedUserPolicies")
def list_of_user(call: ServiceCall, given: shapes.ListAttachedUserPoliciesRequest) -> Output:
    """The managed policies of a user under a path prefix. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    return _list(call, user, given.get("PathPrefix", "/"), given.get("Marker"), given.get("MaxItems"))


@operation("iam:ListAttachedGroupPolicies")
def list_of_group(call: ServiceCall, given: shapes.ListAttachedGroupPoliciesRequest) -> Output:
    """The managed policies of a group under a path prefix. Raises NoSuchEntity."""
    group = find(call, Group, given["GroupName"])
    return _list(call, group, given.get("PathPrefix", "/"), given.get("Marker"), given.get("MaxItems"))


@operation("iam:ListAttachedRolePolicies")
def list_of_role(call: ServiceCall, given: shapes.ListAttachedRolePoliciesRequest) -> Output:
    """The managed policies of a role under a path prefix. Raises NoSuchEntity."""
    role = find(call, Role, given["RoleName"])
    return _list(call, role, given.get("PathPrefix", "/"), given.get("Marker"), given.get("MaxItems"))


def attached(entity: User | Group | Role) -> list[shapes.AttachedPolicy]:
    """The managed policies of an entity, in order of attachment."""
    return [{"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn} for arn in entity.attached]


def _attach(call: ServiceCall, entity: User | Group | Role, arn: str, quota: str) -> None:
    managed.attachable(call, arn)
    if arn not in entity.attached:
        quotas.within(quota, len(entity.attached) + 1)
        call.directory.put(replace(entity, attached=(*entity.attached, arn)))


def _detach(call: ServiceCall, entity: User | Group | Role, arn: str) -> None:
    managed.ensure_valid(arn)
    if arn not in entity.attached:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    left = tuple(other for other in entity.attached if other != arn)
    call.directory.put(replace(entity, attached=left))


def _list(
    call: ServiceCall, entity: User | Group | Role, prefix: str, marker: str | None, most: int | None
) -> Output:
    under = [policy for policy in attached(entity) if managed.path_of(policy["PolicyArn"]).startswith(prefix)]
    found, cut = paging.page_of(under, marker, most)
    return {"AttachedPolicies": found, **cut}
