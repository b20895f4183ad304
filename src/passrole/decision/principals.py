"""Whom a Principal element names, and what its naming waives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from passrole.decision.layers import (
    NO_GRANT,
    WAIVES_ALL,
    WAIVES_BOUNDARY,
    WAIVES_IDENTITY,
    WAIVES_NOTHING,
)
from passrole.policy.document import PrincipalName
from passrole.values.principal import Principal, PrincipalKind

_ACCOUNT: Final = re.compile(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?", re.ASCII)

_USER: Final = PrincipalKind.USER
_ROLE_SESSION: Final = PrincipalKind.ROLE_SESSION
_FEDERATED_USER: Final = PrincipalKind.FEDERATED_USER
_ROOT: Final = PrincipalKind.ROOT
_SERVICE: Final = PrincipalKind.SERVICE
_ANONYMOUS: Final = PrincipalKind.ANONYMOUS
_IDENTITY_PROVIDER: Final = PrincipalKind.IDENTITY_PROVIDER


class Named:
    """A Principal or NotPrincipal element. trust tells that it stands in a role trust policy."""

    __slots__ = ("_accounts", "_entities", "_everyone", "_negated", "_providers", "_services", "_trust")

    def __init__(self, names: Iterable[PrincipalName], *, negated: bool, trust: bool) -> None:
        accounts: set[str] = set()
        entities: set[str] = set()  # ARNs, and the unique ids that stored policies keep in their place
        services: set[str] = set()
        providers: set[str] = set()
        everyone = False
        for name in names:
            if name.kind == "Service":
                services.add(name.value)
            elif name.kind == "Federated":
                providers.add(name.value)
            elif name.kind == "CanonicalUser":
                continue  # S3's own ids, which no caller here carries
            elif name.value == "*":
                everyone = True
            else:
                account = _ACCOUNT.fullmatch(name.value)
                if account is not None:
                    accounts.add(account[1])
                elif name.value:  # an entity without an id must not be taken for one named ""
                    entities.add(name.value)
        self._accounts = frozenset(accounts)
        self._entities = frozenset(entities)
        self._services = frozenset(services)
        self._providers = frozenset(providers)
        self._everyone = everyone
        self._negated = negated
        self._trust = trust

    def applies(self, principal: Principal, *, denies: bool) -> bool:
        """Does the element take the caller in? A Deny to everyone leaves nobody out."""
        if not self._negated:
            return (denies and self._everyone) or self.grant(principal) != NO_GRANT
        return not (self._spared(principal) if denies else self._named_somehow(principal))

    def grant(self, principal: Principal) -> int:
        """The strongest waiver that an Allow to these principals gives the caller; NO_GRANT for none."""
        if self._negated:
            return NO_GRANT if self._named_somehow(principal) else WAIVES_ALL
        kind = principal.kind
        if kind is _SERVICE:
            named = self._everyone or principal.arn in self._services or "*" in self._services
            return WAIVES_ALL if named else NO_GRANT
        if kind is _IDENTITY_PROVIDER:
            return WAIVES_ALL if principal.arn in self._providers else NO_GRANT
        if kind is _ANONYMOUS:
            # Whoever assumes a role has signed, "*" or not.
            return WAIVES_ALL if self._everyone and not self._trust else NO_GRANT
        if self._everyone:
            return WAIVES_ALL
        entities = self._entities
        if entities:
            if kind is _USER:
                if principal.arn in entities or principal.id in entities:
                    return WAIVES_IDENTITY | WAIVES_BOUNDARY
            elif kind is _ROLE_SESSION:
                if principal.arn in entities:
                    return WAIVES_ALL
                if principal.role_arn in entities or principal.role_id in entities:
                    return WAIVES_IDENTITY
            elif kind is _FEDERATED_USER:
                if principal.arn in entities:
                    return WAIVES_ALL
                if principal.issuer_arn in entities or principal.issuer_id in entities:
                    return WAIVES_IDENTITY
        return WAIVES_NOTHING if principal.account in self._accounts else NO_GRANT

    def _spared(self, principal: Principal) -> bool:
        """Does a Deny with NotPrincipal leave the caller alone?

        It must be listed itself, and with it its role and its account: those are looked at first.
        Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal".
        """
        if self._everyone:
            return True
        kind = principal.kind
        if kind is _SERVICE:
            return principal.arn in self._services
        if kind is _IDENTITY_PROVIDER:
            return principal.arn in self._providers
        if kind is _ANONYMOUS or principal.account not in self._accounts:
            return False
        entities = self._entities
        if kind is _ROOT:
            return True
        if kind is _ROLE_SESSION:
            role = principal.role_arn in entities or principal.role_id in entities
            return role and principal.arn in entities
        return principal.arn in entities or (kind is _USER and principal.id in entities)

    def _named_somehow(self, principal: Principal) -> bool:
        """Is anything of the caller listed? An Allow with NotPrincipal then passes it by."""
        kind = principal.kind
        if self._everyone:
            return True
        if kind is _SERVICE:
            return principal.arn in self._services
        if kind is _IDENTITY_PROVIDER:
            return principal.arn in self._providers
        if kind is _ANONYMOUS:
            return False
        names = (
            principal.arn,
            principal.id,
            principal.role_arn,
            principal.role_id,
            principal.issuer_arn,
            principal.issuer_id,
        )
        return principal.account in self._accounts or not self._entities.isdisjoint(names)
