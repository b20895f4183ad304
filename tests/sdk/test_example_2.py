"""Example 2 against the real server: who may have RDS monitor an instance with which role, and what it does.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service", Example 2; RDS User
Guide, "Setting up and enabling Enhanced Monitoring".
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from tests.sdk.clients import Answer, Boto3
from tests.sdk.example import Administrator, Caller, allow, policy, refusal, trust
from tests.sdk.server import ACCOUNT, REGION, Serve

SERVICE = "monitoring.rds.amazonaws.com"
ROLE = "RDS-Monitoring-Role"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
GROUP = "RDSOSMetrics"
UNUSABLE = (
    "InvalidParameterValue",
    "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
)
ROLE_NEEDED = (
    "InvalidParameterCombination",
    "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
)
INTERVAL_NEEDED = (
    "InvalidParameterCombination",
    "You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN value.",
)
SECONDS = 15.0  # that a document of an instance with an interval of a second may take


@dataclass(frozen=True, slots=True)
class Example:
    """The account after the administrator's part."""

    admin: Administrator
    maria: Caller  # the guide's: may list roles and pass RDS-Monitoring-Role
    nora: Caller  # may pass role/RDS-*
    otto: Caller  # may pass nothing

    def stop(self, name: str) -> None:
        """Ends what a test began."""
        self.admin.call("rds:DeleteDBInstance", DBInstanceIdentifier=name, SkipFinalSnapshot=True).at()


