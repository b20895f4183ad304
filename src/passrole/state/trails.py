"""Trails as CreateTrail defines them: what they record, where they deliver it, and how far they have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from passrole.state.entities import Entity, Tags, register

DELIVERED_BY: Final = "delivered-by"  # relation: what a trail has delivered, by the trail's ARN


@register
class TrailDefinition(Entity, frozen=True, kw_only=True):
    """A CloudTrail trail. region is its home region.

    selectors, advanced_selectors and insight_selectors are JSON lists in AWS's member names, "" where
    none were put; at most one of the first two is set.
    """

    kind: ClassVar[str] = "trail"
    name: str
    region: str
    created: datetime
    bucket: str
    prefix: str = ""
    topic: str = ""  # name or ARN of an SNS topic, as given
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    log_group: str = ""  # ARN
    log_role: str = ""  # ARN
    kms_key: str = ""
    organization: bool = False
    recursive: bool | None = None
    tags: Tags = ()
    logging: bool = False
    started: datetime | None = None  # the last StartLogging
    stopped: datetime | None = None  # the last StopLogging
    first: int = 0  # events with a greater number than this were recorded while the trail logged
    last: int | None = None  # up to this one, None while it logs
    selectors: str = ""
    advanced_selectors: str = ""
    insight_selectors: str = ""

    @property
    def key(self) -> str:
        return f"{self.region}/{self.name}"

    @property
    def arn(self) -> str:
        """``arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME``."""
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.name}"

    @property
    def topic_arn(self) -> str:
        """The topic's ARN, "" without a topic."""
        if not self.topic or self.topic.startswith("arn:"):
            return self.topic
        return f"arn:aws:sns:{self.region}:{self.account}:{self.topic}"


class Outcome(msgspec.Struct, frozen=True):
    """How one sort of delivery last went. error is an error's code or sentence, "" after a success."""

    attempted: datetime | None = None
    succeeded: datetime | None = None
    error: str = ""

    def after(self, now: datetime, error: str = "") -> Outcome:
        """The outcome of one more attempt."""
        return Outcome(now, self.succeeded if error else now, error)


@register
class TrailDelivery(Entity, frozen=True, kw_only=True):
    """How far a trail has been delivered: every event up to position is, or was not for it."""

    kind: ClassVar[str] = "trail-delivery"
    trail: str  # ARN
    position: int = 0
    files: Outcome = Outcome()
    notices: Outcome = Outcome()
    logs: Outcome = Outcome()
    digests: Outcome = Outcome()

    @property
    def key(self) -> str:
        return self.trail

    def refers(self) -> Iterator[tuple[str, str]]:
        yield DELIVERED_BY, self.trail


@register
class LogFile(Entity, frozen=True, kw_only=True):
    """A delivered file that no digest names yet. account is whose events are in it."""

    kind: ClassVar[str] = "trail-log-file"
    trail: str  # ARN
    region: str
    bucket: str
    object: str
    hash: str  # SHA-256 of the text before compression, in hex
    oldest: datetime
    newest: datetime

    @property
    def key(self) -> str:
        return f"{self.bucket}/{self.object}"

    def refers(self) -> Iterator[tuple[str, str]]:
        yield DELIVERED_BY, self.trail


@register
class DigestChain(Entity, frozen=True, kw_only=True):
    """The last digest of one account and region, where the next one goes on; object "" before the first."""

    kind: ClassVar[str] = "trail-digest-chain"
    trail: str  # ARN
    region: str
    since: datetime
    bucket: str = ""
    object: str = ""
    hash: str = ""
    signature: str = ""

    @property
    def key(self) -> str:
        return f"{self.trail}/{self.region}"

    def refers(self) -> Iterator[tuple[str, str]]:
        yield DELIVERED_BY, self.trail


@register
class DigestKey(Entity, frozen=True, kw_only=True):
    """The pair of RSA keys that digests of one region are signed with. account is nobody's.

    private is PKCS #8 in PEM; public is PKCS #1 in DER, and fingerprint its MD5 in hex.
    """

    kind: ClassVar[str] = "trail-digest-key"
    account: str = "000000000000"
    region: str
    private: str
    public: bytes
    fingerprint: str
    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        return f"{self.region}/{self.fingerprint}"
