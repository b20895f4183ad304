"""Example 1: an administrator's users, roles and policies, made by whichever client."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from tests.sdk.clients import Answer, Client
from tests.sdk.server import ACCOUNT, REGION, ROOT, Key

IMAGE = "ami-12c6146b"  # one that the embedded EC2 knows
WEB = "EC2-roles-for-XYZ-web"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/EC2-roles-for-XYZ-*"

EC2_ACTIONS = [
    "ec2:RunInstances",
    "ec2:RequestSpotInstances",
    "ec2:Describe*",
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:AssociateIamInstanceProfile",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:DisassociateIamInstanceProfile",
]


def allow(actions: str | list[str], resource: str = "*", **condition: object) -> dict[str, object]:
    """One Allow statement."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def policy(*statements: Mapping[str, object]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    """A trust policy for one service."""
    return policy({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def code() -> bytes:
    """A deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a key and a client."""

    client: Client
    key: Key
    arn: str

    def call(self, operation: str, **given: object) -> Answer:
        """``ec2:RunInstances`` with its input."""
        service, _, name = operation.partition(":")
        return self.client.call(self.key, service, name, given)

    def run(self, profile: str = "", **given: object) -> Answer:
        """RunInstances of one instance, with an instance profile by name or ARN."""
        if profile:
            given["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
        if "LaunchTemplate" not in given:
            given["ImageId"] = IMAGE
        return self.call("ec2:RunInstances", **{"MinCount": 1, "MaxCount": 1, **given})

    def launched(self, profile: str = "", **given: object) -> str:
        """The id of an instance that could be launched."""
        return self.run(profile, **given).text("Instances", 0, "InstanceId")


class Administrator(Caller):
    """The account's root."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, ROOT, f"arn:aws:iam::{ACCOUNT}:root")

    def user(self, name: str, *statements: Mapping[str, object]) -> Caller:
        """A user with a key and an inline policy."""
        arn = self.call("iam:CreateUser", UserName=name).text("User", "Arn")
        if statements:
            self.call(
                "iam:PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=policy(*statements)
            ).at()
        made = self.call("iam:CreateAccessKey", UserName=name)
        key = Key(made.text("AccessKey", "AccessKeyId"), made.text("AccessKey", "SecretAccessKey"))
        return Caller(self.client, key, arn)

    def role(self, name: str, service: str = "ec2.amazonaws.com", path: str = "/") -> str:
        """The ARN of a new role that the service may assume."""
        return self.call(
            "iam:CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=trust(service)
        ).text("Role", "Arn")

    def profile(self, name: str, role: str = "") -> str:
        """The ARN of a new instance profile with that role, of the same name if none is given."""
        arn = self.call("iam:CreateInstanceProfile", InstanceProfileName=name).text("InstanceProfile", "Arn")
        self.call("iam:AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role or name).at()
        return arn

    def ec2_role(self, name: str, path: str = "/") -> str:
        """What the console's wizard makes for EC2: a role and an instance profile of its name."""
        arn = self.role(name, path=path)
        self.profile(name)
        return arn

    def instances(self) -> dict[str, str]:
        """Every instance's id and the ARN of its profile, "" where it has none."""
        found: dict[str, str] = {}
        for reservation in self.call("ec2:DescribeInstances").items("Reservations"):
            for instance in reservation.items("Instances"):
                given = instance.output
                assert isinstance(given, Mapping)
                held = given.get("IamInstanceProfile") or {}
                found[given["InstanceId"]] = held.get("Arn", "")
        return found

    def decoded(self, message: str) -> Mapping[str, object]:
        """What the encoded part of a refusal says."""
        found = re.search(r"Encoded authorization failure message: ([\w-]+)$", message)
        assert found is not None, message
        answer = self.call("sts:DecodeAuthorizationMessage", EncodedMessage=found[1])
        opened: Mapping[str, object] = json.loads(answer.text("DecodedMessage"))
        return opened


def profile_arn(name: str) -> str:
    """The ARN of an instance profile of the main account."""
    return f"arn:aws:iam::{ACCOUNT}:instance-profile/{name}"


def function_arn(name: str) -> str:
    """The ARN of a Lambda function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def refusal(caller: str, role: str) -> str:
    """AWS's sentence for a role that may not be passed."""
    return (
        f"User: {caller} is not authorized to perform: iam:PassRole on resource: {role} because no"
        " identity-based policy allows the iam:PassRole action"
    )


def encoded(data: bytes) -> str:
    """Base64, as EC2 takes user data."""
    return base64.b64encode(data).decode()
