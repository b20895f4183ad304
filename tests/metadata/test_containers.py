"""Credentials of tasks and functions in the container form."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from tests.metadata.estate import ACCOUNT, START, Estate

from passrole.metadata.access import Access
from passrole.metadata.containers import ContainerCredentials
from passrole.metadata.paths import CONTAINERS
from passrole.state.entities import Association, Role, Session
from passrole.wire.request import RawRequest, Response

TASK = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/shop/0123456789abcdef0123456789abcdef"


def function(region: str = "eu-west-1") -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:Thumb"


class Containers(Estate):
    """The estate, with workloads that have roles."""

    def __init__(self) -> None:
        super().__init__()
        self.containers = ContainerCredentials(self.directory, self.credentials, Access())

    def give(self, resource: str, holder: str, role: Role, service: str) -> None:
        self.directory.put(
            Association(
                account=ACCOUNT,
                resource=resource,
                holder=holder,
                role_id=role.id,
                service=service,
                created=START,
            )
        )

    def credentials_of(self, workload: str, query: str = "", **headers: str) -> Response:
        named = {"host": "localhost"} | headers
        path = f"{CONTAINERS}/{quote(workload, safe='')}/credentials"
        raw = RawRequest(headers.pop("method", "GET"), path, query, tuple(named.items()), b"")
        return asyncio.run(self.containers.answer(raw))


@pytest.fixture
def estate() -> Containers:
    estate = Containers()
    role = estate.role("Thumbs", "AROA1", service="lambda.amazonaws.com")
    estate.give(function(), "Role", role, "lambda.amazonaws.com")
    return estate


def test_a_function_has_its_roles_credentials(estate: Containers) -> None:
    response = estate.credentials_of("Thumb")
    document = json.loads(response.body)
    session = estate.directory.by_id(Session, document["AccessKeyId"])
    assert session is not None
    assert response.status == 200
    assert document == {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/Thumbs",
        "AccessKeyId": session.id,
        "SecretAccessKey": session.secret,
        "Token": session.token,
        "Expiration": "2026-01-02T09:04:05Z",
    }
    assert session.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/Thumbs/Thumb"
    assert session.context == {"lambda:SourceFunctionArn": function()}
    assert estate.credentials_of(function()).body == response.body


def test_a_function_of_two_regions_is_named_by_region_or_arn(estate: Containers) -> None:
    role = estate.directory.get(Role, ACCOUNT, "Thumbs")
    assert role is not None
    estate.give(function("us-east-1"), "Role", role, "lambda.amazonaws.com")
    ambiguous = estate.credentials_of("Thumb")
    assert ambiguous.status == 400
    assert function("us-east-1") in json.loads(ambiguous.body)["message"]
    found = json.loads(estate.credentials_of("Thumb", "region=us-east-1").body)
    session = estate.directory.by_id(Session, found["AccessKeyId"])
    assert session is not None
    assert session.workload == function("us-east-1")


def test_a_task_gets_its_task_role_not_the_agents(estate: Containers) -> None:
    service = "ecs-tasks.amazonaws.com"
    estate.give(TASK, "executionRoleArn", estate.role("Agent", "AROA2", service), service)
    assert estate.credentials_of(TASK).status == 404
    estate.give(TASK, "taskRoleArn", estate.role("App", "AROA3", service), service)
    document = json.loads(estate.credentials_of(TASK).body)
    assert document["RoleArn"].endswith(":role/App")
    session = estate.directory.by_id(Session, document["AccessKeyId"])
    assert session is not None
    assert session.principal_id == "AROA3:0123456789abcdef0123456789abcdef"


def test_a_trust_policy_without_the_service_says_so(estate: Containers) -> None:
    estate.role("Thumbs", "AROA1", service="ec2.amazonaws.com")
    response = estate.credentials_of("Thumb")
    assert response.status == 400
    assert json.loads(response.body)["code"] == "AssumeRoleUnauthorizedAccess"


def test_what_has_no_role_is_not_found(estate: Containers) -> None:
    assert estate.credentials_of("Other").status == 404
    assert estate.credentials_of(TASK).status == 404
    assert estate.credentials_of("Thumb", "region=us-west-2").status == 404
    # A suffix of a name is not the name.
    assert estate.credentials_of("humb").status == 404


def test_credentials_are_not_for_web_pages(estate: Containers) -> None:
    assert estate.credentials_of("Thumb", origin="http://example.com").status == 403
    assert estate.assumes.asked == []
