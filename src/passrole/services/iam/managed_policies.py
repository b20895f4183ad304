"""Managed policies, their versions, and who carries them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.iam import documents, managed, paging, quotas, tags
from passrole.services.iam.errors import DeleteConflict, LimitExceeded
from passrole.services.iam.lookup import ensure_free, moment
from passrole.services.iam.managed import Policy
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import (
    ATTACHED,
    BOUNDARY,
    Group,
    ManagedPolicy,
    PolicyVersion,
    Role,
    User,
)
from passrole.values.ids import MANAGED_POLICY

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_MOST_VERSIONS = 5


@operation("iam:CreatePolicy")
def create_policy(call: ServiceCall, given: shapes.CreatePolicyRequest) -> Output:
    """Adds a policy with its first version.

    Raises MalformedPolicyDocument, EntityAlreadyExists, InvalidInput or LimitExceeded.
    """
    name = given["PolicyName"]
    policy_tags = tags.checked(given.get("Tags", ()), tags.exact)
    documents.managed(given["PolicyDocument"])
    ensure_free(call, ManagedPolicy, name)
    quotas.room_for(call, ManagedPolicy, "PoliciesPerAccount")
    now = moment(call)
    policy = ManagedPolicy(
        account=call.account,
        name=name,
        path=given.get("Path", "/"),
        id=call.ids.unique(MANAGED_POLICY, call.account),
        created=now,
        updated=now,
        description=given.get("Description", ""),
        versions=(PolicyVersion(id="v1", document=given["PolicyDocument"], created=now),),
        tags=policy_tags,
    )
    call.directory.put(policy)
    view = policy_listed(call, managed.of_account(policy))
    if policy.tags:
        view["Tags"] = tags.given(policy.tags)
    return {"Policy": view}


def policy_listed(call: ServiceCall, policy: Policy) -> shapes.Policy:
    """As ListPolicies shows a policy: without description and tags."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "AttachmentCount": managed.attachment_count(call.directory, call.account, policy.arn),
        "PermissionsBoundaryUsageCount": managed.boundary_count(call.directory, call.account, policy.arn),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def version_listed(policy: Policy, version: PolicyVersion) -> shapes.PolicyVersion:
    """As ListPolicyVersions shows a version: without its document."""
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
    }


def version_full(policy: Policy, version: PolicyVersion) -> shapes.PolicyVersion:
    """As GetPolicyVersion shows it."""
    view = version_listed(policy, version)
    view["Document"] = documents.encoded(version.document)
    return view


@operation("iam:GetPolicy")
def get_policy(call: ServiceCall, given: shapes.GetPolicyRequest) -> Output:
    """A policy of the account or of AWS. Raises NoSuchEntity."""
    policy = managed.readable(call, given["PolicyArn"])
    view = policy_listed(call, policy)
    if policy.description:
        view["Description"] = policy.description
    view["Tags"] = tags.listed(policy.tags)
    return {"Policy": view}


@operation("iam:ListPolicies")
def list_policies(call: ServiceCall, given: shapes.ListPoliciesRequest) -> Output:
    """The account's policies, then AWS's, as far as Scope and the filters let them through."""
    place = paging.start(given.get("Marker"))
    found = _in_scope(call, given, place)
    policies, cut = paging.page(found, _place, given.get("MaxItems"))
    return {"Policies": [policy_listed(call, policy) for policy in policies], **cut}


def _in_scope(call: ServiceCall, given: shapes.ListPoliciesRequest, place: str) -> Iterator[Policy]:
    """From the place of a marker on: AWS's policies come last, by ARN."""
    scope = given.get("Scope", "All")
    if scope != "AWS" and not place.startswith("arn:aws:iam::aws:"):
        for own in call.directory.after(ManagedPolicy, call.account, place):
            if _wanted(call, given, own.arn):
                yield managed.of_account(own)
    if scope != "Local":
        after = place if place.startswith("arn:") else ""
        yield from managed.of_aws(after, lambda arn: _wanted(call, given, arn))


def _place(policy: Policy) -> str:
    return policy.arn if policy.arn.startswith("arn:aws:iam::aws:") else policy.name.lower()


def _wanted(call: ServiceCall, given: shapes.ListPoliciesRequest, arn: str) -> bool:
    if not managed.path_of(arn).startswith(given.get("PathPrefix", "/")):
        return False
    usage, only = given.get("PolicyUsageFilter"), given.get("OnlyAttached", False)
    if usage is None and not only:
        return True
    attached = usage != "PermissionsBoundary" and managed.attachment_count(call.directory, call.account, arn)
    bounds = usage != "PermissionsPolicy" and managed.boundary_count(call.directory, call.account, arn)
    return bool(attached or bounds)


@operation("iam:DeletePolicy")
def delete_policy(call: ServiceCall, given: shapes.DeletePolicyRequest) -> Output:
    """Removes a policy that nothing carries and that has one version left.

    Raises NoSuchEntity or DeleteConflict.
    """
    policy = managed.editable(call, given["PolicyArn"])
    carried = (call.directory.oldest(relation, policy.arn) for relation in (ATTACHED, BOUNDARY))
    if any(entity is not None for entity in carried):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the "
            "policy's versions. The default version is deleted with the policy."
        )
    call.directory.delete(policy)
    return {}


