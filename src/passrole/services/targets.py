"""What services hand on to others, as whoever runs them tells it: events, messages, logs, records, objects.

The services behind the gateway only say that something is to be handed on; agents do it, with the role that
was passed for it or as the service itself, through the gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Document = Mapping[str, Any]  # JSON, in AWS's member names


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of EventBridge. schedule is "" for one with a pattern alone; targets are as in PutTargets."""

    arn: str
    account: str
    region: str
    role_arn: str
    schedule: str
    targets: Sequence[Document]


@dataclass(frozen=True, slots=True)
class MatchedEvent:
    """An event that a rule's pattern matches, as its targets get it."""

    rule: Rule
    event: Document


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """A message that a subscription of SNS lets through. body is the text that its endpoint gets."""

    topic: str  # ARN
    protocol: str  # "sqs" or "lambda"
    endpoint: str  # ARN
    body: str
    attributes: Document = field(default_factory=dict)  # of a raw message, as SendMessage takes them
    group: str = ""
    deduplication: str = ""


@dataclass(frozen=True, slots=True)
class FilteredLogs:
    """Log events that a subscription filter lets through. data is the JSON that it sends, compressed."""

    account: str
    region: str
    group: str
    destination: str  # ARN
    role_arn: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StreamRecords:
    """Records that a delivery stream of Firehose is to put into its bucket as one object."""

    stream: str  # ARN
    account: str
    region: str
    role_arn: str
    bucket: str  # ARN
    key: str
    data: bytes


Handed = MatchedEvent | TopicMessage | FilteredLogs | StreamRecords


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of EventBridge Scheduler. target is as CreateSchedule has it."""

    arn: str
    account: str
    region: str
    name: str
    group: str
    expression: str
    timezone: str
    created: datetime
    start: datetime | None
    end: datetime | None
    target: Document
    delete_after: bool


@dataclass(frozen=True, slots=True)
class Pipe:
    """A running pipe whose queue has messages. filters are event patterns."""

    arn: str
    region: str
    role_arn: str
    source: str  # ARN of the queue
    target: str  # ARN
    batch: int
    filters: Sequence[Document]
    target_parameters: Document


@dataclass(frozen=True, slots=True)
class RunningMachine:
    """An execution that calls something. machine and execution are ARNs, role_arn the machine's role.

    task_role is the role that a Task's Credentials name, "" where they name none or the machine's own.
    """

    machine: str
    execution: str
    account: str
    region: str
    role_arn: str
    task_role: str = ""


class MachineCalls(Protocol):
    """What executions of state machines call other services through."""

    def call(
        self, running: RunningMachine, region: str, service: str, operation: str, given: Document
    ) -> Document:
        """From a thread that is not the event loop's. Raises ServiceError as the service answers it."""


class Handing(Protocol):
    """The services that hand on, and what they hold that is due by the clock."""

    def subscribe(self, told: Callable[[Sequence[Handed]], None]) -> None:
        """told is called on the event loop's thread with what a call handed on, once it has succeeded."""

    def listens(self, account: str, region: str) -> bool:
        """Has the account's default event bus in that region a rule with a pattern?"""

    def offer(self, account: str, region: str, event: Document) -> None:
        """An event of AWS's own for the default bus: hands it on to the rules that match it."""

    def rules(self) -> Sequence[Rule]:
        """Every enabled rule that has a schedule."""

    def schedules(self) -> Sequence[Schedule]:
        """Every enabled schedule."""

    def pipes(self) -> Sequence[Pipe]:
        """Every running pipe from a queue that has messages."""

    def complete(self, schedule: Schedule) -> None:
        """Removes a schedule that is to go once it has nothing more to do."""
