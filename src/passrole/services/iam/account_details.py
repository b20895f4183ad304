"""GetAccountAuthorizationDetails: the whole of an account's permissions, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from passrole.services.iam import managed, paging, tags, views
from passrole.services.iam.attachments import attached
from passrole.services.iam.inline_policies import inline
from passrole.services.iam.managed import Policy
from passrole.services.iam.managed_policies import policy_listed, version_full
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import (
    ATTACHED,
    BOUNDARY,
    PROFILE_OF,
    Group,
    InstanceProfile,
    ManagedPolicy,
    Role,
    User,
)

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_Detail = User | Group | Role | Policy

# The order of the pages; a marker is the filter's number and the key of the last entity given.
_FILTERS: Final = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")


@operation("iam:GetAccountAuthorizationDetails")
def get_details(call: ServiceCall, given: shapes.GetAccountAuthorizationDetailsRequest) -> Output:
    """Users, groups, roles and policies with all that decides about permissions.

    Of AWS's policies only those in use come. Each page takes the same time, however far it lies.
    """
    wanted = given.get("Filter") or _FILTERS
    part, _, key = paging.start(given.get("Marker")).partition(":")
    first = int(part) if part.isdigit() else 0
    found = chain.from_iterable(
        _entities(call, name, key if place == first else "")
        for place, name in enumerate(_FILTERS)
        if place >= first and name in wanted
    )
    entities, cut = paging.page(found, _place, given.get("MaxItems"))
    users = [_user(call, entity) for entity in entities if isinstance(entity, User)]
    groups = [_group(entity) for entity in entities if isinstance(entity, Group)]
    roles = [_role(call, entity) for entity in entities if isinstance(entity, Role)]
    policies = [_policy(call, entity) for entity in entities if isinstance(entity, Policy)]
    return {
        "UserDetailList": users,
        "GroupDetailList": groups,
        "RoleDetailList": roles,
        "Policies": policies,
        **cut,
    }


def _entities(call: ServiceCall, name: str, key: str) -> Iterator[_Detail]:
    match name:
        case "User":
            yield from call.directory.after(User, call.account, key)
        case "Group":
            yield from call.directory.after(Group, call.account, key)
        case "Role":
            yield from call.directory.after(Role, call.account, key)
        case "LocalManagedPolicy":
            own = call.directory.after(ManagedPolicy, call.account, key)
            yield from (managed.of_account(policy) for policy in own)
        case _:
            yield from managed.of_aws(key, lambda arn: _in_use(call, arn))


def _in_use(call: ServiceCall, arn: str) -> bool:
    return any(
        entity.account == call.account
        for relation in (ATTACHED, BOUNDARY)
        for entity in call.directory.referring(relation, arn)
    )


def _place(entity: _Detail) -> str:
    match entity:
        case User():
            return f"0:{entity.key}"
        case Group():
            return f"1:{entity.key}"
        case Role():
            return f"2:{entity.key}"
        case _ if entity.arn.startswith("arn:aws:iam::aws:"):
            return f"4:{entity.arn}"
        case _:
            return f"3:{entity.name.lower()}"


def _user(call: ServiceCall, user: User) -> shapes.UserDetail:
    groups = (call.directory.by_id(Group, id) for id in user.groups)
    view: shapes.UserDetail = {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
        "GroupList": [group.name for group in groups if group is not None],
        "AttachedManagedPolicies": attached(user),
        "Tags": tags.listed(user.tags),
    }
    # Unlike a role's and a group's, an empty list is left out (recorded 2026).
    if user.inline:
        view["UserPolicyList"] = inline(user)
    if user.boundary:
        view["PermissionsBoundary"] = views.boundary(user.boundary)
    return view


def _group(group: Group) -> shapes.GroupDetail:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
        "GroupPolicyList": inline(group),
        "AttachedManagedPolicies": attached(group),
    }


def _role(call: ServiceCall, role: Role) -> shapes.RoleDetail:
    brief = views.role_brief(role, call.directory)
    view: shapes.RoleDetail = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": brief.get("AssumeRolePolicyDocument", ""),
        "InstanceProfileList": [
            views.profile(profile, call.directory)
            for profile in call.directory.referring(PROFILE_OF, role.id)
            if isinstance(profile, InstanceProfile)
        ],
        "RolePolicyList": inline(role),
        "AttachedManagedPolicies": attached(role),
        "Tags": tags.listed(role.tags),
        "RoleLastUsed": views.role_last_used(role),
    }
    if role.boundary:
        view["PermissionsBoundary"] = views.boundary(role.boundary)
    return view


def _policy(call: ServiceCall, policy: Policy) -> shapes.ManagedPolicyDetail:
    listed = policy_listed(call, policy)
    view: shapes.ManagedPolicyDetail = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "AttachmentCount": listed.get("AttachmentCount", 0),
        "PermissionsBoundaryUsageCount": listed.get("PermissionsBoundaryUsageCount", 0),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
        "PolicyVersionList": [version_full(policy, version) for version in reversed(policy.versions)],
    }
    if policy.description:
        view["Description"] = policy.description
    return view
