"""EventBridge: events that rules match, and rules with a schedule, go to the rules' targets.

Source: EventBridge User Guide, "Amazon EventBridge targets", "Creating an Amazon EventBridge rule that
runs on a schedule".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from passrole.services.agents import Ports, Told
from passrole.services.targets import Document, Handed, Handing, MatchedEvent, Rule
from passrole.services.workloads.rounds import Ticking
from passrole.services.workloads.targets.clockwork import Clockwork
from passrole.services.workloads.targets.inputs import payload
from passrole.services.workloads.targets.invoking import Invocation, Invoking

EVENTS: Final = "events.amazonaws.com"
TICK: Final = 1.0  # seconds between two looks at the clock


class EventTargets:
    """One task for all rules with a schedule; each event is worked on as it comes."""

    watches: Final[Mapping[str, Told]] = {}  # the services behind the gateway tell what they hand on

    def __init__(self, ports: Ports, handing: Handing) -> None:
        self._ports = ports
        self._handing = handing
        self._invoking = Invoking(ports)
        self._clockwork = Clockwork(ports.now())
        self._ticking = Ticking("event-rules", self._look, TICK)
        handing.subscribe(self._handed)

    def start(self) -> None:
        """On the event loop that the gateway runs on."""
        self._clockwork.reset(self._ports.now())
        self._ticking.start()

    def reset(self) -> None:
        """No rule is left."""
        self._invoking.reset()
        self._clockwork.reset(self._ports.now())

    async def stop(self) -> None:
        """Returns once no target is being called any more."""
        await self._ticking.stop()
        await self._invoking.stop()

    def _handed(self, found: Sequence[Handed]) -> None:
        for one in found:
            if isinstance(one, MatchedEvent):
                self._send(one.rule, one.event)

    def _send(self, rule: Rule, event: Document) -> None:
        for target in rule.targets:
            retry = target.get("RetryPolicy") or {}
            attempts = retry.get("MaximumRetryAttempts")
            self._invoking.later(
                Invocation(
                    service=EVENTS,
                    source_arn=rule.arn,
                    region=rule.region,
                    target=str(target["Arn"]),
                    payload=payload(target, event, rule),
                    role_arn=str(target.get("RoleArn") or rule.role_arn),
                    session_name=rule.arn.rsplit("/", 1)[-1],
                    parameters={**target, "event": event},
                    retries=attempts if isinstance(attempts, int) else 185,
                    dead_letters=str((target.get("DeadLetterConfig") or {}).get("Arn") or ""),
                )
            )

    def _look(self) -> None:
        """Sends what has become due."""
        now = self._ports.now()
        rules = {rule.arn: rule for rule in self._handing.rules()}
        due = self._clockwork.due(now, [(rule.arn, rule.schedule, "") for rule in rules.values()])
        for arn, when in due.items():
            self._send(rules[arn], self._scheduled(rules[arn], when))

    def _scheduled(self, rule: Rule, due: datetime) -> Document:
        return {
            "version": "0",
            "id": self._ports.ids.uuid(),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": rule.account,
            "time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": rule.region,
            "resources": [rule.arn],
            "detail": {},
        }
