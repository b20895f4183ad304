"""Small alphabets of actions, resources, keys and principals, so that what is drawn often meets.

Every list mixes what matches with what nearly does: another case, a wildcard in the wrong field, a value of
another spelling. Lists are sampled evenly; an entry that stands twice is wanted twice as often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOME, OTHER = "111111111111", "222222222222"  # the caller's account and another one


@dataclass(frozen=True)
class Service:
    """One service's share of a case: what is asked, and patterns for it in policies."""

    actions: tuple[str, ...]
    action_patterns: tuple[str, ...]
    resources: tuple[str, ...]
    resource_patterns: tuple[str, ...]


SERVICES: Final[tuple[Service, ...]] = (
    Service(
        actions=("s3:GetObject", "s3:PutObject"),
        action_patterns=("s3:GetObject", "s3:getobject", "s3:*Object", "s3:Get?bject", "s3:*", "S3:Put*"),
        resources=("arn:aws:s3:::logs/alice/a:b", "arn:aws:s3:::logs/bob/x*y"),
        resource_patterns=(
            "arn:aws:s3:::logs/*",
            "arn:aws:s3:::logs/${aws:username}/*",
            "arn:aws:s3:::logs/${aws:username, 'bob'}/*",
            "arn:aws:s3:::logs/bob/x${*}y",
            "arn:aws:s3:::logs/alice/a:?",
            "arn:aws:s3:::*/b*",
            "arn:aws:s3:*:b",
            "arn:aws:s3",
            "arn:aws:s3:::Logs/*",
        ),
    ),
    Service(
        actions=("sqs:SendMessage", "sqs:ListQueues"),
        action_patterns=("sqs:SendMessage", "sqs:*", "sqs:Send*", "sqs:List?ueues", "sqs:Receive*"),
        resources=(f"arn:aws:sqs:eu-west-1:{HOME}:jobs", f"arn:aws:sqs:us-east-1:{OTHER}:jobs", "*"),
        resource_patterns=(
            "arn:aws:sqs:*:*:jobs",
            f"arn:aws:sqs:eu-*:{HOME}:jobs",
            f"arn:aws:sqs:*-1:{HOME}:j?bs",
            "arn:aws:sqs:eu-west-1:*",
            "arn:aws:sqs:*:jobs",
            "arn:aws:sqs:*t-1:*2:*",
            f"arn:aws:sqs:??-west-1:{HOME}:${{aws:PrincipalTag/team}}*",
            "arn:aws:sqs:e*w*-1:*",
        ),
    ),
    Service(
        actions=("iam:PassRole", "iam:GetRole"),
        action_patterns=("iam:PassRole", "iam:passrole", "iam:Pass*", "iam:*Role", "iam:Get*", "iam:*"),
        resources=(f"arn:aws:iam::{HOME}:role/App", f"arn:aws:iam::{HOME}:role/team/App-red"),
        resource_patterns=(
            f"arn:aws:iam::{HOME}:role/*",
            f"arn:aws:iam::{HOME}:role/App*",
            f"arn:aws:iam::{HOME}:role/team/*",
            "arn:aws:iam::*:role/*App*",
            f"arn:aws:iam::{HOME}:role/${{aws:PrincipalTag/team}}/App",
            f"arn:aws:iam::{HOME}:role/*-${{aws:PrincipalTag/team}}",
            "arn:aws:iam:::role/App",
            f"arn:aws:iam::{OTHER}:role/*",
            "arn:aws:iam::1*:*p",
        ),
    ),
    Service(
        actions=("sts:AssumeRole", "sts:TagSession"),
        action_patterns=("sts:AssumeRole", "sts:assume*", "sts:*", "sts:TagSession", "sts:Assume?ole"),
        resources=(f"arn:aws:iam::{HOME}:role/Target", f"arn:aws:iam::{OTHER}:role/path/Target"),
        resource_patterns=(
            "arn:aws:iam::*:role/*",
            f"arn:aws:iam::{HOME}:role/Target",
            "arn:aws:iam::*:role/*Target",
            f"arn:aws:iam::{OTHER}:role/path/*",
            f"arn:aws:iam::{OTHER}:role/${{aws:username, 'path'}}/Target",
        ),
    ),
    Service(
        actions=("kms:Decrypt", "kms:RetireGrant", "kms:CreateKey"),
        action_patterns=("kms:Decrypt", "kms:*", "kms:De*", "kms:Retire*", "kms:Create*", "kms:d?crypt"),
        resources=(
            f"arn:aws:kms:eu-west-1:{HOME}:key/1234",
            f"arn:aws:kms:eu-west-1:{HOME}:alias/app",
            "*",
        ),
        resource_patterns=(
            "arn:aws:kms:*:*:key/*",
            f"arn:aws:kms:eu-west-1:{HOME}:*",
            f"arn:aws:kms:eu-west-1:{HOME}:key/12?4",
            f"arn:aws:kms:*:{HOME}:alias/*",
        ),
    ),
    Service(
        actions=("ec2:DescribeInstances", "ec2:RunInstances"),
        action_patterns=("ec2:Describe*", "ec2:*", "ec2:RunInstances", "ec2:run?nstances", "ec2:*s"),
        resources=("*", f"arn:aws:ec2:eu-west-1:{HOME}:instance/i-1"),
        resource_patterns=(
            "arn:aws:ec2:*:*:instance/*",
            "arn:aws:ec2:*:*:*",
            f"arn:aws:ec2:eu-west-?:{HOME}:instance/i-?",
            "arn:aws:ec2:eu-west-1::image/*",
        ),
    ),
)

