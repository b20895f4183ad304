"""Inline policies of users, groups and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.policy.validate import size
from passrole.services.iam import documents, paging
from passrole.services.iam.errors import NoSuchEntity
from passrole.services.iam.lookup import editable_role, find
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import Group, Role, User

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:PutUserPolicy")
def put_user_policy(call: ServiceCall, given: shapes.PutUserPolicyRequest) -> Output:
    """Sets an inline policy. Raises NoSuchEntity, MalformedPolicyDocument or LimitExceeded."""
    _put(call, find(call, User, given["UserName"]), given["PolicyName"], given["PolicyDocument"])
    return {}


@operation("iam:PutGroupPolicy")
def put_group_policy(call: ServiceCall, given: shapes.PutGroupPolicyRequest) -> Output:
    """Sets an inline policy. Raises NoSuchEntity, MalformedPolicyDocument or LimitExceeded."""
    _put(call, find(call, Group, given["GroupName"]), given["PolicyName"], given["PolicyDocument"])
    return {}


@operation("iam:PutRolePolicy")
def put_role_policy(call: ServiceCall, given: shapes.PutRolePolicyRequest) -> Output:
    """Sets an inline policy. Raises as PutUserPolicy does, and UnmodifiableEntity."""
    _put(call, editable_role(call, given["RoleName"]), given["PolicyName"], given["PolicyDocument"])
    return {}


@operation("iam:GetUserPolicy")
def get_user_policy(call: ServiceCall, given: shapes.GetUserPolicyRequest) -> Output:
    """An inline policy, as given. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    return {"UserName": user.name, **_policy(user, given["PolicyName"])}


@operation("iam:GetGroupPolicy")
def get_group_policy(call: ServiceCall, given: shapes.GetGroupPolicyRequest) -> Output:
    """An inline policy, as given. Raises NoSuchEntity."""
    group = find(call, Group, given["GroupName"])
    return {"GroupName": group.name, **_policy(group, given["PolicyName"])}


@operation("iam:GetRolePolicy")
def get_role_policy(call: ServiceCall, given: shapes.GetRolePolicyRequest) -> Output:
    """An inline policy, as given. Raises NoSuchEntity."""
    role = find(call, Role, given["RoleName"])
    return {"RoleName": role.name, **_policy(role, given["PolicyName"])}


@operation("iam:DeleteUserPolicy")
def delete_user_policy(call: ServiceCall, given: shapes.DeleteUserPolicyRequest) -> Output:
    """Removes an inline policy. Raises NoSuchEntity."""
    _delete(call, find(call, User, given["UserName"]), given["PolicyName"])
    return {}


@operation("iam:DeleteGroupPolicy")
def delete_group_policy(call: ServiceCall, given: shapes.DeleteGroupPolicyRequest) -> Output:
    """Removes an inline policy. Raises NoSuchEntity."""
    _delete(call, find(call, Group, given["GroupName"]), given["PolicyName"])
    return {}


@operation("iam:DeleteRolePolicy")
def delete_role_policy(call: ServiceCall, given: shapes.DeleteRolePolicyRequest) -> Output:
    """Removes an inline policy. Raises NoSuchEntity or UnmodifiableEntity."""
    _delete(call, editable_role(call, given["RoleName"]), given["PolicyName"])
    return {}


@operation("iam:ListUserPolicies")
def list_user_policies(call: ServiceCall, given: shapes.ListUserPoliciesRequest) -> Output:
    """The names of the inline policies. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    names, cut = paging.page_of(sorted(user.inline), given.get("Marker"), given.get("MaxItems"))
    return {"PolicyNames": names, **cut}


@operation("iam:ListGroupPolicies")
def list_group_policies(call: ServiceCall, given: shapes.ListGroupPoliciesRequest) -> Output:
    """The names of the inline policies. Raises NoSuchEntity."""
    group = find(call, Group, given["GroupName"])
    names, cut = paging.page_of(sorted(group.inline), given.get("Marker"), given.get("MaxItems"))
    return {"PolicyNames": names, **cut}


@operation("iam:ListRolePolicies")
def list_role_policies(call: ServiceCall, given: shapes.ListRolePoliciesRequest) -> Output:
    """The names of the inline policies. Raises NoSuchEntity."""
    role = find(call, Role, given["RoleName"])
    names, cut = paging.page_of(sorted(role.inline), given.get("Marker"), given.get("MaxItems"))
    return {"PolicyNames": names, **cut}


def inline(entity: User | Group | Role) -> list[shapes.PolicyDetail]:
    """All inline policies of an entity with their documents."""
    return [
        {"PolicyName": name, "PolicyDocument": documents.encoded(entity.inline[name])}
        for name in sorted(entity.inline)
    ]


def _put(call: ServiceCall, entity: User | Group | Role, name: str, document: str) -> None:
    others = sum(size(text) for other, text in entity.inline.items() if other != name)
    documents.inline(document, others, entity.kind, entity.name)
    call.directory.put(replace(entity, inline={**entity.inline, name: document}))


def _policy(entity: User | Group | Role, name: str) -> shapes.PolicyDetail:
    document = entity.inline.get(name)
    if document is None:
        raise _missing(entity, name)
    return {"PolicyName": name, "PolicyDocument": documents.encoded(document)}


def _delete(call: ServiceCall, entity: User | Group | Role, name: str) -> None:
    if name not in entity.inline:
        raise _missing(entity, name)
    left = {other: text for other, text in entity.inline.items() if other != name}
    call.directory.put(replace(entity, inline=left))


def _missing(entity: User | Group | Role, name: str) -> NoSuchEntity:
    return NoSuchEntity(f"The {entity.kind} policy with name {name} cannot be found.")
