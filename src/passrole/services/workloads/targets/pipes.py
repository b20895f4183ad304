"""EventBridge Pipes: messages of a queue, filtered and rewritten, go to a target with the pipe's role.

Sources are queues of SQS; a pipe with another source, or with an enrichment, is left alone. A queue without
messages is not asked. Messages that no filter lets through are taken out, as AWS does.
Source: EventBridge User Guide, "Amazon EventBridge Pipes", "Amazon SQS queue as a source", "Input
transformation", "Permissions".
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import orjson

from passrole.services.agents import Ports, Told
from passrole.services.patterns import matches
from passrole.services.targets import Handing, Pipe
from passrole.services.workloads.targets.inputs import at
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.services.workloads.targets.queue_pollers import delete, record
from passrole.values.arn import Arn
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

PIPES: Final = "pipes.amazonaws.com"
_PAUSE: Final = 1.0  # seconds between two looks at the queues
_MOST: Final = 10
_PLACE: Final = re.compile(r"<(\$[^<>]*|aws\.pipes\.[\w.-]+)>")
_BATCHED: Final = frozenset(("lambda", "states"))  # targets that get all records at once


class Pipes:
    """One task for all pipes; each batch is worked on by itself."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, handing: Handing) -> None:
        self._ports = ports
        self._handing = handing
        self._invoking = Invoking(ports)
        self._busy: set[str] = set()
        self._problems: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="pipes")

    def reset(self) -> None:
        """No pipe is left."""
        self._invoking.reset()
        self._busy.clear()
        self._problems.clear()

    async def stop(self) -> None:
        """Returns once nothing is being handed on any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._invoking.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            try:
                for pipe in self._handing.pipes():
                    if pipe.arn not in self._busy:
                        self._busy.add(pipe.arn)
                        self._invoking.spawn(self._poll(pipe))
            except Exception:  # a pipe's fault is not the others'
                log.exception("pipes could not be looked at")

    async def _poll(self, pipe: Pipe) -> None:
        try:
            problem = await self._batch(pipe)
        except ServiceError as error:
            problem = str(error)
        finally:
            self._busy.discard(pipe.arn)
        if problem and self._problems.get(pipe.arn) != problem:
            log.info("%s hands nothing on: %s", pipe.arn, problem)
        self._problems[pipe.arn] = problem

    async def _batch(self, pipe: Pipe) -> str:
        """Returns why nothing was handed on, "" where all was. Raises ServiceError."""
        queue = Arn.parse(pipe.source)
        asked = Invocation(
            service=PIPES,
            source_arn=pipe.arn,
            region=queue.region,
            target=pipe.source,
            payload="",
            role_arn=pipe.role_arn,
            session_name=pipe.arn.rsplit("/", 1)[-1],
        )
        act = await self._invoking.act(asked, queue.account)
        if isinstance(act, Failure):
            return act.message
        url = f"{self._ports.url}/{queue.account}/{queue.resource}"
        given = {
            "QueueUrl": url,
            "MaxNumberOfMessages": min(pipe.batch, _MOST),
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages: Sequence[Mapping[str, Any]] = (await act.call("sqs", "ReceiveMessage", given)).get(  # type: ignore[assignment]  # a list of messages
            "Messages"
        ) or ()
        found = [record(message, pipe.source, queue.region) for message in messages]
        taken = [one for one in found if _through(pipe, one)]
        for payload in _payloads(pipe, taken):
            sent = Invocation(
                service=PIPES,
                source_arn=pipe.arn,
                region=pipe.region,
                target=pipe.target,
                payload=payload,
                role_arn=pipe.role_arn,
                session_name=asked.session_name,
                parameters=_parameters(pipe),
            )
            failure = await self._invoking.invoke(sent)
            if failure is not None:
                return f"{failure.code}: {failure.message}"  # the messages come back
        if messages:
            await delete(act, url, messages)
        return ""


def _parameters(pipe: Pipe) -> Mapping[str, Any]:
    """The target's own parameters, under the names that rules have for them."""
    given = pipe.target_parameters
    return {
        "SqsParameters": given.get("SqsQueueParameters") or {},
        "KinesisParameters": given.get("KinesisStreamParameters") or {},
        "EventBridgeParameters": given.get("EventBridgeEventBusParameters") or {},
        "EcsParameters": given.get("EcsTaskParameters") or {},
    }


def _read(one: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its body read, where that is JSON: filters and templates look into it."""
    try:
        return {**one, "body": orjson.loads(one["body"])}
    except orjson.JSONDecodeError:
        return dict(one)


def _through(pipe: Pipe, one: Mapping[str, Any]) -> bool:
    return not pipe.filters or any(matches(pattern, _read(one)) for pattern in pipe.filters)


def _payloads(pipe: Pipe, records: Sequence[Mapping[str, Any]]) -> list[str]:
    template = str(pipe.target_parameters.get("InputTemplate") or "")
    written = [_written(template, one) for one in records]
    if not written or pipe.target.split(":")[2] not in _BATCHED:
        return written
    return ["[" + ",".join(written) + "]"]


def _written(template: str, one: Mapping[str, Any]) -> str:
    if not template:
        return orjson.dumps(one).decode()
    document = _read(one)

    def put(place: re.Match[str]) -> str:
        value = at(document, place[1]) if place[1].startswith("$") else one
        within = template[: place.start()].count('"') % 2 == 1
        if within and isinstance(value, str):
            return orjson.dumps(value).decode()[1:-1]
        try:
            return orjson.dumps(value).decode()
        except TypeError:  # there is nothing at that path
            return "" if within else "null"

    return _PLACE.sub(put, template)
