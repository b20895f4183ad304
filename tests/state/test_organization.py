"""Which organization policies reach an account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from passrole.state.directory import Directory
from passrole.state.organization import (
    RCP,
    SCP,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
    org_id,
    org_path,
    rcps_for,
    scps_for,
    suspended,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CENTER, MEMBER = "111122223333", "222233334444"
FULL = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "FullAWSAccess",
    "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
)


@pytest.fixture
def directory() -> Directory:
    made = Directory()
    made.put(Organization(account=CENTER, id="o-org", root_id="r-root", created=NOW, policy_types=(SCP,)))
    made.put(Unit(account=CENTER, id="r-root", name="Root", policies=("p-FullAWSAccess",)))
    made.put(
        Unit(account=CENTER, id="ou-a", name="A", parent="r-root", policies=("p-FullAWSAccess", "p-one"))
    )
    made.put(Unit(account=CENTER, id="ou-b", name="B", parent="ou-a", policies=("p-rcp",)))
    made.put(Member(account=CENTER, id=CENTER, parent="r-root", joined=NOW, policies=("p-FullAWSAccess",)))
    made.put(Member(account=CENTER, id=MEMBER, parent="ou-b", joined=NOW, policies=("p-FullAWSAccess",)))
    for id, type in (("p-one", SCP), ("p-rcp", RCP)):
        made.put(OrganizationPolicy(account=CENTER, id=id, name=id, type=type, content=f"<{id}>"))
    return made


def test_one_level_from_the_root_down(directory: Directory) -> None:
    one = ("<p-one>", "p-one", f"arn:aws:organizations::{CENTER}:policy/o-org/service_control_policy/p-one")
    # The unit B has only a policy of another type: a level that allows nothing.
    assert scps_for(directory, MEMBER) == ((FULL,), (FULL, one), (), (FULL,))


def test_none_for_the_management_account_or_outside(directory: Directory) -> None:
    assert scps_for(directory, CENTER) == ()
    assert scps_for(directory, "999988887777") == ()


def test_none_while_the_type_is_off(directory: Directory) -> None:
    assert rcps_for(directory, MEMBER) == ()
    organization = directory.by_key(Organization, CENTER, "organization")
    assert organization is not None
    directory.put(replace(organization, policy_types=(SCP, RCP)))
    levels = rcps_for(directory, MEMBER)
    assert [[policy[1] for policy in level] for level in levels] == [[], [], ["p-rcp"], []]


def test_a_move_counts_at_once(directory: Directory) -> None:
    member = directory.by_id(Member, MEMBER)
    assert member is not None
    directory.put(replace(member, parent="r-root"))
    assert scps_for(directory, MEMBER) == ((FULL,), (FULL,))
    assert org_path(directory, MEMBER) == "o-org/r-root/"


def test_ids_and_paths(directory: Directory) -> None:
    assert org_id(directory, MEMBER) == org_id(directory, CENTER) == "o-org"
    assert org_path(directory, MEMBER) == "o-org/r-root/ou-a/ou-b/"
    assert org_id(directory, "999988887777") == org_path(directory, "999988887777") == ""


def test_a_closed_account_is_suspended(directory: Directory) -> None:
    assert not suspended(directory, MEMBER)
    member = directory.by_id(Member, MEMBER)
    assert member is not None
    directory.put(replace(member, status="SUSPENDED"))
    assert suspended(directory, MEMBER)
