"""Policies of an organization: service control, resource control and the management types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.policy.validate import check
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup, views
from passrole.services.organizations.errors import OrganizationsError
from passrole.services.organizations.tags import checked_tags
from passrole.state.organization import (
    AWS_POLICIES,
    POLICY_TARGET,
    RCP,
    SCP,
    AwsPolicy,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
    policy_named,
)

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

# Source: Organizations User Guide, "Quotas and service limits for AWS Organizations".
_LARGEST: Final = {SCP: 10_240, RCP: 5_120}  # characters; the others below
_LARGEST_OTHER: Final = 10_000
_MOST_ATTACHED: Final = {SCP: 10, RCP: 5}
_MOST_ATTACHED_OTHER: Final = 10


@operation("organizations:CreatePolicy")
def create_policy(call: ServiceCall, given: shapes.CreatePolicyRequest) -> Output:
    """Adds a policy that is attached to nothing yet.

    Raises MalformedPolicyDocumentException, DuplicatePolicyException, ConstraintViolationException or
    PolicyTypeNotAvailableForOrganizationException.
    """
    organization = lookup.managed(call)
    tags = checked_tags(given.get("Tags", ()))
    type, name = given["Type"], given["Name"]
    _ensure_available(organization)
    _check_content(given["Content"], type)
    _ensure_free(call, type, name)
    policy = OrganizationPolicy(
        account=call.account,
        id=call.ids.lower("p-", 8),
        name=name,
        type=type,
        content=given["Content"],
        description=given["Description"],
        tags=tags,
    )
    call.directory.put(policy)
    return {"Policy": _view(organization, policy)}


@operation("organizations:DescribePolicy")
def describe_policy(call: ServiceCall, given: shapes.DescribePolicyRequest) -> Output:
    """A policy with its content. Raises PolicyNotFoundException."""
    organization = lookup.readable(call)
    return {"Policy": _view(organization, _policy(call, organization, given["PolicyId"]))}


@operation("organizations:UpdatePolicy")
def update_policy(call: ServiceCall, given: shapes.UpdatePolicyRequest) -> Output:
    """Changes name, description or content; it counts from the next call on, wherever attached.

    Raises PolicyNotFoundException, MalformedPolicyDocumentException, DuplicatePolicyException,
    ConstraintViolationException or InvalidInputException (AWS's own policies).
    """
    organization = lookup.managed(call)
    policy = _own(call, organization, given["PolicyId"])
    name = given.get("Name", policy.name)
    if name != policy.name:
        _ensure_free(call, policy.type, name)
    content = given.get("Content", policy.content)
    if content != policy.content:
        _check_content(content, policy.type)
    changed = replace(
        policy, name=name, content=content, description=given.get("Description", policy.description)
    )
    call.directory.put(changed)
    return {"Policy": _view(organization, changed)}


@operation("organizations:DeletePolicy")
def delete_policy(call: ServiceCall, given: shapes.DeletePolicyRequest) -> Output:
    """Removes a policy that is attached to nothing. Raises PolicyNotFoundException, PolicyInUseException."""
    organization = lookup.managed(call)
    policy = _own(call, organization, given["PolicyId"])
    if call.directory.oldest(POLICY_TARGET, policy.id) is not None:
        raise OrganizationsError.of("PolicyInUseException")
    call.directory.delete(policy)
    return {}


@operation("organizations:ListPolicies")
def list_policies(call: ServiceCall, given: shapes.ListPoliciesRequest) -> Output:
    """All policies of a type, AWS's own first."""
    organization = lookup.readable(call)
    type = given["Filter"]
    own = call.directory.all(OrganizationPolicy, organization.account)
    every: list[OrganizationPolicy | AwsPolicy] = [*AWS_POLICIES.values(), *own]
    found = [policy for policy in every if policy.type == type]
    policies, cut = lookup.page_of(found, given.get("NextToken"), given.get("MaxResults"))
    return {"Policies": [views.policy_summary(organization, policy) for policy in policies], **cut}


@operation("organizations:AttachPolicy")
def attach_policy(call: ServiceCall, given: shapes.AttachPolicyRequest) -> Output:
    """Attaches a policy to the root, a unit or an account.

    Raises PolicyNotFoundException, TargetNotFoundException, PolicyTypeNotEnabledException,
    DuplicatePolicyAttachmentException or ConstraintViolationException.
    """
    organization = lookup.managed(call)
    policy = _policy(call, organization, given["PolicyId"])
    target = lookup.target(call, organization, given["TargetId"])
    _ensure_enabled(organization, policy.type)
    if policy.id in target.policies:
        raise OrganizationsError.of("DuplicatePolicyAttachmentException")
    held = _of_type(call, organization, target, policy.type)
    if len(held) >= _MOST_ATTACHED.get(policy.type, _MOST_ATTACHED_OTHER):
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You have attached the maximum number of policies to the specified target.",  # assumed wording
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    call.directory.put(_with_policies(target, (*target.policies, policy.id)))
    return {}


@operation("organizations:DetachPolicy")
def detach_policy(call: ServiceCall, given: shapes.DetachPolicyRequest) -> Output:
    """Takes a policy off a target; a service control policy must be left on it.

    Raises PolicyNotFoundException, TargetNotFoundException, PolicyNotAttachedException or
    ConstraintViolationException.
    """
    organization = lookup.managed(call)
    policy = _policy(call, organization, given["PolicyId"])
    target = lookup.target(call, organization, given["TargetId"])
    if policy.id not in target.policies:
        raise OrganizationsError.of("PolicyNotAttachedException")
    last = len(_of_type(call, organization, target, policy.type)) == 1
    if (policy.type == SCP and last) or (policy.type == RCP and isinstance(policy, AwsPolicy)):
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You cannot remove the last policy attached to the specified target. You must have at least "
            "one attached at all times.",
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
        )
    left = tuple(id for id in target.policies if id != policy.id)
    call.directory.put(_with_policies(target, left))
    return {}


