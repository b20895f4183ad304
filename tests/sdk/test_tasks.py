"""ECS against the real server: the roles that tasks are passed, what each is used for, and services.

Source: ECS Developer Guide, "Task IAM role", "Task execution IAM role", "Stopped tasks error codes".
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest
from tests.sdk.clients import Answer, Boto3
from tests.sdk.example import Administrator, Caller, allow, policy, refusal, trust
from tests.sdk.server import ACCOUNT, REGION, Serve, clean_environment

SERVICE = "ecs-tasks.amazonaws.com"
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
GROUP = "/ecs/web"
SECONDS = 20.0  # that the agent may take
WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"

T = TypeVar("T")


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def unusable(name: str) -> str:
    return (
        f"ECS was unable to assume the role '{role_arn(name)}' that was provided for this task. Please verify"
        " that the role being passed has the proper trust relationship and permissions and that your IAM user"
        " has permissions to pass this role."
    )


@pytest.fixture(scope="module")
def admin(serve: Serve) -> Administrator:
    """After a cluster, a subnet for it, task and execution roles, and a task definition with both."""
    admin = Administrator(Boto3(serve.url))
    admin.call("ecs:CreateCluster", clusterName="default").at()
    for name in ("Task", "OtherTask", "Execution"):
        admin.role(name, SERVICE)
    admin.call("iam:AttachRolePolicy", RoleName="Execution", PolicyArn=MANAGED).at()
    admin.call("logs:CreateLogGroup", logGroupName=GROUP).at()
    register(admin, "web")
    return admin


def register(admin: Administrator, family: str, **container: object) -> None:
    options = {"awslogs-group": GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "web"}
    logging = {"logDriver": "awslogs", "options": options}
    admin.call(
        "ecs:RegisterTaskDefinition",
        family=family,
        taskRoleArn=role_arn("Task"),
        executionRoleArn=role_arn("Execution"),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "app", "image": "web", "logConfiguration": logging, **container}],
    ).at()


def network(admin: Administrator) -> Mapping[str, object]:
    subnet = admin.call("ec2:DescribeSubnets").text("Subnets", 0, "SubnetId")
    groups = admin.call("ec2:DescribeSecurityGroups").text("SecurityGroups", 0, "GroupId")
    return {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [groups]}}


def run(caller: Caller, admin: Administrator, family: str = "web", **given: object) -> Answer:
    return caller.call(
        "ecs:RunTask",
        taskDefinition=family,
        launchType="FARGATE",
        networkConfiguration=network(admin),
        **given,
    )


def within(ask: Callable[[], T], settled: Callable[[T], bool]) -> T:
    """What is answered once it is as wanted; the last answer if it never is."""
    end = time.monotonic() + SECONDS
    found = ask()
    while not settled(found) and time.monotonic() < end:
        time.sleep(0.05)
        found = ask()
    return found


def task(admin: Administrator, arn: str, status: str) -> Mapping[str, Any]:
    """The task once it has that status."""

    def ask() -> Mapping[str, Any]:
        found = admin.call("ecs:DescribeTasks", tasks=[arn]).at("tasks", 0)
        assert isinstance(found, Mapping)
        return found

    found = within(ask, lambda one: one["lastStatus"] == status)
    assert found["lastStatus"] == status, found.get("stoppedReason")
    return found


def who(serve: Serve, arn: str) -> subprocess.CompletedProcess[str]:
    """Who software in the task is."""
    return subprocess.run(
        [sys.executable, "-m", "passrole", "exec", "--task", arn, "--", sys.executable, "-c", WHO],
        env=clean_environment() | {"AWS_ENDPOINT_URL": serve.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def records(admin: Administrator, name: str) -> list[Mapping[str, Any]]:
    """The trail's records of an event name, newest first."""
    chosen = [{"AttributeKey": "EventName", "AttributeValue": name}]
    found = admin.call("cloudtrail:LookupEvents", LookupAttributes=chosen, MaxResults=50)
    return [json.loads(event.text("CloudTrailEvent")) for event in found.items("Events")]


