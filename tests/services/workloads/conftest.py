"""A running endpoint whose services act soon, and what tests of them ask it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options
from passrole.state.entities import AccessKey

REGION = "us-east-1"
SOON = 60.0  # seconds that anything may take here, also on a busy machine
T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """A fresh account of the endpoint, with its root's key."""

    endpoint: Endpoint
    key: AccessKey

    @property
    def id(self) -> str:
        return self.key.account

    def client(self, service: str, region: str = REGION) -> Any:  # boto3's clients have no types
        return boto3.client(
            service,
            endpoint_url=self.endpoint.url,
            region_name=region,
            aws_access_key_id=self.key.id,
            aws_secret_access_key=self.key.secret,
        )

    def now(self) -> datetime:
        """The endpoint's time."""
        return self.advance(0)

    def advance(self, seconds: float) -> datetime:
        """Moves the endpoint's time forward; returns what it is then."""
        root = self.endpoint.root_key
        body = json.dumps({"advance_seconds": seconds}).encode()
        request = AWSRequest("POST", f"{self.endpoint.url}/_passrole/clock", data=body)
        SigV4Auth(Credentials(root.id, root.secret), "passrole", REGION).add_auth(request)
        sent = urllib.request.Request(request.url, body, dict(request.headers), method="POST")
        with urllib.request.urlopen(sent, timeout=SOON) as answer:
            assert answer.status == 200
            return datetime.fromisoformat(json.loads(answer.read())["now"])

    def user(self, name: str, *statements: Mapping[str, object]) -> dict[str, str]:
        """A user with these rights; returns the settings of its clients."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "endpoint_url": self.endpoint.url,
            "region_name": REGION,
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
        }

    def role(self, name: str, service: str, *statements: Mapping[str, object]) -> str:
        """A role that the service may take, with these rights; returns its ARN."""
        trust = document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        self.may(name, *statements)
        return str(made["Role"]["Arn"])

    def may(self, role: str, *statements: Mapping[str, object]) -> None:
        """What the role may do from now on."""
        iam = self.client("iam")
        if statements:
            iam.put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=document(*statements))
        else:
            iam.delete_role_policy(RoleName=role, PolicyName="rights")

    def records(self, name: str, region: str = REGION) -> list[dict[str, Any]]:
        """The trail's records of that event name, newest first."""
        found = self.client("cloudtrail", region).lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
        )
        return [json.loads(event["CloudTrailEvent"]) for event in found["Events"]]

    def queue(self, name: str, *statements: Mapping[str, object]) -> tuple[str, str]:
        """A queue with that policy; returns its URL and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        if statements:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(*statements)})
        return url, f"arn:aws:sqs:{REGION}:{self.id}:{name}"

    def messages(self, url: str) -> list[str]:
        """What is in a queue; it is taken out."""
        sqs = self.client("sqs")
        found: list[str] = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


def document(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*") -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def eventually(ask: Callable[[], T | None], what: str = "what was expected") -> T:
    """The first answer that is true. Fails where there is none soon."""
    until = time.monotonic() + SOON
    while time.monotonic() < until:
        found = ask()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"there was no {what} within {SOON} seconds")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, trail_seconds=0.2)) as running:
        yield running


@pytest.fixture
def account(endpoint: Endpoint) -> Account:
    return Account(endpoint, endpoint.new_account())
