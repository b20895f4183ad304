"""Services at work on their own: what every agent has, what it works with, and how it hears of calls."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from passrole.authorize.call import Call, ResourceFacts
from passrole.services.operation import Acting, Output, ServiceAssume
from passrole.state.directory import Directory
from passrole.state.store import StoreUnavailable
from passrole.state.trail import Event, History
from passrole.values.ids import Ids

log = logging.getLogger(__name__)

# Told of a call that succeeded, after its changes are durable and before its answer leaves, on the event
# loop's thread: it only notes what there is to do. The output is read at each call of its reader.
Told = Callable[[Call, Callable[[], Output]], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What an agent works with; it reads no clock and no environment of its own.

    now is the endpoint's time; machine is the one that embedded services go by. commit makes the changes
    of the directory durable with events for the trail; history reads the trail. url is the endpoint's own.
    """

    directory: Directory
    facts: ResourceFacts
    acting: Acting
    assume: ServiceAssume
    ids: Ids
    now: Callable[[], datetime]
    machine: Callable[[], datetime]
    commit: Callable[[tuple[Event, ...]], Awaitable[None]]
    history: History
    url: str


class Agent(Protocol):
    """A service that does something after a call has been answered."""

    @property
    def watches(self) -> Mapping[str, Told]:
        """By service (botocore's name), who is told of its calls."""

    def start(self) -> None:
        """On the event loop that the gateway runs on, before the first request is answered."""

    def reset(self) -> None:
        """Forgets everything: the endpoint has been emptied."""

    async def stop(self) -> None:
        """Returns once nothing is being done any more."""


class Agents:
    """All agents of one endpoint."""

    def __init__(self) -> None:
        self._agents: list[Agent] = []
        self._told: dict[str, list[Told]] = {}

    def add(self, agents: Sequence[Agent]) -> None:
        """Agents that hear of calls and are started and stopped with the others."""
        for agent in agents:
            self._agents.append(agent)
            for service, told in agent.watches.items():
                self._told.setdefault(service, []).append(told)

    def tell(self, call: Call, output: Callable[[], Output]) -> None:
        """What succeeded. An agent's fault is its own: the call's answer does not depend on it."""
        for told in self._told.get(call.service, ()):
            try:
                told(call, output)
            except Exception:
                log.exception("%s could not take up %s:%s", told, call.service, call.operation)

    def start(self) -> None:
        """Every agent, in their order."""
        for agent in self._agents:
            agent.start()

    def reset(self) -> None:
        """Every agent forgets."""
        for agent in self._agents:
            agent.reset()

    async def stop(self) -> None:
        """Every agent, the last first; one that fails to end its work keeps no other from it."""
        for agent in reversed(self._agents):
            try:
                with suppress(StoreUnavailable):
                    await agent.stop()
            except Exception:
                log.exception("%s could not be stopped", agent)