@pytest.fixture(scope="module")
def example(serve: Serve) -> Example:
    admin = Administrator(Boto3(serve.url))
    # An account that has used RDS before: the first to make an instance needs one permission more.
    admin.call("iam:CreateServiceLinkedRole", AWSServiceName="rds.amazonaws.com").at()
    monitoring_role(admin, ROLE)
    rds = allow(["rds:*DBInstance*", "rds:*DBCluster*"])
    listing = allow("iam:ListRoles")
    return Example(
        admin,
        maria=admin.user("maria", rds, listing, allow("iam:PassRole", ROLE_ARN)),
        nora=admin.user("nora", rds, listing, allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/RDS-*")),
        otto=admin.user("otto", rds, listing),
    )


def monitoring_role(admin: Administrator, name: str, service: str = SERVICE) -> str:
    """What the console makes for the use case "RDS - Enhanced Monitoring"."""
    arn = admin.role(name, service)
    admin.call("iam:AttachRolePolicy", RoleName=name, PolicyArn=MANAGED).at()
    return arn


def create(caller: Caller, name: str, **given: object) -> Answer:
    return caller.call(
        "rds:CreateDBInstance",
        **{
            "DBInstanceIdentifier": name,
            "DBInstanceClass": "db.t3.micro",
            "Engine": "postgres",
            "MasterUsername": "administrator",
            "MasterUserPassword": "a-long-password",
            "AllocatedStorage": 20,
            **given,
        },
    )


def monitored(caller: Caller, name: str, role: str = ROLE_ARN, interval: int = 1, **given: object) -> Answer:
    return create(caller, name, MonitoringInterval=interval, MonitoringRoleArn=role, **given)


def modify(caller: Caller, name: str, **given: object) -> Answer:
    return caller.call("rds:ModifyDBInstance", DBInstanceIdentifier=name, ApplyImmediately=True, **given)


def shown(caller: Caller, name: str) -> Mapping[str, Any]:
    """The instance as DescribeDBInstances tells of it."""
    found = caller.call("rds:DescribeDBInstances", DBInstanceIdentifier=name).at("DBInstances", 0)
    assert isinstance(found, Mapping)
    return found


def failed(answer: Answer) -> tuple[str, str]:
    return answer.code, answer.message


def documents(admin: Administrator, stream: str) -> list[Mapping[str, Any]]:
    """Every document of an instance so far."""
    answer = admin.call(
        "logs:GetLogEvents", logGroupName=GROUP, logStreamName=stream, startFromHead=True, limit=10000
    )
    if answer.code == "ResourceNotFoundException":
        return []
    return [json.loads(event.text("message")) for event in answer.items("events")]


def more(admin: Administrator, stream: str, than: int) -> list[Mapping[str, Any]]:
    """The documents, once there are more than that many."""
    end = time.monotonic() + SECONDS
    while len(found := documents(admin, stream)) <= than:
        assert time.monotonic() < end, f"only {len(found)} documents in {SECONDS} s"
        time.sleep(0.2)
    return found


def quiet(admin: Administrator, stream: str) -> int:
    """How many documents there are once no more come: three intervals without one."""
    time.sleep(1.5)  # what was on its way arrives
    before = len(documents(admin, stream))
    time.sleep(3)
    assert len(documents(admin, stream)) == before
    return before


def refusals(admin: Administrator, event: str) -> list[Mapping[str, Any]]:
    """Records of that event that were refused, newest first."""
    answer = admin.call(
        "cloudtrail:LookupEvents", LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": event}]
    )
    records = [json.loads(one.text("CloudTrailEvent")) for one in answer.items("Events")]
    return [record for record in records if record.get("errorCode") == "AccessDenied"]


def test_maria_finds_the_role_and_has_an_instance_monitored(example: Example) -> None:
    roles = [one.text("Arn") for one in example.maria.call("iam:ListRoles").items("Roles")]
    assert ROLE_ARN in roles
    made = monitored(example.maria, "orders")
    stream = made.text("DBInstance", "DbiResourceId")
    assert re.fullmatch(r"db-[A-Z0-9]{26}", stream)
    for answer in (made.at("DBInstance"), shown(example.maria, "orders")):
        assert isinstance(answer, Mapping)
        assert answer["DbiResourceId"] == stream
        assert answer["MonitoringInterval"] == 1
        assert answer["MonitoringRoleArn"] == ROLE_ARN
        assert answer["EnhancedMonitoringResourceArn"] == (
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:log-stream:{stream}"
        )
    found = more(example.admin, stream, than=2)
    example.stop("orders")
    assert len({one["timestamp"] for one in found}) == len(found)
    for one in found:
        assert (one["engine"], one["instanceID"], one["instanceResourceID"]) == ("POSTGRES", "orders", stream)
    groups = example.admin.call("logs:DescribeLogGroups", logGroupNamePrefix=GROUP)
    assert groups.at("logGroups", 0, "retentionInDays") == 30


def test_the_figures_are_this_machines(example: Example) -> None:
    stream = monitored(example.maria, "figures").text("DBInstance", "DbiResourceId")
    last = more(example.admin, stream, than=1)[-1]
    example.stop("figures")
    with open("/proc/meminfo", encoding="ascii") as lines:
        total = int(next(line.split()[1] for line in lines if line.startswith("MemTotal:")))
    assert last["memory"]["total"] == total
    assert 0 < last["memory"]["free"] < total
    assert set(last["cpuUtilization"]) == {
        *("guest", "irq", "system", "wait", "idle", "user", "total", "steal", "nice")
    }
    assert last["cpuUtilization"]["total"] == pytest.approx(100 - last["cpuUtilization"]["idle"], abs=0.11)
    assert last["tasks"]["total"] >= 2
    assert any("python" in one["name"] or "passrole" in one["name"] for one in last["processList"])
    assert last["fileSys"][0]["mountPoint"] == "/"


def test_instances_have_streams_of_their_own(example: Example) -> None:
    first = monitored(example.nora, "first").text("DBInstance", "DbiResourceId")
    second = monitored(example.nora, "second", interval=60).text("DBInstance", "DbiResourceId")
    replica = example.nora.call(
        "rds:CreateDBInstanceReadReplica", DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="first"
    ).text("DBInstance", "DbiResourceId")
    assert len({first, second, replica}) == 3
    assert shown(example.nora, "copy")["MonitoringInterval"] == 0
    assert "MonitoringRoleArn" not in shown(example.nora, "copy")
    for name, stream in (("first", first), ("second", second)):
        assert more(example.admin, stream, than=0)[0]["instanceID"] == name
    for name in ("copy", "first", "second"):
        example.stop(name)


def test_who_may_not_pass_the_role_may_do_everything_else(example: Example) -> None:
    answer = monitored(example.otto, "refused")
    assert failed(answer) == ("AccessDenied", refusal(example.otto.arn, ROLE_ARN))
    assert example.admin.call("rds:DescribeDBInstances", DBInstanceIdentifier="refused").code == (
        "DBInstanceNotFound"
    )
    create(example.otto, "plain").at()
    answer = modify(example.otto, "plain", MonitoringInterval=5, MonitoringRoleArn=ROLE_ARN)
    assert failed(answer) == ("AccessDenied", refusal(example.otto.arn, ROLE_ARN))
    modify(example.otto, "plain", BackupRetentionPeriod=3).at()
    assert shown(example.otto, "plain")["MonitoringInterval"] == 0
    modify(example.maria, "plain", MonitoringInterval=60, MonitoringRoleArn=ROLE_ARN).at()
    # The role stays: another interval, and none, pass nothing.
    modify(example.otto, "plain", MonitoringInterval=30).at()
    assert shown(example.otto, "plain")["MonitoringRoleArn"] == ROLE_ARN
    modify(example.otto, "plain", MonitoringInterval=0).at()
    off = shown(example.otto, "plain")
    assert off["MonitoringInterval"] == 0
    assert "MonitoringRoleArn" not in off
    assert "EnhancedMonitoringResourceArn" not in off
    example.stop("plain")


def test_maria_passes_that_role_and_nora_every_role_of_rds(example: Example) -> None:
    other = monitoring_role(example.admin, "RDS-Other-Role")
    outside = monitoring_role(example.admin, "Monitoring")
    assert failed(monitored(example.maria, "other", other)) == (
        "AccessDenied",
        refusal(example.maria.arn, other),
    )
    monitored(example.nora, "other", other, interval=60).at()
    for caller in (example.maria, example.nora):
        assert failed(modify(caller, "other", MonitoringRoleArn=outside)) == (
            "AccessDenied",
            refusal(caller.arn, outside),
        )
    example.stop("other")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"MonitoringInterval": 60}, ROLE_NEEDED),
        ({"MonitoringRoleArn": ROLE_ARN}, INTERVAL_NEEDED),
        ({"MonitoringRoleArn": ROLE_ARN, "MonitoringInterval": 0}, INTERVAL_NEEDED),
    ],
)
def test_interval_and_role_go_together(
    example: Example, given: Mapping[str, object], problem: tuple[str, str]
) -> None:
    assert failed(create(example.maria, "half", **given)) == problem
    create(example.maria, "half").at()
    assert failed(modify(example.maria, "half", **given)) == problem
    replica = example.maria.call(
        "rds:CreateDBInstanceReadReplica",
        DBInstanceIdentifier="half-copy",
        SourceDBInstanceIdentifier="half",
        **given,
    )
    assert failed(replica) == problem
    example.stop("half")


