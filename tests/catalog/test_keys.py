"""Condition keys and actions."""

from __future__ import annotations

import pytest

from passrole.catalog import actions, keys


@pytest.mark.parametrize(
    ("name", "kind", "many"),
    [
        ("aws:PrincipalArn", keys.ARN, False),
        ("AWS:principalarn", keys.ARN, False),
        ("aws:TagKeys", keys.STRING, True),
        ("aws:CalledVia", keys.STRING, True),
        ("aws:SourceIp", keys.IP, False),
        ("aws:CurrentTime", keys.DATE, False),
        ("aws:MultiFactorAuthPresent", keys.BOOL, False),
        ("aws:MultiFactorAuthAge", keys.NUMERIC, False),
        ("aws:RequestTag/team", keys.STRING, False),
        ("aws:ResourceTag/a b", keys.STRING, False),
        ("iam:PassedToService", keys.STRING, False),
        ("iam:AssociatedResourceArn", keys.ARN, False),
        ("ec2:InstanceProfile", keys.ARN, False),
        ("ec2:ResourceTag/x", keys.STRING, False),
        ("s3:prefix", keys.STRING, False),
        ("lambda:VpcIds", keys.STRING, False),
        ("lambda:SubnetIds", keys.STRING, True),
        ("sts:ExternalId", keys.STRING, False),
    ],
)
def test_types(name: str, kind: str, many: bool) -> None:
    known = keys.key(name)
    assert known is not None
    assert (known.type, known.multivalued) == (kind, many)
    assert keys.is_multivalued(name) is many


@pytest.mark.parametrize(
    "name", ["", "aws:", "aws:NoSuchKey", "nosuch:key", "aws:RequestTag/", "PrincipalArn"]
)
def test_no_such_key(name: str) -> None:
    assert keys.key(name) is None
    assert not keys.is_multivalued(name)


def test_global_keys() -> None:
    names = {one.name for one in keys.global_keys()}
    assert {"aws:PrincipalArn", "aws:ResourceTag/${TagKey}", "aws:SourceVpce"} <= names
    assert all(name.startswith("aws:") for name in names)
    assert not any(name.startswith("ec2:") for name in names)


def test_actions_by_name() -> None:
    assert actions.canonical("EC2:runinstances") == "ec2:RunInstances"
    assert actions.canonical("iam:passrole") == "iam:PassRole"
    assert actions.canonical("ec2:NoSuch") is None
    assert actions.canonical("RunInstances") is None
    assert actions.access_level("iam:PassRole") == "Write"
    assert actions.access_level("s3:GetObject") == "Read"
    assert actions.access_level("iam:PutUserPolicy") == "Permissions management"
    assert actions.access_level("nosuch:X") == ""
    assert len(actions.actions("ec2")) > 700
    assert "lambda" in actions.prefixes()
    assert {level for prefix in actions.prefixes() for level in actions.actions(prefix).values()} == set(
        actions.LEVELS
    )
