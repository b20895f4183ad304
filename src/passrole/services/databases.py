"""What Enhanced Monitoring must know of database instances, whoever runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

LOG_GROUP: Final = "RDSOSMetrics"
MONITORING: Final = "monitoring.rds.amazonaws.com"  # the service principal that takes the role


@dataclass(frozen=True, slots=True)
class MonitoredDatabase:
    """A database instance that is up and has Enhanced Monitoring on."""

    arn: str  # "arn:aws:rds:REGION:ACCOUNT:db:NAME"
    account: str
    region: str
    name: str  # DBInstanceIdentifier
    resource_id: str  # DbiResourceId, "db-…"; the log stream's name
    engine: str  # "mysql", "aurora-postgresql" …
    interval: int  # seconds
    role_arn: str


class Databases(Protocol):
    """The database instances that are there."""

    def monitored(self) -> Mapping[str, MonitoredDatabase]:
        """Those with Enhanced Monitoring on, by ARN."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """changed is called on the event loop's thread whenever ``monitored`` may have changed."""