def test_a_task_has_the_task_role_s_credentials_until_it_stops(admin: Administrator, serve: Serve) -> None:
    arn = run(admin, admin).text("tasks", 0, "taskArn")
    task(admin, arn, "RUNNING")
    name = arn.rsplit("/", 1)[-1]
    ran = who(serve, arn)
    assert ran.stdout.strip() == f"arn:aws:sts::{ACCOUNT}:assumed-role/Task/{name}", ran.stderr
    streams = admin.call("logs:DescribeLogStreams", logGroupName=GROUP).items("logStreams")
    assert f"web/app/{name}" in [one.text("logStreamName") for one in streams]

    taken = [
        one for one in records(admin, "AssumeRole") if one["requestParameters"]["roleSessionName"] == name
    ]
    assert [one["requestParameters"]["roleArn"] for one in taken] == [role_arn("Task"), role_arn("Execution")]
    assert {one["userIdentity"]["invokedBy"] for one in taken} == {SERVICE}
    (made, *_) = records(admin, "CreateLogStream")
    assert made["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Execution/{name}"

    admin.call("ecs:StopTask", task=arn, reason="done").at()
    ended = task(admin, arn, "STOPPED")
    assert (ended["stoppedReason"], ended["stopCode"]) == ("done", "UserInitiated")
    assert who(serve, arn).returncode == 2


def test_overrides_are_passed_and_used(admin: Administrator, serve: Serve) -> None:
    user = admin.user(
        "runner",
        allow("ecs:*"),
        allow("iam:PassRole", role_arn("Task")),
        allow("iam:PassRole", role_arn("Execution")),
    )
    other = {"taskRoleArn": role_arn("OtherTask")}
    answer = run(user, admin, overrides=other)
    assert (answer.code, answer.message) == (
        "AccessDeniedException",
        refusal(user.arn, role_arn("OtherTask")),
    )
    arn = run(user, admin).text("tasks", 0, "taskArn")
    task(admin, arn, "RUNNING")
    arn = run(admin, admin, overrides=other).text("tasks", 0, "taskArn")
    task(admin, arn, "RUNNING")
    assert ":assumed-role/OtherTask/" in who(serve, arn).stdout


def test_a_role_that_ecs_may_not_take_is_refused_at_the_call(admin: Administrator) -> None:
    admin.role("Elsewhere", "ec2.amazonaws.com")
    answer = run(admin, admin, overrides={"taskRoleArn": role_arn("Elsewhere")})
    assert (answer.code, answer.status, answer.message) == ("ClientException", 400, unusable("Elsewhere"))


def test_an_execution_role_without_rights_stops_the_task(admin: Administrator) -> None:
    admin.role("Weak", SERVICE)
    arn = run(admin, admin, overrides={"executionRoleArn": role_arn("Weak")}).text("tasks", 0, "taskArn")
    ended = task(admin, arn, "STOPPED")
    name = arn.rsplit("/", 1)[-1]
    assert ended["stopCode"] == "TaskFailedToStart"
    assert ended["stoppedReason"].startswith(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times:"
        " failed to create Cloudwatch log stream: AccessDeniedException: User:"
        f" arn:aws:sts::{ACCOUNT}:assumed-role/Weak/{name} is not authorized to perform: logs:CreateLogStream"
    )


def test_secrets_are_read_with_the_execution_role(admin: Administrator) -> None:
    secret = admin.call("secretsmanager:CreateSecret", Name="password", SecretString="s").text("ARN")
    register(admin, "secret", secrets=[{"name": "PASSWORD", "valueFrom": secret}])
    arn = run(admin, admin, "secret").text("tasks", 0, "taskArn")
    ended = task(admin, arn, "STOPPED")
    assert "unable to retrieve secret from asm" in ended["stoppedReason"]
    assert "is not authorized to perform: secretsmanager:GetSecretValue" in ended["stoppedReason"]
    may = policy(allow("secretsmanager:GetSecretValue", secret))
    admin.call("iam:PutRolePolicy", RoleName="Execution", PolicyName="own", PolicyDocument=may).at()
    task(admin, run(admin, admin, "secret").text("tasks", 0, "taskArn"), "RUNNING")


def test_a_service_keeps_its_count(admin: Administrator) -> None:
    admin.call(
        "ecs:CreateService",
        serviceName="web",
        taskDefinition="web",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=network(admin),
    ).at()

    def running() -> set[str]:
        listed = admin.call("ecs:ListTasks", serviceName="web").at("taskArns")
        shown = admin.call("ecs:DescribeServices", services=["web"])
        assert isinstance(listed, list)
        return set(listed) if shown.at("services", 0, "runningCount") == len(listed) else set()

    first = within(running, lambda arns: len(arns) == 2)
    assert len(first) == 2
    gone = sorted(first)[0]
    admin.call("ecs:StopTask", task=gone).at()
    second = within(running, lambda arns: len(arns) == 2 and gone not in arns)
    assert len(second - first) == 1
    scheduled = next(
        one
        for one in records(admin, "AssumeRole")
        if "ServiceRoleForECS" in one["requestParameters"]["roleArn"]
    )
    assert scheduled["userIdentity"]["invokedBy"] == "ecs.amazonaws.com"

    # The trust of the task's role goes: the next task does not start, the service says so, and tries again.
    admin.call("iam:UpdateAssumeRolePolicy", RoleName="Task", PolicyDocument=trust("ec2.amazonaws.com")).at()
    admin.call("ecs:StopTask", task=sorted(second)[0]).at()

    def events() -> list[str]:
        told = admin.call("ecs:DescribeServices", services=["web"]).items("services")[0]
        return [one.text("message") for one in told.items("events")]

    assert any(one.startswith("(service web) has started 2 tasks: (task ") for one in events())
    said = "(service web) is unable to consistently start tasks successfully."
    assert said in within(events, lambda all: said in all)
    stopped = admin.call("ecs:ListTasks", serviceName="web", desiredStatus="STOPPED").at("taskArns")
    assert isinstance(stopped, list)
    reasons = {task(admin, arn, "STOPPED")["stoppedReason"] for arn in stopped}
    assert unusable("Task") in reasons
    admin.call("iam:UpdateAssumeRolePolicy", RoleName="Task", PolicyDocument=trust(SERVICE)).at()
    assert len(within(running, lambda arns: len(arns) == 2)) == 2

    admin.call("ecs:DeleteService", service="web", force=True).at()
    assert within(running, lambda arns: not arns) == set()


def test_without_security_groups_those_of_the_vpc_are_taken(admin: Administrator) -> None:
    subnet = admin.call("ec2:DescribeSubnets").text("Subnets", 0, "SubnetId")
    given = {
        "taskDefinition": "web",
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}},
    }
    started = admin.call("ecs:RunTask", **given)
    details = started.items("tasks")[0].items("attachments")[0].items("details")
    interface = next(one.text("value") for one in details if one.text("name") == "networkInterfaceId")
    shown = admin.call("ec2:DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])
    assert shown.text("NetworkInterfaces", 0, "Groups", 0, "GroupName") == "default"
    service = admin.call("ecs:CreateService", serviceName="bare", desiredCount=0, **given)
    assert service.text("service", "status") == "ACTIVE"
