"""The places where moto hands something to another service behind the gateway: it is noted instead.

What moto did there asked nobody: the role's rights, the queue's or bucket's policy. Each function here stands
for one of moto's methods; ``seams`` puts it there. Imported with the service that it belongs to.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from passrole.services.embedded.handed import hand, rule_of
from passrole.services.patterns import matches
from passrole.services.targets import FilteredLogs, MatchedEvent, StreamRecords, TopicMessage

# The target of an archive's own rule.
_ARCHIVE: Final = re.compile(r"arn:[\w-]+:events:[\w-]*:\d*::?")
_ARCHIVE_ARN: Final = re.compile(r'"archive-arn": "[^"/]*/([^"]+)"')

# moto's own objects are Any here: their types hold no promise.


def send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
    """``events.models.Rule.send_to_targets``; moto takes disabled rules, and those without a pattern."""
    pattern = self.event_pattern.get_pattern()
    event = _event(original_event)
    if self.state != "ENABLED" or not pattern or not matches(pattern, event):
        return
    rule = rule_of(self)
    archives = [target for target in rule.targets if _ARCHIVE.fullmatch(target["Arn"])]
    for target in archives:
        _archive(self, target, original_event)
    others = tuple(target for target in rule.targets if target not in archives)
    if others:
        hand(MatchedEvent(replace(rule, targets=others), event))


def _archive(rule: Any, target: Mapping[str, Any], event: dict[str, Any]) -> None:
    """An archive is a part of EventBridge: it needs nobody's rights. Its rule's template says which it is."""
    named = _ARCHIVE_ARN.search(str((target.get("InputTransformer") or {}).get("InputTemplate")))
    if named is not None:
        rule._send_to_events_archive(named[1], event)


def _event(given: Mapping[str, Any]) -> dict[str, Any]:
    event = {name: value for name, value in given.items() if name != "ingestion-time"}
    time = event.get("time")
    if isinstance(time, int | float):
        time = datetime.fromtimestamp(time, UTC)
    if isinstance(time, datetime):
        event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    found: dict[str, Any] = json.loads(json.dumps(event, default=str))
    return found


def publish(
    self: Any,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    group_id: str | None = None,
    deduplication_id: str | None = None,
    message_structure: str | None = None,
) -> None:
    """``sns.models.Subscription.publish``: queues and functions get messages, nobody else does."""
    matcher = self._filter_policy_matcher
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if self.protocol not in ("sqs", "lambda"):
        return
    if message_structure == "json":
        message = self._parse_message_structure(message, self.protocol)
    raw = str(self.attributes.get("RawMessageDelivery", "")).lower() == "true"
    attributes: dict[str, Any] = {}
    if self.protocol == "lambda":
        body = json.dumps(_lambda_event(self, message, message_id, subject, message_attributes))
    elif raw:
        body = message
        attributes = {name: _attribute(value) for name, value in (message_attributes or {}).items()}
    else:
        posted = self.get_post_data(message, message_id, subject, message_attributes=message_attributes)
        body = json.dumps(posted, sort_keys=True, indent=2)
    hand(
        TopicMessage(
            topic=str(self.topic.arn),
            protocol=str(self.protocol),
            endpoint=str(self.endpoint),
            body=body,
            attributes=attributes,
            group=group_id or "",
            deduplication=deduplication_id or "",
        )
    )


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(value["Type"])
    name = "BinaryValue" if kind.startswith("Binary") else "StringValue"
    return {"DataType": kind, name: value["Value"] if name == "BinaryValue" else str(value["Value"])}


def _lambda_event(
    self: Any, message: str, message_id: str, subject: str | None, attributes: dict[str, Any] | None
) -> dict[str, Any]:
    """Source: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications"."""
    posted = self.get_post_data(message, message_id, subject, message_attributes=attributes)
    posted.setdefault("Subject", None)
    posted.setdefault("MessageAttributes", {})
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": self.arn,
                "Sns": posted,
            }
        ]
    }


def send_log_events(
    self: Any, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
) -> None:
    """``logs.models.LogStream._send_log_events``."""
    from moto.logs.utils import EventMessageFilter  # moto's, loaded by now

    found = self.log_group.subscription_filters.get(filter_name)
    group = str(self.log_group.name)
    through = EventMessageFilter(str(getattr(found, "filter_pattern", "") or ""))
    log_events = [one for one in log_events if through.matches(one["message"])]
    if not log_events:
        return
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": self.account_id,
        "logGroup": group,
        "logStream": self.log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": log_events,
    }
    hand(
        FilteredLogs(
            account=str(self.account_id),
            region=str(self.region),
            group=f"arn:aws:logs:{self.region}:{self.account_id}:log-group:{group}",
            destination=destination_arn,
            role_arn=str(getattr(found, "role_arn", None) or ""),
            data=gzip.compress(json.dumps(data, separators=(",", ":")).encode()),
        )
    )


def put_s3_records(
    self: Any,
    delivery_stream_name: str,
    version_id: str,
    s3_destination: dict[str, Any],
    records: list[dict[str, bytes]],
) -> list[dict[str, str]]:
    """``firehose.models.FirehoseBackend.put_s3_records``: the records are taken at once, and put later."""
    from moto.moto_api._internal import mock_random  # moto's, loaded by now

    stream = self.delivery_streams[delivery_stream_name]
    key = self._format_s3_object_path(delivery_stream_name, version_id, s3_destination.get("Prefix", ""))
    hand(
        StreamRecords(
            stream=str(stream.delivery_stream_arn),
            account=str(self.account_id),
            region=str(self.region_name),
            role_arn=str(s3_destination["RoleARN"]),
            bucket=str(s3_destination["BucketARN"]),
            key=key,
            data=b"".join([record["Data"] for record in records]),
        )
    )
    return [{"RecordId": str(mock_random.uuid4())} for _ in records]
