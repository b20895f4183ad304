"""An account's details, read into another directory, are the same account."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from tests.services.world import ACCOUNT, START, World

from passrole.state.entities import AccessKey
from passrole.state.estate.details import pages_of
from passrole.state.estate.estate import estate_of


def document(principal: dict[str, object] | None = None, action: str = "s3:*") -> str:
    statement: dict[str, object] = {"Sid": "One", "Effect": "Allow", "Action": action}
    statement |= {"Principal": principal} if principal is not None else {"Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def world() -> World:
    place = World()
    call = place.call
    made = call("iam:CreatePolicy", {"PolicyName": "own", "Path": "/team/", "PolicyDocument": document()})
    policy = made["Policy"]
    assert isinstance(policy, dict)
    own = policy["Arn"]
    call(
        "iam:CreatePolicyVersion",
        {"PolicyArn": own, "PolicyDocument": document(action="sqs:*"), "SetAsDefault": True},
    )
    call("iam:CreateGroup", {"GroupName": "Team", "Path": "/g/"})
    call("iam:PutGroupPolicy", {"GroupName": "Team", "PolicyName": "in", "PolicyDocument": document()})
    call(
        "iam:AttachGroupPolicy", {"GroupName": "Team", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    )
    tags = [{"Key": "a", "Value": "b"}]
    call("iam:CreateUser", {"UserName": "Alice", "Path": "/u/", "Tags": tags, "PermissionsBoundary": own})
    call("iam:AddUserToGroup", {"GroupName": "Team", "UserName": "Alice"})
    call("iam:PutUserPolicy", {"UserName": "Alice", "PolicyName": "in", "PolicyDocument": document()})
    call("iam:CreateUser", {"UserName": "bob"})
    trust = document({"AWS": f"arn:aws:iam::{ACCOUNT}:user/u/Alice"}, "sts:AssumeRole")
    call(
        "iam:CreateRole", {"RoleName": "Web", "Path": "/r/", "AssumeRolePolicyDocument": trust, "Tags": tags}
    )
    call("iam:AttachRolePolicy", {"RoleName": "Web", "PolicyArn": own})
    call("iam:PutRolePolicy", {"RoleName": "Web", "PolicyName": "in", "PolicyDocument": document()})
    call("iam:PutRolePermissionsBoundary", {"RoleName": "Web", "PermissionsBoundary": own})
    call("iam:CreateInstanceProfile", {"InstanceProfileName": "Web"})
    call("iam:AddRoleToInstanceProfile", {"InstanceProfileName": "Web", "RoleName": "Web"})
    call("iam:CreateServiceLinkedRole", {"AWSServiceName": "autoscaling.amazonaws.com"})
    return place


def details(world: World) -> Any:
    """All of it, as the AWS CLI prints it."""
    output = world.call("iam:GetAccountAuthorizationDetails", {"MaxItems": 1000})

    def plain(value: object) -> str:
        assert isinstance(value, datetime), value
        return value.isoformat()

    return json.loads(json.dumps(output, default=plain))


def test_what_is_read_back_is_the_same(world: World) -> None:
    before = details(world)
    estate = estate_of(pages_of("details.json", before))
    assert estate.accounts == (ACCOUNT,)
    copy = World()
    copy.directory = estate.directory
    root = AccessKey(account=ACCOUNT, id=copy.roots[ACCOUNT], secret="secret", created=START)
    copy.directory.put(root)
    copy.directory.commit()
    after = details(copy)
    for member, rows in before.items():
        assert after[member] == rows, member
