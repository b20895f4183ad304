"""Last accessed information, from uses as the gateway notes them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from tests.services.world import ACCOUNT, START, World

from passrole.state.entities import AccessKey, Role, User
from passrole.state.usage import note_use
from passrole.values.errors import ServiceError


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def world() -> World:
    """alice (inline s3 and iam:PassRole, by her group ec2) and bob, who share a managed policy."""
    place = World()
    place.call("iam:CreateGroup", {"GroupName": "team"})
    policy = {"GroupName": "team", "PolicyName": "machines", "PolicyDocument": document("ec2:Run*")}
    place.call("iam:PutGroupPolicy", policy)
    made = place.call("iam:CreatePolicy", {"PolicyName": "shared", "PolicyDocument": document("sqs:*")})
    shared = made["Policy"]
    assert isinstance(shared, dict)
    for name in ("alice", "bob"):
        place.call("iam:CreateUser", {"UserName": name})
        place.call("iam:AttachUserPolicy", {"UserName": name, "PolicyArn": shared["Arn"]})
    place.call("iam:AddUserToGroup", {"GroupName": "team", "UserName": "alice"})
    inline = {
        "UserName": "alice",
        "PolicyName": "own",
        "PolicyDocument": document("s3:GetObject", "iam:PassRole"),
    }
    place.call("iam:PutUserPolicy", inline)
    return place


def use(world: World, name: str, action: str, *, region: str = "us-east-1", later: int = 0) -> None:
    user = world.directory.get(User, ACCOUNT, name)
    assert user is not None
    moment = world.now + timedelta(minutes=later)
    note_use(world.directory, user, "", action=action, region=region, now=moment)
    world.directory.commit()


def report(world: World, arn: str, **more: object) -> dict[str, dict[str, object]]:
    job = world.call("iam:GenerateServiceLastAccessedDetails", {"Arn": arn, **more})
    found = world.call("iam:GetServiceLastAccessedDetails", {"JobId": job["JobId"]})
    assert found["JobStatus"] == "COMPLETED"
    rows = found["ServicesLastAccessed"]
    assert isinstance(rows, list)
    return {row["ServiceNamespace"]: row for row in rows}


ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


def test_the_report_has_the_services_that_policies_grant(world: World) -> None:
    use(world, "alice", "s3:GetObject", region="eu-west-1")
    use(world, "alice", "lambda:Invoke")  # not granted (any more): not in the report
    rows = report(world, ALICE)
    assert sorted(rows) == ["ec2", "iam", "s3", "sqs"]
    assert rows["s3"] == {
        "ServiceName": "Amazon S3",
        "ServiceNamespace": "s3",
        "TotalAuthenticatedEntities": 1,
        "LastAuthenticated": START,
        "LastAuthenticatedEntity": ALICE,
        "LastAuthenticatedRegion": "eu-west-1",
    }
    assert rows["ec2"]["TotalAuthenticatedEntities"] == 0
    assert "LastAuthenticated" not in rows["ec2"]


def test_passing_a_role_leaves_no_trace(world: World) -> None:
    use(world, "alice", "iam:PassRole")
    assert "LastAuthenticated" not in report(world, ALICE)["iam"]


def test_actions_are_told_where_asked_for(world: World) -> None:
    use(world, "alice", "s3:GetObject")
    use(world, "alice", "s3:ListAllMyBuckets", later=5)
    assert "TrackedActionsLastAccessed" not in report(world, ALICE)["s3"]
    tracked = report(world, ALICE, Granularity="ACTION_LEVEL")["s3"]["TrackedActionsLastAccessed"]
    assert isinstance(tracked, list)
    assert [(one["ActionName"], one["LastAccessedTime"]) for one in tracked] == [
        ("GetObject", START),
        ("ListAllMyBuckets", START + timedelta(minutes=5)),
    ]


def test_a_policys_report_counts_all_who_carry_it(world: World) -> None:
    use(world, "alice", "sqs:SendMessage")
    use(world, "bob", "sqs:SendMessage", later=7)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/shared"
    row = report(world, arn)["sqs"]
    assert row["TotalAuthenticatedEntities"] == 2
    assert row["LastAuthenticatedEntity"] == f"arn:aws:iam::{ACCOUNT}:user/bob"
    job = world.call("iam:GenerateServiceLastAccessedDetails", {"Arn": arn})["JobId"]
    found = world.call(
        "iam:GetServiceLastAccessedDetailsWithEntities", {"JobId": job, "ServiceNamespace": "sqs"}
    )["EntityDetailsList"]
    assert isinstance(found, list)
    assert [(one["EntityInfo"]["Name"], one["LastAuthenticated"]) for one in found] == [
        ("alice", START),
        ("bob", START + timedelta(minutes=7)),
    ]


def test_a_job_tells_of_the_moment_it_was_asked(world: World) -> None:
    job = world.call("iam:GenerateServiceLastAccessedDetails", {"Arn": ALICE})["JobId"]
    use(world, "alice", "s3:GetObject")
    found = world.call("iam:GetServiceLastAccessedDetails", {"JobId": job})["ServicesLastAccessed"]
    assert "LastAuthenticated" not in str(found)


def test_use_longer_ago_than_400_days_is_forgotten(world: World) -> None:
    use(world, "alice", "s3:GetObject")
    world.advance(days=401)
    assert "LastAuthenticated" not in report(world, ALICE)["s3"]


def test_policies_that_grant_a_service(world: World) -> None:
    given = {"Arn": ALICE, "ServiceNamespaces": ["ec2", "sqs", "s3", "lambda"]}
    rows = world.call("iam:ListPoliciesGrantingServiceAccess", given)["PoliciesGrantingServiceAccess"]
    assert rows == [
        {
            "ServiceNamespace": "ec2",
            "Policies": [
                {
                    "PolicyName": "machines",
                    "PolicyType": "INLINE",
                    "EntityType": "GROUP",
                    "EntityName": "team",
                }
            ],
        },
        {
            "ServiceNamespace": "sqs",
            "Policies": [
                {
                    "PolicyName": "shared",
                    "PolicyType": "MANAGED",
                    "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/shared",
                }
            ],
        },
        {
            "ServiceNamespace": "s3",
            "Policies": [
                {
                    "PolicyName": "own",
                    "PolicyType": "INLINE",
                    "EntityType": "USER",
                    "EntityName": "alice",
                }
            ],
        },
        {"ServiceNamespace": "lambda", "Policies": []},
    ]


def test_who_is_not_there(world: World) -> None:
    for arn, code in ((f"{ALICE}2", "NoSuchEntity"), ("arn:aws:s3:::bucket/of/something", "InvalidInput")):
        with pytest.raises(ServiceError) as caught:
            world.call("iam:GenerateServiceLastAccessedDetails", {"Arn": arn})
        assert caught.value.code == code


def test_keys_and_roles_tell_when_they_were_last_used(world: World) -> None:
    made = world.call("iam:CreateAccessKey", {"UserName": "alice"})["AccessKey"]
    assert isinstance(made, dict)
    key, alice = made["AccessKeyId"], world.directory.get(User, ACCOUNT, "alice")
    note_use(world.directory, alice, key, action="s3:GetObject", region="eu-west-1", now=world.now)
    world.directory.commit()
    found = world.call("iam:GetAccessKeyLastUsed", {"AccessKeyId": key})
    assert found == {
        "UserName": "alice",
        "AccessKeyLastUsed": {"LastUsedDate": START, "ServiceName": "s3", "Region": "eu-west-1"},
    }
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
    world.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": json.dumps(trust)})
    role = world.directory.get(Role, ACCOUNT, "Web")
    note_use(world.directory, role, "ASIAX", action="ec2:RunInstances", region="us-west-2", now=world.now)
    world.directory.commit()
    shown = world.call("iam:GetRole", {"RoleName": "Web"})["Role"]
    assert isinstance(shown, dict)
    assert shown["RoleLastUsed"] == {"LastUsedDate": START, "Region": "us-west-2"}
    assert world.directory.by_id(AccessKey, key) is not None


def test_what_a_deleted_user_did_goes_with_it(world: World) -> None:
    world.call(
        "iam:DetachUserPolicy", {"UserName": "bob", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/shared"}
    )
    use(world, "bob", "s3:GetObject")
    bob = world.directory.get(User, ACCOUNT, "bob")
    world.call("iam:DeleteUser", {"UserName": "bob"})
    note_use(world.directory, bob, "", action="s3:GetObject", region="us-east-1", now=world.now)
    world.call("iam:CreateUser", {"UserName": "bob"})
    world.call(
        "iam:PutUserPolicy", {"UserName": "bob", "PolicyName": "p", "PolicyDocument": document("s3:*")}
    )
    assert "LastAuthenticated" not in report(world, f"arn:aws:iam::{ACCOUNT}:user/bob")["s3"]


def test_the_organizations_report_follows_its_scps(world: World) -> None:
    made = world.call("organizations:CreateOrganization")["Organization"]
    assert isinstance(made, dict)
    roots = world.call("organizations:ListRoots")["Roots"]
    assert isinstance(roots, list)
    root = roots[0]["Id"]
    world.call("organizations:EnablePolicyType", {"RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY"})
    policy = world.call(
        "organizations:CreatePolicy",
        {
            "Content": document("s3:*", "sqs:*", "ec2:*"),
            "Name": "some",
            "Description": "",
            "Type": "SERVICE_CONTROL_POLICY",
        },
    )["Policy"]
    assert isinstance(policy, dict)
    world.call("organizations:AttachPolicy", {"PolicyId": policy["PolicySummary"]["Id"], "TargetId": root})
    world.call("organizations:DetachPolicy", {"PolicyId": "p-FullAWSAccess", "TargetId": root})
    use(world, "alice", "s3:GetObject")
    path = f"{made['Id']}/{root}/{ACCOUNT}"
    job = world.call("iam:GenerateOrganizationsAccessReport", {"EntityPath": path})["JobId"]
    found = world.call("iam:GetOrganizationsAccessReport", {"JobId": job})
    rows = found["AccessDetails"]
    assert isinstance(rows, list)
    assert [row["ServiceNamespace"] for row in rows] == ["ec2", "s3", "sqs"]
    assert (found["NumberOfServicesAccessible"], found["NumberOfServicesNotAccessed"]) == (3, 2)
    assert rows[1]["LastAuthenticatedTime"] == START
    assert rows[1]["EntityPath"] == path
    orders = {
        "SERVICE_NAMESPACE_DESCENDING": ["sqs", "s3", "ec2"],
        "LAST_AUTHENTICATED_TIME_DESCENDING": ["s3"],
    }
    for key, begins in orders.items():
        sorted_rows = world.call("iam:GetOrganizationsAccessReport", {"JobId": job, "SortKey": key})
        listed = sorted_rows["AccessDetails"]
        assert isinstance(listed, list)
        assert [row["ServiceNamespace"] for row in listed][: len(begins)] == begins
    for wrong in (f"o-other00000/{root}/{ACCOUNT}", f"{made['Id']}/{root}/999988887777"):
        given = {"EntityPath": wrong}
        assert world.refused("iam:GenerateOrganizationsAccessReport", given)[:2] == ("AccessDenied", 403)