@pytest.mark.parametrize("interval", [2, 61, -1])
def test_other_intervals_are_refused(example: Example, interval: int) -> None:
    answer = monitored(example.maria, "odd", interval=interval)
    assert answer.code == "InvalidParameterValue"
    assert str(interval) in answer.message


def test_a_role_that_rds_cannot_use_is_refused(example: Example) -> None:
    wrong_trust = monitoring_role(example.admin, "RDS-wrong-trust", "ec2.amazonaws.com")
    without = example.admin.role("RDS-without-policy", SERVICE)
    missing = f"arn:aws:iam::{ACCOUNT}:role/RDS-missing"
    for role in (wrong_trust, without, missing):
        answer = monitored(example.nora, "unusable", role)
        assert (failed(answer), answer.status) == (UNUSABLE, 400), role
    # Who may not pass the role does not learn whether it could be used.
    assert failed(monitored(example.otto, "unusable", missing)) == (
        "AccessDenied",
        refusal(example.otto.arn, missing),
    )


def test_the_service_is_refused_what_the_role_may_not_and_goes_on_when_it_may(example: Example) -> None:
    role = monitoring_role(example.admin, "RDS-changing")
    stream = monitored(example.nora, "changing", role).text("DBInstance", "DbiResourceId")
    more(example.admin, stream, than=0)
    example.admin.call("iam:DetachRolePolicy", RoleName="RDS-changing", PolicyArn=MANAGED).at()
    quiet(example.admin, stream)
    # Describe goes on saying what the instance was set up with.
    assert shown(example.nora, "changing")["MonitoringRoleArn"] == role
    example.admin.call("iam:AttachRolePolicy", RoleName="RDS-changing", PolicyArn=MANAGED).at()
    more(example.admin, stream, than=len(documents(example.admin, stream)))
    # The trust policy counts when the role is taken, not only when it was passed.
    change_trust(example.admin, "RDS-changing", "ec2.amazonaws.com")
    before = quiet(example.admin, stream)
    denied = refusals(example.admin, "AssumeRole")[0]
    assert denied["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert denied["requestParameters"]["roleArn"] == role
    change_trust(example.admin, "RDS-changing", SERVICE)
    more(example.admin, stream, than=before)
    example.stop("changing")


def change_trust(admin: Administrator, role: str, service: str) -> None:
    admin.call("iam:UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=trust(service)).at()


def test_the_trust_policy_may_name_the_instance(example: Example) -> None:
    document = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:named"},
        },
    }
    role = monitoring_role(example.admin, "RDS-named")
    example.admin.call(
        "iam:UpdateAssumeRolePolicy", RoleName="RDS-named", PolicyDocument=policy(document)
    ).at()
    stream = monitored(example.nora, "named", role).text("DBInstance", "DbiResourceId")
    more(example.admin, stream, than=0)
    assert failed(monitored(example.nora, "unnamed", role)) == UNUSABLE
    example.stop("named")


