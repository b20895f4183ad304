"""How a service calls a target: as which principal, by which call, how often, and where failures go.

A target with a role is called with it, taken as the service principal through the role's trust policy; one
without is called by the service itself, so the target's own policy decides.
Source: EventBridge User Guide, "Amazon EventBridge targets", "Permissions for Amazon EventBridge", "Event
retry policy and using dead-letter queues"; Scheduler User Guide, "Setting up the execution role".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import orjson

from passrole.authorize.refusal import Refusal
from passrole.authorize.resources import role_of_arn
from passrole.services.agents import Ports
from passrole.services.operation import ActAs
from passrole.services.targets import Document
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError

log = logging.getLogger(__name__)

_SECONDS: Final = 3600
_ENOUGH: Final = timedelta(minutes=5)
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)  # seconds before each next attempt
_MOST_ATTEMPTS: Final = len(_PAUSES) + 1  # AWS tries for a day; nobody waits that long here
_SESSION_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of one target. parameters are the target's own (SqsParameters …), in AWS's member names.

    persistent: every failure is worth another attempt, a denial too. buries: dead letters are sent with the
    target's role, not by the service itself.
    """

    service: str  # service principal: "events.amazonaws.com"
    source_arn: str  # the rule, schedule …
    region: str
    target: str  # ARN
    payload: str
    role_arn: str = ""
    session_name: str = "target"
    parameters: Document = field(default_factory=dict)
    retries: int = _MOST_ATTEMPTS - 1
    dead_letters: str = ""  # ARN of a queue
    persistent: bool = False
    buries: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a target was not called. again tells whether another attempt may help."""

    code: str
    message: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A call as ActAs takes it."""

    service: str
    operation: str
    given: Mapping[str, object]


class UnsupportedTarget(ServiceError):
    """A kind of target that this endpoint does not call."""

    code, status = "NotImplemented", 501


# (invocation, target, what the endpoint has) -> the calls to make, in order
Build = Callable[[Invocation, Arn, Ports], list[Request]]


