"""Outbound identity federation: whether the account's principals may get web identity tokens.

The tokens themselves are ``sts:GetWebIdentityToken``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.outbound import issuer_of
from passrole.state.settings import AccountSettings
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes


class FeatureEnabled(ServiceError):
    """It is on already."""

    code, status = "FeatureEnabled", 409


class FeatureDisabled(ServiceError):
    """It is off."""

    code, status = "FeatureDisabled", 404


@operation("iam:EnableOutboundWebIdentityFederation")
def enable(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Turns it on; the account's issuer is made once and stays the same. Raises FeatureEnabled."""
    settings = _settings(call)
    if settings.outbound_enabled:
        raise FeatureEnabled("Outbound web identity federation is already enabled.")  # assumed wording
    changed = replace(settings, outbound_enabled=True, outbound_id=settings.outbound_id or call.ids.uuid())
    call.directory.put(changed)
    return {"IssuerIdentifier": issuer_of(changed, call.call.raw)}


@operation("iam:DisableOutboundWebIdentityFederation")
def disable(call: ServiceCall, given: shapes.NoInput) -> Output:
    """Turns it off; tokens that were given stay valid. Raises FeatureDisabled."""
    settings = _enabled(call)
    call.directory.put(replace(settings, outbound_enabled=False))
    return {}


@operation("iam:GetOutboundWebIdentityFederationInfo")
def get_info(call: ServiceCall, given: shapes.NoInput) -> Output:
    """The account's issuer. Raises FeatureDisabled."""
    settings = _enabled(call)
    return {"IssuerIdentifier": issuer_of(settings, call.call.raw), "JwtVendingEnabled": True}


def _settings(call: ServiceCall) -> AccountSettings:
    known = call.directory.by_key(AccountSettings, call.account, AccountSettings.kind)
    return known if known is not None else AccountSettings(account=call.account)


def _enabled(call: ServiceCall) -> AccountSettings:
    settings = _settings(call)
    if not settings.outbound_enabled:
        raise FeatureDisabled("Outbound web identity federation is not enabled.")  # assumed wording
    return settings
