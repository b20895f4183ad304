"""Groups and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import paging, quotas, views
from passrole.services.iam.errors import DeleteConflict
from passrole.services.iam.lookup import ensure_free, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state import usage
from passrole.state.entities import MEMBER_OF, Group, User
from passrole.values.ids import GROUP

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:CreateGroup")
def create_group(call: ServiceCall, given: shapes.CreateGroupRequest) -> Output:
    """Adds a group. Raises EntityAlreadyExists or LimitExceeded."""
    name = given["GroupName"]
    ensure_free(call, Group, name)
    quotas.room_for(call, Group, "GroupsPerAccount")
    group = Group(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        id=call.ids.unique(GROUP, call.account),
        created=moment(call),
    )
    call.directory.put(group)
    return {"Group": views.group(group)}


@operation("iam:GetGroup")
def get_group(call: ServiceCall, given: shapes.GetGroupRequest) -> Output:
    """A group and its users, those who joined first before the others. Raises NoSuchEntity."""
    group = find(call, Group, given["GroupName"])
    members = call.directory.referring(MEMBER_OF, group.id)
    found, cut = paging.page_of(members, given.get("Marker"), given.get("MaxItems"))
    users = [views.user_brief(user) for user in found if isinstance(user, User)]
    return {"Group": views.group(group), "Users": users, **cut}


@operation("iam:ListGroups")
def list_groups(call: ServiceCall, given: shapes.ListGroupsRequest) -> Output:
    """The account's groups under a path prefix."""
    prefix = given.get("PathPrefix", "/")
    found = (
        group
        for group in call.directory.after(Group, call.account, paging.start(given.get("Marker")))
        if group.path.startswith(prefix)
    )
    groups, cut = paging.page(found, lambda group: group.key, given.get("MaxItems"))
    return {"Groups": [views.group(group) for group in groups], **cut}


@operation("iam:UpdateGroup")
def update_group(call: ServiceCall, given: shapes.UpdateGroupRequest) -> Output:
    """Renames or moves a group: its ARN changes, its id and members stay.

    Raises NoSuchEntity or EntityAlreadyExists.
    """
    group = find(call, Group, given["GroupName"])
    name = given.get("NewGroupName", group.name)
    if name.lower() != group.name.lower():
        ensure_free(call, Group, name)
    call.directory.put(replace(group, name=name, path=given.get("NewPath", group.path)))
    return {}


@operation("iam:DeleteGroup")
def delete_group(call: ServiceCall, given: shapes.DeleteGroupRequest) -> Output:
    """Removes a group without members and policies. Raises NoSuchEntity or DeleteConflict."""
    group = find(call, Group, given["GroupName"])
    if call.directory.oldest(MEMBER_OF, group.id) is not None:
        raise DeleteConflict.first("remove users from group")
    if group.inline:
        raise DeleteConflict.first("delete policies")
    if group.attached:
        raise DeleteConflict.first("detach all policies")
    usage.forget(call.directory, group.id)
    call.directory.delete(group)
    return {}


@operation("iam:AddUserToGroup")
def add_user(call: ServiceCall, given: shapes.AddUserToGroupRequest) -> Output:
    """Puts a user into a group; once more changes nothing. Raises NoSuchEntity or LimitExceeded."""
    user = find(call, User, given["UserName"])
    group = find(call, Group, given["GroupName"])
    if group.id not in user.groups:
        quotas.within("GroupsPerUser", len(user.groups) + 1)
        call.directory.put(replace(user, groups=(*user.groups, group.id)))
    return {}


@operation("iam:RemoveUserFromGroup")
def remove_user(call: ServiceCall, given: shapes.RemoveUserFromGroupRequest) -> Output:
    """Takes a user out of a group; one who is not in it does not matter. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    group = find(call, Group, given["GroupName"])
    if group.id in user.groups:
        groups = tuple(id for id in user.groups if id != group.id)
        call.directory.put(replace(user, groups=groups))
    return {}


@operation("iam:ListGroupsForUser")
def list_groups_for_user(call: ServiceCall, given: shapes.ListGroupsForUserRequest) -> Output:
    """The groups that a user is in. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    groups = [group for id in user.groups if (group := call.directory.by_id(Group, id)) is not None]
    found, cut = paging.page_of(groups, given.get("Marker"), given.get("MaxItems"))
    return {"Groups": [views.group(group) for group in found], **cut}
