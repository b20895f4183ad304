"""Records in whatever other services, searches and commands wrap them up, shaped as these print them."""

from __future__ import annotations

import base64
import csv
import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import orjson
from tests.analysis.audit.organization_trail import Event

Made = Callable[[list[Event]], bytes]


def text(value: object) -> str:
    """JSON as CloudTrail writes it."""
    return orjson.dumps(value).decode()


def lines(values: Sequence[object]) -> bytes:
    """A value a line."""
    return b"".join(orjson.dumps(one) + b"\n" for one in values)


def run_together(values: Sequence[object]) -> bytes:
    """Values without anything between them, as Firehose puts them."""
    return b"".join(map(orjson.dumps, values))


def indented(value: object) -> bytes:
    """JSON as the AWS CLI prints it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Comma-separated values."""
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return made.getvalue().encode()


def data_message(events: Sequence[Event]) -> Event:
    """What a subscription of CloudWatch Logs sends."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "CloudTrail/Logs",
        "logStream": "111122223333_CloudTrail_us-east-1",
        "subscriptionFilters": ["all"],
        "logEvents": [
            {
                "id": f"3195310660696698337880902507980421114328961{number:03}",
                "timestamp": 1767604364000,
                "message": text(one),
            }
            for number, one in enumerate(events)
        ],
    }


CONTROL: Event = {
    "messageType": "CONTROL_MESSAGE",
    "owner": "CloudwatchLogs",
    "logGroup": "",
    "logStream": "",
    "subscriptionFilters": [],
    "logEvents": [
        {
            "id": "",
            "timestamp": 1767604364000,
            "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
        }
    ],
}


def packed(value: object) -> str:
    """Base64 of gzip, as a Lambda function gets it."""
    return base64.b64encode(gzip.compress(orjson.dumps(value))).decode()


def of_eventbridge(event: Event) -> Event:
    """An event of EventBridge."""
    return {
        "version": "0",
        "id": "30934e9f-5a3b-2a5e-5a8d-8c6b7f0a9a11",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.lambda",
        "account": "111122223333",
        "time": "2026-01-05T09:12:44Z",
        "region": "us-east-1",
        "resources": [],
        "detail": event,
    }


def notification(inner: object) -> Event:
    """What SNS sends to a queue."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:events",
        "Message": text(inner),
        "Timestamp": "2026-01-05T09:12:44.000Z",
        "SignatureVersion": "1",
    }


def received(events: Sequence[Event]) -> Event:
    """What aws sqs receive-message prints."""
    return {
        "Messages": [
            {
                "MessageId": "m",
                "ReceiptHandle": "r",
                "MD5OfBody": "d",
                "Body": text(notification(of_eventbridge(one))),
            }
            for one in events
        ]
    }


def filtered(events: Sequence[Event]) -> Event:
    """What aws logs filter-log-events prints."""
    return {
        "events": [
            {
                "logStreamName": "111122223333_CloudTrail_us-east-1",
                "timestamp": 1767604364000,
                "message": text(one),
                "ingestionTime": 1767604365000,
                "eventId": "3195310660696698337880902507980421114328961",
            }
            for one in events
        ],
        "searchedLogStreams": [],
    }


def insights(events: Sequence[Event]) -> Event:
    """What aws logs get-query-results prints."""
    return {
        "queryLanguage": "CWLI",
        "results": [
            [
                {"field": "@timestamp", "value": "2026-01-05 09:12:44.000"},
                {"field": "@message", "value": text(one)},
                {"field": "@ptr", "value": "CmEKJgoiMTExMTIyMjIzMzMz"},
            ]
            for one in events
        ],
        "statistics": {"recordsMatched": 40.0},
        "status": "Complete",
    }


def insights_fields(events: Sequence[Event]) -> Event:
    """The same for a query that names fields."""
    return {
        "results": [[{"field": name, "value": value} for name, value in flat(one).items()] for one in events],
        "status": "Complete",
    }


