"""Trails as CreateTrail defines them: what is to be recorded, and where it is to be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from passrole.state.entities import Entity, Tags, register


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
