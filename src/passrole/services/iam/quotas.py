"""How many, how large: IAM's quotas by the names its messages use.

Source: IAM User Guide, "IAM and AWS STS quotas"; the names are those of recorded LimitExceeded messages
and of the console's quota list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.services.iam.errors import LimitExceeded
from passrole.services.operation import ServiceCall
from passrole.state.entities import Entity
from passrole.state.settings import AccountSettings

# What one entity may hold. AWS raises some of these on request, up to 20 policies for instance.
LIMITS: Final[Mapping[str, int]] = {
    "ACLSizePerRole": 2048,  # characters of a trust policy
    "AccessKeysPerUser": 2,
    "CertificatesPerUser": 2,
    "ClientIdsPerOpenIdConnectProvider": 100,
    "GroupsPerUser": 10,
    "InstanceSessionsPerInstanceProfile": 1,
    "MFADevicesPerUser": 8,
    "PoliciesPerGroup": 10,
    "PoliciesPerRole": 10,
    "PoliciesPerUser": 10,
    "PolicySize": 6144,  # characters of a managed policy
    "SSHPublicKeysPerUser": 5,
    "ServiceSpecificCredentialsPerUser": 2,  # for each service
    "VersionsPerPolicy": 5,
}

# What an account may hold: AWS's default values, shown by GetAccountSummary. They are raised on request in
# AWS, and estates larger than the defaults are this endpoint's business, so they bind only where
# AccountSettings.quotas names one. See docs/iam-coverage.md.
ACCOUNT_LIMITS: Final[Mapping[str, int]] = {
    "GroupsPerAccount": 300,
    "InstanceProfilesPerAccount": 1000,
    "OpenIdConnectProvidersPerAccount": 100,
    "PoliciesPerAccount": 1500,
    "RolesPerAccount": 1000,
    "SAMLProvidersPerAccount": 100,
    "ServerCertificatesPerAccount": 20,
    "UsersPerAccount": 5000,
}

# Characters, white space aside, of all inline policies of one entity.
INLINE_SIZES: Final[Mapping[str, int]] = {"user": 2048, "role": 10240, "group": 5120}


def within(name: str, wanted: int) -> None:
    """Raises LimitExceeded where one entity would hold more than its quota of that name."""
    if wanted > LIMITS[name]:
        raise LimitExceeded.quota(name, LIMITS[name])


def room_for(call: ServiceCall, kind: type[Entity], name: str) -> None:
    """Raises LimitExceeded where the account may hold no further entity of the kind."""
    settings = call.directory.by_key(AccountSettings, call.account, AccountSettings.kind)
    limit = settings.quotas.get(name) if settings is not None else None
    if limit is not None and call.directory.count(kind, call.account) >= limit:
        raise LimitExceeded.quota(name, limit)
