"""Services that act with a role that they took, or with their caller's rights."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from tests.gateway.estate import ACCOUNT, REGION, Estate, Statement
from tests.wire.signing import KEY

from passrole.authorize.call import Call, Caller
from passrole.authorize.refusal import Refusal
from passrole.gateway.act_as import ServicesActing
from passrole.gateway.clock import Clock
from passrole.gateway.service_role import AssumeByService
from passrole.services.operation import ActAs
from passrole.state.entities import SESSION_OF, Role, User
from passrole.state.trail import EventQuery
from passrole.values.errors import ServiceError
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire.request import Response

SERVICE = "monitoring.rds.amazonaws.com"
SOURCE = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders"
USERS: Statement = {"Effect": "Allow", "Action": "iam:*", "Resource": f"arn:aws:iam::{ACCOUNT}:user/*"}


class World(Estate):
    """An estate whose services can act; time is moved by ``clock``."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        assume = AssumeByService(
            directory=self.directory,
            facts=self.facts,
            ids=self.ids,
            clock=self.clock,
            recorder=self.recorder,
            commit=self.gateway.commit,
        )
        self.carried: list[Call] = []
        self.acting = ServicesActing(
            directory=self.directory,
            ids=self.ids,
            clock=self.clock,
            assume=assume,
            carry_out=self._carry_out,
            reload=self._reload,
            host="127.0.0.1:4747",
        )

    async def _carry_out(self, call: Call) -> Response:
        self.carried.append(call)
        return await self.gateway.carry_out(call)

    async def _reload(self) -> None:
        raise AssertionError("nothing failed")

    def take(self, role: Role, *, replaces: ActAs | None = None) -> ActAs | Refusal:
        return self._runner.run(
            self.acting.with_role(
                SERVICE, role, session_name="work", source_arn=SOURCE, region=REGION, replaces=replaces
            )
        )

    def taken(self, role: Role, *, replaces: ActAs | None = None) -> ActAs:
        found = self.take(role, replaces=replaces)
        assert not isinstance(found, Refusal), found.sentence()
        return found

    def act(self, act: ActAs, service: str, operation: str, **given: object) -> Mapping[str, object]:
        return self._runner.run(act.call(service, operation, given))

    def from_thread(self, act: ActAs, operation: str, **given: object) -> Mapping[str, object]:
        async def call() -> Mapping[str, object]:
            self.acting.start()
            return await asyncio.to_thread(act.call_from_thread, "iam", operation, given)

        return self._runner.run(call())

    def trail(self) -> list[Mapping[str, Any]]:
        """Every record, oldest first."""
        regions = {REGION, "us-east-1"}
        found = [one for region in regions for one in self.committer.find(EventQuery(ACCOUNT, region))]
        return [orjson.loads(event.record) for _, event in sorted(found, key=lambda one: one[0])]

    def may(self, role: Role, *statements: Statement) -> Role:
        """The role's permissions from now on."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        changed = Role(
            account=role.account,
            name=role.name,
            path=role.path,
            id=role.id,
            created=role.created,
            trust=role.trust,
            inline={"rights": document} if statements else {},
        )
        self.directory.put(changed)
        self.directory.commit()
        return changed


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made:
        yield made


@pytest.fixture
def role(world: World) -> Role:
    return world.may(world.role("Worker", SERVICE), USERS)


def test_a_service_acts_with_the_role_and_nothing_else(world: World, role: Role) -> None:
    act = world.taken(role)
    made = world.act(act, "iam", "CreateUser", UserName="ada")
    assert isinstance(made["User"], Mapping)
    assert made["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ada"
    assert world.directory.get(User, ACCOUNT, "ada") is not None
    with pytest.raises(ServiceError) as error:
        world.act(act, "iam", "CreateGroup", GroupName="crew")
    assert error.value.code == "AccessDenied"
    assert error.value.status == 403
    assert error.value.message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Worker/work is not authorized to perform: iam:CreateGroup"
        f" on resource: arn:aws:iam::{ACCOUNT}:group/crew because no identity-based policy allows the"
        " iam:CreateGroup action"
    )


def test_the_trail_says_which_service_acted(world: World, role: Role) -> None:
    world.act(world.taken(role), "iam", "CreateUser", UserName="ada")
    assumed, created = world.trail()
    assert assumed["eventName"] == "AssumeRole"
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert assumed["requestParameters"]["roleArn"] == role.arn
    assert created["sourceIPAddress"] == created["userAgent"] == SERVICE
    identity = created["userIdentity"]
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/work"
    assert identity["invokedBy"] == SERVICE
    assert "accessKeyId" not in identity


def test_keys_of_a_call_by_a_service_role(world: World) -> None:
    def allowed(**condition: object) -> bool:
        role = world.may(world.role("Worker", SERVICE), {**USERS, "Condition": condition})
        act = world.taken(role)
        try:
            world.act(act, "iam", "ListGroupsForUser", UserName="Builder")
        except ServiceError as error:
            return error.code != "AccessDenied"
        return True

    assert allowed(Bool={"aws:ViaAWSService": "false", "aws:SecureTransport": "true"})
    assert not allowed(Bool={"aws:ViaAWSService": "true"})
    assert allowed(Null={"aws:SourceIp": "true"})


def test_the_trust_policy_is_asked_each_time(world: World, role: Role) -> None:
    world.taken(role)
    other = world.role("Worker", "lambda.amazonaws.com")
    refusal = world.take(other)
    assert isinstance(refusal, Refusal)
    last = world.trail()[-1]
    assert (last["eventName"], last["errorCode"]) == ("AssumeRole", "AccessDenied")


def test_a_session_ends_with_its_time_its_role_and_its_successor(world: World, role: Role) -> None:
    first = world.taken(role)
    second = world.taken(role, replaces=first)
    assert len(tuple(world.directory.referring(SESSION_OF, SOURCE))) == 1
    with pytest.raises(ServiceError, match="security token"):
        world.act(first, "iam", "CreateUser", UserName="ada")
    world.clock.advance(timedelta(minutes=16).total_seconds())
    with pytest.raises(ServiceError) as error:
        world.act(second, "iam", "CreateUser", UserName="ada")
    assert error.value.code == "ExpiredToken"
    third = world.taken(role)
    world.directory.delete(role)
    world.directory.commit()
    with pytest.raises(ServiceError, match="security token"):
        world.act(third, "iam", "CreateUser", UserName="ada")


def test_rights_are_asked_at_every_call(world: World, role: Role) -> None:
    act = world.taken(role)
    world.act(act, "iam", "CreateUser", UserName="ada")
    world.may(role)
    with pytest.raises(ServiceError, match="not authorized"):
        world.act(act, "iam", "CreateUser", UserName="bea")
    world.may(role, USERS)
    world.act(act, "iam", "CreateUser", UserName="bea")


def test_a_thread_calls_and_is_answered(world: World, role: Role) -> None:
    act = world.taken(role)
    world.from_thread(act, "CreateUser", UserName="ada")
    with pytest.raises(ServiceError) as error:
        world.from_thread(act, "CreateUser", UserName="ada")
    assert error.value.code == "EntityAlreadyExists"


def test_forwarded_rights_are_the_callers_and_say_who_forwards(world: World, role: Role) -> None:
    service = "cloudformation.amazonaws.com"
    world.act(world.taken(role), "iam", "ListGroupsForUser", UserName="Builder")
    caller = Caller(
        Principal(PrincipalKind.USER, world.user.arn, ACCOUNT, world.user.id), KEY, None, world.user
    )
    act = world.acting.as_caller(replace(world.carried[-1], caller=caller), service)
    with pytest.raises(ServiceError, match="iam:CreateUser"):
        world.act(act, "iam", "CreateUser", UserName="ada")
    world.allow({**USERS, "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": service}}})
    world.act(act, "iam", "CreateUser", UserName="ada")
    created = world.trail()[-1]
    assert created["eventName"] == "CreateUser"
    assert created["userIdentity"]["arn"] == world.user.arn
    assert created["userIdentity"]["invokedBy"] == created["sourceIPAddress"] == service
