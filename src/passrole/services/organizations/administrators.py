"""Trusted access of services, and delegated administrators."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from passrole.services.operation import Output, ServiceCall, operation
from passrole.services.organizations import lookup
from passrole.services.organizations.errors import OrganizationsError
from passrole.state.organization import DelegatedAdministrator, ServiceAccess

if TYPE_CHECKING:
    from passrole.services.shapes import organizations as shapes

_SERVICE: Final = re.compile(r"[\w.-]+\.amazonaws\.com")


@operation("organizations:EnableAWSServiceAccess")
def enable_access(call: ServiceCall, given: shapes.EnableAWSServiceAccessRequest) -> Output:
    """Lets a service work in all accounts of the organization. Raises InvalidInputException."""
    organization = lookup.managed(call)
    service = _service(given["ServicePrincipal"])
    if call.directory.by_key(ServiceAccess, organization.account, service) is None:
        now = call.now.replace(microsecond=0)
        call.directory.put(ServiceAccess(account=organization.account, service=service, enabled=now))
    return {}


@operation("organizations:DisableAWSServiceAccess")
def disable_access(call: ServiceCall, given: shapes.DisableAWSServiceAccessRequest) -> Output:
    """Ends a service's trusted access, if it has one. Raises InvalidInputException."""
    organization = lookup.managed(call)
    service = _service(given["ServicePrincipal"])
    access = call.directory.by_key(ServiceAccess, organization.account, service)
    if access is not None:
        call.directory.delete(access)
    return {}


@operation("organizations:ListAWSServiceAccessForOrganization")
def list_access(call: ServiceCall, given: shapes.ListAWSServiceAccessForOrganizationRequest) -> Output:
    """The services with trusted access."""
    organization = lookup.readable(call)
    place = lookup.start(given.get("NextToken"))
    found = call.directory.after(ServiceAccess, organization.account, place)
    services, cut = lookup.page(found, lambda access: access.key, given.get("MaxResults"))
    enabled: list[shapes.EnabledServicePrincipal] = [
        {"ServicePrincipal": access.service, "DateEnabled": access.enabled} for access in services
    ]
    return {"EnabledServicePrincipals": enabled, **cut}


@operation("organizations:RegisterDelegatedAdministrator")
def register(call: ServiceCall, given: shapes.RegisterDelegatedAdministratorRequest) -> Output:
    """Lets a member administer a service for the organization.

    Raises AccountNotFoundException, AccountAlreadyRegisteredException, ConstraintViolationException or
    InvalidInputException.
    """
    organization = lookup.managed(call)
    service = _service(given["ServicePrincipal"])
    if given["AccountId"] == organization.account:
        raise _master()
    member = lookup.member(call, organization, given["AccountId"])
    if member.status == "SUSPENDED":
        raise OrganizationsError.of(
            "ConstraintViolationException",
            "You cannot register a suspended account as a delegated administrator.",
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
        )
    held = [
        row for row in call.directory.all(DelegatedAdministrator, call.account) if row.member == member.id
    ]
    if any(row.service == service for row in held):
        raise OrganizationsError.of("AccountAlreadyRegisteredException")
    now = call.now.replace(microsecond=0)
    call.directory.put(
        DelegatedAdministrator(
            account=organization.account,
            member=member.id,
            service=service,
            enabled=now,
            registered=held[0].registered if held else now,
        )
    )
    return {}


@operation("organizations:DeregisterDelegatedAdministrator")
def deregister(call: ServiceCall, given: shapes.DeregisterDelegatedAdministratorRequest) -> Output:
    """Ends a delegation. Raises AccountNotFoundException, AccountNotRegisteredException,
    ConstraintViolationException or InvalidInputException.
    """
    organization = lookup.managed(call)
    service = _service(given["ServicePrincipal"])
    if given["AccountId"] == organization.account:
        raise _master()
    member = lookup.member(call, organization, given["AccountId"])
    row = call.directory.by_key(DelegatedAdministrator, call.account, f"{member.id} {service}")
    if row is None:
        raise OrganizationsError.of("AccountNotRegisteredException")
    call.directory.delete(row)
    return {}


@operation("organizations:ListDelegatedAdministrators")
def list_administrators(call: ServiceCall, given: shapes.ListDelegatedAdministratorsRequest) -> Output:
    """The delegated administrators, of one service or of any. Raises InvalidInputException."""
    organization = lookup.readable(call)
    wanted = given.get("ServicePrincipal")
    service = _service(wanted) if wanted is not None else None
    rows: dict[str, DelegatedAdministrator] = {}
    for row in call.directory.all(DelegatedAdministrator, organization.account):
        if service in (None, row.service):
            rows.setdefault(row.member, row)
    found, cut = lookup.page_of(tuple(rows.values()), given.get("NextToken"), given.get("MaxResults"))
    shown: list[shapes.DelegatedAdministrator] = []
    for row in found:
        member = lookup.member(call, organization, row.member)
        account = lookup.account_of(call, row.member)
        shown.append(
            {
                "Id": member.id,
                "Arn": organization.arn_of("account", member.id),
                "Email": account.email,
                "Name": account.name,
                "Status": member.status,
                "JoinedMethod": member.joined_method,
                "JoinedTimestamp": member.joined,
                "DelegationEnabledDate": row.registered,
            }
        )
    return {"DelegatedAdministrators": shown, **cut}


@operation("organizations:ListDelegatedServicesForAccount")
def list_services(call: ServiceCall, given: shapes.ListDelegatedServicesForAccountRequest) -> Output:
    """The services that a member administers.

    Raises AccountNotFoundException or AccountNotRegisteredException.
    """
    organization = lookup.readable(call)
    member = lookup.member(call, organization, given["AccountId"])
    rows = [
        row
        for row in call.directory.all(DelegatedAdministrator, organization.account)
        if row.member == member.id
    ]
    if not rows:
        raise OrganizationsError.of("AccountNotRegisteredException")
    found, cut = lookup.page_of(rows, given.get("NextToken"), given.get("MaxResults"))
    services: list[shapes.DelegatedService] = [
        {"ServicePrincipal": row.service, "DelegationEnabledDate": row.enabled} for row in found
    ]
    return {"DelegatedServices": services, **cut}


def _service(principal: str) -> str:
    if not _SERVICE.fullmatch(principal):
        raise OrganizationsError.of(
            "InvalidInputException",
            "You specified an unrecognized service principal.",
            "UNRECOGNIZED_SERVICE_PRINCIPAL",
        )
    return principal


def _master() -> OrganizationsError:
    return OrganizationsError.of(
        "ConstraintViolationException",
        "You cannot register master account/yourself as delegated administrator for your organization.",
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
    )
