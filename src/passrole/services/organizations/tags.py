"""Tags on what an organization holds, and its resource policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.policy.validate import check
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup
from passrole.services.organizations.errors import OrganizationsError
from passrole.state.entities import Tags
from passrole.state.organization import Member, Organization, OrganizationPolicy, Unit

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_MOST: Final = 50


def checked_tags(tags: Sequence[shapes.Tag]) -> Tags:
    """The tags of a request. Raises InvalidInputException for a repeated or reserved key."""
    if len({tag["Key"] for tag in tags}) != len(tags):
        raise OrganizationsError.of(
            "InvalidInputException",
            "Tag keys must be unique among the tags attached to the same entity.",
            "DUPLICATE_TAG_KEY",
        )
    if any(tag["Key"].lower().startswith("aws:") for tag in tags):
        raise OrganizationsError.of(
            "InvalidInputException",
            "You specified a tag key that is a system tag.",
            "INVALID_SYSTEM_TAGS_PARAMETER",
        )
    return tuple((tag["Key"], tag["Value"]) for tag in tags)


@operation("organizations:TagResource")
def tag_resource(call: ServiceCall, given: shapes.TagResourceRequest) -> Output:
    """Adds or replaces tags. Raises TargetNotFoundException, InvalidInputException or
    ConstraintViolationException.
    """
    organization = lookup.managed(call)
    old = _tags(call, organization, given["ResourceId"])
    new = checked_tags(given["Tags"])
    replaced = {key for key, _ in new}
    tags = tuple(tag for tag in old if tag[0] not in replaced) + new
    if len(tags) > _MOST:
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You have exceeded the number of tags allowed on this resource.",  # assumed wording
            "MAX_TAG_LIMIT_EXCEEDED",
        )
    _set_tags(call, organization, given["ResourceId"], tags)
    return {}


@operation("organizations:UntagResource")
def untag_resource(call: ServiceCall, given: shapes.UntagResourceRequest) -> Output:
    """Removes tags by key. Raises TargetNotFoundException."""
    organization = lookup.managed(call)
    gone = set(given["TagKeys"])
    old = _tags(call, organization, given["ResourceId"])
    _set_tags(call, organization, given["ResourceId"], tuple(tag for tag in old if tag[0] not in gone))
    return {}


@operation("organizations:ListTagsForResource")
def list_tags(call: ServiceCall, given: shapes.ListTagsForResourceRequest) -> Output:
    """The tags of the root, a unit, an account, a policy or the resource policy.

    Raises TargetNotFoundException.
    """
    organization = lookup.readable(call)
    tags = _tags(call, organization, given["ResourceId"])
    found, cut = lookup.page_of(tags, given.get("NextToken"), _MOST)
    return {"Tags": [{"Key": key, "Value": value} for key, value in found], **cut}


@operation("organizations:PutResourcePolicy")
def put_resource_policy(call: ServiceCall, given: shapes.PutResourcePolicyRequest) -> Output:
    """Sets the organization's delegation policy. Raises MalformedPolicyDocumentException."""
    organization = lookup.managed(call)
    check(given["Content"], "resource")
    tags = given.get("Tags")
    changed = replace(
        organization,
        resource_policy=given["Content"],
        resource_policy_id=organization.resource_policy_id or call.ids.lower("rp-", 8),
        resource_policy_tags=checked_tags(tags) if tags is not None else organization.resource_policy_tags,
    )
    call.directory.put(changed)
    return {"ResourcePolicy": _resource_policy(changed)}


@operation("organizations:DescribeResourcePolicy")
def describe_resource_policy(call: ServiceCall, given: shapes.NoInput) -> Output:
    """The organization's delegation policy. Raises ResourcePolicyNotFoundException."""
    organization = lookup.readable(call)
    if not organization.resource_policy:
        raise OrganizationsError.of("ResourcePolicyNotFoundException")
    return {"ResourcePolicy": _resource_policy(organization)}


@operation("organizations:DeleteResourcePolicy")
def delete_resource_policy(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Removes the delegation policy. Raises ResourcePolicyNotFoundException."""
    organization = lookup.managed(call)
    if not organization.resource_policy:
        raise OrganizationsError.of("ResourcePolicyNotFoundException")
    changed = replace(organization, resource_policy="", resource_policy_id="", resource_policy_tags=())
    call.directory.put(changed)
    return {}


def _resource_policy(organization: Organization) -> shapes.ResourcePolicy:
    id = organization.resource_policy_id
    arn = organization.arn_of("resourcepolicy", id)
    return {"ResourcePolicySummary": {"Id": id, "Arn": arn}, "Content": organization.resource_policy}


def _tagged(
    call: ServiceCall, organization: Organization, id: str
) -> Unit | Member | OrganizationPolicy | Organization:
    if id and id == organization.resource_policy_id:
        return organization
    account, directory = organization.account, call.directory
    found = (
        directory.by_key(Unit, account, id)
        or directory.by_key(Member, account, id)
        or directory.by_key(OrganizationPolicy, account, id)
    )
    if found is None:
        raise OrganizationsError.of("TargetNotFoundException")
    return found


def _tags(call: ServiceCall, organization: Organization, id: str) -> Tags:
    found = _tagged(call, organization, id)
    return found.resource_policy_tags if isinstance(found, Organization) else found.tags


def _set_tags(call: ServiceCall, organization: Organization, id: str, tags: Tags) -> None:
    found = _tagged(call, organization, id)
    if isinstance(found, Organization):
        call.directory.put(replace(found, resource_policy_tags=tags))
    else:
        call.directory.put(replace(found, tags=tags))
