"""CheckNoNewAccess on AWS's own sample reference policies, with the answers that AWS gives for them.

Source: aws-samples, "IAM Access Analyzer custom policy checks samples": check-for-privilege-escalation,
check-for-tag-based-access, check-access-to-sensitive-resource, check-who-is-granted-access,
role-trust-policies. The reference is the existing policy, the candidate the new one.
"""

from __future__ import annotations

import json

import pytest
from tests.analysis.details import Json, allow, deny, document

from passrole.analysis.new_access import FAIL, IDENTITY, PASS, RESOURCE, check_no_new_access

ANYTHING = allow(action="*")
TAG = "aws:ResourceTag/use-your-own-tag-key-here"
ESCALATION: list[Json] = [
    ANYTHING,
    {"Effect": "Deny", "Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/PassableRoles/*"},
    {"Effect": "Deny", "Action": "sts:AssumeRole", "NotResource": "arn:aws:iam::*:role/AssumableRoles/*"},
    deny(action=["iam:CreateUser", "iam:PutRolePolicy", "iam:CreatePolicyVersion"]),
]
TAGGED: list[Json] = [ANYTHING, deny(action="ec2:TerminateInstances", condition={"Null": {TAG: "true"}})]
SENSITIVE: list[Json] = [
    ANYTHING,
    deny("arn:aws:iam::*:role/MySensitiveRole", action=["iam:DeleteRole", "iam:PassRole", "sts:AssumeRole"]),
]
TERMINATE = allow(action="ec2:TerminateInstances")

IDENTITY_SAMPLES: list[tuple[str, list[Json], list[Json], str]] = [
    ("passes in the path", ESCALATION, [allow("arn:aws:iam::111111111111:role/PassableRoles/MyRole")], PASS),
    ("does something else", ESCALATION, [allow(action="ec2:RunInstances")], PASS),
    (
        "denies all but the path",
        ESCALATION,
        [
            allow(action="sts:AssumeRole"),
            {
                "Effect": "Deny",
                "Action": "sts:AssumeRole",
                "NotResource": "arn:aws:iam::*:role/AssumableRoles/MyRole",
            },
        ],
        PASS,
    ),
    ("passes elsewhere", ESCALATION, [allow("arn:aws:iam::111111111111:role/WrongPath/MyRole")], FAIL),
    ("writes", ESCALATION, [allow("arn:aws:iam::111111111111:role/P", action="iam:PutRolePolicy")], FAIL),
    (
        "asks for the tag",
        TAGGED,
        [allow(action="ec2:TerminateInstances", condition={"StringEquals": {TAG: "tag-value"}})],
        PASS,
    ),
    ("starts instances", TAGGED, [allow(action="ec2:RunInstances")], PASS),
    (
        "denies without the tag",
        TAGGED,
        [
            TERMINATE,
            deny(action="ec2:TerminateInstances", condition={"StringNotEquals": {TAG: "tag-value"}}),
        ],
        PASS,
    ),
    ("asks for no tag", TAGGED, [TERMINATE], FAIL),
    ("asks for no tag, by a star", TAGGED, [allow(action="ec2:*")], FAIL),
    ("another role", SENSITIVE, [allow("arn:aws:iam::*:role/MyNotSensitiveRole", action="iam:*")], PASS),
    (
        "denies the role",
        SENSITIVE,
        [allow(action="iam:*"), deny("arn:aws:iam::*:role/MySensitiveRole", action="*")],
        PASS,
    ),
    ("the role", SENSITIVE, [allow("arn:aws:iam::*:role/MySensitiveRole", action="iam:DeleteRole")], FAIL),
    ("the role, by stars", SENSITIVE, [allow("arn:aws:iam:*:*:role/*Sensitive*")], FAIL),
    ("everything", SENSITIVE, [allow(action="iam:*")], FAIL),
]

ROLES = [f"arn:aws:iam::111111111111:role/MyPrivilegedRole{number}" for number in ("", "2")]


