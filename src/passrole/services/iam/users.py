"""Users: their life, names, tags and permissions boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.iam import paging, quotas, tags, views
from passrole.services.iam.errors import DeleteConflict, NoSuchEntity
from passrole.services.iam.lookup import ensure_free, find, is_root, moment, user_or_caller
from passrole.services.iam.managed import boundary_arn
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state import usage
from passrole.state.credentials import (
    CERTIFICATE_OF,
    LOGIN_OF,
    MFA_OF,
    SERVICE_CREDENTIAL_OF,
    SSH_KEY_OF,
)
from passrole.state.entities import KEY_OF, Account, User
from passrole.values.ids import USER

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

# What must be gone before a user may be, in the order in which it is asked for.
# Source: IAM API Reference, DeleteUser; texts from public reports (aws-nuke issues 281, 319 and 671).
_HELD: Final = (
    (KEY_OF, "delete access keys"),
    (LOGIN_OF, "delete login profile"),
    (MFA_OF, "delete MFA device"),
    (CERTIFICATE_OF, "delete certificates"),
    (SSH_KEY_OF, "remove referenced objects"),
    (SERVICE_CREDENTIAL_OF, "remove referenced objects"),
)


@operation("iam:CreateUser")
def create_user(call: ServiceCall, given: shapes.CreateUserRequest) -> Output:
    """Adds a user. Raises EntityAlreadyExists, NoSuchEntity (boundary), InvalidInput, LimitExceeded."""
    name = given["UserName"]
    user_tags = tags.checked(given.get("Tags", ()), tags.any_case)
    boundary = boundary_arn(call, given.get("PermissionsBoundary"))
    ensure_free(call, User, name)
    quotas.room_for(call, User, "UsersPerAccount")
    user = User(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        id=call.ids.unique(USER, call.account),
        created=moment(call),
        boundary=boundary,
        tags=user_tags,
    )
    call.directory.put(user)
    view = views.user_full(user)
    if user.tags:
        view["Tags"] = tags.given(user.tags)
    return {"User": view}


@operation("iam:GetUser")
def get_user(call: ServiceCall, given: shapes.GetUserRequest) -> Output:
    """A user, or the caller where no name is given; the root has neither name nor path.

    Raises NoSuchEntity, or ValidationError where a role session leaves the name out.
    """
    name = given.get("UserName")
    if name is None and is_root(call):
        account = call.directory.by_key(Account, call.account, call.account)
        if account is None:
            raise NoSuchEntity(f"The account {call.account} cannot be found.")
        arn = call.caller.principal.arn
        return {"User": {"UserId": call.account, "Arn": arn, "CreateDate": account.created}}
    return {"User": views.user_full(user_or_caller(call, name))}


@operation("iam:ListUsers")
def list_users(call: ServiceCall, given: shapes.ListUsersRequest) -> Output:
    """The account's users under a path prefix."""
    prefix = given.get("PathPrefix", "/")
    found = (
        user
        for user in call.directory.after(User, call.account, paging.start(given.get("Marker")))
        if user.path.startswith(prefix)
    )
    users, cut = paging.page(found, lambda user: user.key, given.get("MaxItems"))
    return {"Users": [views.user_brief(user) for user in users], **cut}


@operation("iam:UpdateUser")
def update_user(call: ServiceCall, given: shapes.UpdateUserRequest) -> Output:
    """Renames or moves a user: its ARN changes, its id and all it holds stay.

    Raises NoSuchEntity or EntityAlreadyExists.
    """
    user = find(call, User, given["UserName"])
    name = given.get("NewUserName", user.name)
    if name.lower() != user.name.lower():
        ensure_free(call, User, name)
    call.directory.put(replace(user, name=name, path=given.get("NewPath", user.path)))
    return {}


@operation("iam:DeleteUser")
def delete_user(call: ServiceCall, given: shapes.DeleteUserRequest) -> Output:
    """Removes a user that holds nothing any more. Raises NoSuchEntity or DeleteConflict."""
    user = find(call, User, given["UserName"])
    if user.inline:
        raise DeleteConflict.first("delete policies")
    if user.attached:
        raise DeleteConflict.first("detach all policies")
    if user.groups:
        raise DeleteConflict.first("remove users from group")
    for relation, what in _HELD:
        if call.directory.oldest(relation, user.id) is not None:
            raise DeleteConflict.first(what)
    usage.forget(call.directory, user.id)
    call.directory.delete(user)
    return {}


@operation("iam:TagUser")
def tag_user(call: ServiceCall, given: shapes.TagUserRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    user = find(call, User, given["UserName"])
    call.directory.put(replace(user, tags=tags.merged(user.tags, given["Tags"], tags.any_case)))
    return {}


@operation("iam:UntagUser")
def untag_user(call: ServiceCall, given: shapes.UntagUserRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    call.directory.put(replace(user, tags=tags.without(user.tags, given["TagKeys"], tags.any_case)))
    return {}


@operation("iam:ListUserTags")
def list_user_tags(call: ServiceCall, given: shapes.ListUserTagsRequest) -> Output:
    """A user's tags, by key. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    found, cut = paging.page_of(tags.listed(user.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


@operation("iam:PutUserPermissionsBoundary")
def put_user_boundary(call: ServiceCall, given: shapes.PutUserPermissionsBoundaryRequest) -> Output:
    """Sets the permissions boundary. Raises NoSuchEntity or InvalidInput."""
    user = find(call, User, given["UserName"])
    call.directory.put(replace(user, boundary=boundary_arn(call, given["PermissionsBoundary"])))
    return {}


@operation("iam:DeleteUserPermissionsBoundary")
def delete_user_boundary(call: ServiceCall, given: shapes.DeleteUserPermissionsBoundaryRequest) -> Output:
    """Takes the permissions boundary away, if there is one. Raises NoSuchEntity."""
    user = find(call, User, given["UserName"])
    call.directory.put(replace(user, boundary=""))
    return {}