CALLERS: Final[tuple[str, ...]] = (
    f"arn:aws:iam::{HOME}:user/alice",
    f"arn:aws:iam::{HOME}:user/alice",
    f"arn:aws:iam::{HOME}:user/alice",
    f"arn:aws:iam::{HOME}:user/dept/Bob",
    f"arn:aws:sts::{HOME}:assumed-role/Dev/s1",
    f"arn:aws:sts::{HOME}:assumed-role/Dev/s1",
    f"arn:aws:sts::{HOME}:assumed-role/Dev/s1",
    f"arn:aws:sts::{HOME}:assumed-role/Ops/s2",
    f"arn:aws:sts::{HOME}:federated-user/fay",
    f"arn:aws:iam::{HOME}:root",
    "lambda.amazonaws.com",
    "*",
)
ROLE_ARNS: Final[tuple[str, ...]] = (
    f"arn:aws:iam::{HOME}:role/team/Dev",
    f"arn:aws:iam::{HOME}:role/aws-service-role/ops.amazonaws.com/Ops",
)
# What a Principal element may name; none of the callers but by one of these.
NAMED: Final[tuple[str, ...]] = (
    *(caller for caller in CALLERS if caller.startswith("arn:")),
    *ROLE_ARNS,
    f"arn:aws:iam::{HOME}:role/Dev",
    f"arn:aws:iam::{HOME}:role/Ops",
    f"arn:aws:sts::{HOME}:assumed-role/Dev/s2",
    f"arn:aws:iam::{HOME}:user/Alice",
    f"arn:aws:iam::{HOME}:user/*",
    f"arn:aws:iam::{OTHER}:root",
    f"arn:aws:iam::{OTHER}:user/alice",
    HOME,
    HOME,
    OTHER,
    "*",
)

TEAMS: Final = ("red", "Red", "blue", "a*b", "team")
DATES: Final = (
    "2026-01-01T00:00:00Z",
    "2026-01-01T01:00:00+01:00",
    "1767225600",
    "2026-01-01",
    "2026",
    "2025-12-31T23:59:59Z",
    "2026-03-01T08:30:00.5Z",
)
ADDRESSES: Final = (
    "10.0.0.7",
    "10.1.2.3",
    "203.0.113.9",
    "2001:db8::1",
    "2001:DB8:0:0:0:0:0:1",
    "::ffff:10.0.0.7",
)
ARNS: Final = (
    f"arn:aws:sns:eu-west-1:{HOME}:topic",
    f"arn:aws:sns:eu-west-1:{OTHER}:store/abc:{HOME}:topic",
    f"arn:aws:iam::{HOME}:role/team/Dev",
    f"arn:aws:ec2:eu-west-1:{HOME}:instance/*",
)


