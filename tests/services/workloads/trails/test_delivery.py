"""Trails delivered to S3, SNS and CloudWatch Logs, through the policies that admit CloudTrail."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually
from tests.state.trails import ACCOUNT, NOON, event

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options
from passrole.services.workloads.trails.files import made
from passrole.services.workloads.trails.selection import Selection
from passrole.state.store.sqlite import SqliteStore
from passrole.state.trails import TrailDefinition

SERVICE = "cloudtrail.amazonaws.com"


def bucket_policy(bucket: str, account: str, *, source: str = "", prefix: str = "") -> str:
    """The policy that the CloudTrail User Guide asks for."""
    condition: dict[str, dict[str, str]] = {"StringEquals": {}}
    if source:
        condition["StringEquals"]["aws:SourceArn"] = source
    principal = {"Service": SERVICE}
    acl = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetBucketAcl"}
    return document(
        {**acl, "Resource": f"arn:aws:s3:::{bucket}", "Condition": condition},
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{account}/*",
            "Condition": {
                "StringEquals": {**condition["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}
            },
        },
    )


class Trail:
    """A trail of a fresh account with a bucket of its own."""

    def __init__(self, account: Account, **settings: object) -> None:
        self.account = account
        self.bucket = f"logs-{account.id}"
        self.arn = f"arn:aws:cloudtrail:{REGION}:{account.id}:trail/all"
        self.s3 = account.client("s3")
        self.cloudtrail = account.client("cloudtrail")
        self.s3.create_bucket(Bucket=self.bucket)
        self.open(prefix=f"{settings['S3KeyPrefix']}/" if "S3KeyPrefix" in settings else "")
        self.cloudtrail.create_trail(Name="all", S3BucketName=self.bucket, **settings)

    def open(self, *, prefix: str = "") -> None:
        policy = bucket_policy(self.bucket, self.account.id, source=self.arn, prefix=prefix)
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy)

    def start(self) -> None:
        self.cloudtrail.start_logging(Name="all")

    @property
    def status(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.cloudtrail.get_trail_status(Name="all")
        return found

    def objects(self, kind: str = "/CloudTrail/") -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [one["Key"] for one in listed if kind in one["Key"]]

    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for key in self.objects():
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            found += json.loads(gzip.decompress(body))["Records"]
        return found

    def delivered(self, name: str) -> list[dict[str, Any]]:
        return [record for record in self.records() if record["eventName"] == name]


def test_files_hold_the_records_under_their_names(account: Account) -> None:
    trail = Trail(account, S3KeyPrefix="audit")
    trail.start()
    account.client("iam").create_user(UserName="ada")
    (made,) = eventually(lambda: trail.delivered("CreateUser"), "CreateUser in the bucket")
    assert made["requestParameters"] == {"userName": "ada"}
    assert [account.records("CreateUser")[0]] == [made]
    for key in trail.objects():
        assert re.fullmatch(
            rf"audit/AWSLogs/{account.id}/CloudTrail/{REGION}/\d{{4}}/\d\d/\d\d/"
            rf"{account.id}_CloudTrail_{REGION}_\d{{8}}T\d{{4}}Z_[A-Za-z0-9]{{16}}\.json\.gz",
            key,
        )
    status = trail.status
    assert status["IsLogging"]
    assert "LatestDeliveryError" not in status
    assert status["LatestDeliveryAttemptSucceeded"] == status["LatestDeliveryTime"].strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )


def test_the_service_writes_as_itself(account: Account) -> None:
    trail = Trail(account)
    trail.start()
    account.client("iam").create_user(UserName="ada")
    put = eventually(lambda: account.records("PutObject"), "PutObject in the history")[0]
    assert put["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
    assert put["sourceIPAddress"] == put["userAgent"] == SERVICE
    assert put["resources"][1] == {
        "accountId": account.id,
        "type": "AWS::S3::Bucket",
        "ARN": f"arn:aws:s3:::{trail.bucket}",
    }
    assert put["eventCategory"] == "Data"


def test_only_what_is_recorded_while_the_trail_logs_is_delivered(account: Account) -> None:
    trail = Trail(account)
    iam = account.client("iam")
    iam.create_user(UserName="before")
    trail.start()
    iam.create_user(UserName="during")
    trail.cloudtrail.stop_logging(Name="all")
    iam.create_user(UserName="after")
    eventually(lambda: trail.delivered("StopLogging") or trail.delivered("CreateUser"))
    trail.start()
    iam.create_user(UserName="again")
    eventually(lambda: len(trail.delivered("CreateUser")) == 2, "second user")
    names = [record["requestParameters"]["userName"] for record in trail.delivered("CreateUser")]
    assert sorted(names) == ["again", "during"]


def test_a_bucket_that_shuts_the_service_out_gets_its_files_once_it_is_open(account: Account) -> None:
    trail = Trail(account)
    trail.start()
    trail.s3.delete_bucket_policy(Bucket=trail.bucket)
    account.client("iam").create_user(UserName="ada")
    status = eventually(lambda: trail.status if "LatestDeliveryError" in trail.status else None)
    assert status["LatestDeliveryError"] == "AccessDenied"
    assert any(
        record.get("errorCode") == "AccessDenied" and record["userIdentity"]["type"] == "AWSService"
        for record in account.records("PutObject")
    )
    trail.open()
    eventually(lambda: trail.delivered("CreateUser"), "CreateUser in the bucket")
    assert len(trail.delivered("CreateUser")) == 1
    eventually(lambda: "LatestDeliveryError" not in trail.status)


def test_a_bucket_that_is_gone(account: Account) -> None:
    trail = Trail(account)
    trail.s3.delete_bucket(Bucket=trail.bucket)
    trail.start()
    eventually(lambda: trail.status.get("LatestDeliveryError") == "NoSuchBucket")


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (None, "S3BucketDoesNotExistException"),
        ("", "InsufficientS3BucketPolicyException"),
        ("other", "InsufficientS3BucketPolicyException"),
    ],
)
def test_a_trail_needs_a_bucket_that_admits_it(account: Account, policy: str | None, code: str) -> None:
    s3, cloudtrail = account.client("s3"), account.client("cloudtrail")
    bucket = f"logs-{account.id}"
    if policy is not None:
        s3.create_bucket(Bucket=bucket)
    if policy == "other":
        s3.put_bucket_policy(
            Bucket=bucket,
            Policy=bucket_policy(bucket, account.id, source="arn:aws:cloudtrail:x:1:trail/other"),
        )
    with pytest.raises(ClientError) as refused:
        cloudtrail.create_trail(Name="all", S3BucketName=bucket)
    assert refused.value.response["Error"]["Code"] == code
    assert bucket in refused.value.response["Error"]["Message"]
    assert cloudtrail.list_trails()["Trails"] == []


class TestKey:
    """A trail whose files are encrypted with a key of the account."""

    @staticmethod
    def policy(account: Account, trail: str, *, open: bool) -> str:
        """The key policy that the CloudTrail User Guide asks for, or one that leaves CloudTrail out."""
        own = {"AWS": f"arn:aws:iam::{account.id}:root"}
        root = {"Effect": "Allow", "Principal": own, "Action": "kms:*", "Resource": "*"}
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": f"arn:aws:cloudtrail:*:{account.id}:trail/*"}
        service = {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceArn": trail}, "StringLike": context},
        }
        return document(root, service) if open else document(root)

    def test_is_asked_for_each_file(self, account: Account) -> None:
        trail, kms = Trail(account), account.client("kms")
        shut = self.policy(account, trail.arn, open=False)
        key = kms.create_key(Policy=shut)["KeyMetadata"]
        kms.create_alias(AliasName="alias/trail", TargetKeyId=key["KeyId"])
        with pytest.raises(ClientError, match="InsufficientEncryptionPolicyException"):
            trail.cloudtrail.update_trail(Name="all", KmsKeyId="alias/trail")
        opened = self.policy(account, trail.arn, open=True)
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=opened)
        changed = trail.cloudtrail.update_trail(Name="all", KmsKeyId="alias/trail")
        assert changed["KmsKeyId"] == key["Arn"]
        trail.start()
        iam = account.client("iam")
        iam.create_user(UserName="ada")
        eventually(lambda: trail.delivered("CreateUser"), "CreateUser in the bucket")
        objects = trail.objects()
        head = trail.s3.head_object(Bucket=trail.bucket, Key=objects[0])
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
        asked = account.records("GenerateDataKey")
        assert {one["requestParameters"]["encryptionContext"]["aws:s3:arn"] for one in asked} >= {
            f"arn:aws:s3:::{trail.bucket}/{name}" for name in objects
        }
        assert asked[0]["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
        assert asked[0]["resources"][0]["ARN"] == key["Arn"]

        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=shut)
        iam.create_user(UserName="bea")
        eventually(lambda: trail.status.get("LatestDeliveryError") == "AccessDenied", "a refusal")
        assert len(trail.delivered("CreateUser")) == 1
        kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=opened)
        eventually(lambda: len(trail.delivered("CreateUser")) == 2, "the file that was refused")
        assert "LatestDeliveryError" not in trail.status

    def test_what_deliveries_record_makes_no_deliveries(self, account: Account) -> None:
        trail, kms = Trail(account), account.client("kms")
        key = kms.create_key(Policy=self.policy(account, trail.arn, open=True))["KeyMetadata"]["Arn"]
        trail.cloudtrail.update_trail(Name="all", KmsKeyId=key)
        trail.start()
        iam = account.client("iam")
        iam.create_user(UserName="ada")
        eventually(lambda: trail.delivered("CreateUser"), "CreateUser in the bucket")
        # Time for many rounds. What this test itself reads goes into one file more, or two.
        before = len(account.records("GenerateDataKey"))
        time.sleep(2)
        assert len(account.records("GenerateDataKey")) <= before + 2
        iam.create_user(UserName="bea")
        eventually(lambda: trail.delivered("GenerateDataKey"), "what was recorded meanwhile")


def test_data_events_where_selectors_ask_for_them(account: Account) -> None:
    trail = Trail(account)
    trail.s3.create_bucket(Bucket=f"data-{account.id}")
    trail.cloudtrail.put_event_selectors(
        TrailName="all",
        EventSelectors=[
            {
                "ReadWriteType": "WriteOnly",
                "IncludeManagementEvents": False,
                "DataResources": [
                    {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::data-{account.id}/in/"]}
                ],
            }
        ],
    )
    trail.start()
    for key in ("in/a", "out/b"):
        trail.s3.put_object(Bucket=f"data-{account.id}", Key=key, Body=b"x")
    trail.s3.get_object(Bucket=f"data-{account.id}", Key="in/a")
    account.client("iam").create_user(UserName="ada")
    eventually(trail.records, "a record")
    assert [(one["eventName"], one["requestParameters"]["key"]) for one in trail.records()] == [
        ("PutObject", "in/a")
    ]


def test_a_trail_of_its_own_bucket_comes_to_rest(account: Account) -> None:
    """Each file that is put is a data event of the very bucket. AWS warns of that; here it ends."""
    trail = Trail(account)
    trail.cloudtrail.put_event_selectors(
        TrailName="all",
        EventSelectors=[{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}],
    )
    trail.start()
    account.client("iam").create_user(UserName="ada")
    eventually(lambda: trail.status.get("LatestDeliveryTime"), "a delivery")
    time.sleep(1)
    before = len(account.records("PutObject"))
    time.sleep(2)
    assert len(account.records("PutObject")) <= before + 2  # for the lookup of this test itself


def test_advanced_selectors(account: Account) -> None:
    trail = Trail(account)
    trail.cloudtrail.put_event_selectors(
        TrailName="all",
        AdvancedEventSelectors=[
            {
                "FieldSelectors": [
                    {"Field": "eventCategory", "Equals": ["Management"]},
                    {"Field": "readOnly", "Equals": ["false"]},
                    {"Field": "eventName", "NotStartsWith": ["Delete", "StartLogging"]},
                ]
            }
        ],
    )
    trail.start()
    iam = account.client("iam")
    iam.create_user(UserName="ada")
    iam.get_user(UserName="ada")
    iam.delete_user(UserName="ada")
    iam.create_user(UserName="bea")
    eventually(lambda: len(trail.records()) == 2, "two records")
    assert {one["eventName"] for one in trail.records()} == {"CreateUser"}


def test_regions(account: Account) -> None:
    trail = Trail(account, IsMultiRegionTrail=True)
    trail.start()
    account.client("sqs", "eu-west-1").create_queue(QueueName="jobs")
    eventually(lambda: trail.delivered("CreateQueue"), "CreateQueue of the other region")
    assert any("/eu-west-1/" in key for key in trail.objects())
    assert account.client("cloudtrail", "eu-west-1").get_trail_status(Name=trail.arn)["IsLogging"]


def test_messages_about_files(account: Account) -> None:
    sns = account.client("sns")
    topic = sns.create_topic(Name="files")["TopicArn"]
    trail = Trail(account)
    with pytest.raises(ClientError, match="SNS Topic does not exist or the topic policy is incorrect!"):
        trail.cloudtrail.update_trail(Name="all", SnsTopicName="files")
    publish = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(publish))
    trail.cloudtrail.update_trail(Name="all", SnsTopicName="files")
    trail.start()
    status = eventually(lambda: trail.status if "LatestNotificationTime" in trail.status else None)
    assert "LatestNotificationError" not in status
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=document({**publish, "Effect": "Deny"})
    )
    account.client("iam").create_user(UserName="ada")
    eventually(lambda: "AuthorizationError" in trail.status.get("LatestNotificationError", ""))


class TestLogs:
    """A trail that writes to CloudWatch Logs with the role that it was passed."""

    GROUP = "trail"

    def group(self, account: Account) -> str:
        account.client("logs").create_log_group(logGroupName=self.GROUP)
        return f"arn:aws:logs:{REGION}:{account.id}:log-group:{self.GROUP}:*"

    def rights(self, account: Account) -> dict[str, object]:
        stream = (
            f"arn:aws:logs:{REGION}:{account.id}:log-group:{self.GROUP}:log-stream:{account.id}_CloudTrail_*"
        )
        return allow(["logs:CreateLogStream", "logs:PutLogEvents"], stream)

    def messages(self, account: Account) -> list[str]:
        try:
            found = account.client("logs").get_log_events(
                logGroupName=self.GROUP, logStreamName=f"{account.id}_CloudTrail_{REGION}"
            )
        except ClientError:
            return []
        return [json.loads(event["message"])["eventName"] for event in found["events"]]

    def test_the_role_is_used_and_its_rights_are_asked_each_time(self, account: Account) -> None:
        group = self.group(account)
        role = account.role("Writer", SERVICE, self.rights(account))
        trail = Trail(account, CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role)
        trail.start()
        iam = account.client("iam")
        iam.create_user(UserName="ada")
        eventually(lambda: "CreateUser" in self.messages(account), "CreateUser in the log group")
        (assumed,) = account.records("AssumeRole")
        assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}
        account.may("Writer")
        iam.create_user(UserName="bea")
        # Her own record, not only the one before it, must have been refused before the rights come back.
        eventually(lambda: len(trail.delivered("CreateUser")) == 2, "her record in the bucket")
        eventually(lambda: trail.status.get("LatestCloudWatchLogsDeliveryError") == "AccessDenied")
        assert self.messages(account).count("CreateUser") == 1
        account.may("Writer", self.rights(account))
        iam.create_user(UserName="eve")
        eventually(lambda: self.messages(account).count("CreateUser") == 2, "written again")
        assert len(trail.delivered("CreateUser")) == 3

    def test_the_user_s_pass_role_is_asked_at_set_up_only(self, account: Account) -> None:
        group = self.group(account)
        role = account.role("Writer", SERVICE, self.rights(account))
        trail = Trail(account)
        trails = allow(["cloudtrail:UpdateTrail", "cloudtrail:StartLogging"])
        settings = account.user("ada", trails)
        ada = boto3.client("cloudtrail", **settings)
        logs = {"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
        with pytest.raises(ClientError, match="iam:PassRole"):
            ada.update_trail(Name="all", **logs)
        iam = account.client("iam")
        passing = document(trails, allow("iam:PassRole", role))
        iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
        ada.update_trail(Name="all", **logs)
        iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(trails))
        trail.start()
        eventually(lambda: "StartLogging" in self.messages(account), "StartLogging in the log group")

    @pytest.mark.parametrize(
        ("service", "rights", "code", "words"),
        [
            ("ec2.amazonaws.com", True, "InvalidCloudWatchLogsRoleArnException", "trust relationships for"),
            (
                SERVICE,
                False,
                "InvalidCloudWatchLogsLogGroupArnException",
                "Check the permissions for your role",
            ),
        ],
    )
    def test_a_role_that_cannot_do_it(
        self, account: Account, service: str, rights: bool, code: str, words: str
    ) -> None:
        trail = Trail(account)
        own = self.rights(account) if rights else allow("s3:ListAllMyBuckets")
        role = account.role("Writer", service, own)
        with pytest.raises(ClientError) as refused:
            trail.cloudtrail.update_trail(
                Name="all", CloudWatchLogsLogGroupArn=self.group(account), CloudWatchLogsRoleArn=role
            )
        assert refused.value.response["Error"]["Code"] == code
        assert words in refused.value.response["Error"]["Message"]


def test_an_organization_s_trail(account: Account) -> None:
    organizations, s3, cloudtrail = (account.client(name) for name in ("organizations", "s3", "cloudtrail"))
    bucket = f"logs-{account.id}"
    s3.create_bucket(Bucket=bucket)
    settings = {
        "Name": "all",
        "S3BucketName": bucket,
        "IsOrganizationTrail": True,
        "IsMultiRegionTrail": True,
    }
    with pytest.raises(ClientError, match="OrganizationsNotInUseException"):
        cloudtrail.create_trail(**settings)
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    with pytest.raises(ClientError, match="CloudTrailAccessNotEnabledException"):
        cloudtrail.create_trail(**settings)
    organizations.enable_aws_service_access(ServicePrincipal=SERVICE)
    made = organizations.create_account(AccountName="member", Email="m@example.com")["CreateAccountStatus"]
    member = eventually(
        lambda: organizations.describe_create_account_status(CreateAccountRequestId=made["Id"])[
            "CreateAccountStatus"
        ].get("AccountId")
    )
    opened = json.loads(bucket_policy(bucket, account.id))
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(opened))
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicyException"):
        cloudtrail.create_trail(**settings)  # the organization's folder is not open
    opened["Statement"][1]["Resource"] = [
        f"arn:aws:s3:::{bucket}/AWSLogs/{account.id}/*",
        f"arn:aws:s3:::{bucket}/AWSLogs/{organization}/*",
    ]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(opened))
    cloudtrail.create_trail(**settings)
    cloudtrail.start_logging(Name="all")
    ada = boto3.client("sts", **account.user("ada", allow("sts:AssumeRole")))
    taken = ada.assume_role(
        RoleArn=f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole", RoleSessionName="ada"
    )["Credentials"]
    inside = boto3.client(
        "iam",
        endpoint_url=account.endpoint.url,
        region_name=REGION,
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    inside.create_user(UserName="bea")

    def of_member() -> list[str]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"AWSLogs/{organization}/{member}/CloudTrail/")
        return [one["Key"] for one in listed.get("Contents", [])]

    (key, *_) = eventually(of_member, "a file of the member")
    assert re.fullmatch(rf".*/{member}_CloudTrail_us-east-1_\w+Z_\w{{16}}\.json\.gz", key)


# Digests


def validate(account: Account, trail: str, *more: str) -> str:
    """What ``aws cloudtrail validate-logs`` says of the last hours, with its exit status."""
    start = datetime.now(UTC) - timedelta(hours=1)
    command = [
        *(sys.executable, "-m", "awscli", "cloudtrail", "validate-logs", "--trail-arn", trail, "--verbose"),
        *("--start-time", start.strftime("%Y-%m-%dT%H:%M:%SZ"), "--region", REGION),
        *("--end-time", (datetime.now(UTC) + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ"), *more),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": account.endpoint.url,
        "AWS_ACCESS_KEY_ID": account.key.id,
        "AWS_SECRET_ACCESS_KEY": account.key.secret,
        "AWS_DEFAULT_REGION": REGION,
    }
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return f"{ended.returncode}\n{ended.stdout}{ended.stderr}"


def test_the_aws_cli_validates_what_was_delivered(account: Account) -> None:
    trail = Trail(account, EnableLogFileValidation=True)
    trail.start()
    iam = account.client("iam")
    iam.create_user(UserName="ada")
    eventually(lambda: trail.delivered("CreateUser"), "CreateUser in the bucket")
    account.advance(3601)
    eventually(lambda: trail.objects("/CloudTrail-Digest/"), "a digest after an hour")
    iam.create_user(UserName="bea")
    eventually(lambda: len(trail.delivered("CreateUser")) == 2)
    trail.cloudtrail.stop_logging(Name="all")
    eventually(lambda: len(trail.objects("/CloudTrail-Digest/")) >= 2, "the last digest")
    first, last = sorted(trail.objects("/CloudTrail-Digest/"))[:2]
    assert "LatestDigestDeliveryTime" in trail.status
    document = json.loads(gzip.decompress(trail.s3.get_object(Bucket=trail.bucket, Key=last)["Body"].read()))
    assert document["previousDigestS3Object"] == first
    said = validate(account, trail.arn)
    assert said.startswith("0\n"), said
    assert "2/2 digest files valid" in said, said
    assert re.search(r"(\d+)/\1 log files valid", said), said
    # A file that somebody changes, and one that somebody takes away.
    changed, taken = sorted(trail.objects())[:2]
    trail.s3.put_object(Bucket=trail.bucket, Key=changed, Body=gzip.compress(b'{"Records":[]}'))
    trail.s3.delete_object(Bucket=trail.bucket, Key=taken)
    said = validate(account, trail.arn)
    assert said.startswith("1\n"), said
    assert f"{changed}\tINVALID: hash value doesn't match" in said, said
    assert f"{taken}\tINVALID: not found" in said, said


def test_a_clean_stop_delivers_the_rest(tmp_path: Path) -> None:
    settings = Options(port=0, data=tmp_path / "data", testing=True, trail_seconds=3600)
    with Endpoint(settings) as running:
        account = Account(running, running.new_account())
        trail = Trail(account, EnableLogFileValidation=True)
        trail.start()
        account.client("iam").create_user(UserName="ada")
        assert trail.objects() == []
    with Endpoint(settings) as running:
        status = Account(running, account.key).client("cloudtrail").get_trail_status(Name="all")
        assert "LatestDeliveryError" not in status
        assert status["LatestDeliveryTime"]
        assert status["LatestDigestDeliveryTime"]


def test_a_trail_is_read_in_blocks_and_cut_into_files(tmp_path: Path) -> None:
    """Nothing is lost or repeated between blocks."""
    store = SqliteStore(tmp_path / "data")
    many = 9000
    store.write([], [(number, event(number)) for number in range(1, many + 1)])
    trail = TrailDefinition(account=ACCOUNT, name="all", region=REGION, created=NOON, bucket="b")
    position, seen = 0, 0
    while block := store.after(position, 4000):
        position = block[-1][0]
        (file,) = made(block, Selection(trail).takes, trail, "", NOON)
        seen += len(json.loads(gzip.decompress(file.body))["Records"])
    store.close()
    assert seen == many
    large = replace(event(1), record=b'{"a":"%s"}' % (b"x" * 900_000))
    files = made([(number, large) for number in range(12)], Selection(trail).takes, trail, "", NOON)
    assert [len(file.events) for file in files] == [5, 5, 2]


def test_event_bridge_hears_of_what_is_delivered(account: Account) -> None:
    url, queue = account.queue("watch")
    role = account.role("Sender", "events.amazonaws.com", allow("sqs:SendMessage", queue))
    pattern = {
        "source": ["aws.iam"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": ["CreateUser", "GetUser"]},
    }
    events = account.client("events")
    events.put_rule(Name="users", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="users", Targets=[{"Id": "1", "Arn": queue, "RoleArn": role}])
    iam = account.client("iam")
    iam.create_user(UserName="unseen")  # no trail logs yet
    Trail(account).start()
    iam.create_user(UserName="ada")
    iam.get_user(UserName="ada")  # reads are left out
    iam.create_user(UserName="bea")
    found: list[str] = []

    def both() -> bool:
        found.extend(account.messages(url))
        return len(found) == 2

    eventually(both, "two messages")
    told = [json.loads(text)["detail"] for text in found]
    assert sorted(one["requestParameters"]["userName"] for one in told) == ["ada", "bea"]
    assert {one["eventName"] for one in told} == {"CreateUser"}
