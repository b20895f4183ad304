"""Roles of another account: never passed; assumed, by the role that was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from msgspec.structs import replace
from tests.gateway.estate import ACCOUNT, OTHER_ACCOUNT, REGION, Estate, refused

from passrole.authorize.call import Call, Caller
from passrole.gateway.authenticate import session_caller
from passrole.gateway.clock import Clock
from passrole.gateway.service_role import AssumeByService
from passrole.state.entities import Role, Session
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire import services
from passrole.wire.request import RawRequest, Response

THEIRS = f"arn:aws:iam::{OTHER_ACCOUNT}:root"


@pytest.fixture
def estate() -> Iterator[Estate]:
    with Estate() as estate:
        yield estate


def ask(estate: Estate, caller: Caller, name: str, given: Mapping[str, object]) -> Response:
    """What the gateway answers to a caller's ``service:Operation``."""
    service, _, operation = name.partition(":")
    call = Call(
        raw=RawRequest("POST", "/", "", (("host", "127.0.0.1:4747"),), b"", "127.0.0.1"),
        body=b"",
        service=service,
        operation=operation,
        protocol=services.entry(service).protocols[0],
        input=given,
        caller=caller,
        account=caller.account,
        region=REGION,
        now=estate.now,
        request_id=estate.ids.uuid(),
    )
    return estate.run(estate.gateway.carry_out(call))


def lent(estate: Estate, service: str, role: Role) -> Session:
    """The credentials of the role that a service takes."""
    assume = AssumeByService(
        directory=estate.directory,
        facts=estate.facts,
        ids=estate.ids,
        clock=Clock(),
        recorder=estate.recorder,
        commit=estate.gateway.commit,
    )
    session = estate.run(
        assume.assume(
            service,
            role,
            session_name="f",
            workload=f"arn:aws:lambda:{REGION}:{OTHER_ACCOUNT}:function:f",
            seconds=3600,
            region=REGION,
            context={},
        )
    )
    assert isinstance(session, Session)
    return session


def test_a_role_of_another_account_is_reached_by_a_role_of_ones_own(estate: Estate) -> None:
    """Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"."""
    root = Caller(Principal(PrincipalKind.ROOT, THEIRS, OTHER_ACCOUNT, OTHER_ACCOUNT), "AKIAROOT")
    helper = estate.role("Helper", "lambda.amazonaws.com", account=OTHER_ACCOUNT)
    trust = {"Effect": "Allow", "Principal": {"AWS": helper.arn}, "Action": "sts:AssumeRole"}
    deploy = replace(
        estate.role("Deploy", "lambda.amazonaws.com"),
        trust=json.dumps({"Statement": [trust]}),
        trust_ids={helper.arn: helper.id},
    )
    estate.directory.put(deploy)
    estate.directory.commit()

    function = {"FunctionName": "f", "Role": deploy.arn, "Code": {"ZipFile": b"a"}}
    error = refused(ask(estate, root, "lambda:CreateFunction", function))
    assert (error.code, error.message) == ("AccessDeniedException", "Cross-account pass role is not allowed.")
    assert estate.recording.handed == []

    assert ask(estate, root, "lambda:CreateFunction", {**function, "Role": helper.arn}).status == 201
    session = lent(estate, "lambda.amazonaws.com", helper)
    taken = ask(
        estate,
        session_caller(session, helper, None),
        "sts:AssumeRole",
        {"RoleArn": deploy.arn, "RoleSessionName": "onward"},
    )
    assert taken.status == 200, taken.body
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/onward".encode() in taken.body


def test_and_not_by_one_that_it_does_not_trust(estate: Estate) -> None:
    stranger = estate.role("Stranger", "lambda.amazonaws.com", account=OTHER_ACCOUNT)
    deploy = estate.role("Deploy", "lambda.amazonaws.com")
    session = lent(estate, "lambda.amazonaws.com", stranger)
    given = {"RoleArn": deploy.arn, "RoleSessionName": "onward"}
    error = refused(ask(estate, session_caller(session, stranger, None), "sts:AssumeRole", given))
    assert (error.code, error.status) == ("AccessDenied", 403)
