"""Identity providers that an account trusts to say who somebody is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from passrole.state.entities import Entity, Tags, register


@register
class OidcProvider(Entity, frozen=True, kw_only=True):
    """An OpenID Connect provider. url has no scheme, as the ARN and condition keys name it."""

    kind: ClassVar[str] = "oidc-provider"
    url: str
    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    created: datetime
    scheme: str = "https"  # "http" for an issuer on loopback only
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.url.lower()

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH``."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.url}"


class SamlKey(msgspec.Struct, frozen=True, kw_only=True):
    """A private key (PEM) by which encrypted assertions are read."""

    id: str
    pem: str
    added: datetime


@register
class SamlProvider(Entity, frozen=True, kw_only=True):
    """A SAML 2.0 provider; metadata is the IdP's document."""

    kind: ClassVar[str] = "saml-provider"
    name: str
    id: str  # SAMLProviderUUID
    metadata: str
    created: datetime
    valid_until: datetime
    encryption: str = ""  # "Required", "Allowed" or none
    keys: tuple[SamlKey, ...] = ()
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        """``arn:aws:iam::ACCOUNT:saml-provider/NAME``."""
        return f"arn:aws:iam::{self.account}:saml-provider/{self.name}"
