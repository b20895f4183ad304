"""Custom resources: a function makes them and answers at a URL of its own.

The function is invoked with the rights of whoever deploys, and waited for; where it fails without an answer,
the resource has failed at once.
Source: CloudFormation User Guide, "Custom resource request objects", "Custom resource response objects".
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation.provision import Failed, Made
from passrole.services.operation import ActAs
from passrole.wire.request import RawRequest, Response

PREFIX: Final = "/_passrole/cloudformation"
_HOUR: Final = 3600
_LONGEST: Final = 4096  # bytes of an answer


class Answers:
    """Where functions answer: a path that only the function knows, good for one answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[str, asyncio.Future[Mapping[str, object]]] = {}

    def expect(self) -> tuple[str, asyncio.Future[Mapping[str, object]]]:
        """(URL, the answer to come)."""
        token = secrets.token_urlsafe(32)
        self._waiting[token] = asyncio.get_running_loop().create_future()
        return f"{self._url}{PREFIX}/{token}", self._waiting[token]

    def forget(self, url: str) -> None:
        """Nobody waits for the answer any more."""
        self._waiting.pop(url.rpartition("/")[2], None)

    async def answer(self, raw: RawRequest) -> Response:
        """A PUT of a custom resource's response object."""
        waiting = self._waiting.get(raw.path.rpartition("/")[2])
        if waiting is None or waiting.done():
            return Response(404, (("content-type", "text/plain"),), b"No custom resource waits for this.\n")
        if raw.method != "PUT":
            return Response(405, (("allow", "PUT"),), b"")
        try:
            given = orjson.loads(raw.body) if len(raw.body) <= _LONGEST else None
        except orjson.JSONDecodeError:
            given = None
        if not isinstance(given, dict):
            waiting.set_result({"Status": "FAILED", "Reason": "Invalid response object"})
        else:
            waiting.set_result(given)
        return Response(200, (), b"")


@dataclass(slots=True)
class Custom:
    """The work on one custom resource."""

    kind: str
    act: ActAs
    answers: Answers
    stack: str
    name: str
    properties: Mapping[str, object]
    token: str
    made: Made = field(default_factory=lambda: Made(""))

    async def create(self) -> Made:
        """Raises ServiceError or Failed."""
        return await self._ask("Create", {})

    async def update(self, old: Mapping[str, object]) -> Made:
        """Another physical id than before says that the resource was replaced.

        Raises ServiceError or Failed.
        """
        more = {"PhysicalResourceId": self.made.physical, "OldResourceProperties": _texts(old)}
        return await self._ask("Update", more)

    async def delete(self) -> None:
        """Raises ServiceError or Failed."""
        await self._ask("Delete", {"PhysicalResourceId": self.made.physical})

    async def _ask(self, kind: str, more: Mapping[str, object]) -> Made:
        token = comparable(self.properties.get("ServiceToken"))
        if ":function:" not in token:
            raise Failed("a ServiceToken that is no Lambda function is not supported by this endpoint")
        url, waiting = self.answers.expect()
        event = {
            "RequestType": kind,
            "ServiceToken": token,
            "ResponseURL": url,
            "StackId": self.stack,
            "RequestId": self.token,
            "LogicalResourceId": self.name,
            "ResourceType": self.kind,
            "ResourceProperties": _texts(self.properties),
            **more,
        }
        try:
            return _made(await self._answered(token, event, waiting))
        finally:
            self.answers.forget(url)

    async def _answered(
        self, function: str, event: Mapping[str, object], waiting: asyncio.Future[Mapping[str, object]]
    ) -> Mapping[str, object]:
        given = {
            "FunctionName": function,
            "InvocationType": "RequestResponse",
            "Payload": json.dumps(event).encode(),
        }
        output = await self.act.call("lambda", "Invoke", given)
        if output.get("FunctionError") and not waiting.done():
            raise Failed(f"the function {function} failed without answering")
        seconds = int(comparable(self.properties.get("ServiceTimeout")) or _HOUR)
        try:
            return await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            raise Failed(
                "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
                f"for requestId [{self.token}]."
            ) from None


def _made(answer: Mapping[str, object]) -> Made:
    physical = comparable(answer.get("PhysicalResourceId"))
    if answer.get("Status") != "SUCCESS":
        reason = comparable(answer.get("Reason")) or "Unknown"
        raise Failed(
            f"Received response status [FAILED] from custom resource. Message returned: {reason}", physical
        )
    if not physical:
        raise Failed("Invalid PhysicalResourceId")
    data = answer.get("Data")
    return Made(physical, dict(data) if isinstance(data, dict) else {})


def _texts(value: object) -> object:
    """Properties as functions get them: every scalar is a text."""
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return comparable(value)
