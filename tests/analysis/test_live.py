"""who-can-pass against the endpoint itself: each pass that it lists is tried, and each that it does not.

The account is a member of an organization, with service control policies at every level, and is read as a
person would: by its own caller, and the organization by a caller of the management account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Final

from tests.analysis.details import Json, allow, deny, document, trust, trusting

from passrole import Endpoint, Options
from passrole.analysis.account_passes import Pass
from passrole.analysis.live import read_live, read_organization
from passrole.analysis.who_can_pass import who_can_pass
from passrole.policy.conditions import Condition
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

ROOT: Final = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")
HERE, ELSEWHERE = "eu-west-1", "us-east-1"
LAMBDA, STATES, EVENTS, SCHEDULER, EC2, ECS = (
    f"{name}.amazonaws.com" for name in ("lambda", "states", "events", "scheduler", "ec2", "ecs-tasks")
)
SERVICES: Final = (LAMBDA, STATES, EVENTS, SCHEDULER, EC2, ECS)
# These take any role in the call and cannot use it where its trust policy does not admit them: for a role
# that does not, there is no row, and the call alone would not tell.
CHECKED_AT_USE: Final = (EC2, ECS)
CALLS: Final = allow(action=["lambda:*", "states:*", "events:*", "scheduler:*", "ec2:*", "ecs:*"])
REFUSALS: Final = (
    "iam:PassRole",
    "cannot be assumed",
    "authorized to assume the provided role",
    "must allow",
    "UnauthorizedOperation",
)


def named(account: str, kind: str, name: str) -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def only_to(*services: str) -> Json:
    return {"StringEquals": {"iam:PassedToService": list(services)}}


def users(account: str) -> Mapping[str, tuple[Json, ...]]:
    """What each user is granted by itself."""
    app = named(account, "role", "app/*")
    region = {"aws:RequestedRegion": HERE}
    return {
        "everything": (allow(action="*"),),
        "to-lambda": (CALLS, allow(condition=only_to(LAMBDA))),
        "not-to-states": (CALLS, allow(condition={"StringNotEquals": {"iam:PassedToService": STATES}})),
        "app-only": (CALLS, allow(app)),
        "all-but-app": (CALLS, {"Effect": "Allow", "Action": "iam:PassRole", "NotResource": app}),
        "not-action": ({"Effect": "Allow", "NotAction": ["iam:Create*", "s3:*"], "Resource": "*"},),
        "grouped": (deny(named(account, "role", "app/Both")), deny(condition=only_to(ECS))),
        "bounded": (allow(action="*"),),
        "here-only": (CALLS, allow(condition={"StringEquals": region})),
        "not-elsewhere": (CALLS, allow(), deny(condition={"StringNotEquals": region})),
        "from-home": (CALLS, allow(condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}})),
        "from-afar": (CALLS, allow(condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
        "of-team": (CALLS, allow(named(account, "role", "${aws:PrincipalTag/team}/*"))),
        "by-role-tag": (CALLS, allow(condition={"StringEquals": {"iam:ResourceTag/team": "red"}})),
        "nothing": (CALLS,),
    }


def roles(account: str) -> Mapping[str, Json]:
    """The trust policy of each role that may be passed."""
    own = {"StringEquals": {"aws:SourceAccount": account}}
    foreign = {"StringEquals": {"aws:SourceAccount": "999988887777"}}
    return {
        "app/Both": trust(LAMBDA, STATES),
        "app/Task": trust(ECS, EC2, EVENTS),
        "red/Worker": trust(*SERVICES),
        "Frozen": trust(*SERVICES),
        "Own": trust(LAMBDA, SCHEDULER, condition=own),
        "Foreign": trust(LAMBDA, condition=foreign),
    }


def callers(account: str) -> Mapping[str, tuple[Json, tuple[Json, ...]]]:
    """The trust and identity policies of the roles whose sessions pass others."""
    red = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    return {
        "Deployer": (trusting(account), (CALLS, allow(condition=only_to(LAMBDA, EC2)))),
        "Tagged": (trusting(account, tags=True), (CALLS, allow(condition=red))),
    }


@dataclass(frozen=True)
class Caller:
    """Who tries, as it is listed, with what its calls carry that is not known beforehand."""

    arn: str
    credentials: Credentials
    context: Mapping[str, str]


@dataclass(frozen=True)
class World:
    url: str
    account: str
    management: Client
    root: Client
    callers: tuple[Caller, ...]


@contextmanager
def world() -> Iterator[World]:
    with ExitStack() as stack:
        options = Options(port=0, ephemeral=True, root_key=ROOT, testing=True)
        endpoint = stack.enter_context(Endpoint(options))
        member = endpoint.new_account()
        management = stack.enter_context(Client(Credentials(*ROOT), url=endpoint.url, region=HERE))
        key = Credentials(member.id, member.secret)
        root = stack.enter_context(Client(key, url=endpoint.url, region=HERE))
        made = tuple(make(root, member.account, endpoint.url))
        organize(management, root, member.account)
        yield World(endpoint.url, member.account, management, root, made)


def make(root: Client, account: str, url: str) -> Iterator[Caller]:
    """The account's roles, users, group and boundary; yields everyone who may try."""
    bound = document(allow(named(account, "role", "app/*")), CALLS, allow(action="iam:Get*"))
    root.call("iam", "CreatePolicy", {"PolicyName": "Bound", "PolicyDocument": json.dumps(bound)})
    shared = json.dumps(document(CALLS, allow()))
    root.call("iam", "CreatePolicy", {"PolicyName": "Shared", "PolicyDocument": shared})
    root.call("iam", "CreateGroup", {"GroupName": "Passers"})
    given = {"GroupName": "Passers", "PolicyArn": named(account, "policy", "Shared")}
    root.call("iam", "AttachGroupPolicy", given)
    for name, trusted in roles(account).items():
        put_role(root, name, trusted)
        last = name.rpartition("/")[2]
        root.call("iam", "CreateInstanceProfile", {"InstanceProfileName": last})
        both = {"InstanceProfileName": last, "RoleName": last}
        root.call("iam", "AddRoleToInstanceProfile", both)
    for name, (trusted, statements) in callers(account).items():
        put_role(root, name, trusted)
        policy = {"PolicyName": "main", "PolicyDocument": json.dumps(document(*statements))}
        root.call("iam", "PutRolePolicy", {"RoleName": name, **policy})
    for name, statements in users(account).items():
        given_user: Json = {"UserName": name}
        if name == "of-team":
            given_user["Tags"] = [{"Key": "team", "Value": "red"}]
        root.call("iam", "CreateUser", given_user)
        policy = {"PolicyName": "main", "PolicyDocument": json.dumps(document(*statements))}
        root.call("iam", "PutUserPolicy", {"UserName": name, **policy})
    root.call("iam", "AddUserToGroup", {"GroupName": "Passers", "UserName": "grouped"})
    arn = named(account, "policy", "Bound")
    root.call("iam", "PutUserPermissionsBoundary", {"UserName": "bounded", "PermissionsBoundary": arn})
    keys = {name: key_of(root, name) for name in users(account)}
    with Client(keys["everything"], url=url) as assumer:
        red, blue = ([{"Key": "team", "Value": team}] for team in ("red", "blue"))
        sessions: tuple[tuple[str, Json, dict[str, str]], ...] = (
            ("Deployer", {}, {}),
            ("Tagged", {}, {"aws:principaltag/team": "red"}),  # the role's own tag
            ("Tagged", {"Tags": red}, {"aws:principaltag/team": "red"}),
            ("Tagged", {"Tags": blue}, {"aws:principaltag/team": "blue"}),
        )
        for number, (name, more, context) in enumerate(sessions):
            role = named(account, "role", name)
            asked = {"RoleArn": role, "RoleSessionName": f"try{number}", **more}
            answer = assumer.call("sts", "AssumeRole", asked)["Credentials"]
            assert isinstance(answer, dict)
            key = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
            yield Caller(role, key, context)
    for name, key in keys.items():
        yield Caller(named(account, "user", name), key, {})