def to(principal: object, action: str = "sts:AssumeRole", **more: object) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


OTHERS: Json = {"Effect": "Allow", "Principal": "*", "NotAction": "sts:AssumeRole"}
ACCOUNTS: list[Json] = [to({"AWS": ["111111111111", "222222222222"]}), OTHERS]
SERVICES: list[Json] = [
    to({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}),
    OTHERS,
]
BUCKET: list[Json] = [
    to({"AWS": ROLES}, "s3:PutObject", Resource="*"),
    to({"AWS": "*"}, "s3:PutObject", Resource="*", Condition={"ArnLike": {"aws:PrincipalArn": ROLES}}),
    {"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "*"},
]
OIDC = to(
    {"Federated": "arn:aws:iam::111111111111:oidc-provider/MyProvider"}, "sts:AssumeRoleWithWebIdentity"
)


def objects(principal: object, action: str, role: str = "") -> Json:
    condition = {"Condition": {"ArnLike": {"aws:PrincipalArn": role}}} if role else {}
    return to(principal, action, Resource="arn:aws:s3:::my-sensitive-bucket/*", **condition)


OTHER = "arn:aws:iam::111111111111:role/MyOtherRole"
RESOURCE_SAMPLES: list[tuple[str, list[Json], Json, str]] = [
    ("an account", ACCOUNTS, to({"AWS": "111111111111"}), PASS),
    ("a role of an account", ACCOUNTS, to({"AWS": "arn:aws:iam::222222222222:role/MyRole"}), PASS),
    ("a provider", ACCOUNTS, OIDC, PASS),
    ("a service", ACCOUNTS, to({"Service": "glue.amazonaws.com"}), FAIL),
    ("another account", ACCOUNTS, to({"AWS": "333333333333"}), FAIL),
    ("a role of another account", ACCOUNTS, to({"AWS": "arn:aws:iam::333333333333:role/NotMyRole"}), FAIL),
    ("a listed service", SERVICES, to({"Service": "ec2.amazonaws.com"}), PASS),
    ("a provider beside services", SERVICES, OIDC, PASS),
    ("an unlisted service", SERVICES, to({"Service": "glue.amazonaws.com"}), FAIL),
    ("an account beside services", SERVICES, to({"AWS": "111111111111"}), FAIL),
    ("a role beside services", SERVICES, to({"AWS": "arn:aws:iam::111111111111:role/MyRole"}), FAIL),
    ("reads", BUCKET, objects({"AWS": "*"}, "s3:GetObject", OTHER), PASS),
    ("a privileged role", BUCKET, objects({"AWS": ROLES[0]}, "s3:PutObject"), PASS),
    ("a privileged role, by its key", BUCKET, objects({"AWS": "*"}, "s3:PutObject", ROLES[0]), PASS),
    ("everyone", BUCKET, objects({"AWS": "*"}, "s3:*"), FAIL),
    ("another role", BUCKET, objects({"AWS": OTHER}, "s3:PutObject"), FAIL),
    ("another role, by its key", BUCKET, objects({"AWS": "*"}, "s3:PutObject", OTHER), FAIL),
]


@pytest.mark.parametrize(
    ("reference", "candidate", "result"),
    [sample[1:] for sample in IDENTITY_SAMPLES],
    ids=[sample[0] for sample in IDENTITY_SAMPLES],
)
def test_identity_policies(reference: list[Json], candidate: list[Json], result: str) -> None:
    found = check_no_new_access(json.dumps(document(*reference)), json.dumps(document(*candidate)), IDENTITY)
    assert found.result == result


@pytest.mark.parametrize(
    ("reference", "candidate", "result"),
    [sample[1:] for sample in RESOURCE_SAMPLES],
    ids=[sample[0] for sample in RESOURCE_SAMPLES],
)
def test_resource_policies(reference: list[Json], candidate: Json, result: str) -> None:
    found = check_no_new_access(json.dumps(document(*reference)), json.dumps(document(candidate)), RESOURCE)
    assert found.result == result
