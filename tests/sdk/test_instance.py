"""The instance of Example 1 at work: real clients in ``passrole exec``, with the role's credentials.

Source: EC2 User Guide, "IAM roles for Amazon EC2".
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.sdk.clients import HERE, Boto3
from tests.sdk.example import WEB, Administrator, Caller, allow, policy, trust
from tests.sdk.server import ACCOUNT, REGION, Key, Serve, clean_environment

BUCKET, OBJECT, TEXT = "reports", "today.txt", "42 visits"
READS = policy(allow("s3:GetObject", f"arn:aws:s3:::{BUCKET}/*"))

# What software on an instance does: no key, no endpoint, no region.
READER = f"""
import boto3, botocore.exceptions, json
found = {{}}
try:
    found["text"] = boto3.client("s3").get_object(Bucket="{BUCKET}", Key="{OBJECT}")["Body"].read().decode()
except botocore.exceptions.ClientError as error:
    found["code"] = error.response["Error"]["Code"]
    found["message"] = error.response["Error"]["Message"]
except botocore.exceptions.NoCredentialsError:
    found["code"] = "NoCredentials"
session = boto3.Session()
credentials = session.get_credentials()
if credentials is not None:
    found["method"] = credentials.method
    found["key"] = [credentials.access_key, credentials.secret_key, credentials.token]
    found["arn"] = session.client("sts").get_caller_identity()["Arn"]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def admin(serve: Serve) -> Administrator:
    """The administrator, after a bucket with one object."""
    admin = Administrator(Boto3(serve.url))
    admin.call("s3:CreateBucket", Bucket=BUCKET).at()
    admin.call("s3:PutObject", Bucket=BUCKET, Key=OBJECT, Body=TEXT.encode()).at()
    return admin


@pytest.fixture(scope="module")
def alice(admin: Administrator) -> Caller:
    """May launch, with roles EC2-roles-for-XYZ-*."""
    return admin.user(
        "alice",
        allow(["iam:GetRole", "iam:PassRole"], f"arn:aws:iam::{ACCOUNT}:role/EC2-roles-for-XYZ-*"),
        allow(["ec2:RunInstances", "ec2:TerminateInstances", "ec2:DescribeInstances"]),
    )


@pytest.fixture(scope="module")
def instance(admin: Administrator, alice: Caller) -> str:
    """An instance with a role that reads the bucket."""
    admin.ec2_role(WEB)
    admin.call("iam:PutRolePolicy", RoleName=WEB, PolicyName="reads", PolicyDocument=READS).at()
    return alice.launched(WEB)


