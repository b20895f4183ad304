"""What the embedded services hold, over a clean stop and start of the real process; and what is not read."""

from __future__ import annotations

import io
import json
import signal
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.sdk.clients import Boto3
from tests.sdk.example import IMAGE, Administrator, allow, policy, profile_arn
from tests.sdk.server import ACCOUNT, REGION, Serve

SERVICES = ("ec2", "lambda", "monitoring.rds", "ecs-tasks", "states")
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:work"
BODY = b"0123456789" * 1_000_000  # more than moto keeps in memory
SECONDS = 20.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def starts(tmp_path: Path, data: Path) -> Callable[[], Serve]:
    """Starts of one endpoint, one after the other."""
    numbers: Iterator[int] = iter(range(10))
    return lambda: Serve(tmp_path / f"{next(numbers)}.log", "--data", str(data))


def settled(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What is answered once it is as wanted."""
    end = time.monotonic() + SECONDS
    found = ask()
    while not wanted(found) and time.monotonic() < end:
        time.sleep(0.1)
        found = ask()
    assert wanted(found), found
    return found


def group(admin: Administrator) -> set[str]:
    shown = admin.call("autoscaling:DescribeAutoScalingGroups").items("AutoScalingGroups")[0]
    return {one.text("InstanceId") for one in shown.items("Instances")}


def documents(admin: Administrator) -> int:
    """How many OS metrics the database has written."""
    stream = admin.call("rds:DescribeDBInstances").text("DBInstances", 0, "DbiResourceId")
    found = admin.call("logs:GetLogEvents", logGroupName="RDSOSMetrics", logStreamName=stream)
    return 0 if found.code else len(found.items("events"))


def seed(admin: Administrator) -> Mapping[str, str]:
    """Something in each service; returns names of what there is."""
    principals = [f"{name}.amazonaws.com" for name in SERVICES]
    trusted = {"Effect": "Allow", "Principal": {"Service": principals}, "Action": "sts:AssumeRole"}
    admin.call("iam:CreateRole", RoleName="Worker", AssumeRolePolicyDocument=policy(trusted)).at()
    admin.call("iam:AttachRolePolicy", RoleName="Worker", PolicyArn=MANAGED).at()
    admin.profile("Worker")
    made = {"instance": admin.launched("Worker")}

    admin.call("s3:CreateBucket", Bucket="kept").at()
    admin.call("s3:PutObject", Bucket="kept", Key="k", Body=BODY).at()
    reader = admin.user("reader")
    may_read = {**allow("s3:GetObject", "arn:aws:s3:::kept/*"), "Principal": {"AWS": reader.arn}}
    admin.call("s3:PutBucketPolicy", Bucket="kept", Policy=policy(may_read)).at()
    made |= {"key": reader.key.id, "secret": reader.key.secret, "reader": reader.arn}

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    admin.call(
        "lambda:CreateFunction",
        FunctionName="f",
        Runtime="python3.12",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    ).at()
    admin.call(
        "rds:CreateDBInstance",
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="administrator",
        MasterUserPassword="a-long-password",
        AllocatedStorage=20,
        MonitoringInterval=1,
        MonitoringRoleArn=ROLE,
    ).at()
    made["queue"] = admin.call("sqs:CreateQueue", QueueName="work").text("QueueUrl")
    admin.call("sqs:SendMessage", QueueUrl=made["queue"], MessageBody="hello").at()
    made["topic"] = admin.call("sns:CreateTopic", Name="news").text("TopicArn")
    admin.call("sns:Subscribe", TopicArn=made["topic"], Protocol="sqs", Endpoint=QUEUE).at()
    admin.call(
        "dynamodb:CreateTable",
        TableName="t",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    ).at()
    admin.call("dynamodb:PutItem", TableName="t", Item={"a": {"S": "1"}}).at()
    admin.call("logs:CreateLogGroup", logGroupName="/own").at()
    template = {"ImageId": IMAGE, "InstanceType": "t3.micro", "IamInstanceProfile": {"Name": "Worker"}}
    admin.call("ec2:CreateLaunchTemplate", LaunchTemplateName="own", LaunchTemplateData=template).at()
    admin.call(
        "autoscaling:CreateAutoScalingGroup",
        AutoScalingGroupName="g",
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateName": "own"},
        AvailabilityZones=[f"{REGION}a"],
    ).at()
    admin.call("ecs:CreateCluster", clusterName="default").at()
    admin.call(
        "ecs:RegisterTaskDefinition",
        family="w",
        taskRoleArn=ROLE,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "a", "image": "w"}],
    ).at()
    network = {
        "subnets": [admin.call("ec2:DescribeSubnets").text("Subnets", 0, "SubnetId")],
        "securityGroups": [admin.call("ec2:DescribeSecurityGroups").text("SecurityGroups", 0, "GroupId")],
    }
    made["task"] = admin.call(
        "ecs:RunTask",
        taskDefinition="w",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": network},
    ).text("tasks", 0, "taskArn")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    admin.call("stepfunctions:CreateStateMachine", name="m", roleArn=ROLE, definition=definition).at()
    admin.call("events:PutRule", Name="r", ScheduleExpression="rate(1 day)").at()
    made["signing"] = admin.call("kms:CreateKey", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY").text(
        "KeyMetadata", "KeyId"
    )
    admin.call("secretsmanager:CreateSecret", Name="s", SecretString="v").at()
    admin.call("ssm:PutParameter", Name="/p", Value="v", Type="SecureString").at()
    settled(lambda: group(admin), lambda ids: len(ids) == 2)
    settled(lambda: running(admin, made["task"]), bool)
    settled(lambda: documents(admin), lambda number: number > 0)
    return made


def running(admin: Administrator, task: str) -> bool:
    return admin.call("ecs:DescribeTasks", tasks=[task]).text("tasks", 0, "lastStatus") == "RUNNING"


def test_a_clean_stop_keeps_everything_and_the_work_goes_on(starts: Callable[[], Serve], data: Path) -> None:
    with starts() as first:
        admin = Administrator(Boto3(first.url))
        made = seed(admin)
        members, before = group(admin), documents(admin)
    embedded = data / "embedded"
    assert {oct(path.stat().st_mode & 0o777) for path in embedded.iterdir()} == {"0o600"}
    with starts() as second:
        client = Boto3(second.url)
        admin = Administrator(client)
        assert admin.instances()[made["instance"]] == profile_arn("Worker")
        imds = f"{second.url}/_passrole/imds/{made['instance']}/latest/meta-data/iam/security-credentials/"
        with urlopen(f"{imds}Worker") as answer:
            assert json.load(answer)["Code"] == "Success"
        assert admin.call("s3:HeadObject", Bucket="kept", Key="k").at("ContentLength") == len(BODY)
        # The bucket's policy means the very user that it meant when it was set.
        admin.call("iam:DeleteAccessKey", UserName="reader", AccessKeyId=made["key"]).at()
        admin.call("iam:DeleteUser", UserName="reader").at()
        another = admin.user("reader")
        assert another.call("s3:GetObject", Bucket="kept", Key="k").code == "AccessDenied"
        function = admin.call("lambda:GetFunction", FunctionName="f")
        assert function.text("Configuration", "Role") == ROLE
        received = admin.call("sqs:ReceiveMessage", QueueUrl=made["queue"])
        assert received.text("Messages", 0, "Body") == "hello"
        assert len(admin.call("sns:ListSubscriptions").items("Subscriptions")) == 1
        item = admin.call("dynamodb:GetItem", TableName="t", Key={"a": {"S": "1"}})
        assert item.at("Item") == {"a": {"S": "1"}}
        groups = admin.call("logs:DescribeLogGroups").items("logGroups")
        assert "/own" in [one.text("logGroupName") for one in groups]
        assert running(admin, made["task"])
        assert admin.call("stepfunctions:ListStateMachines").text("stateMachines", 0, "name") == "m"
        assert admin.call("events:ListRules").text("Rules", 0, "Name") == "r"
        signed = {"KeyId": made["signing"], "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
        admin.call("kms:Sign", **signed).at("Signature")
        assert admin.call("secretsmanager:GetSecretValue", SecretId="s").text("SecretString") == "v"
        parameter = admin.call("ssm:GetParameter", Name="/p", WithDecryption=True)
        assert parameter.text("Parameter", "Value") == "v"
        # Agents go on: the group replaces what is lost, the database is monitored.
        assert group(admin) == members
        gone = sorted(members)[0]
        admin.call("ec2:TerminateInstances", InstanceIds=[gone]).at()
        settled(lambda: group(admin), lambda ids: len(ids) == 2 and gone not in ids)
        settled(lambda: documents(admin), lambda number: number > before)


def buckets(admin: Administrator) -> list[str]:
    return [one.text("Name") for one in admin.call("s3:ListBuckets").items("Buckets")]


def small(starts: Callable[[], Serve]) -> None:
    """A run that leaves a bucket and a queue behind."""
    with starts() as first:
        admin = Administrator(Boto3(first.url))
        admin.call("s3:CreateBucket", Bucket="kept").at()
        admin.call("sqs:CreateQueue", QueueName="work").at()


def test_a_changed_file_is_set_aside_and_the_others_are_read(starts: Callable[[], Serve], data: Path) -> None:
    small(starts)
    (file,) = (data / "embedded").glob("s3.*")
    content = bytearray(file.read_bytes())
    content[-10] ^= 1
    file.write_bytes(content)
    with starts() as second:
        admin = Administrator(Boto3(second.url))
        assert buckets(admin) == []
        assert f"{file} was changed" in second.errors()
        assert len(admin.call("sqs:ListQueues").items("QueueUrls")) == 1
    assert (data / "embedded" / "set-aside" / file.name).exists()


@pytest.mark.parametrize("change", ["seal", "moto"])
def test_a_manifest_of_others_is_not_read(starts: Callable[[], Serve], data: Path, change: str) -> None:
    small(starts)
    manifest = data / "embedded" / "manifest"
    seal, _, body = manifest.read_bytes().partition(b"\n")
    if change == "seal":
        manifest.write_bytes(seal + b"\n" + body.replace(b'"s3"', b'"sx"'))
        said = "was not written by this endpoint, or was changed"
    else:
        rewrite(data, body)
        said = "was written by moto 5.0.0"
    with starts() as second:
        assert buckets(Administrator(Boto3(second.url))) == []
        assert said in second.errors()
    # From the next clean stop on, everything is kept again.
    small(starts)
    with starts() as last:
        assert buckets(Administrator(Boto3(last.url))) == ["kept"]
        assert said not in last.errors()


def rewrite(data: Path, body: bytes) -> None:
    """The manifest as another release of moto would have written it, under the same key."""
    from passrole.services.embedded.persist import Keeper
    from passrole.state.directory import Directory
    from passrole.state.secret import message_key
    from passrole.state.store.sqlite import SqliteStore

    store = SqliteStore(data)
    try:
        keeper = Keeper(data / "embedded", message_key(Directory(store.rows())))
    finally:
        store.close()
    given = json.loads(body)
    given["versions"]["moto"] = "5.0.0"
    changed = json.dumps(given).encode()
    seal = keeper._seal(changed).encode()
    (data / "embedded" / "manifest").write_bytes(seal + b"\n" + changed)


def test_a_kill_is_said_and_costs_what_the_services_held(starts: Callable[[], Serve]) -> None:
    small(starts)
    with starts() as second:
        assert buckets(Administrator(Boto3(second.url))) == ["kept"]
        second.stop(signal.SIGKILL)
    with starts() as third:
        said = "The last run was not stopped cleanly: what its embedded services held is gone."
        assert buckets(Administrator(Boto3(third.url))) == []
        assert said in third.errors()
    with starts() as fourth:
        assert buckets(Administrator(Boto3(fourth.url))) == []
        assert said not in fourth.errors()


def test_a_run_that_uses_no_embedded_service_keeps_what_was_there(starts: Callable[[], Serve]) -> None:
    small(starts)
    with starts():
        pass
    with starts() as third:
        assert buckets(Administrator(Boto3(third.url))) == ["kept"]
