"""A large account: 10,000 roles, 10,000 users and 1,500 policies page in flat time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pytest
from tests.services.world import ACCOUNT, START, World

from passrole.state.entities import ManagedPolicy, PolicyVersion, Role, User

DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",'
    ' "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)
POLICIES, ENTITIES = 1_500, 10_000


@pytest.fixture(scope="module")
def world() -> World:
    place = World()
    for number in range(POLICIES):
        version = PolicyVersion(id="v1", document=DOCUMENT, created=START)
        place.directory.put(
            ManagedPolicy(
                account=ACCOUNT,
                name=f"policy-{number:05}",
                id=f"ANPA{number:017}",
                created=START,
                updated=START,
                versions=(version,),
            )
        )
    for number in range(ENTITIES):
        attached = (f"arn:aws:iam::{ACCOUNT}:policy/policy-{number % POLICIES:05}",)
        place.directory.put(
            Role(
                account=ACCOUNT,
                name=f"role-{number:05}",
                id=f"AROA{number:017}",
                created=START,
                trust=TRUST,
                attached=attached,
                inline={"own": DOCUMENT},
            )
        )
        place.directory.put(
            User(
                account=ACCOUNT,
                name=f"user-{number:05}",
                id=f"AIDA{number:017}",
                created=START,
                attached=attached,
            )
        )
    place.directory.commit()
    return place


def pages(world: World, name: str, given: Mapping[str, object]) -> Iterator[tuple[float, dict[str, object]]]:
    """Each page with the seconds of processor time that it took."""
    marker: dict[str, object] = {}
    while True:
        begun = time.process_time()
        page = world.call(name, {**given, **marker})
        yield time.process_time() - begun, page
        if not page["IsTruncated"]:
            return
        marker = {"Marker": page["Marker"]}


@pytest.mark.prove  # a measurement: a busy machine would fail it for nothing
@pytest.mark.parametrize(
    ("name", "given", "members", "total"),
    [
        ("iam:ListRoles", {"MaxItems": 500}, ("Roles",), ENTITIES),
        ("iam:ListUsers", {"MaxItems": 500}, ("Users",), ENTITIES),
        ("iam:ListPolicies", {"MaxItems": 100, "Scope": "Local"}, ("Policies",), POLICIES),
        (
            "iam:GetAccountAuthorizationDetails",
            {"MaxItems": 500},
            ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"),
            2 * ENTITIES + POLICIES,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_page_takes_the_same_time(
    world: World, name: str, given: Mapping[str, object], members: tuple[str, ...], total: int
) -> None:
    seen: set[str] = set()
    taken: list[float] = []
    for seconds, page in pages(world, name, given):
        rows = [row for member in members for row in _rows(page, member)]
        assert 0 < len(rows) <= 500
        taken.append(seconds)
        seen |= {str(row["Arn"]) for row in rows if ":aws:policy/" not in str(row["Arn"])}
    assert len(seen) == total
    # Of the last three pages the middle one, as a collection of garbage may fall into any, against the median
    # of all: the way to the page costs nothing.
    assert sorted(taken[-4:-1])[1] < 5 * sorted(taken)[len(taken) // 2]


@pytest.mark.prove  # a measurement: a busy machine would fail it for nothing
def test_one_of_many_is_found_at_once(world: World) -> None:
    begun = time.process_time()
    for number in range(0, ENTITIES, 100):
        world.call("iam:GetRole", {"RoleName": f"role-{number:05}"})
    assert time.process_time() - begun < 1.0  # 100 calls


def _rows(page: Mapping[str, object], member: str) -> list[dict[str, object]]:
    rows = page.get(member, [])
    assert isinstance(rows, list)
    return rows
