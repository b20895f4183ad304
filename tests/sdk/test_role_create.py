"""``passrole role create`` against the real server: what the console's wizard would have made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from tests.sdk.clients import Boto3
from tests.sdk.example import Administrator, allow
from tests.sdk.server import ACCOUNT, ROOT, Key, Serve, clean_environment


def run(url: str, key: Key | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment() | {
        "AWS_ENDPOINT_URL": url,
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        **(key.environment() if key is not None else {}),
    }
    return subprocess.run(
        [sys.executable, "-m", "passrole", "role", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def made(url: str, key: Key, *arguments: str) -> Mapping[str, Any]:
    ran = run(url, key, "create", "--format", "json", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    found: Mapping[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def admin(serve: Serve) -> Administrator:
    return Administrator(Boto3(serve.url))


def test_a_monitoring_role_that_rds_takes(serve: Serve, admin: Administrator) -> None:
    role = made(serve.url, ROOT, "--use-case", "rds-enhanced-monitoring", "RDS-Monitoring-Role")
    arn = f"arn:aws:iam::{ACCOUNT}:role/RDS-Monitoring-Role"
    assert role["Arn"] == arn
    attached = admin.call("iam:ListAttachedRolePolicies", RoleName="RDS-Monitoring-Role")
    assert [one.text("PolicyName") for one in attached.items("AttachedPolicies")] == [
        "AmazonRDSEnhancedMonitoringRole"
    ]
    database = admin.call(
        "rds:CreateDBInstance",
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        MasterUsername="administrator",
        MasterUserPassword="a-long-password",
        MonitoringInterval=60,
        MonitoringRoleArn=arn,
    )
    assert database.text("DBInstance", "MonitoringRoleArn") == arn


def test_an_ec2_role_comes_with_its_instance_profile(serve: Serve, admin: Administrator) -> None:
    role = made(serve.url, ROOT, "--use-case", "ec2", "--path", "/web/", "Web")
    assert role["InstanceProfile"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/web/Web"
    profile = admin.call("iam:GetInstanceProfile", InstanceProfileName="Web")
    assert profile.at("InstanceProfile", "Roles", 0, "RoleName") == "Web"


def test_the_caller_needs_the_rights_of_every_step(serve: Serve, admin: Administrator) -> None:
    nobody = admin.user("nobody")
    ran = run(serve.url, nobody.key, "create", "--use-case", "lambda", "Function")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"passrole: AccessDenied: User: {nobody.arn} is not authorized to perform:")
    assert ran.stderr.count("\n") == 1
    creates = admin.user("creates", allow("iam:CreateRole"))
    ran = run(serve.url, creates.key, "create", "--use-case", "lambda", "Function")
    assert ran.returncode == 2
    assert "the role Function was made, but is not whole: AccessDenied" in ran.stderr
    ran = run(serve.url, ROOT, "create", "--use-case", "lambda", "Function")
    assert ran.stderr == "passrole: EntityAlreadyExists: Role with name Function already exists.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--use-case", "nosuch", "Role"), "--use-case: nosuch is none of api-gateway,"),
        (("create", "Role"), "--use-case"),
        (("create", "--use-case", "ec2", "--format", "xml", "Role"), "--format: xml is none of table, json"),
    ],
)
def test_a_bad_option_is_one_line(serve: Serve, arguments: tuple[str, ...], said: str) -> None:
    ran = run(serve.url, ROOT, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_without_credentials_or_endpoint_it_says_so(serve: Serve) -> None:
    ran = run(serve.url, None, "create", "--use-case", "ec2", "Role")
    assert ran.returncode == 2
    assert "no credentials" in ran.stderr
    ran = run("http://127.0.0.1:1", ROOT, "create", "--use-case", "ec2", "Role")
    assert ran.returncode == 2
    assert "http://127.0.0.1:1 does not answer" in ran.stderr


def test_the_use_cases_are_listed(serve: Serve) -> None:
    listed = json.loads(run(serve.url, None, "use-cases", "--format", "json").stdout)
    assert {"rds-enhanced-monitoring", "ec2", "lambda", "ecs-tasks", "states"} <= {
        one["name"] for one in listed
    }
    table = run(serve.url, None, "use-cases").stdout.splitlines()
    assert len(table) == len(listed)
