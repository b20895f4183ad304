"""Event source mappings of queues: Lambda reads the queue with the function's role, and runs the function.

There where functions are run at all. A queue without messages is not asked, which AWS does all the time.
Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson

from passrole.services.agents import Ports, Told
from passrole.services.functions import LAMBDA, FunctionRunner, QueueSource, QueueSources
from passrole.services.operation import ActAs
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.values.arn import Arn
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

_PAUSE: Final = 1.0  # seconds between two looks at the queues
_MOST: Final = 10  # messages that one ReceiveMessage gives
_NAMES: Final = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body"}


class QueuePollers:
    """One task for all mappings; each batch is worked on by itself."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, sources: QueueSources, runner: FunctionRunner) -> None:
        self._ports = ports
        self._sources = sources
        self._runner = runner
        self._invoking = Invoking(ports)
        self._busy: set[tuple[str, str]] = set()
        self._problems: dict[tuple[str, str], str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="queue-pollers")

    def reset(self) -> None:
        """No mapping is left."""
        self._invoking.reset()
        self._busy.clear()
        self._problems.clear()

    async def stop(self) -> None:
        """Returns once no queue is being read any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._invoking.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            try:
                for source in self._sources.waiting():
                    place = (source.function.arn, source.queue)
                    if place not in self._busy:
                        self._busy.add(place)
                        self._invoking.spawn(self._poll(source, place))
            except Exception:  # a mapping's fault is not the others'
                log.exception("event source mappings could not be looked at")

    async def _poll(self, source: QueueSource, place: tuple[str, str]) -> None:
        try:
            problem = await self._batch(source)
        except ServiceError as error:
            problem = str(error)
        finally:
            self._busy.discard(place)
        if problem and self._problems.get(place) != problem:
            log.info("%s does not get messages of %s: %s", source.function.arn, source.queue, problem)
        self._problems[place] = problem

    async def _batch(self, source: QueueSource) -> str:
        """Returns why the queue is not read, "" where it was. Raises ServiceError."""
        queue, function = Arn.parse(source.queue), source.function
        asked = Invocation(
            service=LAMBDA,
            source_arn=function.arn,
            region=queue.region,
            target=source.queue,
            payload="",
            role_arn=function.role_arn,
            session_name=function.name,
        )
        act = await self._invoking.act(asked, queue.account)
        if isinstance(act, Failure):
            return act.message
        url = f"{self._ports.url}/{queue.account}/{queue.resource}"
        given = {
            "QueueUrl": url,
            "MaxNumberOfMessages": min(source.batch, _MOST),
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages: Any = (await act.call("sqs", "ReceiveMessage", given)).get("Messages") or ()
        if not messages:
            return ""
        event = {"Records": [record(message, source.queue, queue.region) for message in messages]}
        ended = await self._runner.invoke(function, orjson.dumps(event), self._ports.ids.uuid())
        if ended.failed:
            return "the function has failed; its messages come back"
        await delete(act, url, messages)
        return ""


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