def put_role(root: Client, name: str, trusted: Json) -> None:
    path, _, last = f"/{name}".rpartition("/")
    given: Json = {"RoleName": last, "Path": f"{path}/", "AssumeRolePolicyDocument": json.dumps(trusted)}
    root.call("iam", "CreateRole", given | {"Tags": [{"Key": "team", "Value": "red"}]})


def key_of(root: Client, name: str) -> Credentials:
    key = root.call("iam", "CreateAccessKey", {"UserName": name})["AccessKey"]
    assert isinstance(key, dict)
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def organize(management: Client, member: Client, account: str) -> None:
    """Puts the account into a unit, with policies of the root, of the unit and of itself."""
    management.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
    target = {"Target": {"Id": account, "Type": "ACCOUNT"}}
    handshake = management.call("organizations", "InviteAccountToOrganization", target)["Handshake"]
    assert isinstance(handshake, dict)
    member.call("organizations", "AcceptHandshake", {"HandshakeId": handshake["Id"]})
    roots = management.call("organizations", "ListRoots")["Roots"]
    assert isinstance(roots, list)
    root = roots[0]["Id"]
    enabled = {"RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY"}
    management.call("organizations", "EnablePolicyType", enabled)
    given = {"ParentId": root, "Name": "Work"}
    unit = management.call("organizations", "CreateOrganizationalUnit", given)["OrganizationalUnit"]
    assert isinstance(unit, dict)
    moved = {"AccountId": account, "SourceParentId": root, "DestinationParentId": unit["Id"]}
    management.call("organizations", "MoveAccount", moved)
    but_own = {"ArnNotLike": {"aws:PrincipalArn": named(account, "user", "from-home")}}
    levels: tuple[tuple[str, tuple[Json, ...], bool], ...] = (
        (root, (deny("arn:aws:iam::*:role/Frozen"),), True),
        (unit["Id"], (deny(condition=only_to(SCHEDULER) | but_own),), True),
        (account, ({"Effect": "Allow", "NotAction": "iam:DeleteRole", "Resource": "*"},), False),
    )
    for number, (target_id, statements, full) in enumerate(levels):
        made = {
            "Name": f"Guard{number}",
            "Description": "of the tests",
            "Type": "SERVICE_CONTROL_POLICY",
            "Content": json.dumps(document(*statements)),
        }
        policy = management.call("organizations", "CreatePolicy", made)["Policy"]
        assert isinstance(policy, dict)
        id = policy["PolicySummary"]["Id"]
        management.call("organizations", "AttachPolicy", {"PolicyId": id, "TargetId": target_id})
        if not full:
            other = {"PolicyId": "p-FullAWSAccess", "TargetId": target_id}
            management.call("organizations", "DetachPolicy", other)


