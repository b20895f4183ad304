"""What is kept once an account, and the jobs and tasks that IAM works off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from passrole.state.entities import Entity, register


@register
class PasswordPolicy(Entity, frozen=True, kw_only=True):
    """The account's password policy; the defaults are those of UpdateAccountPasswordPolicy."""

    kind: ClassVar[str] = "password-policy"
    minimum_length: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    change_allowed: bool = False
    max_age: int = 0  # days, 0: passwords do not expire
    reuse_prevention: int = 0  # how many old passwords may not come back
    hard_expiry: bool | None = None

    @property
    def key(self) -> str:
        return self.kind


@register
class AccountSettings(Entity, frozen=True, kw_only=True):
    """Settings of IAM and STS for a whole account."""

    kind: ClassVar[str] = "account-settings"
    token_version: str = "v1Token"  # of the global STS endpoint
    properties: Mapping[str, str] = {}  # GetAccountProperties
    quotas: Mapping[str, int] = {}  # account-wide quotas that bind, by name: RolesPerAccount
    outbound_id: str = ""  # names the issuer of GetWebIdentityToken's tokens, once it was enabled
    outbound_enabled: bool = False
    outbound_keys: Mapping[str, str] = {}  # signing algorithm -> private key, PEM

    @property
    def key(self) -> str:
        return self.kind


@register
class CredentialReport(Entity, frozen=True, kw_only=True):
    """The last credential report, CSV."""

    kind: ClassVar[str] = "credential-report"
    content: str
    generated: datetime

    @property
    def key(self) -> str:
        return self.kind


@register
class AccessJob(Entity, frozen=True, kw_only=True):
    """A finished GenerateServiceLastAccessedDetails or GenerateOrganizationsAccessReport.

    answer is what the Get operation gives back: JSON text of its rows.
    """

    kind: ClassVar[str] = "access-job"
    id: str
    sort: str  # "entity" or "organization"
    arn: str  # the entity, or the organization path
    granularity: str = "SERVICE_LEVEL"
    created: datetime
    completed: datetime
    answer: str

    @property
    def key(self) -> str:
        return self.id


@register
class DeletionTask(Entity, frozen=True, kw_only=True):
    """DeleteServiceLinkedRole at work."""

    kind: ClassVar[str] = "deletion-task"
    id: str  # task/aws-service-role/SERVICE/ROLE/UUID
    role_id: str
    status: str  # SUCCEEDED or FAILED
    created: datetime
    reason: str = ""
    usage: Mapping[str, tuple[str, ...]] = {}  # region -> ARNs of what still uses the role

    @property
    def key(self) -> str:
        return self.id
