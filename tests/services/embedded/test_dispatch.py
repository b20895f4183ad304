"""Every service that moto has, asked through one dispatcher by unmodified clients."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sqs.models import SQSBackend
from tests.services.embedded.cloud import ALPHA, BETA, KEYS, Cloud, authorized, make_call

from passrole.services.backend import Handled
from passrole.services.targets import Handed, TopicMessage
from passrole.values.errors import ServiceError
from passrole.wire import cbor
from passrole.wire.encode import encode_request
from passrole.wire.request import RawRequest


def code(call: Any, **given: object) -> str:
    """The code of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value.response["Error"]["Code"])


def handle(cloud: Cloud, service: str, operation: str, protocol: str, **given: object) -> Handled:
    """One call without a client."""
    call = make_call(service, operation, given, protocol=protocol)
    return asyncio.run(cloud.embedded.handle(authorized(call)))


def test_each_kind_of_service_answers(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url == f"http://localhost:4747/{ALPHA}/jobs"
    sqs.send_message(QueueUrl=url, MessageBody="one & two")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "one & two"

    sns = cloud.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{ALPHA}:jobs")
    handed: list[Handed] = []
    cloud.embedded.handing.subscribe(handed.extend)
    sns.publish(TopicArn=topic, Message="hello")
    (message,) = handed  # it goes through the gateway, as SNS itself
    assert isinstance(message, TopicMessage)
    assert json.loads(message.body)["Message"] == "hello"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)

    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="t", Item={"k": {"S": "1"}, "b": {"B": b"\x00\xff"}})
    assert dynamodb.get_item(TableName="t", Key={"k": {"S": "1"}})["Item"]["b"]["B"] == b"\x00\xff"

    rds = cloud.client("rds")
    rds.create_db_instance(DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres")
    assert rds.describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"] == "db"

    ecs = cloud.client("ecs")
    definition = ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "c", "image": "i", "memory": 128}]
    )
    assert definition["taskDefinition"]["revision"] == 1

    states = cloud.client("stepfunctions")
    role = f"arn:aws:iam::{ALPHA}:role/States"
    machine = states.create_state_machine(name="m", definition='{"StartAt":"a","States":{}}', roleArn=role)
    assert states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["roleArn"] == role

    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/app")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    logs.put_log_events(
        logGroupName="/app", logStreamName="s", logEvents=[{"timestamp": 1_790_000_000_000, "message": "m"}]
    )
    assert logs.describe_log_streams(logGroupName="/app")["logStreams"][0]["logStreamName"] == "s"

    autoscaling = cloud.client("autoscaling")
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="lc", ImageId="ami-1", InstanceType="t3.nano"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="lc",
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["eu-west-1a"],
    )
    assert autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["DesiredCapacity"] == 1

    zones = cloud.client("route53")
    zone = zones.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    assert zones.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "example.com."
    assert cloud.errors == []


def test_cbor_is_answered_in_cbor(cloud: Cloud) -> None:
    def ask(service: str, operation: str, **given: object) -> tuple[int, Any]:
        raw = encode_request(service, operation, given, "localhost:4747", protocol="smithy-rpc-v2-cbor")
        signing = {"cloudwatch": "monitoring"}.get(service, service)
        scope = f"Credential={KEYS[ALPHA]}/20261124/eu-west-1/{signing}/aws4_request"
        headers = (*raw.headers, ("authorization", f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host"))
        answer = cloud.answer(replace(raw, headers=headers))
        assert cloud.calls[-1].protocol == "smithy-rpc-v2-cbor"
        assert ("smithy-protocol", "rpc-v2-cbor") in answer.headers
        return answer.status, cbor.decode(answer.body) if answer.body else {}

    assert (
        ask("cloudwatch", "PutMetricData", Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.5}])[0]
        == 200
    )
    assert ask("cloudwatch", "ListMetrics", Namespace="n")[1]["Metrics"][0]["MetricName"] == "m"
    status, error = ask("codebuild", "StartBuild", projectName="absent")
    assert (status, error["__type"].rpartition("#")[2]) == (400, "ResourceNotFoundException")