def calls(service: str, role: str, name: str) -> tuple[str, str, Json]:
    """A call that passes the role to the service."""
    machine = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    queue = "arn:aws:sqs:eu-west-1:111122223333:jobs"
    made: Mapping[str, Callable[[], tuple[str, str, Json]]] = {
        LAMBDA: lambda: (
            "lambda",
            "CreateFunction",
            {
                "FunctionName": name,
                "Runtime": "python3.12",
                "Handler": "a.b",
                "Role": role,
                "Code": {"ZipFile": b"PK\5\6" + bytes(18)},
            },
        ),
        STATES: lambda: (
            "stepfunctions",
            "CreateStateMachine",
            {"name": name, "definition": json.dumps(machine), "roleArn": role},
        ),
        EVENTS: lambda: (
            "events",
            "PutTargets",
            {"Rule": "often", "Targets": [{"Id": name, "Arn": queue, "RoleArn": role}]},
        ),
        SCHEDULER: lambda: (
            "scheduler",
            "CreateSchedule",
            {
                "Name": name,
                "ScheduleExpression": "rate(1 hour)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": queue, "RoleArn": role},
            },
        ),
        EC2: lambda: (
            "ec2",
            "RunInstances",
            {
                "ImageId": "ami-12c6146b",
                "MinCount": 1,
                "MaxCount": 1,
                "IamInstanceProfile": {"Name": role.rpartition("/")[2]},
            },
        ),
        ECS: lambda: (
            "ecs",
            "RegisterTaskDefinition",
            {
                "family": name,
                "taskRoleArn": role,
                "containerDefinitions": [{"name": "main", "image": "busybox", "memory": 64}],
            },
        ),
    }
    return made[service]()


def tried(client: Client, service: str, role: str, name: str) -> bool:
    """Does a call that passes the role go through?"""
    try:
        client.call(*calls(service, role, name))
    except ServiceError as error:
        if not any(text in f"{error.code}: {error.message}" for text in REFUSALS):
            raise
        return False
    return True


def holds(row: Pass, caller: Caller, region: str) -> bool:
    """Are the row's conditions met in such a call?"""
    context = {"aws:requestedregion": region, "aws:sourceip": "127.0.0.1", **caller.context}
    return all(
        Condition(one.operator, one.key, one.values, live=True).holds(context) for one in row.conditions
    )


def test_every_row_is_true_and_every_absent_one_is_refused() -> None:
    with world() as found:
        for region in (HERE, ELSEWHERE):
            with Client(found.callers[-1].credentials, url=found.url, region=region) as rule_maker:
                given = {"Name": "often", "ScheduleExpression": "rate(1 hour)"}
                rule_maker.call("events", "PutRule", given)
        organization = read_organization(found.management)
        assert organization is not None
        estate = read_live(found.root, organization)
        assert list(estate.notes) == []
        listed = {(row.principal, row.role, row.service): row for row in who_can_pass(estate)}
        wrong: list[str] = []
        outcomes = {True: 0, False: 0}
        conditional = {True: 0, False: 0}
        trusts = roles(found.account)
        for number, (caller, region) in enumerate(product(found.callers, (HERE, ELSEWHERE))):
            with Client(caller.credentials, url=found.url, region=region) as client:
                for name, service in product(trusts, SERVICES):
                    role = named(found.account, "role", name)
                    row = listed.get((caller.arn, role, service))
                    if service in CHECKED_AT_USE and service not in json.dumps(trusts[name]):
                        assert row is None
                        continue
                    if region == ELSEWHERE and (row is None or not row.conditions):
                        continue
                    expected = row is not None and holds(row, caller, region)
                    label = f"n{number}-{name.replace('/', '-')}-{service.partition('.')[0]}"
                    went = tried(client, service, role, label)
                    outcomes[went] += 1
                    if row is not None and row.conditions:
                        conditional[went] += 1
                    if went is not expected:
                        wrong.append(f"{caller} {role} {service} {region}: listed {row}, went {went}")
        assert wrong == []
        assert min(outcomes.values()) > 100
        assert min(conditional.values()) > 20
