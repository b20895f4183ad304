"""SNS, CloudWatch Logs and Firehose hand on with their roles, or as themselves."""

from __future__ import annotations

import gzip
import json
import time

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually

FIREHOSE = "firehose.amazonaws.com"
LOGS = "logs.amazonaws.com"


def test_a_queue_s_policy_lets_a_topic_in(account: Account) -> None:
    sns = account.client("sns")
    url, queue = account.queue("jobs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="lost")
    denied = eventually(lambda: account.records("SendMessage"), "attempt")[0]
    assert denied["userIdentity"] == {"type": "AWSService", "invokedBy": "sns.amazonaws.com"}
    assert denied["errorCode"].startswith("AccessDenied")
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    account.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(policy)})
    sns.publish(TopicArn=topic, Message="found")
    assert eventually(lambda: account.messages(url), "message") == ["found"]


class TestFirehose:
    """A delivery stream with a bucket and a role."""

    def stream(self, account: Account) -> str:
        bucket = f"records-{account.id}"
        account.client("s3").create_bucket(Bucket=bucket)
        return bucket

    def objects(self, account: Account, bucket: str) -> list[bytes]:
        s3 = account.client("s3")
        listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]

    def test_the_role_puts_the_records(self, account: Account) -> None:
        bucket = self.stream(account)
        role = account.role("Putter", FIREHOSE, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
        creating = allow(["firehose:CreateDeliveryStream", "firehose:PutRecord"])
        ada = boto3.client("firehose", **account.user("ada", creating))
        settings = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{bucket}"}
        with pytest.raises(ClientError, match="iam:PassRole"):
            ada.create_delivery_stream(DeliveryStreamName="s", S3DestinationConfiguration=settings)
        iam = account.client("iam")
        passing = document(creating, allow("iam:PassRole", role))
        iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
        ada.create_delivery_stream(DeliveryStreamName="s", S3DestinationConfiguration=settings)
        iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(creating))
        ada.put_record(DeliveryStreamName="s", Record={"Data": b"one"})
        assert eventually(lambda: self.objects(account, bucket), "object") == [b"one"]
        (assumed,) = account.records("AssumeRole")
        assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": FIREHOSE}
        account.may("Putter")
        ada.put_record(DeliveryStreamName="s", Record={"Data": b"two"})
        refused = eventually(
            lambda: [one for one in account.records("PutObject") if one.get("errorCode") == "AccessDenied"],
            "refusal",
        )
        assert refused[0]["userIdentity"]["invokedBy"] == FIREHOSE
        assert self.objects(account, bucket) == [b"one"]
        account.may("Putter", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
        eventually(lambda: len(self.objects(account, bucket)) == 2, "the second object once it may")


class TestSubscriptionFilters:
    """Log events go to a stream of Kinesis with the filter's role."""

    def test_the_role_puts_what_the_filter_lets_through(self, account: Account) -> None:
        kinesis, logs = account.client("kinesis"), account.client("logs")
        kinesis.create_stream(StreamName="lines", ShardCount=1)
        stream = f"arn:aws:kinesis:{REGION}:{account.id}:stream/lines"
        role = account.role("Shipper", LOGS, allow("kinesis:PutRecord", stream))
        logs.create_log_group(logGroupName="app")
        logs.create_log_stream(logGroupName="app", logStreamName="1")
        logs.put_subscription_filter(
            logGroupName="app",
            filterName="errors",
            filterPattern="ERROR",
            destinationArn=stream,
            roleArn=role,
        )

        def write(text: str) -> None:
            event = {"timestamp": int(time.time() * 1000), "message": text}
            logs.put_log_events(logGroupName="app", logStreamName="1", logEvents=[event])

        def records() -> list[str]:
            shard = kinesis.list_shards(StreamName="lines")["Shards"][0]["ShardId"]
            iterator = kinesis.get_shard_iterator(
                StreamName="lines", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            found: list[str] = []
            for record in kinesis.get_records(ShardIterator=iterator)["Records"]:
                document = json.loads(gzip.decompress(record["Data"]))
                found += [event["message"] for event in document["logEvents"]]
            return found

        write("all well")
        write("ERROR first")
        assert eventually(records, "record") == ["ERROR first"]
        account.may("Shipper")
        write("ERROR second")
        eventually(lambda: [one for one in account.records("PutRecord") if one.get("errorCode")], "refusal")
        assert records() == ["ERROR first"]
        (assumed,) = account.records("AssumeRole")
        assert assumed["userIdentity"]["invokedBy"] == LOGS
