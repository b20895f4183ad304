"""The organization itself: making, describing, leaving and deleting it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from passrole.catalog.services import linked_roles
from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup, views
from passrole.services.organizations.errors import OrganizationsError
from passrole.state.linked_roles import linked_role, make_linked_role
from passrole.state.organization import (
    AWS_POLICIES,
    AccountRequest,
    DelegatedAdministrator,
    Handshake,
    Member,
    Organization,
    OrganizationPolicy,
    ServiceAccess,
    Unit,
    organization_of,
)

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_HANDSHAKE_LIFE: Final = timedelta(days=90)  # of the request to enable all features


@operation("organizations:CreateOrganization")
def create_organization(call: ServiceCall, given: shapes.CreateOrganizationRequest) -> Output:
    """Makes the caller's account the management account of a new organization.

    Raises AlreadyInOrganizationException.
    """
    if organization_of(call.directory, call.account) is not None:
        raise OrganizationsError.of("AlreadyInOrganizationException")
    now = call.now.replace(microsecond=0)
    organization = Organization(
        account=call.account,
        id=call.ids.lower("o-", 10),
        root_id=call.ids.lower("r-", 4),
        created=now,
        feature_set=given.get("FeatureSet", "ALL"),
    )
    call.directory.put(organization)
    call.directory.put(Unit(account=call.account, id=organization.root_id, name="Root"))
    # The management account is a member that was invited, if by itself (recorded by many).
    add_member(call, organization, call.account, method="INVITED")
    return {"Organization": views.organization(call, organization)}


def add_member(call: ServiceCall, organization: Organization, account: str, *, method: str) -> Member:
    """Takes an account in under the root, with the policies that AWS attaches by itself."""
    member = Member(
        account=organization.account,
        id=account,
        parent=organization.root_id,
        joined=call.now.replace(microsecond=0),
        joined_method=method,
        policies=full_access(organization),
    )
    call.directory.put(member)
    linked = linked_roles().get("organizations.amazonaws.com")
    if linked is not None and linked_role(call.directory, account, linked) is None:
        make_linked_role(call.directory, call.ids, account, linked, call.now)
    return member


def full_access(organization: Organization) -> tuple[str, ...]:
    """The ids of AWS's own policies that a new unit or member starts with: one of each enabled type."""
    return tuple(policy.id for policy in AWS_POLICIES.values() if policy.type in organization.policy_types)


@operation("organizations:DescribeOrganization")
def describe_organization(call: ServiceCall, given: shapes.NoInput) -> Output:
    """The caller's organization; any member may ask. Raises AWSOrganizationsNotInUseException."""
    return {"Organization": views.organization(call, lookup.own(call))}


@operation("organizations:ListRoots")
def list_roots(call: ServiceCall, given: shapes.ListRootsRequest) -> Output:
    """The one root, as a list."""
    organization = lookup.readable(call)
    root = lookup.parent(call, organization, organization.root_id)
    return {"Roots": [views.root(organization, root)]}


@operation("organizations:DeleteOrganization")
def delete_organization(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Ends the organization of a management account that is alone in it.

    Raises OrganizationNotEmptyException.
    """
    organization = lookup.managed(call)
    if call.directory.count(Member, call.account) > 1:
        raise OrganizationsError.of("OrganizationNotEmptyException")
    for kind in (
        Member,
        Unit,
        OrganizationPolicy,
        DelegatedAdministrator,
        ServiceAccess,
        Handshake,
        AccountRequest,
    ):
        for entity in tuple(call.directory.all(kind, call.account)):
            call.directory.delete(entity)
    call.directory.delete(organization)
    return {}


@operation("organizations:LeaveOrganization")
def leave_organization(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Takes the caller's account out of its organization.

    Raises MasterCannotLeaveOrganizationException or ConstraintViolationException.
    """
    organization = lookup.own(call)
    if organization.account == call.account:
        raise OrganizationsError.of("MasterCannotLeaveOrganizationException")
    remove_member(call, organization, lookup.member(call, organization, call.account))
    return {}


def remove_member(call: ServiceCall, organization: Organization, member: Member) -> None:
    """Takes a member out. Raises ConstraintViolationException for a delegated administrator."""
    registered = call.directory.all(DelegatedAdministrator, organization.account)
    if any(row.member == member.id for row in registered):
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You can't remove an account that is registered as a delegated administrator.",  # assumed wording
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
        )
    call.directory.delete(member)


@operation("organizations:EnableAllFeatures")
def enable_all_features(call: ServiceCall, given: shapes.EnableAllFeaturesRequest) -> Output:
    """Asks to go on from consolidated billing to all features; AcceptHandshake by the management account
    completes it. Raises HandshakeConstraintViolationException.
    """
    organization = lookup.managed(call)
    if organization.feature_set == "ALL":
        raise OrganizationsError.of(
            "HandshakeConstraintViolationException",
            "The handshake request is invalid because the organization has already enabled all features.",
            "ORGANIZATION_ALREADY_HAS_ALL_FEATURES",
        )
    now = call.now.replace(microsecond=0)
    handshake = Handshake(
        account=call.account,
        id=call.ids.lower("h-", 10),
        action="ENABLE_ALL_FEATURES",
        state="REQUESTED",
        requested=now,
        expires=now + _HANDSHAKE_LIFE,
        organization_id=organization.id,
    )
    call.directory.put(handshake)
    return {"Handshake": views.handshake(call, handshake)}