@operation("organizations:ListPoliciesForTarget")
def list_policies_for_target(call: ServiceCall, given: shapes.ListPoliciesForTargetRequest) -> Output:
    """The policies of a type that are attached right to a target. Raises TargetNotFoundException."""
    organization = lookup.readable(call)
    target = lookup.target(call, organization, given["TargetId"])
    held = _of_type(call, organization, target, given["Filter"])
    policies, cut = lookup.page_of(held, given.get("NextToken"), given.get("MaxResults"))
    return {"Policies": [views.policy_summary(organization, policy) for policy in policies], **cut}


@operation("organizations:ListTargetsForPolicy")
def list_targets(call: ServiceCall, given: shapes.ListTargetsForPolicyRequest) -> Output:
    """What a policy is attached to. Raises PolicyNotFoundException."""
    organization = lookup.readable(call)
    policy = _policy(call, organization, given["PolicyId"])
    holding = [
        node
        for node in call.directory.referring(POLICY_TARGET, policy.id)
        if node.account == organization.account and isinstance(node, (Unit, Member))
    ]
    found, cut = lookup.page_of(holding, given.get("NextToken"), given.get("MaxResults"))
    return {"Targets": [_target(call, organization, node) for node in found], **cut}


@operation("organizations:EnablePolicyType")
def enable_type(call: ServiceCall, given: shapes.EnablePolicyTypeRequest) -> Output:
    """Turns a policy type on for the whole organization; AWS's own policy of the type goes onto everything.

    Raises RootNotFoundException, PolicyTypeAlreadyEnabledException or
    PolicyTypeNotAvailableForOrganizationException.
    """
    organization, root = _root(call, given["RootId"])
    type = given["PolicyType"]
    _ensure_available(organization)
    if type in organization.policy_types:
        raise OrganizationsError.of("PolicyTypeAlreadyEnabledException")
    organization = replace(organization, policy_types=(*organization.policy_types, type))
    call.directory.put(organization)
    provided = tuple(policy.id for policy in AWS_POLICIES.values() if policy.type == type)
    if provided:
        for node in _nodes(call, organization):
            call.directory.put(_with_policies(node, (*node.policies, *provided)))
    return {"Root": views.root(organization, root)}


