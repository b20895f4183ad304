"""Who holds which role, through profiles that change under running instances."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from passrole.state.associations import held_by, holders, release, role_of
from passrole.state.directory import Directory
from passrole.state.entities import Association, InstanceProfile, Role

ACCOUNT = "111122223333"
NOW = datetime(2026, 3, 14, tzinfo=UTC)
INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"

WEB = Role(account=ACCOUNT, name="Web", id="AROAWEB", created=NOW, trust="{}")
BATCH = Role(account=ACCOUNT, name="Batch", id="AROABATCH", created=NOW, trust="{}")
PROFILE = InstanceProfile(account=ACCOUNT, name="Web", id="AIPAWEB", created=NOW, role_id=WEB.id)
ON_INSTANCE = Association(
    account=ACCOUNT,
    resource=INSTANCE,
    holder="IamInstanceProfile",
    role_id=WEB.id,
    profile_id=PROFILE.id,
    service="ec2.amazonaws.com",
    created=NOW,
)
ON_FUNCTION = Association(
    account=ACCOUNT,
    resource=FUNCTION,
    holder="Role",
    role_id=WEB.id,
    service="lambda.amazonaws.com",
    created=NOW,
)


@pytest.fixture
def directory() -> Directory:
    filled = Directory()
    for entity in (WEB, BATCH, PROFILE, ON_INSTANCE, ON_FUNCTION):
        filled.put(entity)
    return filled


def test_a_resource_knows_what_it_holds(directory: Directory) -> None:
    assert held_by(directory, INSTANCE) == (ON_INSTANCE,)
    assert held_by(directory, FUNCTION) == (ON_FUNCTION,)
    assert held_by(directory, "arn:aws:ec2:eu-west-1:1:instance/i-2") == ()
    assert role_of(directory, ON_INSTANCE) == role_of(directory, ON_FUNCTION) == WEB
    assert holders(directory, WEB) == (ON_FUNCTION, ON_INSTANCE)
    assert holders(directory, BATCH) == ()


def test_an_instance_follows_its_profile_a_function_does_not(directory: Directory) -> None:
    directory.put(replace(PROFILE, role_id=BATCH.id))
    assert role_of(directory, ON_INSTANCE) == BATCH
    assert role_of(directory, ON_FUNCTION) == WEB
    assert holders(directory, BATCH) == (ON_INSTANCE,)
    assert holders(directory, WEB) == (ON_FUNCTION,)
    directory.put(replace(PROFILE, role_id=""))
    assert role_of(directory, ON_INSTANCE) is None


def test_a_namesake_of_a_deleted_profile_or_role_is_another(directory: Directory) -> None:
    directory.delete(PROFILE)
    directory.put(replace(PROFILE, id="AIPANEW"))
    assert role_of(directory, ON_INSTANCE) is None
    directory.delete(WEB)
    directory.put(replace(WEB, id="AROANEW"))
    assert role_of(directory, ON_FUNCTION) is None


def test_a_resource_that_is_gone_holds_nothing(directory: Directory) -> None:
    assert release(directory, INSTANCE) == 1
    assert release(directory, INSTANCE) == 0
    assert held_by(directory, INSTANCE) == ()
    assert holders(directory, WEB) == (ON_FUNCTION,)
