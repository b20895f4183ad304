"""Whoever has no rights is refused every operation, but for those that AWS lets everyone call."""

from __future__ import annotations

from typing import Final

import pytest
from tests.services.world import ACCOUNT, World

from passrole.authorize.call import Call, NoFacts
from passrole.authorize.refusal import AccessRefused
from passrole.passing.permit import Judging, permit
from passrole.services import own
from passrole.services.operation import OPERATIONS
from passrole.state.secret import message_key
from passrole.wire import models

own.load()

# Source: STS API Reference, "No permissions are required …" of both.
EVERYONES: Final = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
# Nobody signs these: a provider's word makes the caller. tests/authorize has their refusals.
FEDERATED: Final = {("sts", "AssumeRoleWithWebIdentity"), ("sts", "AssumeRoleWithSAML")}

NAMES: Final = sorted(
    name for name in OPERATIONS if name[0] in ("iam", "sts", "organizations") and name not in FEDERATED
)


def plausible(service: str, operation: str) -> dict[str, object]:
    """Something for every required member: names, ARNs, lists of one."""
    shape = models.service(service).operation(operation).input
    if shape is None:
        return {}
    return {name: _value(name, shape.members[name].kind) for name in shape.required}


def _value(name: str, kind: str) -> object:
    if kind == "list":
        return []
    if kind in ("structure", "map"):
        return {}
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return 1
    if name == "RoleArn":
        return f"arn:aws:iam::{ACCOUNT}:role/Web"
    if name.endswith(("Arn", "ArnType")):
        return f"arn:aws:iam::{ACCOUNT}:policy/p"
    return "name"


@pytest.fixture(scope="module")
def world() -> World:
    """alice, who has no rights; her sessions and roles nobody trusts her with."""
    place = World()
    place.call("iam:CreateUser", {"UserName": "alice"})
    place.call("organizations:CreateOrganization")
    return place


@pytest.mark.parametrize(("service", "operation"), NAMES, ids=":".join)
def test_a_user_without_rights(world: World, service: str, operation: str) -> None:
    key = alices_key(world)
    call = Call(
        raw=world.raw(),
        body=b"",
        service=service,
        operation=operation,
        protocol="json" if service == "organizations" else "query",
        input=plausible(service, operation),
        caller=world.caller(key),
        account=ACCOUNT,
        region="us-east-1",
        now=world.now,
        request_id="r",
    )
    judging = Judging(world.directory, NoFacts(), message_key(world.directory))
    if (service, operation) in EVERYONES:
        permit(call, judging)
        return
    with pytest.raises(AccessRefused) as caught:
        permit(call, judging)
    code = "AccessDeniedException" if service == "organizations" else "AccessDenied"
    assert caught.value.code == code
    alice = f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: {service}:"
    assert caught.value.message.startswith(alice)


def test_all_of_them_are_asked() -> None:
    assert {service for service, _ in NAMES} == {"iam", "sts", "organizations"}
    assert len(NAMES) > 200
    for service in ("iam", "sts", "organizations"):
        answered = {name for owner, name in NAMES if owner == service}
        assert answered <= set(models.service(service).operations)


def alices_key(world: World) -> str:
    listed = world.call("iam:ListAccessKeys", {"UserName": "alice"})["AccessKeyMetadata"]
    assert isinstance(listed, list)
    if listed:
        return str(listed[0]["AccessKeyId"])
    made = world.call("iam:CreateAccessKey", {"UserName": "alice"})["AccessKey"]
    assert isinstance(made, dict)
    return str(made["AccessKeyId"])
