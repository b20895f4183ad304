"""What a user signs in, signs and connects with, beside access keys; and server certificates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

from passrole.state.entities import Entity, Identified, Named, Tags, register

LOGIN_OF: Final = "login-of"  # user id -> login profile
MFA_OF: Final = "mfa-of"  # user id -> MFA devices
CERTIFICATE_OF: Final = "certificate-of"  # user id -> signing certificates
SSH_KEY_OF: Final = "ssh-key-of"  # user id -> SSH public keys
SERVICE_CREDENTIAL_OF: Final = "service-credential-of"  # user id -> service-specific credentials


@register
class LoginProfile(Entity, frozen=True, kw_only=True):
    """A user's console password: salted hashes, newest first, as far back as reuse is prevented."""

    kind: ClassVar[str] = "login-profile"
    user_id: str
    created: datetime
    changed: datetime
    hashes: tuple[str, ...]
    reset_required: bool = False

    @property
    def key(self) -> str:
        return self.user_id

    def refers(self) -> Iterator[tuple[str, str]]:
        yield LOGIN_OF, self.user_id


@register
class MfaDevice(Entity, frozen=True, kw_only=True):
    """A virtual MFA device. user_id is "" until EnableMFADevice assigns it.

    seed is base32, as an authenticator app takes it. last_step is the time step (30 s since 1970)
    of the last code that was accepted: no code works twice. drift is how many steps the device's
    clock runs ahead.
    """

    kind: ClassVar[str] = "mfa-device"
    name: str
    path: str = "/"
    seed: str
    created: datetime
    user_id: str = ""
    enabled: datetime | None = None
    last_step: int = 0
    drift: int = 0
    tags: Tags = ()

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def arn(self) -> str:
        """The serial number: ``arn:aws:iam::ACCOUNT:mfa/PATH/NAME``."""
        return f"arn:aws:iam::{self.account}:mfa{self.path}{self.name}"

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.user_id:
            yield MFA_OF, self.user_id


@register
class SigningCertificate(Identified, frozen=True, kw_only=True):
    """An X.509 certificate of a user, PEM."""

    kind: ClassVar[str] = "signing-certificate"
    user_id: str
    body: str
    active: bool = True
    uploaded: datetime

    def refers(self) -> Iterator[tuple[str, str]]:
        yield CERTIFICATE_OF, self.user_id


@register
class SshKey(Identified, frozen=True, kw_only=True):
    """An SSH public key of a user. body is as uploaded, openssh the one-line form."""

    kind: ClassVar[str] = "ssh-key"
    id: str  # APKA…
    user_id: str
    body: str
    openssh: str
    fingerprint: str  # MD5, colon-separated hex pairs
    active: bool = True
    uploaded: datetime

    def refers(self) -> Iterator[tuple[str, str]]:
        yield SSH_KEY_OF, self.user_id


@register
class ServiceCredential(Identified, frozen=True, kw_only=True):
    """A user's credentials for one service only, such as CodeCommit."""

    kind: ClassVar[str] = "service-credential"
    id: str  # ACCA…
    user_id: str
    service: str  # "codecommit.amazonaws.com"
    user_name: str = ""  # what the service takes as a user name …
    alias: str = ""  # … or, for an API key, its public part
    secret_hash: str  # the secret is shown once and never kept
    status: str = "Active"
    created: datetime
    expires: datetime | None = None

    def refers(self) -> Iterator[tuple[str, str]]:
        yield SERVICE_CREDENTIAL_OF, self.user_id


@register
class ServerCertificate(Named, frozen=True, kw_only=True):
    """A TLS certificate that load balancers use, all PEM. id begins with ``ASCA``."""

    kind: ClassVar[str] = "server-certificate"
    resource_type: ClassVar[str] = "server-certificate"
    body: str
    chain: str = ""
    private_key: str
    uploaded: datetime
    expires: datetime
    tags: Tags = ()
