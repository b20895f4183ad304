"""EventBridge Pipes: messages of a queue, filtered and rewritten, go to a target with the pipe's role.

Sources are queues of SQS; a pipe with another source, or with an enrichment, is left alone. Messages that no
filter lets through are taken out, as AWS does.
Source: EventBridge User Guide, "Amazon EventBridge Pipes", "Amazon SQS queue as a source", "Input
transformation", "Permissions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from passrole.services.agents import Ports, Told
from passrole.services.patterns import matches
from passrole.services.targets import Handing, Pipe
from passrole.services.workloads.targets.inputs import at
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.services.workloads.targets.queues import Batches, delete, receive, record
from passrole.values.arn import Arn

PIPES: Final = "pipes.amazonaws.com"
_PLACE: Final = re.compile(r"<(\$[^<>]*|aws\.pipes\.[\w.-]+)>")
_BATCHED: Final = frozenset(("lambda", "states"))  # targets that get all records at once


class Pipes:
    """One task for all pipes; each batch is worked on by itself."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, handing: Handing) -> None:
        self._ports = ports
        self._handing = handing
        self._invoking = Invoking(ports)
        self._batches: Batches[Pipe] = Batches("pipes", self._invoking, self._waiting, self._batch)

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._batches.start()

    def reset(self) -> None:
        """No pipe is left."""
        self._batches.reset()

    async def stop(self) -> None:
        """Returns once nothing is being handed on any more."""
        await self._batches.stop()

    def _waiting(self) -> Iterator[tuple[str, Pipe]]:
        for pipe in self._handing.pipes():
            yield f"{pipe.arn} hands nothing on", pipe

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
        messages = await receive(act, url, pipe.batch)
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
