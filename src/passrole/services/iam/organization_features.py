"""Central management of member accounts' root access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.organization import (
    DelegatedAdministrator,
    Organization,
    ServiceAccess,
    organization_of,
)
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_IAM = "iam.amazonaws.com"


class FeatureError(ServiceError):
    """What is in the way of a feature of an organization. Codes: the model's; texts assumed."""

    code, status = "OrganizationNotFoundException", 400


@operation("iam:EnableOrganizationsRootCredentialsManagement")
def enable_credentials(
    call: ServiceCall, given: shapes.EnableOrganizationsRootCredentialsManagementRequest
) -> Output:
    """Lets the center manage members' root credentials. Raises FeatureError."""
    return _set(call, "RootCredentialsManagement", on=True)


@operation("iam:DisableOrganizationsRootCredentialsManagement")
def disable_credentials(
    call: ServiceCall, given: shapes.DisableOrganizationsRootCredentialsManagementRequest
) -> Output:
    """Ends that. Raises FeatureError."""
    return _set(call, "RootCredentialsManagement", on=False)


@operation("iam:EnableOrganizationsRootSessions")
def enable_sessions(call: ServiceCall, given: shapes.EnableOrganizationsRootSessionsRequest) -> Output:
    """Lets the center take root sessions in members (sts:AssumeRoot). Raises FeatureError."""
    return _set(call, "RootSessions", on=True)


@operation("iam:DisableOrganizationsRootSessions")
def disable_sessions(call: ServiceCall, given: shapes.DisableOrganizationsRootSessionsRequest) -> Output:
    """Ends that. Raises FeatureError."""
    return _set(call, "RootSessions", on=False)


@operation("iam:ListOrganizationsFeatures")
def list_features(call: ServiceCall, given: shapes.ListOrganizationsFeaturesRequest) -> Output:
    """Which of the two are on. Raises FeatureError."""
    return _view(_organization(call, delegated=True))


def _set(call: ServiceCall, feature: str, *, on: bool) -> Output:
    organization = _organization(call, delegated=False)
    others = tuple(other for other in organization.iam_features if other != feature)
    changed = replace(organization, iam_features=(*others, feature) if on else others)
    call.directory.put(changed)
    return _view(changed)


def _view(organization: Organization) -> Output:
    return {
        "OrganizationId": organization.id,
        "EnabledFeatures": sorted(organization.iam_features),
    }


def _organization(call: ServiceCall, *, delegated: bool) -> Organization:
    """The organization that the caller may set features of; delegated also lets IAM's administrator in."""
    organization = organization_of(call.directory, call.account)
    if organization is None:
        raise FeatureError("Your account is not a member of an organization.")
    if organization.account != call.account:
        key = f"{call.account} {_IAM}"
        administers = call.directory.by_key(DelegatedAdministrator, organization.account, key) is not None
        if not (delegated and administers):
            code = (
                "AccountNotManagementOrDelegatedAdministratorException"
                if delegated
                else "CallerIsNotManagementAccountException"
            )
            raise FeatureError("The request was rejected because of the calling account.", code=code)
    if organization.feature_set != "ALL":
        raise FeatureError(
            "The organization must have all features enabled.",
            code="OrganizationNotInAllFeaturesModeException",
        )
    if call.directory.by_key(ServiceAccess, organization.account, _IAM) is None:
        raise FeatureError(
            f"Trusted access must be enabled for {_IAM}.", code="ServiceAccessNotEnabledException"
        )
    return organization
