"""Agents that look at their resources again and again: by the clock, or whenever something has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from passrole.authorize.call import Call
from passrole.services.operation import Output

log = logging.getLogger(__name__)

# AWS's own pauses are not on record, or far longer; these grow from seconds, since nobody wants to wait here.
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 600.0
_AT_MOST_EVERY: Final = 1.0  # seconds, however often something changes

READS: Final = ("Describe", "Get", "List")  # operations that begin so change nothing


class Ticking:
    """Looks every so many seconds. A look that fails is logged; the next one comes all the same."""

    def __init__(self, name: str, look: Callable[[], None], seconds: float) -> None:
        self._name = name
        self._look = look
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Returns once nobody looks any more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                self._look()
            except Exception:  # one resource's fault is not the others'
                log.exception("%s could not be looked at", self._name)


@dataclass(slots=True)
class Tried:
    """How often something has failed in a row. tried and due are in the loop's seconds."""

    failures: int = 0
    tried: float = 0.0
    due: float = 0.0

    def failed(self, now: float) -> None:
        """It is due again after a pause that grows with each failure."""
        self.failures += 1
        self.due = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (min(self.failures, 12) - 1))


T = TypeVar("T", bound=Tried)


class WhenChanged(Generic[T]):
    """Looks when something has changed, and when what has failed is due again.

    tried holds what is remembered of each resource. What a look has begun is finished before stop returns.
    """

    def __init__(self, name: str, look: Callable[[asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
        self.tried: Final[dict[str, T]] = {}
        self.stopping = False
        self._name = name
        self._look = look
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """On the running event loop; what an earlier run has left is looked at first."""
        self._changed.set()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Returns once nothing is being done any more."""
        self.stopping = True
        self._changed.set()
        if self._task is not None:
            await self._task

    def again(self) -> None:
        """There is something to look at."""
        self._changed.set()

    def told(self, call: Call, output: Callable[[], Output]) -> None:
        """``agents.Told`` of the service's own calls."""
        if not call.operation.startswith(READS):
            self._try_again()
            self._changed.set()

    def told_of_rights(self, call: Call, output: Callable[[], Output]) -> None:
        """``agents.Told`` of calls that may have mended what has failed."""
        if not call.operation.startswith(READS) and self._try_again():
            self._changed.set()

    def _try_again(self) -> bool:
        """What has failed is due again, at most once a second; was there anything?"""
        failing = [one for one in self.tried.values() if one.failures]
        for one in failing:
            one.due = min(one.due, one.tried + _AT_MOST_EVERY)
        return bool(failing)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.stopping:
            due = [one.due for one in self.tried.values() if one.failures]
            with suppress(TimeoutError):
                wait = max(0.0, min(due) - loop.time()) if due else None
                await asyncio.wait_for(self._changed.wait(), wait)
            self._changed.clear()
            try:
                await self._look(loop)
            except Exception:  # the last line before the agent: the others must not lose theirs
                log.exception("%s could not be looked at", self._name)
                await asyncio.sleep(_AT_MOST_EVERY)
