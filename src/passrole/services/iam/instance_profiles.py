"""Instance profiles, by which EC2 instances come to a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import paging, quotas, tags, views
from passrole.services.iam.errors import DeleteConflict, NoSuchEntity
from passrole.services.iam.lookup import editable_role, ensure_free, find, moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import PROFILE_OF, InstanceProfile, Role
from passrole.values.ids import INSTANCE_PROFILE

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


@operation("iam:CreateInstanceProfile")
def create_profile(call: ServiceCall, given: shapes.CreateInstanceProfileRequest) -> Output:
    """Adds an empty profile. Raises EntityAlreadyExists, InvalidInput or LimitExceeded."""
    name = given["InstanceProfileName"]
    profile_tags = tags.checked(given.get("Tags", ()), tags.exact)
    ensure_free(call, InstanceProfile, name)
    quotas.room_for(call, InstanceProfile, "InstanceProfilesPerAccount")
    profile = InstanceProfile(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        id=call.ids.unique(INSTANCE_PROFILE, call.account),
        created=moment(call),
        tags=profile_tags,
    )
    call.directory.put(profile)
    view = views.profile(profile, call.directory)
    if profile.tags:
        view["Tags"] = tags.given(profile.tags)
    return {"InstanceProfile": view}


@operation("iam:GetInstanceProfile")
def get_profile(call: ServiceCall, given: shapes.GetInstanceProfileRequest) -> Output:
    """A profile with its role and tags. Raises NoSuchEntity."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    return {"InstanceProfile": views.profile_full(profile, call.directory)}


@operation("iam:ListInstanceProfiles")
def list_profiles(call: ServiceCall, given: shapes.ListInstanceProfilesRequest) -> Output:
    """The account's profiles under a path prefix."""
    prefix = given.get("PathPrefix", "/")
    found = (
        profile
        for profile in call.directory.after(InstanceProfile, call.account, paging.start(given.get("Marker")))
        if profile.path.startswith(prefix)
    )
    profiles, cut = paging.page(found, lambda profile: profile.key, given.get("MaxItems"))
    return {"InstanceProfiles": [views.profile(profile, call.directory) for profile in profiles], **cut}


@operation("iam:ListInstanceProfilesForRole")
def list_profiles_for_role(call: ServiceCall, given: shapes.ListInstanceProfilesForRoleRequest) -> Output:
    """The profiles that hold a role. Raises NoSuchEntity."""
    role = find(call, Role, given["RoleName"])
    holding = call.directory.referring(PROFILE_OF, role.id)
    found, cut = paging.page_of(holding, given.get("Marker"), given.get("MaxItems"))
    profiles = [
        views.profile(profile, call.directory) for profile in found if isinstance(profile, InstanceProfile)
    ]
    return {"InstanceProfiles": profiles, **cut}


@operation("iam:AddRoleToInstanceProfile")
def add_role(call: ServiceCall, given: shapes.AddRoleToInstanceProfileRequest) -> Output:
    """Puts the one role in. iam:PassRole on it has been judged by the gateway.

    Raises NoSuchEntity, UnmodifiableEntity, or LimitExceeded where the profile has a role already.
    """
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    role = editable_role(call, given["RoleName"])
    quotas.within("InstanceSessionsPerInstanceProfile", 2 if profile.role_id else 1)
    call.directory.put(replace(profile, role_id=role.id))
    return {}


@operation("iam:RemoveRoleFromInstanceProfile")
def remove_role(call: ServiceCall, given: shapes.RemoveRoleFromInstanceProfileRequest) -> Output:
    """Takes the role out; instances keep what credentials they have. Raises NoSuchEntity."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    role = editable_role(call, given["RoleName"])
    if profile.role_id != role.id:
        raise NoSuchEntity(f"Role {role.name} in Instance Profile {profile.name} cannot be found.")
    call.directory.put(replace(profile, role_id=""))
    return {}


@operation("iam:DeleteInstanceProfile")
def delete_profile(call: ServiceCall, given: shapes.DeleteInstanceProfileRequest) -> Output:
    """Removes an empty profile, whether or not instances use it. Raises NoSuchEntity or DeleteConflict."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    if profile.role_id:
        raise DeleteConflict.first("remove roles from instance profile")
    call.directory.delete(profile)
    return {}


@operation("iam:TagInstanceProfile")
def tag_profile(call: ServiceCall, given: shapes.TagInstanceProfileRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    call.directory.put(replace(profile, tags=tags.merged(profile.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagInstanceProfile")
def untag_profile(call: ServiceCall, given: shapes.UntagInstanceProfileRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    call.directory.put(replace(profile, tags=tags.without(profile.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListInstanceProfileTags")
def list_profile_tags(call: ServiceCall, given: shapes.ListInstanceProfileTagsRequest) -> Output:
    """A profile's tags, by key. Raises NoSuchEntity."""
    profile = find(call, InstanceProfile, given["InstanceProfileName"])
    found, cut = paging.page_of(tags.listed(profile.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}