def flat(value: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Each text in a record under a name like ``userIdentity.arn``; requestParameters stay JSON."""
    made: dict[str, str] = {}
    for name, one in value.items():
        if isinstance(one, dict) and name != "requestParameters":
            made |= flat(one, f"{above}{name}.")
        elif isinstance(one, dict | list):
            made[above + name] = text(one)
        elif one is not None:
            made[above + name] = one if isinstance(one, str) else text(one)
    return made


def flat_table(events: Sequence[Event]) -> bytes:
    """Fields as a search saves them."""
    rows = [flat(one) for one in events]
    header = list(dict.fromkeys(name for row in rows for name in row))
    return table(header, [[row.get(name, "") for name in header] for row in rows])


def splunk(event: Event) -> Event:
    """A line of Splunk's export: the text, and fields that were found in it."""
    return {
        "preview": False,
        "offset": 0,
        "result": {
            "_raw": text(event),
            "_time": "2026-01-05T09:12:44.000+00:00",
            "eventName": event["eventName"],
            "eventSource": event["eventSource"],
            "eventID": event["eventID"],
            "sourcetype": "aws:cloudtrail",
        },
    }


def cribl(event: Event) -> Event:
    """The text beside fields, without anything around them."""
    row = splunk(event)["result"]
    assert isinstance(row, dict)
    return row


def elastic(event: Event) -> Event:
    """A hit of Elasticsearch that has kept the text."""
    return {
        "_index": ".ds-logs-aws.cloudtrail-default-2026.01.05-000001",
        "_id": event["eventID"],
        "_source": {
            **ecs(event),
            "event": {
                "original": text(event),
                "action": event["eventName"],
                "provider": event["eventSource"],
                "id": event["eventID"],
            },
        },
    }


def hits(events: Sequence[Event], of: Callable[[Event], Event]) -> Event:
    """What a search of Elasticsearch answers."""
    return {
        "took": 3,
        "timed_out": False,
        "hits": {"total": {"value": len(events), "relation": "eq"}, "hits": [of(one) for one in events]},
    }


def _of(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def ecs(event: Event) -> Event:
    """A record as Elastic's integration stores it: the text is not kept unless that is asked for."""
    identity = event["userIdentity"]
    issuer = _of(identity, "sessionContext", "sessionIssuer")
    session = {
        "session_context": {
            "mfa_authenticated": "false",
            "creation_date": "2026-01-05T09:00:00.000Z",
            "session_issuer": {
                "type": "Role",
                "arn": _of(issuer, "arn"),
                "account_id": _of(issuer, "accountId"),
                "principal_id": _of(issuer, "principalId"),
            },
        }
    }
    return {
        "@timestamp": str(event["eventTime"]).replace("Z", ".000Z"),
        "event": {
            "module": "aws",
            "dataset": "aws.cloudtrail",
            "action": event["eventName"],
            "provider": event["eventSource"],
            "id": event["eventID"],
        },
        "cloud": {"region": event["awsRegion"], "account": {"id": _of(identity, "accountId")}},
        "source": {"address": event["sourceIPAddress"]},
        "user": {"name": _of(identity, "userName"), "id": _of(identity, "principalId")},
        "aws": {
            "cloudtrail": {
                "error_code": event.get("errorCode"),
                "error_message": event.get("errorMessage"),
                "recipient_account_id": event["recipientAccountId"],
                "user_identity": {
                    "type": _of(identity, "type"),
                    "arn": _of(identity, "arn"),
                    **(session if issuer else {}),
                },
                "flattened": {"request_parameters": event["requestParameters"]},
            }
        },
    }


def ocsf(event: Event, *, old: bool = False) -> Event:
    """A record as Security Lake has it: by OCSF 1.1.0, or by the version before that."""
    identity = event["userIdentity"]
    arn, id = _of(identity, "arn"), _of(identity, "principalId")
    account = _of(identity, "accountId")
    ids = (
        {"uid": id, "uuid": arn, "account_uid": account}
        if old
        else {"uid": arn, "uid_alt": id, "account": {"uid": account}}
    )
    parameters = event["requestParameters"]
    time = str(event["eventTime"])
    found: Event = {
        "metadata": {
            "product": {
                "name": "CloudTrail",
                "vendor_name": "AWS",
                "version": "1.08",
                "feature": {"name": "Management"},
            },
            "uid": event["eventID"],
            "version": "1.0.0-rc.2" if old else "1.1.0",
        },
        "time": int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000),
        "cloud": {"region": event["awsRegion"], "provider": "AWS"},
        "api": {
            "operation": event["eventName"],
            "service": {"name": event["eventSource"]},
            "request": {"uid": "r", "data": None if old or parameters is None else text(parameters)},
            "response": {"error": event.get("errorCode"), "message": event.get("errorMessage"), "data": None},
        },
        "actor": {
            "user": {"type": _of(identity, "type"), "name": _of(identity, "userName"), **ids},
            "session": {
                "issuer": _of(identity, "sessionContext", "sessionIssuer", "arn"),
                "created_time_dt": None,
                "is_mfa": False,
            },
            "invoked_by": _of(identity, "invokedBy"),
        },
        "src_endpoint": {"ip": event["sourceIPAddress"], "domain": None, "uid": None},
        "http_request": {"user_agent": "aws-cli/2"},
        "class_name": "API Activity",
        "class_uid": 6003,
        "type_uid": 600301,
        "unmapped": {"eventType": "AwsApiCall", "recipientAccountId": event["recipientAccountId"]},
        "accountid": event["recipientAccountId"],
        "region": event["awsRegion"],
    }
    if old and parameters is not None:
        unmapped = found["unmapped"]
        assert isinstance(unmapped, dict)
        unmapped["requestParameters"] = text(parameters)
    return found


def hive(event: Event) -> Event:
    """A row of Athena's table: names in lower case, parameters as text."""
    parameters = event["requestParameters"]
    return {
        **{name.lower(): value for name, value in event.items()},
        "useridentity": lower(event["userIdentity"]),
        "requestparameters": None if parameters is None else text(parameters),
    }


def lower(value: object) -> object:
    """The same with names as Hive spells them."""
    if isinstance(value, dict):
        return {name.lower(): lower(one) for name, one in value.items()}
    return value


def sentinel(event: Event) -> Event:
    """A row of Microsoft Sentinel's table."""
    identity = event["userIdentity"]
    issuer = _of(identity, "sessionContext", "sessionIssuer")
    return {
        "TimeGenerated": str(event["eventTime"]).replace("Z", ".0000000Z"),
        "AwsEventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "AWSRegion": event["awsRegion"],
        "SourceIpAddress": event["sourceIPAddress"],
        "ErrorCode": event.get("errorCode") or "",
        "ErrorMessage": event.get("errorMessage") or "",
        "RecipientAccountId": event["recipientAccountId"],
        "RequestParameters": text(event["requestParameters"]),
        "UserIdentityType": _of(identity, "type"),
        "UserIdentityArn": _of(identity, "arn"),
        "UserIdentityPrincipalid": _of(identity, "principalId"),
        "UserIdentityAccountId": _of(identity, "accountId"),
        "SessionIssuerArn": _of(issuer, "arn") or "",
        "SessionIssuerAccountId": _of(issuer, "accountId") or "",
        "Type": "AWSCloudTrail",
    }


def sentinel_table(events: Sequence[Event]) -> bytes:
    """The same as its page saves it."""
    rows = [sentinel(one) for one in events]
    for row in rows:
        when = datetime.fromisoformat(str(row.pop("TimeGenerated")).replace(".0000000Z", "+00:00"))
        row["TimeGenerated [UTC]"] = f"{when:%m/%d/%Y, %I:%M:%S.000 %p}"
    return table(list(rows[0]), [[str(value) for value in row.values()] for row in rows])


def security_lake_table(events: Sequence[Event]) -> bytes:
    """Security Lake's rows as Athena saves them."""
    rows = [ocsf(one) for one in events]
    return table(list(rows[0]), [[presto(value) for value in row.values()] for row in rows])


def presto(value: object) -> str:
    """A value as Athena prints it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={presto(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(presto, value))}]"
    return "null" if value is None else str(value)


def kibana_table(events: Sequence[Event]) -> bytes:
    """Fields as Kibana saves them, parameters as Java prints a map."""
    rows = []
    for event in events:
        fields = dotted(ecs(event))
        parameters = event["requestParameters"]
        fields.pop("aws.cloudtrail.flattened.request_parameters", None)
        fields["aws.cloudtrail.request_parameters"] = "" if parameters is None else presto(parameters)
        rows.append({name: str(value) for name, value in fields.items()})
    header = list(dict.fromkeys(name for row in rows for name in row))
    return table(header, [[row.get(name, "-") for name in header] for row in rows])


WRAPPED: Mapping[str, Made] = {
    "CloudWatch Logs, exported to S3": lambda events: b"".join(
        f"2026-01-05T09:12:44.000Z {text(one)}\n".encode() for one in events
    ),
    "aws logs tail": lambda events: b"".join(
        f"2026-01-05T09:12:44.000000+00:00 111122223333_CloudTrail_us-east-1 {text(one)}\n".encode()
        for one in events
    ),
    "CloudWatch Logs through Firehose": lambda events: run_together(
        [CONTROL, data_message(events[:7]), data_message(events[7:])]
    ),
    "CloudWatch Logs through Firehose, gzips in a gzip": lambda events: gzip.compress(
        b"".join(gzip.compress(orjson.dumps(data_message([one]))) for one in events)
    ),
    "CloudWatch Logs through Firehose, a message a line": lambda events: lines(
        [data_message(events), CONTROL]
    ),
    "CloudWatch Logs through Lambda": lambda events: orjson.dumps(
        {"awslogs": {"data": packed(data_message(events))}}
    ),
    "aws kinesis get-records": lambda events: indented(
        {
            "Records": [
                {
                    "SequenceNumber": "1",
                    "ApproximateArrivalTimestamp": 1.5,
                    "Data": packed(data_message([one])),
                    "PartitionKey": "p",
                }
                for one in events
            ],
            "NextShardIterator": "x",
            "MillisBehindLatest": 0,
        }
    ),
    "Kinesis through Lambda": lambda events: orjson.dumps(
        {
            "Records": [
                {
                    "kinesis": {
                        "partitionKey": "p",
                        "data": base64.b64encode(orjson.dumps(of_eventbridge(one))).decode(),
                    },
                    "eventSource": "aws:kinesis",
                    "eventID": "shardId-000000000000:1",
                    "eventName": "aws:kinesis:record",
                    "eventVersion": "1.0",
                }
                for one in events
            ]
        }
    ),
    "aws logs filter-log-events": lambda events: indented(filtered(events)),
    "aws logs get-log-events --query events": lambda events: indented(filtered(events)["events"]),
    "aws logs get-query-results": lambda events: indented(insights(events)),
    "aws logs get-query-results of fields": lambda events: indented(insights_fields(events)),
    "Logs Insights as CSV": lambda events: table(
        ["@timestamp", "@message"], [["2026-01-05 09:12:44.000", text(one)] for one in events]
    ),
    "Logs Insights as CSV of fields": flat_table,
    "EventBridge through Firehose": lambda events: run_together([of_eventbridge(one) for one in events]),
    "EventBridge through Firehose, some with ends of lines": lambda events: b"\n".join(
        run_together([of_eventbridge(one) for one in events[at : at + 3]]) for at in range(0, len(events), 3)
    ),
    "SNS": lambda events: run_together([notification(of_eventbridge(one)) for one in events]),
    "SNS through Lambda": lambda events: orjson.dumps(
        {
            "Records": [
                {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notification(of_eventbridge(one))}
                for one in events
            ]
        }
    ),
    "SQS through Lambda": lambda events: orjson.dumps(
        {
            "Records": [
                {"messageId": "m", "body": text(of_eventbridge(one)), "eventSource": "aws:sqs"}
                for one in events
            ]
        }
    ),
    "aws sqs receive-message": lambda events: indented(received(events)),
    "aws cloudtrail lookup-events --query Events": lambda events: indented(
        [
            {
                "EventId": one["eventID"],
                "EventName": one["eventName"],
                "ReadOnly": "false",
                "EventTime": "2026-01-05T09:12:44+00:00",
                "EventSource": one["eventSource"],
                "Username": "alice",
                "Resources": [],
                "CloudTrailEvent": text(one),
            }
            for one in events
        ]
    ),
    "texts of records": lambda events: orjson.dumps([text(one) for one in events]),
    "Athena's UNLOAD as JSON": lambda events: lines([hive(one) for one in events]),
    "Microsoft Sentinel": lambda events: lines([sentinel(one) for one in events]),
    "Microsoft Sentinel's page": lambda events: sentinel_table(events),
    "Splunk": lambda events: lines([splunk(one) for one in events]),
    "Splunk's answer": lambda events: orjson.dumps(
        {"preview": False, "init_offset": 0, "messages": [], "results": [cribl(one) for one in events]}
    ),
    "texts beside their fields": lambda events: lines([cribl(one) for one in events]),
    "Splunk as CSV": lambda events: table(
        ["_raw", "_time", "eventName", "eventSource", "host"],
        [[text(one), "2026-01-05", str(one["eventName"]), str(one["eventSource"]), "h"] for one in events],
    ),
    "Elasticsearch": lambda events: orjson.dumps(hits(events, elastic)),
    "elasticdump": lambda events: lines([elastic(one) for one in events]),
    "Elasticsearch without the text": lambda events: lines([{"_source": ecs(one)} for one in events]),
    "Elasticsearch, fields of a search": lambda events: orjson.dumps(
        hits(events, lambda one: {"fields": {name: [value] for name, value in dotted(ecs(one)).items()}})
    ),
    "Security Lake as Athena's CSV": lambda events: security_lake_table(events),
    "Kibana's CSV": lambda events: kibana_table(events),
    "OCSF": lambda events: lines([ocsf(one) for one in events]),
    "OCSF before 1.1.0": lambda events: lines([ocsf(one, old=True) for one in events]),
}


def dotted(value: Mapping[str, object], above: str = "") -> dict[str, object]:
    """Each field under its full name, as searches give them."""
    made: dict[str, object] = {}
    for name, one in value.items():
        if isinstance(one, dict) and name != "request_parameters":
            made |= dotted(one, f"{above}{name}.")
        elif one is not None:
            made[above + name] = one
    return made
