"""Escalations against the endpoint itself: each listed path is walked, and what is gained is then allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from tests.analysis.details import Json, allow, arn, document, trust, trusting

from passrole import Endpoint, Options
from passrole.analysis.escalation.holdings import inventory
from passrole.analysis.escalation.paths import Escalation, Search, escalations
from passrole.analysis.escalation.steps import Step
from passrole.analysis.live import read_live
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
LAMBDA = "lambda.amazonaws.com"
EMPTY_ZIP = b"PK\5\6" + bytes(18)
FUNCTION = {"FunctionName": "jobs", "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": EMPTY_ZIP}}

USERS: Mapping[str, tuple[Json, ...]] = {
    "keys": (allow(arn("user", "strong"), action="iam:CreateAccessKey"),),
    "strong": (allow(action=["iam:ListUsers", "iam:GetAccountSummary"]),),
    "joins": (allow(arn("group", "Readers"), action="iam:AddUserToGroup"),),
    "writes": (allow(arn("user", "writes"), action="iam:PutUserPolicy"),),
    "trusts": (allow(arn("role", "Strong"), action="iam:UpdateAssumeRolePolicy"),),
    "assumes": (allow(arn("role", "Open"), action="sts:AssumeRole"),),
    "passes": (
        allow(arn("role", "Strong")),
        allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"]),
    ),
    "codes": (allow(action="lambda:UpdateFunctionCode"),),
    "other-code": (allow("arn:aws:lambda:*:*:function:none", action="lambda:UpdateFunctionCode"),),
    "nothing": (allow(action="s3:ListAllMyBuckets"),),
}


def make(root: Client) -> dict[str, Credentials]:
    """The users with their keys, a group, two roles and a function that holds one."""
    keys: dict[str, Credentials] = {}
    for name, statements in USERS.items():
        root.call("iam", "CreateUser", {"UserName": name})
        policy = {"PolicyName": "main", "PolicyDocument": json.dumps(document(*statements))}
        root.call("iam", "PutUserPolicy", {"UserName": name, **policy})
        key = root.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]
        assert isinstance(key, dict)
        keys[name] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    listing = json.dumps(document(allow(action=["iam:ListUsers", "iam:GetAccountSummary"])))
    root.call("iam", "CreateGroup", {"GroupName": "Readers"})
    root.call(
        "iam", "PutGroupPolicy", {"GroupName": "Readers", "PolicyName": "main", "PolicyDocument": listing}
    )
    for name, trusted in (("Strong", trust(LAMBDA)), ("Open", trusting())):
        root.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trusted)})
        root.call("iam", "PutRolePolicy", {"RoleName": name, "PolicyName": "main", "PolicyDocument": listing})
    root.call("lambda", "CreateFunction", {**FUNCTION, "Role": arn("role", "Strong")})
    return keys


@contextmanager
def world() -> Iterator[tuple[str, Client, dict[str, Credentials]]]:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        yield endpoint.url, root, make(root)


def credentials_of(answer: Mapping[str, object]) -> Credentials:
    given = answer["Credentials"]
    assert isinstance(given, Mapping)
    return Credentials(str(given["AccessKeyId"]), str(given["SecretAccessKey"]), str(given["SessionToken"]))


def taken(url: str, mine: Credentials, step: Step, number: int) -> Credentials | None:
    """Takes one step as its caller, and gives whom that makes the caller; None where a service acts now."""
    name = step.target.rsplit("/", 1)[-1]
    with Client(mine, url=url) as client:
        if step.id == "access-key":
            key = client.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]
            assert isinstance(key, dict)
            return Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        if step.id == "join-group":
            who = step.source.rsplit("/", 1)[-1]
            client.call("iam", "AddUserToGroup", {"GroupName": name, "UserName": who})
            return mine
        if step.id == "put-user-policy":
            policy = json.dumps(document(allow(action="*")))
            given = {"UserName": name, "PolicyName": "more", "PolicyDocument": policy}
            client.call("iam", "PutUserPolicy", given)
            return mine
        if step.id == "change-trust":
            trusts: Json = {"Effect": "Allow", "Principal": {"AWS": step.source}, "Action": "sts:AssumeRole"}
            given = {"RoleName": name, "PolicyDocument": json.dumps(document(trusts))}
            client.call("iam", "UpdateAssumeRolePolicy", given)
        if step.id in ("change-trust", "assume-role"):
            session = {"RoleArn": step.target, "RoleSessionName": f"session{number}"}
            return credentials_of(client.call("sts", "AssumeRole", session))
        if step.id == "function-code":
            assert step.through.endswith(":function:jobs")
            client.call("lambda", "UpdateFunctionCode", {"FunctionName": step.through, "ZipFile": EMPTY_ZIP})
            return None
        assert step.id == "pass-role"
        assert step.operation == "lambda:CreateFunction"
        client.call(
            "lambda", "CreateFunction", {**FUNCTION, "FunctionName": f"f{number}", "Role": step.target}
        )
        return None


def lists_users(url: str, mine: Credentials) -> bool:
    with Client(mine, url=url) as client:
        try:
            client.call("iam", "ListUsers")
        except ServiceError as error:
            if error.code != "AccessDenied":
                raise
            return False
        return True


def walk(url: str, keys: Mapping[str, Credentials], row: Escalation, number: int) -> None:
    """Takes every step of a path; what is gained is refused before and allowed after."""
    mine: Credentials | None = keys[row.principal.rsplit("/", 1)[-1]]
    assert mine is not None
    assert not lists_users(url, mine)
    for step in row.steps:
        assert mine is not None
        mine = taken(url, mine, step, number)
    assert mine is None or lists_users(url, mine)


def test_every_path_can_be_walked_and_gains_what_it_says() -> None:
    with world() as (url, root, keys):
        notes: list[str] = []
        estate = read_live(root)
        held = inventory(root, estate, notes)
        assert [(one.kind, one.role) for one in held.held if one.kind == "function"] == [
            ("function", arn("role", "Strong"))
        ]
        rows = escalations(estate, Search(certain=True), held).rows
        expected = {
            ("keys", "access-key"),
            ("joins", "join-group"),
            ("writes", "put-user-policy"),
            ("trusts", "change-trust"),
            ("assumes", "assume-role"),
            ("passes", "pass-role"),
            ("codes", "function-code"),
        }
        assert {(row.principal.rsplit("/", 1)[-1], row.steps[0].id) for row in rows} == expected
        for number, row in enumerate(rows):
            assert "iam:ListUsers" in row.gain.actions or row.gain.actions == ("*",)
            walk(url, keys, row, number)


@pytest.mark.parametrize("name", ["nothing", "other-code"])
def test_who_is_not_listed_is_refused(name: str) -> None:
    with world() as (url, root, keys), Client(keys[name], url=url) as client:
        estate = read_live(root)
        assert escalations(estate, Search(principal=name), inventory(root, estate, [])).rows == []
        attempts: tuple[tuple[str, str, Json], ...] = (
            ("iam", "CreateAccessKey", {"UserName": "strong"}),
            ("iam", "AddUserToGroup", {"GroupName": "Readers", "UserName": name}),
            ("sts", "AssumeRole", {"RoleArn": arn("role", "Open"), "RoleSessionName": "session"}),
            ("lambda", "UpdateFunctionCode", {"FunctionName": "jobs", "ZipFile": EMPTY_ZIP}),
            ("lambda", "CreateFunction", {**FUNCTION, "FunctionName": "f", "Role": arn("role", "Strong")}),
        )
        for service, operation, given in attempts:
            with pytest.raises(ServiceError) as refused:
                client.call(service, operation, given)
            assert "not authorized" in refused.value.message


def test_tasks_state_machines_and_launch_templates_are_read_with_their_roles() -> None:
    """Of the kinds whose services some role trusts, by the role of the task or else of its definition."""
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        for name, service in (
            ("Task", "ecs-tasks"),
            ("Other", "ecs-tasks"),
            ("Flow", "states"),
            ("Box", "ec2"),
        ):
            trusted = json.dumps(trust(f"{service}.amazonaws.com"))
            root.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trusted})
        root.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "boxes"})
        root.call("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "boxes", "RoleName": "Box"})
        data = {"IamInstanceProfile": {"Name": "boxes"}}
        root.call("ec2", "CreateLaunchTemplate", {"LaunchTemplateName": "t", "LaunchTemplateData": data})
        flow = {"name": "f", "definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'}
        root.call("stepfunctions", "CreateStateMachine", {**flow, "roleArn": arn("role", "Flow")})
        root.call("ecs", "CreateCluster", {"clusterName": "c"})
        container = {"name": "a", "image": "x", "memory": 128}
        given = {"family": "web", "taskRoleArn": arn("role", "Task"), "containerDefinitions": [container]}
        network = {
            "subnets": [first_of(root, "DescribeSubnets", "Subnets", "SubnetId")],
            "securityGroups": [first_of(root, "DescribeSecurityGroups", "SecurityGroups", "GroupId")],
        }
        root.call("ecs", "RegisterTaskDefinition", {**given, "networkMode": "awsvpc"})
        for overrides in ({}, {"overrides": {"taskRoleArn": arn("role", "Other")}}):
            run: Json = {"cluster": "c", "taskDefinition": "web", "launchType": "FARGATE", **overrides}
            root.call("ecs", "RunTask", {**run, "networkConfiguration": {"awsvpcConfiguration": network}})
        notes: list[str] = []
        found = inventory(root, read_live(root), notes)
        held = sorted((one.kind, one.role.rsplit("/", 1)[-1]) for one in found.held)
        assert held == [
            ("launch template", "Box"),
            ("state machine", "Flow"),
            ("task", "Other"),
            ("task", "Task"),
        ]
        assert found.unread == frozenset()
        assert notes == []


def first_of(client: Client, operation: str, rows: str, member: str) -> str:
    listed = client.call("ec2", operation)[rows]
    assert isinstance(listed, list)
    return str(listed[0][member])
