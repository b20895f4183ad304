"""A record is there once its call has answered, whatever others call meanwhile, and in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

CLIENTS = 4
REGION = "us-east-1"


class Client:
    """A user of its own, who may do some of what it tries."""

    def __init__(self, running: Endpoint, number: int) -> None:
        self.name = f"user-{number}"
        root = {"aws_access_key_id": running.root_key.id, "aws_secret_access_key": running.root_key.secret}
        self._settings = {"endpoint_url": running.url, "region_name": REGION}
        iam = boto3.client("iam", **self._settings, **root)
        iam.create_user(UserName=self.name)
        allowed = ["iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "sqs:ListQueues"]
        statement = {"Effect": "Allow", "Action": [*allowed, "cloudtrail:LookupEvents"], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=self.name, PolicyName="rights", PolicyDocument=document)
        made = iam.create_access_key(UserName=self.name)["AccessKey"]
        self._settings |= {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
        }
        self._clients: dict[str, Any] = {}  # boto3's clients have no types

    def client(self, service: str) -> Any:
        if service not in self._clients:
            retries = Config(retries={"total_max_attempts": 1})
            self._clients[service] = boto3.client(service, config=retries, **self._settings)
        return self._clients[service]

    def call(self, what: str) -> str:
        """Does it, or is refused; returns the answer's request id."""
        iam, role = self.client("iam"), f"role-{self.name}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        calls = {
            "write": lambda: iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust),
            "remove": lambda: iam.delete_role(RoleName=role),
            "read": lambda: iam.get_role(RoleName=role),
            "refused": lambda: iam.list_users(),
            "other": lambda: self.client("sts").get_caller_identity(),
            "embedded": lambda: self.client("sqs").list_queues(),
        }
        try:
            answer = calls[what]()
        except ClientError as error:
            answer = error.response
        return str(answer["ResponseMetadata"]["RequestId"])

    def newest(self) -> str:
        """The request id of its newest record that is no lookup."""
        attribute = {"AttributeKey": "Username", "AttributeValue": self.name}
        found = self.client("cloudtrail").lookup_events(LookupAttributes=[attribute], MaxResults=5)
        records = [json.loads(event["CloudTrailEvent"]) for event in found["Events"]]
        return str(next(one["requestID"] for one in records if one["eventName"] != "LookupEvents"))

    def work(self, calls: list[str]) -> list[tuple[str, str]]:
        """(what the answer said, what the history then says), for each call."""
        return [(self.call(what), self.newest()) for what in calls]


@pytest.fixture(scope="module", params=["memory", "disk"])
def clients(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Client]]:
    folder: Path | None = None if request.param == "memory" else tmp_path_factory.mktemp("data")
    with Endpoint(Options(port=0, ephemeral=folder is None, data=folder)) as running:
        yield [Client(running, number) for number in range(CLIENTS)]


WORK = st.lists(
    st.lists(
        st.sampled_from(["write", "remove", "read", "refused", "other", "embedded"]), min_size=1, max_size=6
    ),
    min_size=CLIENTS,
    max_size=CLIENTS,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(work=WORK)
def test_each_caller_finds_its_last_call(clients: list[Client], work: list[list[str]]) -> None:
    with ThreadPoolExecutor(CLIENTS) as threads:
        for told in threads.map(Client.work, clients, work):
            for answered, found in told:
                assert answered == found


def test_a_third_lookup_in_a_second_is_too_much_where_the_limit_is_kept() -> None:
    with Endpoint(Options(port=0, ephemeral=True, throttle=True)) as running:
        cloudtrail = Client(running, 0).client("cloudtrail")
        answers: list[str] = []
        for _ in range(6):
            try:
                cloudtrail.lookup_events(MaxResults=1)
                answers.append("")
            except ClientError as error:
                answers.append(f"{error.response['Error']['Code']} {_status(error)}")
    assert answers[:2] == ["", ""]
    assert set(answers) == {"", "ThrottlingException 400"}


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
