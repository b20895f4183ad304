"""Queues whose messages services take in batches: pipes, and Lambda's event source mappings.

A queue without messages is not asked, which AWS does all the time.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from passrole.services.operation import ActAs
from passrole.services.workloads.rounds import Ticking
from passrole.services.workloads.targets.invoking import Invoking
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

_PAUSE: Final = 1.0  # seconds between two looks at the queues
_MOST: Final = 10  # messages that one ReceiveMessage gives
_NAMES: Final = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body"}

S = TypeVar("S")


class Batches(Generic[S]):
    """One task for all takers of a service; each works on one batch at a time, beside the others.

    waiting gives the takers whose queue has messages, each with what the log says where it gets none. batch
    takes one; it returns why nothing was taken, "" where it was, and may raise ServiceError.
    """

    def __init__(
        self,
        name: str,
        invoking: Invoking,
        waiting: Callable[[], Iterable[tuple[str, S]]],
        batch: Callable[[S], Awaitable[str]],
    ) -> None:
        self._invoking = invoking
        self._waiting = waiting
        self._batch = batch
        self._busy: set[str] = set()
        self._problems: dict[str, str] = {}
        self._ticking = Ticking(name, self._look, _PAUSE)

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._ticking.start()

    def reset(self) -> None:
        """Nobody takes anything any more."""
        self._invoking.reset()
        self._busy.clear()
        self._problems.clear()

    async def stop(self) -> None:
        """Returns once no batch is being worked on."""
        await self._ticking.stop()
        await self._invoking.stop()

    def _look(self) -> None:
        for said, taker in self._waiting():
            if said not in self._busy:
                self._busy.add(said)
                self._invoking.spawn(self._take(said, taker))

    async def _take(self, said: str, taker: S) -> None:
        try:
            problem = await self._batch(taker)
        except ServiceError as error:
            problem = str(error)
        finally:
            self._busy.discard(said)
        if problem and self._problems.get(said) != problem:
            log.info("%s: %s", said, problem)
        self._problems[said] = problem


async def receive(act: ActAs, url: str, most: int) -> Sequence[Mapping[str, Any]]:
    """A batch of messages, at most ten. Raises ServiceError."""
    given = {
        "QueueUrl": url,
        "MaxNumberOfMessages": min(most, _MOST),
        "AttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
    }
    messages: Any = (await act.call("sqs", "ReceiveMessage", given)).get("Messages")
    return messages or ()


def record(message: Mapping[str, Any], queue: str, region: str) -> dict[str, object]:
    """A message as functions and pipes get it."""
    attributes = {
        name[:1].lower() + name[1:]: _attribute(value)
        for name, value in (message.get("MessageAttributes") or {}).items()
    }
    return {
        **{ours: message.get(theirs, "") for theirs, ours in _NAMES.items()},
        "attributes": dict(message.get("Attributes") or {}),
        "messageAttributes": attributes,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, object]:
    return {
        "stringValue": value.get("StringValue"),
        "dataType": value.get("DataType", "String"),
        "stringListValues": [],
        "binaryListValues": [],
    }


async def delete(act: ActAs, url: str, messages: Sequence[Mapping[str, Any]]) -> None:
    """Takes messages that are done with out of their queue. Raises ServiceError: they then come back."""
    entries = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(messages)
    ]
    await act.call("sqs", "DeleteMessageBatch", {"QueueUrl": url, "Entries": entries})
