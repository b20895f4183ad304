"""Stacks and their resources change, and every change is an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from passrole.state.directory import Directory
from passrole.state.stacks import STACK_EVENTS, Stack, StackEvent, StackResource
from passrole.values.ids import Ids

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, slots=True)
class History:
    """Writes what happens to stacks into the directory's transaction."""

    directory: Directory
    ids: Ids

    def stack(
        self,
        stack: Stack,
        status: str,
        now: datetime,
        reason: str = "",
        *,
        changed: Stack | None = None,
        told: bool = True,
    ) -> Stack:
        """The stack in its new status; changed is the stack with what else is new of it."""
        new = replace(changed if changed is not None else stack, status=status, reason=reason)
        self.directory.put(new)
        if told:
            self._event(stack, stack.name, stack.arn, STACK_TYPE, status, now, reason)
        return new

    def resource(self, stack: Stack, resource: StackResource, *, properties: str = "") -> None:
        """The resource as it is now."""
        self.directory.put(resource)
        self._event(
            stack,
            resource.name,
            resource.physical,
            resource.type,
            resource.status,
            resource.at,
            resource.reason,
            properties,
        )

    def _event(
        self,
        stack: Stack,
        name: str,
        physical: str,
        kind: str,
        status: str,
        now: datetime,
        reason: str,
        properties: str = "",
    ) -> None:
        number = len(self.directory.referring(STACK_EVENTS, stack.arn))
        unique = self.ids.uuid()
        self.directory.put(
            StackEvent(
                account=stack.account,
                stack=stack.arn,
                number=number,
                id=unique if kind == STACK_TYPE and name == stack.name else f"{name}-{status}-{unique}",
                at=now,
                name=name,
                physical=physical,
                type=kind,
                status=status,
                reason=reason,
                properties=properties,
                token=stack.token,
            )
        )