def test_accounts_and_regions_see_only_their_own(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto would take this for everybody's account.
    monkeypatch.setenv("MOTO_ACCOUNT_ID", BETA)
    cloud.client("sqs").create_queue(QueueName="q")
    assert "QueueUrls" not in cloud.client("sqs", BETA).list_queues()
    assert "QueueUrls" not in cloud.client("sqs", region="us-west-2").list_queues()
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1
    cloud.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    assert cloud.client("ec2", BETA).describe_instances()["Reservations"] == []
    assert cloud.client("ec2", region="us-west-2").describe_instances()["Reservations"] == []


def test_the_region_is_the_one_signed_for(cloud: Cloud) -> None:
    # moto would look for one in the User-Agent, the host and any part of the path.
    client = cloud.client("emr", region="ap-south-1", user_agent_extra="region/us-west-1")
    client.run_job_flow(
        Name="j.us-east-2.amazonaws.com",
        Instances={"KeepJobFlowAliveWhenNoSteps": True},
        ReleaseLabel="emr-6.0.0",
    )
    assert len(cloud.client("emr", region="ap-south-1").list_clusters()["Clusters"]) == 1
    assert cloud.client("emr").list_clusters()["Clusters"] == []


def test_request_ids_are_ours(cloud: Cloud) -> None:
    seen = {
        cloud.client("ec2").describe_vpcs()["ResponseMetadata"]["RequestId"],
        cloud.client("sqs").list_queues()["ResponseMetadata"]["RequestId"],
        cloud.client("sns").list_topics()["ResponseMetadata"]["RequestId"],
        cloud.client("s3").list_buckets()["ResponseMetadata"]["RequestId"],
        cloud.client("lambda").list_functions()["ResponseMetadata"]["RequestId"],
    }
    assert seen == {call.request_id for call in cloud.calls}
    with pytest.raises(ClientError) as caught:
        cloud.client("ec2").describe_instances(InstanceIds=["i-00000000000000000"])
    assert caught.value.response["ResponseMetadata"]["RequestId"] == cloud.calls[-1].request_id
    assert cloud.calls[-1].request_id.encode() in cloud.handled[-1].response.body


def test_errors_of_moto_pass_through_and_are_known(cloud: Cloud) -> None:
    assert code(cloud.client("s3").head_bucket, Bucket="absent-bucket") == "404"
    assert code(cloud.client("s3").list_objects_v2, Bucket="absent-bucket") == "NoSuchBucket"
    assert code(cloud.client("dynamodb").describe_table, TableName="x") == "ResourceNotFoundException"
    assert code(cloud.client("lambda").get_function, FunctionName="x") == "ResourceNotFoundException"
    assert code(cloud.client("sqs").get_queue_url, QueueName="x").endswith("NonExistentQueue")
    found = [(error.code, error.status) for handled in cloud.handled if (error := handled.error) is not None]
    assert found == [
        ("NotFound", 404),
        ("NoSuchBucket", 404),
        ("ResourceNotFoundException", 400),
        ("ResourceNotFoundException", 404),
        ("QueueDoesNotExist", 400),
    ]


def test_the_output_can_be_read_back(cloud: Cloud) -> None:
    cloud.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    instances = cloud.handled[-1].output()["Instances"]
    assert isinstance(instances, list)
    assert instances[0]["ImageId"] == "ami-1"
    cloud.client("sns").create_topic(Name="t")
    assert cloud.handled[-1].output() == {"TopicArn": f"arn:aws:sns:eu-west-1:{ALPHA}:t"}
    cloud.client("sqs").create_queue(QueueName="q")
    assert cloud.handled[-1].output() == {"QueueUrl": f"http://localhost:4747/{ALPHA}/q"}
    cloud.client("s3").create_bucket(
        Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloud.client("s3").put_object(Bucket="a-bucket", Key="k", Body=b"x")
    assert cloud.handled[-1].output()["ETag"] == '"9dd4e461268c8034f5c8564e155c67a6"'


@pytest.mark.parametrize(
    ("service", "operation", "protocol", "given"),
    [
        ("ec2", "CreateSpotDatafeedSubscription", "ec2", {"Bucket": "b"}),  # a method that raises
        ("ec2", "CreateVerifiedAccessGroup", "ec2", {"VerifiedAccessInstanceId": "v"}),  # no method
        ("lambda", "ListProvisionedConcurrencyConfigs", "rest-json", {"FunctionName": "f"}),  # no path
        ("sqs", "ListMessageMoveTasks", "json", {"SourceArn": "a"}),
        ("s3", "GetBucketRequestPayment", "rest-xml", {"Bucket": "b"}),  # moto would list the bucket
        ("s3", "PutBucketRequestPayment", "rest-xml", {"Bucket": "b"}),  # moto would create it
        ("iam", "ListUsers", "query", {}),  # ours
        ("location", "ListMaps", "rest-json", {}),  # nobody's
        ("servicecatalog", "ProvisionProduct", "json", {"ProvisionedProductName": "p"}),
    ],
)
def test_what_is_not_there_is_not_implemented(
    cloud: Cloud, service: str, operation: str, protocol: str, given: dict[str, object]
) -> None:
    with pytest.raises(ServiceError) as caught:
        handle(cloud, service, operation, protocol, **given)
    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)
    assert f"{service}:{operation}" in caught.value.message


def test_a_crash_is_an_internal_failure_and_tells_no_secret(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    password = "hunter2"

    def broken(self: object, *given: object, **named: object) -> None:
        raise KeyError(password)

    cloud.client("sqs").list_queues()
    monkeypatch.setattr(SQSBackend, "list_queues", broken)
    with caplog.at_level(logging.ERROR), pytest.raises(ServiceError) as caught:
        handle(cloud, "sqs", "ListQueues", "json")
    assert (caught.value.code, caught.value.status) == ("InternalFailure", 500)
    assert "sqs:ListQueues with KeyError" in caplog.text
    assert password not in caplog.text + str(caught.value)


def test_moto_sees_what_was_judged_and_nothing_else(cloud: Cloud) -> None:
    cloud.client("dynamodb").list_tables()
    signed = cloud.calls[-1].raw
    smuggled = RawRequest(
        signed.method,
        signed.path,
        "Action=CreateQueue&QueueName=smuggled",
        (*signed.headers, ("x-moto-account-id", BETA), ("x-amzn-smuggled", "1")),
        b'{"Limit": 1, "Limit": 2}',
    )
    call = replace(cloud.calls[-1], raw=smuggled, input={"Limit": 1})
    handled = asyncio.run(cloud.embedded.handle(authorized(call)))
    assert json.loads(handled.response.body) == {"TableNames": []}
    queue = make_call("sqs", "ListQueues", {}, protocol="json", raw=smuggled)
    assert b"smuggled" not in asyncio.run(cloud.embedded.handle(authorized(queue))).response.body
    cloud.client("sqs", BETA).list_queues()
    assert "QueueUrls" not in cloud.client("sqs").list_queues()


def test_a_region_that_is_none(cloud: Cloud) -> None:
    call = make_call("sqs", "ListQueues", {}, region="eu-nowhere-1", protocol="json")
    with pytest.raises(ServiceError, match="no region eu-nowhere-1") as caught:
        asyncio.run(cloud.embedded.handle(authorized(call)))
    assert caught.value.status == 501


def test_a_call_that_began_is_finished(cloud: Cloud) -> None:
    async def cancelled() -> None:
        call = make_call("sqs", "CreateQueue", {"QueueName": "q"}, protocol="json")
        task = asyncio.ensure_future(cloud.embedded.handle(authorized(call)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # In the same place: it waits for the first to end.
        again = make_call("sqs", "ListQueues", {}, protocol="json")
        assert "/q" in str((await cloud.embedded.handle(authorized(again))).output())

    asyncio.run(cancelled())


def test_a_long_poll_holds_up_nobody(cloud: Cloud) -> None:
    url = cloud.client("sqs").create_queue(QueueName="q")["QueueUrl"]

    async def talk() -> str:
        def sqs(operation: str, **given: object) -> Any:
            call = make_call("sqs", operation, {"QueueUrl": url, **given}, protocol="json")
            return cloud.embedded.handle(authorized(call))

        # More than there are threads.
        polls = [asyncio.ensure_future(sqs("ReceiveMessage", WaitTimeSeconds=20)) for _ in range(12)]
        await asyncio.sleep(0.1)
        await sqs("SendMessage", MessageBody="late")
        done, waiting = await asyncio.wait(polls, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        for poll in waiting:
            poll.cancel()
        return str(done.pop().result().output())

    assert "late" in asyncio.run(asyncio.wait_for(talk(), 15))


def test_a_queue_says_how_long_to_wait(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})["QueueUrl"]

    async def waited() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        call = make_call("sqs", "ReceiveMessage", {"QueueUrl": url}, protocol="json")
        await cloud.embedded.handle(authorized(call))
        return loop.time() - begun

    assert asyncio.run(waited()) >= 1


def test_an_output_for_this_floor(cloud: Cloud) -> None:
    as_of = make_call("rds", "DescribeDBInstances", {}, protocol="query")

    async def talk() -> object:
        await cloud.embedded.call("logs", "CreateLogGroup", {"logGroupName": "RDSOSMetrics"}, as_of)
        found = await cloud.embedded.call("logs", "DescribeLogGroups", {}, as_of)
        with pytest.raises(ServiceError) as caught:
            await cloud.embedded.call("logs", "CreateLogGroup", {"logGroupName": "RDSOSMetrics"}, as_of)
        assert caught.value.code == "ResourceAlreadyExistsException"
        return found["logGroups"]

    groups = asyncio.run(talk())
    assert isinstance(groups, list)
    assert groups[0]["logGroupName"] == "RDSOSMetrics"


def test_reset_forgets_every_resource(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="a-bucket", Key="k", Body=b"x")
    cloud.client("ec2").run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    cloud.embedded.reset()
    assert s3.list_buckets()["Buckets"] == []
    assert cloud.client("ec2").describe_instances()["Reservations"] == []
    beta = cloud.client("s3", BETA)
    beta.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