def _queue(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    given: dict[str, object] = {
        "QueueUrl": f"{ports.url}/{target.account}/{target.resource}",
        "MessageBody": asked.payload,
    }
    group = _inner(asked.parameters, "SqsParameters").get("MessageGroupId")
    if group:
        given |= {"MessageGroupId": group, "MessageDeduplicationId": ports.ids.uuid()}
    return [Request("sqs", "SendMessage", given)]


def _topic(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    return [Request("sns", "Publish", {"TopicArn": asked.target, "Message": asked.payload})]


def _function(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    given = {"FunctionName": asked.target, "InvocationType": "Event", "Payload": asked.payload.encode()}
    return [Request("lambda", "Invoke", given)]


def _machine(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    given = {"stateMachineArn": asked.target, "input": asked.payload}
    return [Request("stepfunctions", "StartExecution", given)]


def _log_group(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    group = target.resource.removeprefix("log-group:").removesuffix(":*")
    stream = {"logGroupName": group, "logStreamName": ports.ids.uuid()}
    event = {"timestamp": int(ports.machine().timestamp() * 1000), "message": asked.payload}
    return [
        Request("logs", "CreateLogStream", stream),
        Request("logs", "PutLogEvents", {**stream, "logEvents": [event]}),
    ]


def _bus(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    """An event to another bus; it keeps its source and detail. Its payload is the event."""
    event = asked.parameters.get("event")
    entry: dict[str, object] = {"EventBusName": asked.target}
    if isinstance(event, Mapping):
        entry |= {
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": orjson.dumps(event["detail"]).decode(),
            "Resources": event.get("resources", []),
        }
    else:
        own = _inner(asked.parameters, "EventBridgeParameters")
        entry |= {**own, "Detail": asked.payload}
    return [Request("events", "PutEvents", {"Entries": [entry]})]


def _stream(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    key = _inner(asked.parameters, "KinesisParameters").get("PartitionKey") or ports.ids.uuid()
    given = {"StreamARN": asked.target, "Data": asked.payload.encode(), "PartitionKey": key}
    return [Request("kinesis", "PutRecord", given)]


def _delivery_stream(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    record = {"Data": asked.payload.encode()}
    return [Request("firehose", "PutRecord", {"DeliveryStreamName": target.name, "Record": record})]


def _task(asked: Invocation, target: Arn, ports: Ports) -> list[Request]:
    own = _inner(asked.parameters, "EcsParameters")
    given: dict[str, object] = {"cluster": asked.target, "taskDefinition": own.get("TaskDefinitionArn", "")}
    for member, name in _TASK.items():
        if member in own:
            given[name] = _lowered(own[member])
    overrides = asked.parameters.get("overrides")
    if isinstance(overrides, Mapping):
        given["overrides"] = overrides
    return [Request("ecs", "RunTask", given)]


# EcsParameters' members as RunTask has them.
_TASK: Final[Mapping[str, str]] = {
    "TaskCount": "count",
    "LaunchType": "launchType",
    "NetworkConfiguration": "networkConfiguration",
    "PlatformVersion": "platformVersion",
    "Group": "group",
    "PropagateTags": "propagateTags",
    "EnableExecuteCommand": "enableExecuteCommand",
}


def _lowered(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name)[:1].lower() + str(name)[1:]: _lowered(one) for name, one in value.items()}
    return value


def _inner(parameters: Document, name: str) -> Mapping[str, object]:
    found = parameters.get(name)
    return found if isinstance(found, Mapping) else {}


# By the service of the target's ARN.
_BUILD: Final[Mapping[str, Build]] = {
    "ecs": _task,
    "events": _bus,
    "firehose": _delivery_stream,
    "kinesis": _stream,
    "lambda": _function,
    "logs": _log_group,
    "sns": _topic,
    "sqs": _queue,
    "states": _machine,
}


class Invoking:
    """Calls targets; one for each agent. Roles that it has taken it keeps for as long as they last."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._taken: dict[tuple[str, str, str], tuple[ActAs, datetime, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def later(self, asked: Invocation, requests: Sequence[Request] | None = None) -> None:
        """Calls the target, again where that may help; what cannot be delivered goes to its queue.

        requests are the calls to make, where they are not those that every service makes of such a target.
        """
        self.spawn(self._deliver(asked, requests))

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Work that ends with ``stop``."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a target could not be called", exc_info=task.exception())

    def reset(self) -> None:
        """Everything that roles were taken for is gone."""
        for task in self._tasks:
            task.cancel()
        self._taken.clear()

    async def stop(self) -> None:
        """Returns once nothing is being called any more."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, asked: Invocation, requests: Sequence[Request] | None) -> None:
        attempts = min(asked.retries + 1, _MOST_ATTEMPTS)
        failure = await self.invoke(asked, requests)
        for pause in _PAUSES[: attempts - 1]:
            if failure is None or not (failure.again or asked.persistent):
                break
            await asyncio.sleep(pause)
            failure = await self.invoke(asked, requests)
        if failure is None:
            return
        log.info("%s did not reach %s: %s: %s", asked.source_arn, asked.target, failure.code, failure.message)
        if asked.dead_letters:
            await self._bury(asked, failure)

    async def invoke(self, asked: Invocation, requests: Sequence[Request] | None = None) -> Failure | None:
        """One attempt; None once the target has taken it."""
        try:
            target = Arn.parse(asked.target)
            if requests is None:
                build = _BUILD.get(target.service)
                if build is None:
                    raise UnsupportedTarget(f"This endpoint does not call targets of {target.service}.")
                requests = build(asked, target, self._ports)
            act = await self.act(asked, target.account or asked.source_arn.split(":")[4])
            if isinstance(act, Failure):
                return act
            for request in requests:
                answer = await act.call(request.service, request.operation, request.given)
                if answer.get("FailedEntryCount") or answer.get("failures"):
                    return Failure("FailedInvocation", str(answer))
        except InvalidArn as error:
            return Failure("InvalidArn", str(error))
        except ServiceError as error:
            again = (error.status >= 500 and error.status != 501) or "Throttl" in error.code
            return Failure(error.code, error.message, again)
        return None

    async def act(self, asked: Invocation, account: str) -> ActAs | Failure:
        """With what rights the invocation's calls are made. Raises ServiceError."""
        acting = self._ports.acting
        if not asked.role_arn:
            return acting.as_service(
                asked.service, source_arn=asked.source_arn, account=account, region=_region(asked)
            )
        region = _region(asked)
        place = (asked.role_arn, asked.source_arn, region)
        role = role_of_arn(self._ports.directory, asked.role_arn)
        if role is None:
            return Failure("NO_PERMISSIONS", f"There is no role {asked.role_arn}.")
        known = self._taken.get(place)
        # A changed trust policy counts at once, as it does not with AWS's own caches of minutes.
        if known is not None and known[2] == role.trust and self._ports.now() + _ENOUGH < known[1]:
            return known[0]
        taken = await acting.with_role(
            asked.service,
            role,
            session_name=asked.session_name[:_SESSION_NAME],
            source_arn=asked.source_arn,
            region=region,
            seconds=_SECONDS,
            replaces=known[0] if known is not None else None,
        )
        if isinstance(taken, Refusal):
            self._taken.pop(place, None)
            return Failure("NO_PERMISSIONS", taken.sentence())
        self._taken[place] = (taken, self._ports.now() + timedelta(seconds=_SECONDS), role.trust)
        return taken

    async def _bury(self, asked: Invocation, failure: Failure) -> None:
        """To the dead-letter queue; where the service sends it as itself, the queue's policy decides."""
        queue = Arn.parse(asked.dead_letters)
        attributes = {
            "RULE_ARN": asked.source_arn,
            "TARGET_ARN": asked.target,
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
        }
        given = {
            "QueueUrl": f"{self._ports.url}/{queue.account}/{queue.resource}",
            "MessageBody": asked.payload,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        }
        role = asked.role_arn if asked.buries else ""
        sent = replace(asked, target=asked.dead_letters, role_arn=role)
        lost = await self.invoke(sent, [Request("sqs", "SendMessage", given)])
        if lost is not None:
            log.info("%s: nothing to %s: %s", asked.source_arn, asked.dead_letters, lost.message)


def _region(asked: Invocation) -> str:
    """Where the target is; a call in another region is made there."""
    return asked.target.split(":")[3] or asked.region
