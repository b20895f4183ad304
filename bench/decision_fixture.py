"""Writes ``decision_case.jsonl``: two cases in the format of ``passrole decide --jsonl``.

A role session with 10 managed policies of 5 statements, and one with 100 of 10; each under a permissions
boundary, three levels of SCPs, an RCP and a session policy, asked with six context keys. One statement in
ten is about iam:PassRole, the others about the actions of twelve services.

    python bench/decision_fixture.py > bench/decision_case.jsonl
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

ACCOUNT = "111122223333"
TEAMS = ("atlas", "borealis", "cygnus", "draco", "eridanus", "fornax", "gemini", "hydra", "indus", "lyra")
ACTIONS = (
    (["s3:GetObject", "s3:PutObject", "s3:List*"], "arn:aws:s3:::{team}-data-{n}/*"),
    (["dynamodb:GetItem", "dynamodb:Query"], "arn:aws:dynamodb:*:{account}:table/{team}-{n}"),
    (["sqs:SendMessage", "sqs:ReceiveMessage"], "arn:aws:sqs:eu-west-1:{account}:{team}-{n}-*"),
    (["ec2:Describe*", "ec2:RunInstances"], "*"),
    (["lambda:InvokeFunction", "lambda:Get*"], "arn:aws:lambda:*:{account}:function:{team}-{n}-*"),
    (["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:{account}:log-group:/{team}/{n}:*"),
    (["kms:Decrypt", "kms:GenerateDataKey*"], "arn:aws:kms:eu-west-1:{account}:key/{team}-{n}"),
    (["secretsmanager:GetSecretValue"], "arn:aws:secretsmanager:*:{account}:secret:{team}/{n}/*"),
    (["ssm:GetParameter*"], "arn:aws:ssm:*:{account}:parameter/{team}/{n}/*"),
    (["iam:PassRole", "iam:GetRole"], "arn:aws:iam::{account}:role/{team}/worker-{n}-*"),
)  # fmt: skip


def statement(number: int) -> dict[str, object]:
    """Statement number n: its team, resource and condition follow from the number."""
    actions, resource = ACTIONS[number % len(ACTIONS)]
    team = TEAMS[number // len(ACTIONS) % len(TEAMS)]
    made: dict[str, object] = {
        "Sid": f"{team.title()}{number}",
        "Effect": "Allow",
        "Action": actions,
        "Resource": resource.format(team=team, n=number, account=ACCOUNT),
    }
    if "iam:PassRole" in actions:
        made["Condition"] = {
            "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
        }
    elif number % 3 == 0:
        made["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": team}}
    if number % 25 == 20:
        made["Effect"] = "Deny"
        made["Condition"] = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    return made


def document(*statements: Mapping[str, object]) -> dict[str, object]:
    """A policy of the current version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def case(policies: int, statements: int) -> dict[str, object]:
    """One case; the statement that lets the request through stands in the last policy."""
    identity = [
        document(*(statement(policy * statements + place) for place in range(statements)))
        for policy in range(policies)
    ]
    last = policies * statements - 1
    allowing = last - (last - 9) % len(ACTIONS)  # the last one about iam:PassRole
    team = TEAMS[allowing // len(ACTIONS) % len(TEAMS)]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    regions = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1", "us-east-1"]}}
    return {
        "id": f"{policies}x{statements}",
        "request": {
            "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/ci-4711",
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer",
            "action": "iam:PassRole",
            "resource": f"arn:aws:iam::{ACCOUNT}:role/{team}/worker-{allowing}-blue",
            "resource_account": ACCOUNT,
            "context": {
                "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/ci/Deployer",
                "aws:PrincipalTag/team": team,
                "aws:RequestedRegion": "us-east-1",
                "aws:SourceIp": "203.0.113.17",
                "aws:MultiFactorAuthPresent": "true",
                "iam:PassedToService": "lambda.amazonaws.com",
            },
        },
        "identity_policies": identity,
        "permission_boundaries": [
            document(
                {"Effect": "Allow", "Action": ["s3:*", "ec2:*", "iam:Get*", "iam:Pass*"], "Resource": "*"},
                {"Effect": "Deny", "Action": "iam:*User*", "Resource": "*"},
            )
        ],
        "scps": [
            [document(everything)],
            [document(everything), document({"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "support:*"],
                                             "Resource": "*", "Condition": regions})],
            [document(everything), document({"Sid": "NoLeaving", "Effect": "Deny",
                                             "Action": ["organizations:LeaveOrganization", "account:*"],
                                             "Resource": "*"})],
        ],
        "rcps": [
            [document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
                       "Condition": {"Bool": {"aws:SecureTransport": "false"}}})]
        ],
        "session_policies": [
            document(
                {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:*"], "Resource": "*",
                 "Condition": {"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "203.0.113.0/24"]}}},
            )
        ],
    }  # fmt: skip


if __name__ == "__main__":
    for one in (case(10, 5), case(100, 10)):
        sys.stdout.write(json.dumps(one) + "\n")