@operation("organizations:DisablePolicyType")
def disable_type(call: ServiceCall, given: shapes.DisablePolicyTypeRequest) -> Output:
    """Turns a policy type off; its policies come off everything and are not remembered.

    Raises RootNotFoundException or PolicyTypeNotEnabledException.
    """
    organization, root = _root(call, given["RootId"])
    type = given["PolicyType"]
    _ensure_enabled(organization, type)
    for node in _nodes(call, organization):
        gone = {policy.id for policy in _of_type(call, organization, node, type)}
        left = tuple(id for id in node.policies if id not in gone)
        call.directory.put(_with_policies(node, left))
    types = tuple(other for other in organization.policy_types if other != type)
    organization = replace(organization, policy_types=types)
    call.directory.put(organization)
    return {"Root": views.root(organization, root)}


def _view(organization: Organization, policy: OrganizationPolicy | AwsPolicy) -> shapes.Policy:
    return {"PolicySummary": views.policy_summary(organization, policy), "Content": policy.content}


def _policy(call: ServiceCall, organization: Organization, id: str) -> OrganizationPolicy | AwsPolicy:
    policy = policy_named(call.directory, organization, id)
    if policy is None:
        raise OrganizationsError.of("PolicyNotFoundException")
    return policy


def _own(call: ServiceCall, organization: Organization, id: str) -> OrganizationPolicy:
    policy = _policy(call, organization, id)
    if isinstance(policy, AwsPolicy):
        raise OrganizationsError.of(
            "InvalidInputException",
            "You specified a policy that is managed by AWS and can't be modified.",
            "IMMUTABLE_POLICY",
        )
    return policy


def _check_content(content: str, type: str) -> None:
    if len(content) > _LARGEST.get(type, _LARGEST_OTHER):
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You have exceeded the allowed size of the policy content.",  # assumed wording
            "POLICY_CONTENT_LIMIT_EXCEEDED",
        )
    if type == SCP:
        check(content, "scp")
    elif type == RCP:
        check(content, "rcp")
    else:
        # Of the management policy types only the form is checked: nothing here acts on them.
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise OrganizationsError.of(
                "MalformedPolicyDocumentException",
                "The provided policy document does not meet the requirements of the specified policy type.",
            )


def _ensure_free(call: ServiceCall, type: str, name: str) -> None:
    for policy in call.directory.all(OrganizationPolicy, call.account):
        if policy.type == type and policy.name == name:
            raise OrganizationsError.of("DuplicatePolicyException")


def _ensure_available(organization: Organization) -> None:
    if organization.feature_set != "ALL":
        raise OrganizationsError.of("PolicyTypeNotAvailableForOrganizationException")


def _ensure_enabled(organization: Organization, type: str) -> None:
    if type not in organization.policy_types:
        raise OrganizationsError.of("PolicyTypeNotEnabledException")


def _of_type(
    call: ServiceCall, organization: Organization, node: Unit | Member, type: str
) -> list[OrganizationPolicy | AwsPolicy]:
    found = (policy_named(call.directory, organization, id) for id in node.policies)
    return [policy for policy in found if policy is not None and policy.type == type]


def _with_policies(node: Unit | Member, policies: tuple[str, ...]) -> Unit | Member:
    return replace(node, policies=policies)


def _nodes(call: ServiceCall, organization: Organization) -> tuple[Unit | Member, ...]:
    return (
        *call.directory.all(Unit, organization.account),
        *call.directory.all(Member, organization.account),
    )


def _root(call: ServiceCall, id: str) -> tuple[Organization, Unit]:
    organization = lookup.managed(call)
    if id != organization.root_id:
        raise OrganizationsError.of("RootNotFoundException")
    return organization, lookup.parent(call, organization, id)


def _target(call: ServiceCall, organization: Organization, node: Unit | Member) -> shapes.PolicyTargetSummary:
    if isinstance(node, Member):
        name, kind, type = lookup.account_of(call, node.id).name, "account", "ACCOUNT"
    elif node.parent:
        name, kind, type = node.name, "ou", "ORGANIZATIONAL_UNIT"
    else:
        name, kind, type = node.name, "root", "ROOT"
    return {"TargetId": node.id, "Arn": organization.arn_of(kind, node.id), "Name": name, "Type": type}
