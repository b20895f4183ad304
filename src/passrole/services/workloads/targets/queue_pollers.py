"""Event source mappings of queues: Lambda reads the queue with the function's role, and runs the function.

There where functions are run at all.
Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import orjson

from passrole.services.agents import Ports, Told
from passrole.services.functions import LAMBDA, FunctionRunner, QueueSource, QueueSources
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.services.workloads.targets.queues import Batches, delete, receive, record
from passrole.values.arn import Arn


class QueuePollers:
    """One task for all mappings; each batch is worked on by itself."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, sources: QueueSources, runner: FunctionRunner) -> None:
        self._ports = ports
        self._sources = sources
        self._runner = runner
        self._invoking = Invoking(ports)
        self._batches: Batches[QueueSource] = Batches(
            "event source mappings", self._invoking, self._waiting, self._batch
        )

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._batches.start()

    def reset(self) -> None:
        """No mapping is left."""
        self._batches.reset()

    async def stop(self) -> None:
        """Returns once no queue is being read any more."""
        await self._batches.stop()

    def _waiting(self) -> Iterator[tuple[str, QueueSource]]:
        for source in self._sources.waiting():
            yield f"{source.function.arn} does not get messages of {source.queue}", source

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
        messages = await receive(act, url, source.batch)
        if not messages:
            return ""
        event = {"Records": [record(message, source.queue, queue.region) for message in messages]}
        ended = await self._runner.invoke(function, orjson.dumps(event), self._ports.ids.uuid())
        if ended.failed:
            return "the function has failed; its messages come back"
        await delete(act, url, messages)
        return ""