@operation("iam:CreatePolicyVersion")
def create_version(call: ServiceCall, given: shapes.CreatePolicyVersionRequest) -> Output:
    """Adds a version, as the default one where asked. Raises LimitExceeded above five."""
    policy = managed.editable(call, given["PolicyArn"])
    documents.managed(given["PolicyDocument"])
    if len(policy.versions) >= _MOST_VERSIONS:
        raise LimitExceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must "
            "delete an existing version."
        )
    now = moment(call)
    version = PolicyVersion(id=f"v{policy.next_version}", document=given["PolicyDocument"], created=now)
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        next_version=policy.next_version + 1,
        default=version.id if given.get("SetAsDefault") else policy.default,
        updated=now,
    )
    call.directory.put(changed)
    return {"PolicyVersion": version_listed(managed.of_account(changed), version)}


@operation("iam:GetPolicyVersion")
def get_version(call: ServiceCall, given: shapes.GetPolicyVersionRequest) -> Output:
    """One version with its document. Raises NoSuchEntity."""
    policy, version = managed.with_version(call, given["PolicyArn"], given["VersionId"])
    return {"PolicyVersion": version_full(policy, version)}


@operation("iam:ListPolicyVersions")
def list_versions(call: ServiceCall, given: shapes.ListPolicyVersionsRequest) -> Output:
    """A policy's versions, newest first. Raises NoSuchEntity."""
    policy = managed.readable(call, given["PolicyArn"])
    newest = tuple(reversed(policy.versions))
    found, cut = paging.page_of(newest, given.get("Marker"), given.get("MaxItems"))
    return {"Versions": [version_listed(policy, version) for version in found], **cut}


@operation("iam:SetDefaultPolicyVersion")
def set_default_version(call: ServiceCall, given: shapes.SetDefaultPolicyVersionRequest) -> Output:
    """Makes a version the one that counts, at once. Raises NoSuchEntity."""
    managed.with_version(call, given["PolicyArn"], given["VersionId"])
    policy = managed.editable(call, given["PolicyArn"])
    call.directory.put(replace(policy, default=given["VersionId"], updated=moment(call)))
    return {}


@operation("iam:DeletePolicyVersion")
def delete_version(call: ServiceCall, given: shapes.DeletePolicyVersionRequest) -> Output:
    """Removes a version that is not the default one. Raises NoSuchEntity or DeleteConflict."""
    managed.with_version(call, given["PolicyArn"], given["VersionId"])
    policy = managed.editable(call, given["PolicyArn"])
    if given["VersionId"] == policy.default:
        raise DeleteConflict("Cannot delete the default version of a policy.")
    versions = tuple(version for version in policy.versions if version.id != given["VersionId"])
    call.directory.put(replace(policy, versions=versions))
    return {}


@operation("iam:TagPolicy")
def tag_policy(call: ServiceCall, given: shapes.TagPolicyRequest) -> Output:
    """Adds or replaces tags. Raises NoSuchEntity, InvalidInput or LimitExceeded."""
    policy = managed.editable(call, given["PolicyArn"])
    call.directory.put(replace(policy, tags=tags.merged(policy.tags, given["Tags"], tags.exact)))
    return {}


@operation("iam:UntagPolicy")
def untag_policy(call: ServiceCall, given: shapes.UntagPolicyRequest) -> Output:
    """Removes tags by key. Raises NoSuchEntity."""
    policy = managed.editable(call, given["PolicyArn"])
    call.directory.put(replace(policy, tags=tags.without(policy.tags, given["TagKeys"], tags.exact)))
    return {}


@operation("iam:ListPolicyTags")
def list_policy_tags(call: ServiceCall, given: shapes.ListPolicyTagsRequest) -> Output:
    """A policy's tags, by key. Raises NoSuchEntity."""
    policy = managed.readable(call, given["PolicyArn"])
    found, cut = paging.page_of(tags.listed(policy.tags), given.get("Marker"), given.get("MaxItems"))
    return {"Tags": found, **cut}


@operation("iam:ListEntitiesForPolicy")
def list_entities(call: ServiceCall, given: shapes.ListEntitiesForPolicyRequest) -> Output:
    """The users, groups and roles that carry a policy or have it as their boundary.

    Raises NoSuchEntity.
    """
    arn = managed.readable(call, given["PolicyArn"]).arn
    relations = {"PermissionsPolicy": (ATTACHED,), "PermissionsBoundary": (BOUNDARY,)}.get(
        given.get("PolicyUsageFilter", ""), (ATTACHED, BOUNDARY)
    )
    wanted = {"User": (User,), "Role": (Role,), "Group": (Group,)}.get(
        given.get("EntityFilter", ""), (User, Role, Group)
    )
    prefix = given.get("PathPrefix", "/")
    carrying: dict[str, User | Role | Group] = {}
    for relation in relations:
        for entity in call.directory.referring(relation, arn):
            if (
                isinstance(entity, wanted)
                and entity.account == call.account
                and entity.path.startswith(prefix)
            ):
                carrying[entity.id] = entity
    found, cut = paging.page_of(tuple(carrying.values()), given.get("Marker"), given.get("MaxItems"))
    groups: list[shapes.PolicyGroup] = []
    users: list[shapes.PolicyUser] = []
    roles: list[shapes.PolicyRole] = []
    for entity in found:
        if isinstance(entity, Group):
            groups.append({"GroupName": entity.name, "GroupId": entity.id})
        elif isinstance(entity, User):
            users.append({"UserName": entity.name, "UserId": entity.id})
        else:
            roles.append({"RoleName": entity.name, "RoleId": entity.id})
    return {"PolicyGroups": groups, "PolicyUsers": users, "PolicyRoles": roles, **cut}
