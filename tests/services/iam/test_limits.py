"""What is bounded, what is in the way of a deletion, and what is never shown."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace
from tests.services.world import ACCOUNT, World

from passrole.services.iam import passwords
from passrole.state.credentials import LoginProfile
from passrole.state.entities import SESSION_OF, Association, Role
from passrole.state.sessions import issue_session
from passrole.state.settings import AccountSettings

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def create(kind: str, name: str) -> tuple[str, dict[str, object]]:
    rows: dict[str, tuple[str, dict[str, object]]] = {
        "UsersPerAccount": ("iam:CreateUser", {"UserName": name}),
        "GroupsPerAccount": ("iam:CreateGroup", {"GroupName": name}),
        "RolesPerAccount": ("iam:CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": TRUST}),
        "PoliciesPerAccount": ("iam:CreatePolicy", {"PolicyName": name, "PolicyDocument": POLICY}),
        "InstanceProfilesPerAccount": ("iam:CreateInstanceProfile", {"InstanceProfileName": name}),
        "OpenIdConnectProvidersPerAccount": (
            "iam:CreateOpenIDConnectProvider",
            {"Url": f"https://{name}.example"},
        ),
    }
    return rows[kind]


@pytest.mark.parametrize(
    "quota",
    [
        "UsersPerAccount",
        "GroupsPerAccount",
        "RolesPerAccount",
        "PoliciesPerAccount",
        "InstanceProfilesPerAccount",
        "OpenIdConnectProvidersPerAccount",
    ],
)
def test_an_accounts_quotas_bind_where_they_are_set(quota: str) -> None:
    world = World()
    world.call(*create(quota, "one"))
    world.directory.put(AccountSettings(account=ACCOUNT, quotas={quota: 2}))
    world.directory.commit()
    world.call(*create(quota, "two"))
    assert world.refused(*create(quota, "three")) == (
        "LimitExceeded",
        409,
        f"Cannot exceed quota for {quota}: 2",
    )
    # Another account has its own.
    other = world.account("222233334444")
    for name in ("one", "two", "three"):
        operation, given = create(quota, name)
        world.call(operation, given, key=other)


def test_a_service_linked_role_in_use_is_not_deleted() -> None:
    world = World()
    made = world.call("iam:CreateServiceLinkedRole", {"AWSServiceName": "autoscaling.amazonaws.com"})
    shown = made["Role"]
    assert isinstance(shown, dict)
    role = world.directory.by_id(Role, shown["RoleId"])
    assert role is not None
    group = f"arn:aws:autoscaling:eu-west-1:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName/web"
    use = Association(
        account=ACCOUNT,
        resource=group,
        holder="ServiceLinkedRoleARN",
        role_id=role.id,
        created=world.now,
    )
    world.directory.put(use)
    world.directory.commit()
    task = world.call("iam:DeleteServiceLinkedRole", {"RoleName": role.name})["DeletionTaskId"]
    status = world.call("iam:GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": task})
    assert status["Status"] == "FAILED"
    reason = status["Reason"]
    assert isinstance(reason, dict)
    assert reason["RoleUsageList"] == [{"Region": "eu-west-1", "Resources": [group]}]
    assert world.call("iam:GetRole", {"RoleName": role.name})
    world.directory.delete(use)
    world.directory.commit()
    task = world.call("iam:DeleteServiceLinkedRole", {"RoleName": role.name})["DeletionTaskId"]
    assert re.fullmatch(
        rf"task/aws-service-role/autoscaling\.amazonaws\.com/{role.name}/[0-9a-f-]{{36}}", str(task)
    )
    status = world.call("iam:GetServiceLinkedRoleDeletionStatus", {"DeletionTaskId": task})
    assert status == {"Status": "SUCCEEDED"}
    assert world.refused("iam:GetRole", {"RoleName": role.name})[0] == "NoSuchEntity"


def test_secrets_are_shown_once() -> None:
    world = World()
    world.call("iam:CreateUser", {"UserName": "alice"})
    secrets = [
        str(at) for at in _values(world.call("iam:CreateAccessKey", {"UserName": "alice"}), "SecretAccessKey")
    ]
    device = world.call("iam:CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"})
    secrets += [at.decode() for at in _values(device, "Base32StringSeed") if isinstance(at, bytes)]
    given = {"UserName": "alice", "ServiceName": "codecommit.amazonaws.com"}
    credential = world.call("iam:CreateServiceSpecificCredential", given)
    secrets += [str(at) for at in _values(credential, "ServicePassword")]
    world.call("iam:CreateLoginProfile", {"UserName": "alice", "Password": "Correct-horse-7"})
    secrets.append("Correct-horse-7")
    assert len(secrets) == 4
    shown = [
        world.call("iam:ListAccessKeys", {"UserName": "alice"}),
        world.call("iam:ListVirtualMFADevices"),
        world.call("iam:ListServiceSpecificCredentials", {"UserName": "alice"}),
        world.call("iam:GetLoginProfile", {"UserName": "alice"}),
        world.call("iam:GetAccountAuthorizationDetails"),
        world.call("iam:GetUser", {"UserName": "alice"}),
    ]
    world.call("iam:GenerateCredentialReport")
    shown.append(world.call("iam:GetCredentialReport"))
    text = str(shown)
    for secret in secrets:
        assert secret not in text


def _values(value: object, name: str) -> list[object]:
    """What stands under a member of that name, anywhere."""
    if not isinstance(value, dict):
        return []
    own = [value[name]] if name in value else []
    return own + [found for member in value.values() for found in _values(member, name)]


def test_passwords_are_kept_as_salted_hashes() -> None:
    world = World()
    for name in ("alice", "bob"):
        world.call("iam:CreateUser", {"UserName": name})
        world.call("iam:CreateLoginProfile", {"UserName": name, "Password": "Correct-horse-7"})
    kept = [text for profile in world.directory.all(LoginProfile, ACCOUNT) for text in profile.hashes]
    assert len(set(kept)) == 2
    assert all("horse" not in text for text in kept)
    assert all(passwords.matches("Correct-horse-7", text) for text in kept)
    assert not passwords.matches("Correct-horse-8", kept[0])


def test_used_passwords_are_remembered_as_long_as_the_policy_says() -> None:
    world = World()
    world.call("iam:UpdateAccountPasswordPolicy", {"PasswordReusePrevention": 2})
    world.call("iam:CreateUser", {"UserName": "alice"})
    world.call("iam:CreateLoginProfile", {"UserName": "alice", "Password": "password-1"})
    for password in ("password-2", "password-3"):
        world.call("iam:UpdateLoginProfile", {"UserName": "alice", "Password": password})
    for password in ("password-3", "password-2"):
        given = {"UserName": "alice", "Password": password}
        assert world.refused("iam:UpdateLoginProfile", given)[0] == "PasswordPolicyViolation"
    world.call("iam:UpdateLoginProfile", {"UserName": "alice", "Password": "password-1"})


def test_inline_policies_are_bounded_together_without_white_space() -> None:
    world = World()
    world.call("iam:CreateUser", {"UserName": "alice"})

    def policy(size: int) -> str:
        empty = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Sid": "", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            },
            separators=(",", ":"),
        )
        return empty.replace('"Sid":""', f'"Sid":"{"x" * (size - len(empty))}"')

    def put(name: str, document: str) -> tuple[str, dict[str, object]]:
        return "iam:PutUserPolicy", {"UserName": "alice", "PolicyName": name, "PolicyDocument": document}

    spaced = policy(1000).replace(",", " ,\n\t ")
    world.call(*put("one", spaced))
    world.call(*put("two", policy(1048)))
    assert world.refused(*put("three", policy(200)))[0] == "LimitExceeded"
    assert world.refused(*put("two", policy(1049))) == (
        "LimitExceeded",
        409,
        "Maximum policy size of 2048 bytes exceeded for user alice",
    )
    world.call(*put("two", policy(900)))  # a policy is measured in place of the one it replaces
    world.call(*put("three", policy(148)))


def test_a_roles_sessions_end_with_it() -> None:
    """The gateway looks for the role by its id: one that was made again is another."""
    world = World()
    trust = TRUST.replace('"Service": "ec2.amazonaws.com"', f'"AWS": "{ACCOUNT}"')
    world.call("iam:CreateUser", {"UserName": "alice"})
    made = world.call("iam:CreateAccessKey", {"UserName": "alice"})["AccessKey"]
    assert isinstance(made, dict)
    for _ in range(2):
        role = world.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": trust})["Role"]
        assert isinstance(role, dict)
        given = {"RoleArn": role["Arn"], "RoleSessionName": "s1"}
        answer = world.call("sts:AssumeRole", given, key=made["AccessKeyId"])["Credentials"]
        assert isinstance(answer, dict)
        caller = world.caller(answer["AccessKeyId"])
        assert caller.role is not None
        assert caller.role.id == role["RoleId"]
        world.call("iam:DeleteRole", {"RoleName": "Web"})
        assert world.caller(answer["AccessKeyId"]).role is None


def test_expired_sessions_are_cleared_away_as_new_ones_come() -> None:
    world = World()
    made = world.call("iam:CreateRole", {"RoleName": "Web", "AssumeRolePolicyDocument": TRUST})["Role"]
    assert isinstance(made, dict)
    role = world.directory.by_id(Role, made["RoleId"])
    assert role is not None
    for _ in range(100):
        issue_session(world.directory, world.ids, now=world.now, role=role, name="s", seconds=3600)
        world.directory.commit()
        world.advance(minutes=30)
    # One hour of life, six after it: sixteen half hours, and what the newest waits for.
    assert len(list(world.directory.referring(SESSION_OF, role.id))) <= 16


def test_settings_are_an_accounts_own() -> None:
    world = World()
    settings = AccountSettings(account=ACCOUNT)
    world.directory.put(replace(settings, properties={"a/b": "c"}))
    world.directory.commit()
    other = world.account("222233334444")
    assert world.call("iam:GetAccountProperties")["Properties"] == {"a/b": "c"}
    assert world.call("iam:GetAccountProperties", key=other)["Properties"] == {}
