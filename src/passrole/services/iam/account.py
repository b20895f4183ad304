"""The account as a whole: alias, summary, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from passrole.services.iam import paging, quotas
from passrole.services.iam.errors import EntityAlreadyExists, InvalidInput, NoSuchEntity
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.credentials import CERTIFICATE_OF, LOGIN_OF, MFA_OF, MfaDevice, ServerCertificate
from passrole.state.entities import (
    KEY_OF,
    Account,
    Entity,
    Group,
    InstanceProfile,
    ManagedPolicy,
    Role,
    User,
)
from passrole.state.providers import OidcProvider, SamlProvider
from passrole.state.settings import AccountSettings

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

# Quotas as GetAccountSummary names them (recorded 2026).
_SUMMARY_QUOTAS: Final[Mapping[str, int]] = {
    "AccessKeysPerUserQuota": quotas.LIMITS["AccessKeysPerUser"],
    "AssumeRolePolicySizeQuota": quotas.LIMITS["ACLSizePerRole"],
    "AttachedPoliciesPerGroupQuota": quotas.LIMITS["PoliciesPerGroup"],
    "AttachedPoliciesPerRoleQuota": quotas.LIMITS["PoliciesPerRole"],
    "AttachedPoliciesPerUserQuota": quotas.LIMITS["PoliciesPerUser"],
    "GroupPolicySizeQuota": quotas.INLINE_SIZES["group"],
    "GroupsPerUserQuota": quotas.LIMITS["GroupsPerUser"],
    "PolicySizeQuota": quotas.LIMITS["PolicySize"],
    "PolicyVersionsInUseQuota": 10000,
    "RolePolicySizeQuota": quotas.INLINE_SIZES["role"],
    "SigningCertificatesPerUserQuota": quotas.LIMITS["CertificatesPerUser"],
    "UserPolicySizeQuota": quotas.INLINE_SIZES["user"],
    "VersionsPerPolicyQuota": quotas.LIMITS["VersionsPerPolicy"],
}
_SUMMARY_ACCOUNT_QUOTAS: Final[Mapping[str, str]] = {
    "GroupsQuota": "GroupsPerAccount",
    "InstanceProfilesQuota": "InstanceProfilesPerAccount",
    "PoliciesQuota": "PoliciesPerAccount",
    "RolesQuota": "RolesPerAccount",
    "ServerCertificatesQuota": "ServerCertificatesPerAccount",
    "UsersQuota": "UsersPerAccount",
}
_SUMMARY_COUNTS: Final[Mapping[str, type[Entity]]] = {
    "Groups": Group,
    "InstanceProfiles": InstanceProfile,
    "MFADevices": MfaDevice,
    "Policies": ManagedPolicy,
    "Roles": Role,
    "ServerCertificates": ServerCertificate,
    "Users": User,
}


@operation("iam:CreateAccountAlias")
def create_alias(call: ServiceCall, given: shapes.CreateAccountAliasRequest) -> Output:
    """Gives the account its alias, in place of one it had. Raises EntityAlreadyExists."""
    alias = given["AccountAlias"]
    account = _account(call)
    if any(other.alias == alias for other in call.directory.everywhere(Account) if other.key != account.key):
        raise EntityAlreadyExists(f"The account alias {alias} already exists.")
    call.directory.put(replace(account, alias=alias))
    return {}


@operation("iam:ListAccountAliases")
def list_aliases(call: ServiceCall, given: shapes.ListAccountAliasesRequest) -> Output:
    """The account's alias, as a list of at most one."""
    alias = _account(call).alias
    found, cut = paging.page_of((alias,) if alias else (), given.get("Marker"), given.get("MaxItems"))
    return {"AccountAliases": found, **cut}


@operation("iam:DeleteAccountAlias")
def delete_alias(call: ServiceCall, given: shapes.DeleteAccountAliasRequest) -> Output:
    """Takes the alias away. Raises NoSuchEntity."""
    account = _account(call)
    if account.alias != given["AccountAlias"]:
        # Assumed wording: no recording found.
        raise NoSuchEntity(f"The account alias {given['AccountAlias']} cannot be found.")
    call.directory.put(replace(account, alias=""))
    return {}


@operation("iam:GetAccountSummary")
def get_summary(call: ServiceCall, given: shapes.NoInput) -> Output:
    """How many of everything there is, and the quotas."""
    directory, account = call.directory, call.account
    settings = _settings(call)
    summary = dict(_SUMMARY_QUOTAS)
    for name, quota in _SUMMARY_ACCOUNT_QUOTAS.items():
        summary[name] = settings.quotas.get(quota, quotas.ACCOUNT_LIMITS[quota])
    for name, kind in _SUMMARY_COUNTS.items():
        summary[name] = directory.count(kind, account)
    policies = directory.all(ManagedPolicy, account)
    summary["PolicyVersionsInUse"] = sum(len(policy.versions) for policy in policies)
    summary["MFADevicesInUse"] = sum(1 for device in directory.all(MfaDevice, account) if device.user_id)
    summary["Providers"] = directory.count(OidcProvider, account) + directory.count(SamlProvider, account)
    summary["GlobalEndpointTokenVersion"] = 2 if settings.token_version == "v2Token" else 1
    for name, relation in {
        "AccountAccessKeysPresent": KEY_OF,
        "AccountMFAEnabled": MFA_OF,
        "AccountPasswordPresent": LOGIN_OF,
        "AccountSigningCertificatesPresent": CERTIFICATE_OF,
    }.items():
        summary[name] = int(directory.oldest(relation, account) is not None)
    return {"SummaryMap": summary}


@operation("iam:SetSecurityTokenServicePreferences")
def set_token_version(call: ServiceCall, given: shapes.SetSecurityTokenServicePreferencesRequest) -> Output:
    """Says which tokens the global STS endpoint gives; it shows in the account summary."""
    call.directory.put(replace(_settings(call), token_version=given["GlobalEndpointTokenVersion"]))
    return {}


@operation("iam:GetAccountProperties")
def get_properties(call: ServiceCall, given: shapes.GetAccountPropertiesRequest) -> Output:
    """The account's properties, ``Namespace/Name`` to value."""
    return {"Properties": dict(_settings(call).properties)}


@operation("iam:PutAccountProperties")
def put_properties(call: ServiceCall, given: shapes.PutAccountPropertiesRequest) -> Output:
    """Sets properties of one namespace. Raises InvalidInput for keys of another form.

    They are kept and given back; no feature of this endpoint depends on one.
    """
    namespaces = set()
    for key in given["Properties"]:
        namespace, slash, name = key.partition("/")
        if not (namespace and slash and name) or "/" in name:
            raise InvalidInput(f"The property key {key} must have the form Namespace/PropertyName.")
        namespaces.add(namespace)
    if len(namespaces) > 1:
        raise InvalidInput("All properties of a request must belong to the same namespace.")
    settings = _settings(call)
    call.directory.put(replace(settings, properties={**settings.properties, **given["Properties"]}))
    return {}


def _account(call: ServiceCall) -> Account:
    account = call.directory.by_key(Account, call.account, call.account)
    if account is None:  # Invariant: a caller's account is one of ours
        raise NoSuchEntity(f"The account {call.account} cannot be found.")
    return account


def _settings(call: ServiceCall) -> AccountSettings:
    known = call.directory.by_key(AccountSettings, call.account, AccountSettings.kind)
    return known if known is not None else AccountSettings(account=call.account)
