"""Roles: their life, trust policies, tags and permissions boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import documents, paging, quotas, tags, views
from passrole.services.iam.errors import DeleteConflict, InvalidInput, UnmodifiableEntity
from passrole.services.iam.lookup import editable_role, ensure_free, find, moment
from passrole.services.iam.managed import boundary_arn
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state import usage
from passrole.state.entities import PROFILE_OF, Role
from passrole.values.ids import ROLE

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:CreateRole")
def create_role(call: ServiceCall, given: shapes.CreateRoleRequest) -> Output:
    """Adds a role.

    Raises MalformedPolicyDocument, EntityAlreadyExists, LimitExceeded, InvalidInput, or NoSuchEntity for
    a boundary that is not there.
    """
    name, path = given["RoleName"], given.get("Path", "/")
    if path.startswith("/aws-service-role/"):
        # Assumed wording; the path is documented as reserved for service-linked roles.
        raise InvalidInput("The path /aws-service-role/ is reserved for service-linked roles.")
    role_tags = tags.checked(given.get("Tags", ()), tags.any_case)
    trust = given["AssumeRolePolicyDocument"]
    trust_ids = documents.trust(trust, call.directory)
    boundary = boundary_arn(call, given.get("PermissionsBoundary"))
    ensure_free(call, Role, name)
    quotas.room_for(call, Role, "RolesPerAccount")
    role = Role(
        account=call.account,
        name=name,
        path=path,
        id=call.ids.unique(ROLE, call.account),
        created=moment(call),
        trust=trust,
        trust_ids=trust_ids,
        description=given.get("Description", ""),
        max_session=given.get("MaxSessionDuration", 3600),
        boundary=boundary,
        tags=role_tags,
    )
    call.directory.put(role)
    # Neither the description nor the session duration comes back from CreateRole (recorded 2026).
    view = views.role_brief(role, call.directory)
    if role.boundary:
        view["PermissionsBoundary"] = views.boundary(role.boundary)
    if role.tags:
        view["Tags"] = tags.given(role.tags)
    return {"Role": view}


@operation("iam:GetRole")
def get_role(call: ServiceCall, given: shapes.GetRoleRequest) -> Output:
    """A role with all there is to know of it. Raises NoSuchEntity."""
    return {"Role": views.role_full(find(call, Role, given["RoleName"]), call.directory)}


@operation("iam:ListRoles")
def list_roles(call: ServiceCall, given: shapes.ListRolesRequest) -> Output:
    """The account's roles under a path prefix."""
    prefix = given.get("PathPrefix", "/")
    found = (
        role
        for role in call.directory.after(Role, call.account, paging.start(given.get("Marker")))
        if role.path.startswith(prefix)
    )
    roles, cut = paging.page(found, lambda role: role.key, given.get("MaxItems"))
    return {"Roles": [views.role_listed(role, call.directory) for role in roles], **cut}


@operation("iam:UpdateRole")
def update_role(call: ServiceCall, given: shapes.UpdateRoleRequest) -> Output:
    """Sets the description and the longest session; what is not given stays.

    Of a service-linked role only the description can be set. Raises NoSuchEntity or UnmodifiableEntity.
    """
    role = find(call, Role, given["RoleName"])
    if role.service_linked and "MaxSessionDuration" in given:
        raise UnmodifiableEntity.role(role.name)
    call.directory.put(
        replace(
            role,
            description=given.get("Description", role.description),
            max_session=given.get("MaxSessionDuration", role.max_session),
        )
    )
    return {}


@operation("iam:UpdateRoleDescription")
def update_role_description(call: ServiceCall, given: shapes.UpdateRoleDescriptionRequest) -> Output:
    """The older form of UpdateRole. Raises NoSuchEntity."""
    role = replace(find(call, Role, given["RoleName"]), description=given["Description"])
    call.directory.put(role)
    view = views.role_brief(role, call.directory)
    view["Description"] = role.description
    return {"Role": view}


@operation("iam:UpdateAssumeRolePolicy")
def update_trust(call: ServiceCall, given: shapes.UpdateAssumeRolePolicyRequest) -> Output:
    """Replaces the trust policy; the users and roles it names are looked up anew.

    Raises NoSuchEntity, UnmodifiableEntity, MalformedPolicyDocument or LimitExceeded.
    """
    role = editable_role(call, given["RoleName"])
    trust = given["PolicyDocument"]
    call.directory.put(replace(role, trust=trust, trust_ids=documents.trust(trust, call.directory)))
    return {}


@operation("iam:DeleteRole")
def delete_role(call: ServiceCall, given: shapes.DeleteRoleRequest) -> Output:
    """Removes a role; its sessions end with it, as its unique id is gone.

    Raises NoSuchEntity, UnmodifiableEntity or DeleteConflict.
    """
    role = editable_role(call, given["RoleName"])
    if call.directory.oldest(PROFILE_OF, role.id) is not None:
        raise DeleteConflict.first("remove roles from instance profile")
    if role.inline:
        raise DeleteConflict.first("delete policies")
    if role.attached:
        raise DeleteConflict.first("detach all policies")
    usage.forget(call.directory, role.id)
    call.directory.delete(role)
    return {}


@operation("iam:TagRole")
def tag_role(call: ServiceCall, given: shapes.TagRoleRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, UnmodifiableEntity, InvalidInput or LimitExceeded."""
    role = editable_role(call, given["RoleName"])
    call.directory.put(replace(role, tags=tags.merged(role.tags, given["Tags"], tags.any_case)))
    return {}


@operation("iam:UntagRole")
def untag_role(call: ServiceCall, given: shapes.UntagRoleRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity or UnmodifiableEntity."""
    role = editable_role(call, given["RoleName"])
    call.directory.put(replace(role, tags=tags.without(role.tags, given["TagKeys"], tags.any_case)))
    return {}


@operation("iam:ListRoleTags")
def list_role_tags(call: ServiceCall, given: shapes.ListRoleTagsRequest) -> Output:
    """A role's tags, by key. Raises NoSuchEntity."""
    role = find(call, Role, given["RoleName"])
    found, cut = paging.page_of(tags.listed(role.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


@operation("iam:PutRolePermissionsBoundary")
def put_role_boundary(call: ServiceCall, given: shapes.PutRolePermissionsBoundaryRequest) -> Output:
    """Sets the permissions boundary. Raises NoSuchEntity, UnmodifiableEntity or InvalidInput."""
    role = editable_role(call, given["RoleName"])
    call.directory.put(replace(role, boundary=boundary_arn(call, given["PermissionsBoundary"])))
    return {}


@operation("iam:DeleteRolePermissionsBoundary")
def delete_role_boundary(call: ServiceCall, given: shapes.DeleteRolePermissionsBoundaryRequest) -> Output:
    """Takes the permissions boundary away, if there is one. Raises NoSuchEntity or UnmodifiableEntity."""
    role = editable_role(call, given["RoleName"])
    call.directory.put(replace(role, boundary=""))
    return {}
