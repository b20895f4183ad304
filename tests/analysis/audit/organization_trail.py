"""A trail of an organization as CloudTrail delivers it, made for a test, and what is true of it."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

ORGANIZATION = "o-exampleorgid"
ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("us-east-1", "eu-west-1")
START = datetime(2025, 1, 1, tzinfo=UTC)

Event = dict[str, object]
Key = tuple[str, str, str, str]  # principal, role, service, operation


@dataclass
class Truth:
    """What an audit has to find. counts are [allowed, denied]."""

    counts: dict[Key, list[int]] = field(default_factory=dict)
    first: dict[Key, str] = field(default_factory=dict)
    last: dict[Key, str] = field(default_factory=dict)
    account: dict[Key, str] = field(default_factory=dict)
    records: int = 0  # repeated ones included
    files: int = 0
    failed: int = 0
    repeated: int = 0

    def passed(self, key: Key, account: str, time: str, *, denied: bool) -> None:
        """Counts a pass."""
        self.counts.setdefault(key, [0, 0])[denied] += 1
        self.first[key] = min(self.first.get(key, time), time)
        self.last[key] = max(self.last.get(key, time), time)
        self.account[key] = account


@dataclass(frozen=True)
class _Kind:
    """A call that passes a role."""

    source: str
    name: str
    operation: str
    service: str
    parameters: Callable[[str, str], object]  # (role's ARN, its name)
    by_profile: bool = False
    denied_code: str = "AccessDenied"


KINDS = (
    _Kind(
        "lambda.amazonaws.com",
        "CreateFunction20150331",
        "lambda:CreateFunction",
        "lambda.amazonaws.com",
        lambda arn, name: {"functionName": "f", "role": arn, "environment": {}},
    ),
    _Kind(
        "lambda.amazonaws.com",
        "UpdateFunctionConfiguration20150331v2",
        "lambda:UpdateFunctionConfiguration",
        "lambda.amazonaws.com",
        lambda arn, name: {"functionName": "f", "role": arn},
    ),
    _Kind(
        "ec2.amazonaws.com",
        "RunInstances",
        "ec2:RunInstances",
        "ec2.amazonaws.com",
        lambda arn, name: {
            "instancesSet": {"items": [{"imageId": "ami-1"}]},
            "iamInstanceProfile": {"name": name},
        },
        by_profile=True,
        denied_code="Client.UnauthorizedOperation",
    ),
    _Kind(
        "rds.amazonaws.com",
        "CreateDBInstance",
        "rds:CreateDBInstance",
        "monitoring.rds.amazonaws.com",
        lambda arn, name: {"dBInstanceIdentifier": "d", "engine": "mysql", "monitoringRoleArn": arn},
    ),
    _Kind(
        "states.amazonaws.com",
        "CreateStateMachine",
        "stepfunctions:CreateStateMachine",
        "states.amazonaws.com",
        lambda arn, name: {"name": "m", "roleArn": arn, "definition": "HIDDEN_DUE_TO_SECURITY_REASONS"},
    ),
    _Kind(
        "events.amazonaws.com",
        "PutTargets",
        "events:PutTargets",
        "events.amazonaws.com",
        lambda arn, name: {"rule": "r", "targets": [{"id": "1", "arn": "x", "roleArn": arn}]},
    ),
)
NOISE: tuple[tuple[str, str, object], ...] = (
    ("ec2.amazonaws.com", "DescribeInstances", {"filterSet": {}, "instancesSet": {}}),
    ("s3.amazonaws.com", "ListBuckets", {"Host": "s3.amazonaws.com"}),
    ("sts.amazonaws.com", "AssumeRole", {"roleArn": "arn:aws:iam::111122223333:role/Deployer"}),
    ("iam.amazonaws.com", "GetRole", {"roleName": "Web"}),
    ("iam.amazonaws.com", "PutRolePolicy", {"policyDocument": '{"Action":"iam:PassRole","Resource":"*"}'}),
    ("ec2.amazonaws.com", "RunInstances", {"instanceType": "t3.micro"}),
    ("logs.amazonaws.com", "CreateLogStream", None),
)
NAMES = ("Web", "Worker", "Batch", "Reporter")
PATHS = {"Web": "/", "Worker": "/app/", "Batch": "/", "Reporter": "/team/a/"}
CALLERS = ("user/alice", "user/bob", "role/Deployer", "role/ci/Builder")


class Maker:
    """Makes events of one trail, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.truth = Truth()

    def day(self, account: str, region: str, at: datetime, count: int) -> Iterator[Event]:
        """The events of one account and Region on one day, a few of them repeated."""
        for number in range(count):
            moment = at + timedelta(seconds=number * 86_400 // count)
            event = self._event(account, region, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
            yield event
            self.truth.records += 1

    def _event(self, account: str, region: str, time: str) -> Event:
        caller = self._random.choice(CALLERS)
        event: Event = {
            "eventVersion": "1.10",
            "userIdentity": _identity(account, caller),
            "eventTime": time,
            "eventSource": "",
            "eventName": "",
            "awsRegion": region,
            "sourceIPAddress": f"192.0.2.{self._random.randrange(4)}",
            "userAgent": "aws-cli/2",
            "requestParameters": None,
            "responseElements": None,
            "requestID": f"{self._random.getrandbits(128):032x}",
            "eventID": f"{self._random.getrandbits(128):032x}",
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }
        if self._random.random() < 0.7:
            source, name, parameters = self._random.choice(NOISE)
            return event | {"eventSource": source, "eventName": name, "requestParameters": parameters}
        return self._passing(event, account, caller, time)

    def _passing(self, event: Event, account: str, caller: str, time: str) -> Event:
        kind = self._random.choice(KINDS)
        name = self._random.choice(NAMES)
        arn = f"arn:aws:iam::{account}:role{PATHS[name]}{name}"
        event |= {
            "eventSource": kind.source,
            "eventName": kind.name,
            "requestParameters": kind.parameters(arn, name),
        }
        found = f"arn:aws:iam::{account}:role/{name}" if kind.by_profile else arn
        key = (f"arn:aws:iam::{account}:{caller}", found, kind.service, kind.operation)
        chance = self._random.random()
        if chance < 0.1:
            self.truth.failed += 1
            return event | {"errorCode": "InvalidParameterValueException", "errorMessage": "no such thing"}
        denied = chance < 0.25
        if denied:
            event["errorCode"] = kind.denied_code
            event["errorMessage"] = "You are not authorized to perform this operation."
            if not kind.by_profile:
                # As services do that look at the caller's rights before they read the request.
                event["requestParameters"] = None
                event["errorMessage"] = (
                    f"User: arn:aws:sts::{account}:assumed-role/x/y is not authorized to perform: "
                    f"iam:PassRole on resource: {arn} because no identity-based policy allows the "
                    "iam:PassRole action"
                )
        self.truth.passed(key, account, time, denied=denied)
        return event


def _identity(account: str, caller: str) -> Event:
    kind, _, name = caller.rpartition("/")
    arn = f"arn:aws:iam::{account}:{caller}"
    if kind == "user":
        return {"type": "IAMUser", "principalId": "AIDAX", "arn": arn, "accountId": account, "userName": name}
    return {
        "type": "AssumedRole",
        "principalId": "AROAX:s1",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/s1",
        "accountId": account,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": "AROAX", "arn": arn, "accountId": account},
            "attributes": {"creationDate": "2025-01-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def deliver(folder: Path, *, days: int = 365, every: int = 30, count: int = 25, seed: int = 1) -> Truth:
    """A trail of so many days under folder, in AWS's layout of keys; every so many days there is a file.

    Each account and Region has a file a day with count events; some events come in two files.
    """
    maker = Maker(seed)
    before: list[Event] = []
    for day in range(0, days, every):
        at = START + timedelta(days=day)
        for account in ACCOUNTS:
            for region in REGIONS:
                events = list(maker.day(account, region, at, count))
                repeated = [one for one in before if one["recipientAccountId"] == account][-2:]
                maker.truth.records += len(repeated)
                maker.truth.repeated += sum(_counts(one) for one in repeated)
                _write(folder, account, region, at, [*repeated, *events])
                maker.truth.files += 1
                before = events
    return maker.truth


def _counts(event: Event) -> bool:
    """Does the event have a pass in it?"""
    names = {kind.name for kind in KINDS}
    return event["eventName"] in names and event["requestParameters"] != {"instanceType": "t3.micro"}


def _write(folder: Path, account: str, region: str, at: datetime, events: list[Event]) -> None:
    at_day = at.strftime("%Y/%m/%d")
    stamp = at.strftime("%Y%m%dT%H%MZ")
    place = folder / "AWSLogs" / ORGANIZATION / account / "CloudTrail" / region / at_day
    place.mkdir(parents=True, exist_ok=True)
    name = (
        f"{account}_CloudTrail_{region}_{stamp}_{abs(hash((account, region, stamp))) % 10**16:016d}.json.gz"
    )
    place.joinpath(name).write_bytes(gzip.compress(orjson.dumps({"Records": events}), 1))
    digests = folder / "AWSLogs" / ORGANIZATION / account / "CloudTrail-Digest" / region / at_day
    digests.mkdir(parents=True, exist_ok=True)
    digest = {"awsAccountId": account, "digestPublicKeyFingerprint": "0" * 32, "logFiles": []}
    digests.joinpath(f"{account}_CloudTrail-Digest_{stamp}.json.gz").write_bytes(
        gzip.compress(orjson.dumps(digest), 1)
    )
