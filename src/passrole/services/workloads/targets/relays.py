"""What services hand on as calls come in: SNS to queues and functions, CloudWatch Logs to its subscribers,
Firehose to its bucket.

SNS acts as itself, so the queue's or function's policy decides. CloudWatch Logs and Firehose take the role
that the subscription filter or delivery stream was passed; a function is called by CloudWatch Logs as itself.
Records that cannot be put into their bucket are tried again for seconds, as Firehose does for a day.
Source: SNS Developer Guide, "Fanout to Amazon SQS queues"; CloudWatch Logs User Guide, "Log group-level
subscription filters"; Firehose Developer Guide, "Grant Firehose access to an Amazon S3 destination".
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson

from passrole.services.agents import Ports, Told
from passrole.services.targets import FilteredLogs, Handed, Handing, StreamRecords, TopicMessage
from passrole.services.workloads.targets.invoking import Invocation, Invoking, Request
from passrole.values.arn import Arn

SNS: Final = "sns.amazonaws.com"
LOGS: Final = "logs.amazonaws.com"
FIREHOSE: Final = "firehose.amazonaws.com"

_SESSION_NAME: Final = {LOGS: "CloudWatchLogs", FIREHOSE: "AWSFirehoseToS3"}


class Relays:
    """Each thing handed on is a task of its own."""

    watches: Final[Mapping[str, Told]] = {}

    def __init__(self, ports: Ports, handing: Handing) -> None:
        self._ports = ports
        self._invoking = Invoking(ports)
        handing.subscribe(self._handed)

    def start(self) -> None:
        """Nothing is done before something is handed on."""

    def reset(self) -> None:
        """Whatever it was is gone."""
        self._invoking.reset()

    async def stop(self) -> None:
        """Returns once nothing is being handed on any more."""
        await self._invoking.stop()

    def _handed(self, found: Sequence[Handed]) -> None:
        for one in found:
            if isinstance(one, TopicMessage):
                self._message(one)
            elif isinstance(one, FilteredLogs):
                self._logs(one)
            elif isinstance(one, StreamRecords):
                self._records(one)

    def _message(self, one: TopicMessage) -> None:
        endpoint = Arn.parse(one.endpoint)
        asked = Invocation(
            service=SNS,
            source_arn=one.topic,
            region=endpoint.region,
            target=one.endpoint,
            payload=one.body,
        )
        if one.protocol == "lambda":
            self._invoking.later(asked)
            return
        given: dict[str, object] = {
            "QueueUrl": f"{self._ports.url}/{endpoint.account}/{endpoint.resource}",
            "MessageBody": one.body,
        }
        if one.attributes:
            given["MessageAttributes"] = one.attributes
        if one.group:
            given["MessageGroupId"] = one.group
        if one.deduplication:
            given["MessageDeduplicationId"] = one.deduplication
        self._invoking.later(asked, [Request("sqs", "SendMessage", given)])

    def _logs(self, one: FilteredLogs) -> None:
        destination = Arn.parse(one.destination)
        data = base64.b64encode(one.data).decode()
        asked = Invocation(
            service=LOGS,
            source_arn=f"{one.group}:*",
            region=one.region,
            target=one.destination,
            payload=orjson.dumps({"awslogs": {"data": data}}).decode(),
            role_arn=one.role_arn,
            session_name=_SESSION_NAME[LOGS],
        )
        made = _LOGS_TO.get(destination.service)
        if made is None:  # a function
            self._invoking.later(replace(asked, role_arn=""))
        else:
            self._invoking.later(asked, [made(one, destination)])

    def _records(self, one: StreamRecords) -> None:
        bucket = one.bucket.rsplit(":", 1)[-1]
        asked = Invocation(
            service=FIREHOSE,
            source_arn=one.stream,
            region=one.region,
            target=one.bucket,
            payload="",
            role_arn=one.role_arn,
            session_name=_SESSION_NAME[FIREHOSE],
            persistent=True,
        )
        given = {"Bucket": bucket, "Key": one.key, "Body": one.data}
        self._invoking.later(asked, [Request("s3", "PutObject", given)])


def _to_stream(one: FilteredLogs, destination: Arn) -> Request:
    given = {"StreamARN": one.destination, "Data": one.data, "PartitionKey": one.group.rsplit(":", 1)[-1]}
    return Request("kinesis", "PutRecord", given)


def _to_delivery_stream(one: FilteredLogs, destination: Arn) -> Request:
    given = {"DeliveryStreamName": destination.name, "Record": {"Data": one.data}}
    return Request("firehose", "PutRecord", given)


_LOGS_TO: Final[Mapping[str, Callable[[FilteredLogs, Arn], Request]]] = {
    "firehose": _to_delivery_stream,
    "kinesis": _to_stream,
}
