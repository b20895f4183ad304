"""Last uses of keys, roles and services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Role, User
from passrole.state.usage import USED_BY, ServiceUse, forget, note_use

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = "111122223333"


def test_uses_are_noted_once_a_minute() -> None:
    directory = Directory()
    alice = User(account=ACCOUNT, name="alice", id="AIDAALICE", created=NOW)
    directory.put(alice)
    directory.put(AccessKey(account=ACCOUNT, id="AKIAKEY", secret="s", user_id=alice.id, created=NOW))
    directory.commit()
    for seconds in (0, 30, 61):
        moment = NOW + timedelta(seconds=seconds)
        note_use(directory, alice, "AKIAKEY", action="ec2:RunInstances", region="eu-west-1", now=moment)
        written = {change.kind for change in directory.commit()}
        assert written == (set() if seconds == 30 else {"access-key", "service-use"})
    key = directory.by_id(AccessKey, "AKIAKEY")
    assert key is not None
    assert (key.last_used, key.last_used_region, key.last_used_service) == (
        NOW + timedelta(seconds=61),
        "eu-west-1",
        "ec2",
    )
    (use,) = directory.referring(USED_BY, alice.id)
    assert isinstance(use, ServiceUse)
    assert use.service == "ec2"
    assert list(use.actions) == ["RunInstances"]


def test_a_second_action_of_a_service_is_noted_beside_the_first() -> None:
    directory = Directory()
    role = Role(account=ACCOUNT, name="r", id="AROAR", created=NOW, trust="{}")
    directory.put(role)
    for action in ("s3:GetObject", "s3:PutObject", "sqs:SendMessage"):
        note_use(directory, role, "ASIASESSION", action=action, region="us-east-1", now=NOW)
    used = directory.by_id(Role, role.id)
    assert used is not None
    assert (used.last_used, used.last_used_region) == (NOW, "us-east-1")
    uses = [use for use in directory.referring(USED_BY, role.id) if isinstance(use, ServiceUse)]
    assert {use.service: sorted(use.actions) for use in uses} == {
        "s3": ["GetObject", "PutObject"],
        "sqs": ["SendMessage"],
    }
    forget(directory, role.id)
    assert directory.referring(USED_BY, role.id) == ()


def test_passing_a_role_is_not_tracked() -> None:
    directory = Directory()
    alice = User(account=ACCOUNT, name="alice", id="AIDAALICE", created=NOW)
    note_use(directory, alice, "AKIANONE", action="iam:PassRole", region="us-east-1", now=NOW)
    assert directory.referring(USED_BY, alice.id) == ()
