"""A running endpoint, and callers of it, for the tests of stacks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

ACCOUNT = "111122223333"
REGION = "eu-west-1"
ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-0123456789")
ENDED = ("_COMPLETE", "_FAILED")
QUICK = {"Delay": 1, "MaxAttempts": 30}


@dataclass(frozen=True, slots=True)
class Account:
    """One caller of an endpoint."""

    url: str
    key: tuple[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.key[0],
            aws_secret_access_key=self.key[1],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def user(self, name: str, *statements: Mapping[str, object]) -> Account:
        """A new user with these rights; self is an administrator."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Account(self.url, (key["AccessKeyId"], key["SecretAccessKey"]))

    def role(self, name: str, service: str, *statements: Mapping[str, object]) -> str:
        """The ARN of a new role that the service may take."""
        iam = self.client("iam")
        trust = policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy(*statements))
        return str(made)

    def create(self, name: str, template: str, **more: object) -> Any:
        """The stack once it has ended."""
        made = self.client("cloudformation").create_stack(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **more,
        )
        return self.ended(made["StackId"])

    def update(self, name: str, template: str, **more: object) -> Any:
        """The stack once it has ended."""
        made = self.client("cloudformation").update_stack(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            **more,
        )
        return self.ended(made["StackId"])

    def delete(self, arn: str, **more: object) -> Any:
        """The stack once it has ended."""
        self.client("cloudformation").delete_stack(StackName=arn, **more)
        return self.ended(arn)

    def ended(self, arn: str) -> Any:
        """The stack, as soon as nothing goes on any more."""

        cloudformation = self.client("cloudformation")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            stack = cloudformation.describe_stacks(StackName=arn)["Stacks"][0]
            if stack["StackStatus"].endswith(ENDED):
                return stack
            time.sleep(0.05)
        raise AssertionError(stack)

    def events(self, arn: str) -> list[tuple[str, str, str]]:
        """(logical id, status, reason) of every event, the oldest first."""
        found = self.client("cloudformation").describe_stack_events(StackName=arn)["StackEvents"]
        return [
            (one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", ""))
            for one in reversed(found)
        ]

    def physical(self, name: str) -> dict[str, str]:
        """Physical ids by logical ids."""
        found = self.client("cloudformation").list_stack_resources(StackName=name)
        return {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in found["StackResourceSummaries"]
        }


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: object, resource: object = "*", **more: object) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """(code, message) of a client's error."""
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(Options(port=0, ephemeral=True, testing=True, root_key=ROOT)) as running:
        yield running


@pytest.fixture(scope="module")
def root(endpoint: Endpoint) -> Account:
    return Account(endpoint.url, ROOT)
