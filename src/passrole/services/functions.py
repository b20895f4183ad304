"""What running a Lambda function must know of it, and what comes of an invocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

LAMBDA: Final = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was deployed as a zip file."""

    arn: str  # unqualified
    name: str
    version: str  # "$LATEST" or a number
    account: str
    region: str
    role_arn: str
    runtime: str  # "python3.12"
    handler: str  # "app.handler"
    code: bytes  # the zip file
    timeout: int  # seconds
    memory: int  # megabytes
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a function answered. failed: payload is AWS's JSON of an error, not the function's answer."""

    payload: bytes
    failed: bool
    log: str


@dataclass(frozen=True, slots=True)
class QueueSource:
    """An event source mapping of a queue in which messages wait."""

    function: Function
    queue: str  # ARN
    batch: int  # messages at most


class QueueSources(Protocol):
    """The event source mappings that are there."""

    def waiting(self) -> Sequence[QueueSource]:
        """Enabled mappings of queues that have messages for their functions."""


class FunctionRunner(Protocol):
    """Runs functions; there only where the endpoint was told to."""

    async def invoke(self, function: Function, payload: bytes, request_id: str) -> Invocation:
        """Runs it once, to its end or its timeout. Raises ServiceError where it cannot be started."""

    def later(self, function: Function, payload: bytes, request_id: str) -> None:
        """Runs it once, its answer going nowhere."""
