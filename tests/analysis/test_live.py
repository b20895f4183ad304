"""who-can-pass against the endpoint itself: each pass that it lists is tried, and each that it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product

from tests.analysis.details import Json, allow, arn, deny, document, trust

from passrole import Endpoint, Options
from passrole.analysis.sources import read_live
from passrole.analysis.who_can_pass import who_can_pass
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
LAMBDA, STATES = "lambda.amazonaws.com", "states.amazonaws.com"
EMPTY_ZIP = b"PK\5\6" + bytes(18)
REFUSALS = ("iam:PassRole", "cannot be assumed", "authorized to assume the provided role")
CALLS = allow(action=["lambda:*", "states:*"])

USERS: Mapping[str, tuple[Json, ...]] = {
    "everything": (allow(action="*"),),
    "lambda-only": (CALLS, allow(condition={"StringEquals": {"iam:PassedToService": LAMBDA}})),
    "app-only": (CALLS, allow(arn("role", "app/*"))),
    "but-one": (CALLS, allow(), deny(arn("role", "app/Both"))),
    "tagged": (CALLS, allow(condition={"StringEquals": {"iam:ResourceTag/team": "red"}})),
    "nothing": (CALLS,),
}
ROLES: Mapping[str, tuple[str, ...]] = {
    "app/Both": (LAMBDA, STATES),
    "app/Function": (LAMBDA,),
    "Machine": (STATES,),
    "Neither": ("ec2.amazonaws.com",),
}


def make(root: Client) -> dict[str, Credentials]:
    """The users with their keys, and the roles. One user's rights are bounded, one's come from a group."""
    keys: dict[str, Credentials] = {}
    root.call("iam", "CreateGroup", {"GroupName": "but-one"})
    bound = {"PolicyName": "Bound", "PolicyDocument": json.dumps(document(allow(action=["*"])))}
    root.call("iam", "CreatePolicy", bound)
    for name, statements in USERS.items():
        root.call("iam", "CreateUser", {"UserName": name})
        policy = {"PolicyName": "main", "PolicyDocument": json.dumps(document(*statements))}
        if name == "but-one":
            root.call("iam", "PutGroupPolicy", {"GroupName": name, **policy})
            root.call("iam", "AddUserToGroup", {"GroupName": name, "UserName": name})
        else:
            root.call("iam", "PutUserPolicy", {"UserName": name, **policy})
        key = root.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]
        assert isinstance(key, dict)
        keys[name] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    boundary = {"UserName": "app-only", "PermissionsBoundary": arn("policy", "Bound")}
    root.call("iam", "PutUserPermissionsBoundary", boundary)
    for name, services in ROLES.items():
        path, _, last = f"/{name}".rpartition("/")
        given = {
            "RoleName": last,
            "Path": f"{path}/",
            "AssumeRolePolicyDocument": json.dumps(trust(*services)),
            "Tags": [{"Key": "team", "Value": "red"}],
        }
        root.call("iam", "CreateRole", given)
    return keys


def tried(client: Client, service: str, role: str, name: str) -> bool:
    """Does the call that passes the role go through?"""
    machine = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    calls: Mapping[str, tuple[str, str, Json]] = {
        LAMBDA: (
            "lambda",
            "CreateFunction",
            {
                "FunctionName": name,
                "Runtime": "python3.12",
                "Handler": "a.b",
                "Code": {"ZipFile": b"PK\5\6" + bytes(18)},
            },
        ),
        STATES: ("stepfunctions", "CreateStateMachine", {"name": name, "definition": json.dumps(machine)}),
    }
    api, operation, given = calls[service]
    given["Role" if service == LAMBDA else "roleArn"] = role
    try:
        client.call(api, operation, given)
    except ServiceError as error:
        if not any(text in error.message for text in REFUSALS):
            raise
        return False
    return True


def test_every_row_is_true_and_every_absent_one_is_refused() -> None:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        keys = make(root)
        rows = who_can_pass(read_live(root))
        assert all(row.conditions == () for row in rows)
        listed = {(row.principal, row.role, row.service) for row in rows}
        outcome: dict[tuple[str, str, str], bool] = {}
        for number, (name, role, service) in enumerate(product(USERS, ROLES, (LAMBDA, STATES))):
            with Client(keys[name], url=endpoint.url) as client:
                place = (arn("user", name), arn("role", role), service)
                outcome[place] = tried(client, service, place[1], f"n{number}")
        assert {place for place, went in outcome.items() if went} == {
            place for place in listed if place[2] in (LAMBDA, STATES)
        }
        assert 0 < sum(outcome.values()) < len(outcome)