def on(
    serve: Serve, instance: str, *command: str, endpoint: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command on the instance."""
    return subprocess.run(
        [sys.executable, "-m", "passrole", "exec", "--instance", instance, "--", *command],
        # Credentials of the user's own lie about, as they would on a laptop.
        env=clean_environment()
        | {"AWS_ENDPOINT_URL": endpoint or serve.url}
        | Key("AKIAOFTHEUSERSOWN", "secret").environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read(serve: Serve, instance: str) -> Mapping[str, object]:
    """What READER finds on the instance."""
    ran = on(serve, instance, sys.executable, "-c", READER)
    assert ran.returncode == 0, ran.stderr
    found: Mapping[str, object] = json.loads(ran.stdout)
    return found


def test_boto3_on_the_instance_reads_s3_by_the_role(serve: Serve, instance: str) -> None:
    found = read(serve, instance)
    assert (found["text"], found["method"]) == (TEXT, "iam-role")
    assert found["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{WEB}/{instance}"


@pytest.mark.node
@pytest.mark.parametrize("provider", ["default", "metadata"])
def test_javascript_on_the_instance_reads_s3_by_the_role(
    serve: Serve, instance: str, node: Path, provider: str
) -> None:
    ran = on(serve, instance, str(node), str(HERE / "instance.mjs"), BUCKET, OBJECT, provider)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "text": TEXT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{WEB}/{instance}",
    }


def test_the_aws_cli_on_the_instance_reads_s3_by_the_role(serve: Serve, instance: str) -> None:
    command = (sys.executable, "-m", "awscli", "s3", "cp", f"s3://{BUCKET}/{OBJECT}", "-")
    ran = on(serve, instance, *command)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, TEXT, "")


def test_the_role_may_do_what_its_policy_says_and_no_more(serve: Serve, instance: str) -> None:
    command = (sys.executable, "-m", "awscli", "s3", "rm", f"s3://{BUCKET}/{OBJECT}")
    ran = on(serve, instance, *command)
    assert ran.returncode != 0
    assert "AccessDenied" in ran.stderr
    assert f"assumed-role/{WEB}/{instance} is not authorized to perform: s3:DeleteObject" in ran.stderr


def test_the_role_is_limited_by_its_policies_as_they_are_now(
    serve: Serve, admin: Administrator, alice: Caller
) -> None:
    role = "EC2-roles-for-XYZ-changing"
    admin.ec2_role(role)
    instance = alice.launched(role)
    refused = read(serve, instance)
    assert refused["code"] == "AccessDenied"
    admin.call("iam:PutRolePolicy", RoleName=role, PolicyName="reads", PolicyDocument=READS).at()
    allowed = read(serve, instance)
    assert allowed["text"] == TEXT
    admin.call("iam:DeleteRolePolicy", RoleName=role, PolicyName="reads").at()
    refused = read(serve, instance)
    assert refused["code"] == "AccessDenied"
    assert "because no identity-based policy allows the s3:GetObject action" in str(refused["message"])
    # The same credentials all along: it is not they that changed.
    assert refused["key"] == allowed["key"]


def test_losing_pass_role_changes_nothing_for_a_running_instance(
    serve: Serve, admin: Administrator, instance: str
) -> None:
    ellen = admin.user(
        "ellen",
        allow(["iam:PassRole"], f"arn:aws:iam::{ACCOUNT}:role/{WEB}"),
        allow("ec2:RunInstances"),
    )
    launched = ellen.launched(WEB)
    admin.call("iam:DeleteUserPolicy", UserName="ellen", PolicyName="own").at()
    assert ellen.run(WEB).code == "UnauthorizedOperation"
    assert read(serve, launched)["text"] == TEXT


def test_a_trust_policy_without_ec2_gives_no_credentials_until_it_is_mended(
    serve: Serve, admin: Administrator, alice: Caller
) -> None:
    role = "EC2-roles-for-XYZ-distrusting"
    admin.role(role, "rds.amazonaws.com")
    admin.profile(role)
    admin.call("iam:PutRolePolicy", RoleName=role, PolicyName="reads", PolicyDocument=READS).at()
    instance = alice.launched(role)  # EC2 does not look at the trust policy at launch
    assert read(serve, instance) == {"code": "NoCredentials"}
    program = (
        "import os, sys, urllib.request;"
        "base = os.environ['AWS_EC2_METADATA_SERVICE_ENDPOINT'] + '/latest/meta-data/iam/';"
        "print(urllib.request.urlopen(base + 'security-credentials/' + sys.argv[1]).read().decode())"
    )
    ran = on(serve, instance, sys.executable, "-c", program, role)
    assert json.loads(ran.stdout)["Code"] == "AssumeRoleUnauthorizedAccess"
    admin.call("iam:UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=trust("ec2.amazonaws.com")).at()
    assert read(serve, instance)["text"] == TEXT


def test_credentials_end_with_the_instance(
    serve: Serve, admin: Administrator, alice: Caller, instance: str
) -> None:
    launched = alice.launched(WEB)
    taken = read(serve, launched)["key"]
    assert isinstance(taken, list)
    holder = Caller(admin.client, Key(*taken), "")
    assert holder.call("sts:GetCallerIdentity").text("Account") == ACCOUNT
    alice.call("ec2:TerminateInstances", InstanceIds=[launched]).at()
    answer = holder.call("sts:GetCallerIdentity")
    assert (answer.code, answer.status) == ("InvalidClientTokenId", 403)
    ran = on(serve, launched, "true")
    assert (ran.returncode, ran.stdout) == (2, "")
    line = f"passrole: exec: instance {launched} at {serve.url}: instance {launched} is terminated\n"
    assert ran.stderr == line
    assert read(serve, instance)["text"] == TEXT


def test_what_ec2_assumes_is_on_record(serve: Serve, admin: Administrator, instance: str) -> None:
    read(serve, instance)
    found = admin.call(
        "cloudtrail:LookupEvents",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}],
    )
    events = [json.loads(one.text("CloudTrailEvent")) for one in found.items("Events")]
    of_instance = [event for event in events if event["requestParameters"].get("roleSessionName") == instance]
    assert of_instance
    assert of_instance[0]["userIdentity"] == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}
    assert of_instance[0]["awsRegion"] == REGION


def test_an_instance_that_is_not_there_is_one_line(serve: Serve) -> None:
    ran = on(serve, "i-0123456789abcdef0", "true")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "there is no instance 'i-0123456789abcdef0' here" in ran.stderr