def test_losing_pass_role_changes_nothing_and_interval_zero_or_deletion_ends_it(example: Example) -> None:
    passes = allow("iam:PassRole", ROLE_ARN)
    paula = example.admin.user("paula", allow("rds:*"), passes)
    stream = monitored(paula, "lasting").text("DBInstance", "DbiResourceId")
    more(example.admin, stream, than=0)
    example.admin.call(
        "iam:PutUserPolicy", UserName="paula", PolicyName="own", PolicyDocument=policy(allow("rds:*"))
    ).at()
    more(example.admin, stream, than=len(documents(example.admin, stream)) + 1)
    modify(paula, "lasting", MonitoringInterval=0).at()
    before = quiet(example.admin, stream)
    assert failed(modify(paula, "lasting", MonitoringInterval=1, MonitoringRoleArn=ROLE_ARN)) == (
        "AccessDenied",
        refusal(paula.arn, ROLE_ARN),
    )
    modify(example.maria, "lasting", MonitoringInterval=1, MonitoringRoleArn=ROLE_ARN).at()
    more(example.admin, stream, than=before)
    example.stop("lasting")
    quiet(example.admin, stream)


def test_a_restored_instance_is_not_monitored(example: Example) -> None:
    monitored(example.maria, "source", interval=60).at()
    example.admin.call(
        "rds:CreateDBSnapshot", DBInstanceIdentifier="source", DBSnapshotIdentifier="kept"
    ).at()
    restored = example.otto.call(
        "rds:RestoreDBInstanceFromDBSnapshot", DBInstanceIdentifier="again", DBSnapshotIdentifier="kept"
    )
    at_a_time = example.otto.call(
        "rds:RestoreDBInstanceToPointInTime",
        SourceDBInstanceIdentifier="source",
        TargetDBInstanceIdentifier="earlier",
        UseLatestRestorableTime=True,
    )
    ids = {shown(example.admin, "source")["DbiResourceId"]}
    for answer, name in ((restored, "again"), (at_a_time, "earlier")):
        assert answer.at("DBInstance", "MonitoringInterval") == 0
        found = shown(example.admin, name)
        assert "MonitoringRoleArn" not in found
        ids.add(found["DbiResourceId"])
    assert len(ids) == 3
    for name in ("source", "again", "earlier"):
        example.stop(name)


def test_a_cluster_is_monitored_with_its_instances(example: Example) -> None:
    cluster: Mapping[str, object] = {
        "DBClusterIdentifier": "books",
        "Engine": "aurora-postgresql",
        "MasterUsername": "administrator",
        "MasterUserPassword": "a-long-password",
    }
    given = {**cluster, "MonitoringInterval": 1, "MonitoringRoleArn": ROLE_ARN}
    assert failed(example.otto.call("rds:CreateDBCluster", **given)) == (
        "AccessDenied",
        refusal(example.otto.arn, ROLE_ARN),
    )
    half = {**cluster, "MonitoringInterval": 1}
    assert failed(example.maria.call("rds:CreateDBCluster", **half)) == ROLE_NEEDED
    made = example.maria.call("rds:CreateDBCluster", **given)
    assert made.at("DBCluster", "MonitoringInterval") == 1
    assert made.at("DBCluster", "MonitoringRoleArn") == ROLE_ARN
    instance = example.otto.call(
        "rds:CreateDBInstance",
        DBInstanceIdentifier="books-1",
        DBClusterIdentifier="books",
        DBInstanceClass="db.t3.medium",
        Engine="aurora-postgresql",
    )
    assert instance.at("DBInstance", "MonitoringRoleArn") == ROLE_ARN
    stream = instance.text("DBInstance", "DbiResourceId")
    assert more(example.admin, stream, than=0)[0]["engine"] == "aurora-postgresql"
    answer = modify(example.maria, "books-1", MonitoringInterval=5)
    assert failed(answer) == (
        "InvalidParameterCombination",
        "MonitoringInterval conflicts with cluster level parameter.",
    )
    off = example.otto.call("rds:ModifyDBCluster", DBClusterIdentifier="books", MonitoringInterval=0)
    assert off.at("DBCluster", "MonitoringInterval") == 0
    quiet(example.admin, stream)
    example.stop("books-1")
    example.admin.call("rds:DeleteDBCluster", DBClusterIdentifier="books", SkipFinalSnapshot=True).at()