@dataclass(frozen=True)
class Key:
    """A context key: what a request may hold, what a policy may ask of it, and the operators of its type."""

    name: str
    values: tuple[str, ...]
    wanted: tuple[object, ...]
    operators: tuple[str, ...]
    multivalued: bool = False


STRING: Final = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
RELATIONS: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
NUMERIC: Final = tuple(f"Numeric{relation}" for relation in RELATIONS)
DATE: Final = tuple(f"Date{relation}" for relation in RELATIONS)
ARN: Final = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
ADDRESS: Final = ("IpAddress", "NotIpAddress")

KEYS: Final[tuple[Key, ...]] = (
    Key(
        "aws:username",
        ("alice", "Bob", "al*ce", "bob"),
        ("alice", "ALICE", "al*", "b?b", "${aws:PrincipalTag/team}", "al${*}ce", "${aws:username}"),
        STRING,
    ),
    Key(
        "aws:PrincipalTag/team",
        TEAMS,
        (
            *TEAMS,
            "*",
            "r*",
            "${aws:username}",
            "${aws:PrincipalTag/team}",
            "${aws:PrincipalTag/none, 'red'}",
            "?ed",
        ),
        STRING,
    ),
    Key(
        "s3:prefix",
        ("", "home/", "home/alice/"),
        ("", "home/", "home/${aws:username}/*", "home/*", "*"),
        STRING,
    ),
    Key(
        "aws:MultiFactorAuthAge",
        ("5", "10", "10.0", "100", "-1"),
        ("5", "10", "10.00", 10, 100, "-1", "99.5"),
        NUMERIC,
    ),
    Key("aws:CurrentTime", DATES, DATES, DATE),
    Key(
        "aws:SecureTransport",
        ("true", "false"),
        ("true", "false", True, False, "${aws:ViaAWSService}"),
        ("Bool",),
    ),
    Key("aws:ViaAWSService", ("true", "false"), ("true", "false"), ("Bool",)),
    Key(
        "s3:x-data", ("aGVsbG8=", "AAEC", "/+8="), ("aGVsbG8=", "AAEC", "/+8=", "aGVsbG9="), ("BinaryEquals",)
    ),
    Key(
        "aws:SourceIp",
        ADDRESSES,
        ("10.0.0.0/8", "10.0.0.7", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8:0::1", "203.0.113.9/24"),
        ADDRESS,
    ),
    Key(
        "aws:SourceArn",
        ARNS,
        (
            *ARNS,
            f"arn:aws:sns:*:{HOME}:*",
            f"arn:aws:*:*:*:{HOME}:topic",
            "arn:*:i?m::*:role/*",
            "arn:aws:sns:*:topic",
        ),
        ARN,
    ),
    Key(
        "iam:PassedToService",
        ("ec2.amazonaws.com", "lambda.amazonaws.com"),
        ("ec2.amazonaws.com", "*.amazonaws.com", "lambda.*", "EC2.amazonaws.com"),
        STRING,
    ),
    Key(
        "aws:TagKeys",
        ("env", "Env", "cost", "team"),
        ("env", "ENV", "c*", "${aws:PrincipalTag/team}", "team"),
        STRING,
        multivalued=True,
    ),
    Key(
        "aws:CalledVia",
        ("athena.amazonaws.com", "cloudformation.amazonaws.com"),
        ("athena.amazonaws.com", "cloud*", "*"),
        STRING,
        multivalued=True,
    ),
    Key("logs:SourceArns", ARNS, (*ARNS, f"arn:aws:*:*:{HOME}:*"), ARN, multivalued=True),
    Key("dynamodb:Flags", ("true", "false"), ("true", "false"), ("Bool",), multivalued=True),
)
