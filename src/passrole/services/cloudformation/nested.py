"""Nested stacks: stacks that are resources, made by a CreateStack of whoever deploys the outer one.

Source: CloudFormation Template Reference, "AWS::CloudFormation::Stack".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation.provision import Failed, Made, pairs
from passrole.services.operation import ActAs
from passrole.state.directory import Directory
from passrole.state.stacks import Stack
from passrole.values.errors import ServiceError

TYPE: Final = "AWS::CloudFormation::Stack"
_PAUSE: Final = 0.05  # seconds between two looks at a nested stack


@dataclass(slots=True)
class Nested:
    """The work on one nested stack."""

    act: ActAs
    directory: Directory
    outer: Stack
    commit: Callable[[], Awaitable[None]]
    generated: str
    properties: Mapping[str, object]
    made: Made = field(default_factory=lambda: Made(""))

    async def create(self) -> Made:
        """Raises ServiceError or Failed."""
        given = {"StackName": self.generated, "DisableRollback": True, **self._request()}
        output = await self.act.call("cloudformation", "CreateStack", given)
        arn = str(output["StackId"])
        inner = self._stack(arn)
        self.directory.put(replace(inner, parent=self.outer.arn, root=self.outer.root or self.outer.arn))
        await self.commit()
        return await self._settled(arn, "CREATE_COMPLETE")

    async def update(self) -> Made:
        """Raises ServiceError or Failed."""
        arn = self.made.physical
        try:
            await self.act.call("cloudformation", "UpdateStack", {"StackName": arn, **self._request()})
        except ServiceError as error:
            if error.message != "No updates are to be performed.":
                raise
            return Made(arn, self._outputs(self._stack(arn)))
        return await self._settled(arn, "UPDATE_COMPLETE")

    async def delete(self) -> None:
        """Raises ServiceError or Failed."""
        arn = self.made.physical
        await self.act.call("cloudformation", "DeleteStack", {"StackName": arn})
        await self._settled(arn, "DELETE_COMPLETE")

    def _request(self) -> Mapping[str, object]:
        given = self.properties
        request: dict[str, object] = {
            "TemplateURL": comparable(given.get("TemplateURL")),
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        parameters = given.get("Parameters")
        if isinstance(parameters, dict):
            request["Parameters"] = [
                {"ParameterKey": name, "ParameterValue": _joined(value)} for name, value in parameters.items()
            ]
        tags = pairs(given.get("Tags")) or list(self.outer.wanted.tags)
        if tags:
            request["Tags"] = [{"Key": key, "Value": value} for key, value in tags]
        return request

    async def _settled(self, arn: str, wanted: str) -> Made:
        while True:
            inner = self._stack(arn)
            if not inner.busy:
                break
            await asyncio.sleep(_PAUSE)
        if inner.status != wanted:
            raise Failed(
                f"Embedded stack {arn} was not successfully {_DONE[wanted]}: {inner.reason or inner.status}",
                arn,
            )
        return Made(arn, self._outputs(inner))

    def _stack(self, arn: str) -> Stack:
        found = self.directory.by_key(Stack, self.outer.account, arn)
        if found is None:
            raise Failed(f"Stack with id {arn} does not exist")
        return found

    def _outputs(self, inner: Stack) -> Mapping[str, object]:
        return {f"Outputs.{one.name}": one.value for one in inner.outputs}


_DONE: Final = {"CREATE_COMPLETE": "created", "UPDATE_COMPLETE": "updated", "DELETE_COMPLETE": "deleted"}


def _joined(value: object) -> str:
    return (
        ",".join(map(comparable, value))
        if isinstance(value, Sequence) and not isinstance(value, str)
        else comparable(value)
    )
