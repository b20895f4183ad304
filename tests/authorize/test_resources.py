"""Names of IAM's and STS's resources turned into ARNs, as denials print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest
from tests.passing.court import ACCOUNT, NOW, OTHER, Court, role_arn

from passrole.authorize.call import NoFacts
from passrole.authorize.plan import Check, plan
from passrole.authorize.resources import role_of_arn
from passrole.state.entities import ManagedPolicy, PolicyVersion

IAM: Final = f"arn:aws:iam::{ACCOUNT}"
WORKER: Final = role_arn("Worker", path="/app/")
BOUNDARY: Final = f"{IAM}:policy/Limit"


@pytest.fixture
def court() -> Court:
    court = Court()
    court.role("Worker", path="/app/", tags=(("Team", "A"),))
    court.profile("Web", None, path="/web/")
    version = PolicyVersion(id="v1", document="{}", created=NOW)
    court.directory.put(
        ManagedPolicy(
            account=ACCOUNT,
            name="Read",
            path="/p/",
            id="ANPAREAD",
            created=NOW,
            updated=NOW,
            versions=(version,),
        )
    )
    return court


def check(court: Court, name: str, given: Mapping[str, object]) -> Check:
    """The one check of Ada's call."""
    (one,) = plan(court.call(name, given), court.directory, NoFacts()).checks
    return one


CASES: Final[tuple[tuple[str, Mapping[str, object], str, str], ...]] = (
    # What is there has its path, which the request does not say.
    ("iam:GetRole", {"RoleName": "Worker"}, WORKER, "role Worker"),
    (
        "iam:GetInstanceProfile",
        {"InstanceProfileName": "Web"},
        f"{IAM}:instance-profile/web/Web",
        "instance profile Web",
    ),
    ("iam:GetUser", {"UserName": "Ada"}, f"{IAM}:user/Ada", "user Ada"),
    ("iam:GetUser", {}, f"{IAM}:user/Ada", "user Ada"),
    (
        "iam:GetPolicy",
        {"PolicyArn": f"{IAM}:policy/p/Read"},
        f"{IAM}:policy/p/Read",
        f"policy {IAM}:policy/p/Read",
    ),
    # What is not there, or has another case, is judged by the name alone.
    ("iam:GetRole", {"RoleName": "New"}, role_arn("New"), "role New"),
    ("iam:GetRole", {"RoleName": "worker"}, role_arn("worker"), "role worker"),
    # What is made has the path that it will have; a denial prints its ARN.
    ("iam:CreateRole", {"RoleName": "New", "Path": "/x/"}, role_arn("New", path="/x/"), ""),
    ("iam:CreateRole", {"RoleName": "New"}, role_arn("New"), ""),
    ("iam:CreateUser", {"UserName": "New", "Path": "/x/"}, f"{IAM}:user/x/New", ""),
    ("iam:CreatePolicy", {"PolicyName": "New"}, f"{IAM}:policy/New", ""),
    # Lists are of what lies under a path.
    ("iam:ListRoles", {}, f"{IAM}:role/", ""),
    ("iam:ListRoles", {"PathPrefix": "/app/"}, f"{IAM}:role/app/", ""),
    # The profile, not the role, is what a role is added to.
    (
        "iam:AddRoleToInstanceProfile",
        {"RoleName": "Worker", "InstanceProfileName": "Web"},
        f"{IAM}:instance-profile/web/Web",
        "instance profile Web",
    ),
    (
        "iam:CreateServiceLinkedRole",
        {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "blue"},
        role_arn("AWSServiceRoleForAutoScaling_blue", path="/aws-service-role/autoscaling.amazonaws.com/"),
        "",
    ),
    (
        "iam:CreateServiceLinkedRole",
        {"AWSServiceName": "new.amazonaws.com"},
        role_arn("*", path="/aws-service-role/new.amazonaws.com/"),
        "",
    ),
    ("sts:AssumeRole", {"RoleArn": WORKER, "RoleSessionName": "s"}, WORKER, ""),
)


@pytest.mark.parametrize(("name", "given", "arn", "slot"), CASES)
def test_names_become_arns(name: str, given: Mapping[str, object], arn: str, slot: str, court: Court) -> None:
    one = check(court, name, given)
    assert (one.resource, one.slot, one.resource_account) == (arn, slot, ACCOUNT)


def test_tags_of_ours_are_known(court: Court) -> None:
    for name in ("iam:GetRole", "iam:DeleteRole"):
        one = check(court, name, {"RoleName": "Worker"})
        assert one.context["aws:resourcetag/team"] == "A"
        assert not {key for key in one.unknown if "resourcetag" in key}
    new = plan(court.call("iam:CreateRole", {"RoleName": "New"}), court.directory, NoFacts()).checks[0]
    assert not {key for key in (*new.context, *new.unknown) if "resourcetag" in key}


def test_the_boundary_at_hand(court: Court) -> None:
    asked = check(
        court, "iam:PutRolePermissionsBoundary", {"RoleName": "Worker", "PermissionsBoundary": BOUNDARY}
    )
    assert asked.context["iam:permissionsboundary"] == BOUNDARY
    made = check(court, "iam:CreateRole", {"RoleName": "New", "PermissionsBoundary": BOUNDARY})
    assert made.context["iam:permissionsboundary"] == BOUNDARY
    assert "iam:permissionsboundary" not in check(court, "iam:DeleteRole", {"RoleName": "Worker"}).context


def test_another_accounts_role_is_that_accounts(court: Court) -> None:
    theirs = role_arn("Theirs", account=OTHER)
    one = check(court, "sts:AssumeRole", {"RoleArn": theirs, "RoleSessionName": "s"})
    assert (one.resource, one.resource_account) == (theirs, OTHER)


@pytest.mark.parametrize(
    "arn",
    [
        role_arn("Worker"),
        role_arn("worker", path="/app/"),
        role_arn("Worker", path="/APP/"),
        role_arn("Worker", path="/app/", account=OTHER),
        f"{IAM}:user/app/Worker",
        "Worker",
        "",
    ],
)
def test_a_role_is_found_by_its_whole_arn_only(arn: str, court: Court) -> None:
    found = role_of_arn(court.directory, WORKER)
    assert found is not None
    assert found.arn == WORKER
    assert role_of_arn(court.directory, arn) is None
