"""Trails of an organization: who may make and change them, and who administers CloudTrail by delegation.

A trail that a delegated administrator makes belongs to the management account.
Sources: CloudTrail User Guide, "Creating a trail for an organization", "Organization delegated
administrator"; CloudTrail API Reference, RegisterOrganizationDelegatedAdmin and
DeregisterOrganizationDelegatedAdmin. The codes are theirs, the texts are ours.
"""

from __future__ import annotations

from typing import Final

from passrole.passing.linked_roles import lacks
from passrole.services.cloudtrail.destinations import CLOUDTRAIL
from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.organization import (
    DelegatedAdministrator,
    Member,
    Organization,
    ServiceAccess,
    administered,
    organization_of,
)

_MOST: Final = 3  # delegated administrators. Source: CloudTrail User Guide, "Quotas in AWS CloudTrail"


@operation("cloudtrail:RegisterOrganizationDelegatedAdmin")
def register(
    call: ServiceCall, given: shapes.RegisterOrganizationDelegatedAdminRequest
) -> shapes.RegisterOrganizationDelegatedAdminResponse:
    """Lets a member account manage the organization's trails, as RegisterDelegatedAdministrator does.

    Raises AccountNotFoundException, AccountRegisteredException, CannotDelegateManagementAccountException,
    DelegatedAdminAccountLimitExceededException or an error of _managed.
    """
    organization, member = _managed(call), given["MemberAccountId"]
    if member == organization.account:
        raise CloudTrailError(
            "The management account of an organization cannot be its delegated administrator.",
            code="CannotDelegateManagementAccountException",
        )
    _check_member(call, organization, member)
    rows = call.directory.all(DelegatedAdministrator, organization.account)
    mine = [row for row in rows if row.service == CLOUDTRAIL]
    if any(row.member == member for row in mine):
        raise CloudTrailError(
            f"Account {member} is a delegated administrator already.", code="AccountRegisteredException"
        )
    if len(mine) >= _MOST:
        raise CloudTrailError(
            f"An organization can have up to {_MOST} delegated administrators.",
            code="DelegatedAdminAccountLimitExceededException",
        )
    now = call.now.replace(microsecond=0)
    first = next((row.registered for row in rows if row.member == member), now)
    call.directory.put(
        DelegatedAdministrator(
            account=organization.account, member=member, service=CLOUDTRAIL, enabled=now, registered=first
        )
    )
    return {}


@operation("cloudtrail:DeregisterOrganizationDelegatedAdmin")
def deregister(
    call: ServiceCall, given: shapes.DeregisterOrganizationDelegatedAdminRequest
) -> shapes.DeregisterOrganizationDelegatedAdminResponse:
    """Ends a delegation; trails that the administrator made go on.

    Raises AccountNotFoundException, AccountNotRegisteredException or an error of _managed.
    """
    organization, member = _managed(call), given["DelegatedAdminAccountId"]
    _check_member(call, organization, member)
    row = call.directory.by_key(DelegatedAdministrator, organization.account, f"{member} {CLOUDTRAIL}")
    if row is None:
        raise CloudTrailError(
            f"Account {member} is no delegated administrator.", code="AccountNotRegisteredException"
        )
    call.directory.delete(row)
    return {}


def owner(call: ServiceCall, *, of_organization: bool) -> str:
    """The account that a trail belongs to which the caller makes, or changes into one of its organization.

    Raises OrganizationsNotInUseException, NotOrganizationMasterAccountException,
    OrganizationNotInAllFeaturesModeException, CloudTrailAccessNotEnabledException or
    NoManagementAccountSLRExistsException.
    """
    if not of_organization:
        return call.account
    organization = _in_use(call)
    if administered(call.directory, call.account, CLOUDTRAIL) is None:
        raise CloudTrailError(
            "Only the management account of an organization and its delegated administrators for CloudTrail"
            " can create or change its trails.",
            code="NotOrganizationMasterAccountException",
        )
    _check_access(call, organization)
    if call.account != organization.account and lacks(call.directory, organization.account, CLOUDTRAIL):
        raise CloudTrailError(
            "The management account of the organization has no service-linked role of CloudTrail.",
            code="NoManagementAccountSLRExistsException",
        )
    return organization.account


def _in_use(call: ServiceCall) -> Organization:
    organization = organization_of(call.directory, call.account)
    if organization is None:
        raise CloudTrailError(
            "This account is not a member of an organization.", code="OrganizationsNotInUseException"
        )
    return organization


def _managed(call: ServiceCall) -> Organization:
    """The organization whose management account calls.

    Raises OrganizationsNotInUseException, NotOrganizationManagementAccountException,
    OrganizationNotInAllFeaturesModeException or CloudTrailAccessNotEnabledException.
    """
    organization = _in_use(call)
    if organization.account != call.account:
        raise CloudTrailError(
            "Only the management account of an organization can name its delegated administrators.",
            code="NotOrganizationManagementAccountException",
        )
    _check_access(call, organization)
    return organization


def _check_access(call: ServiceCall, organization: Organization) -> None:
    if organization.feature_set != "ALL":
        raise CloudTrailError(
            "The organization does not have all features enabled.",
            code="OrganizationNotInAllFeaturesModeException",
        )
    if call.directory.by_key(ServiceAccess, organization.account, CLOUDTRAIL) is None:
        raise CloudTrailError(
            "Trusted access for CloudTrail is not enabled in the organization.",
            code="CloudTrailAccessNotEnabledException",
        )


def _check_member(call: ServiceCall, organization: Organization, account: str) -> None:
    if call.directory.by_key(Member, organization.account, account) is None:
        raise CloudTrailError(
            f"Account {account} is not a member of the organization.", code="AccountNotFoundException"
        )
