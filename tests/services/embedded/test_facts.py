"""What the services know of their resources, as authorization asks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.embedded.cloud import ALPHA, BETA, Cloud

from passrole.services.embedded.dispatch import Embedded
from passrole.state.directory import Directory
from passrole.state.entities import Role

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
OTHERS = f"arn:aws:iam::{BETA}:root"


def policy(resource: str = "*", principal: str = OTHERS) -> str:
    """A resource-based policy."""
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def principals(text: str | None) -> list[object]:
    """Whom a policy names."""
    assert text
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return [statement["Principal"]["AWS"] for statement in found]


def known(cloud: Cloud, arn: str, account: str = ALPHA) -> str | None:
    """The policy of a resource in eu-west-1."""
    return cloud.embedded.facts.resource_policy(account, "eu-west-1", arn)


def test_the_policies_of_each_service(cloud: Cloud) -> None:
    head = f"eu-west-1:{ALPHA}"
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="a-bucket", **HERE)
    assert known(cloud, "arn:aws:s3:::a-bucket") == ""
    s3.put_bucket_policy(Bucket="a-bucket", Policy=policy("arn:aws:s3:::a-bucket/*"))
    assert principals(known(cloud, "arn:aws:s3:::a-bucket")) == [OTHERS]
    assert principals(known(cloud, "arn:aws:s3:::a-bucket/some/key", BETA)) == [OTHERS]
    s3.delete_bucket_policy(Bucket="a-bucket")
    assert known(cloud, "arn:aws:s3:::a-bucket") == ""

    cloud.client("sqs").create_queue(QueueName="q", Attributes={"Policy": policy()})
    assert principals(known(cloud, f"arn:aws:sqs:{head}:q")) == [OTHERS]

    topic = cloud.client("sns").create_topic(Name="t", Attributes={"Policy": policy()})["TopicArn"]
    assert principals(known(cloud, topic)) == [OTHERS]

    key = cloud.client("kms").create_key(Policy=policy())["KeyMetadata"]["Arn"]
    assert principals(known(cloud, key)) == [OTHERS]
    default = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert principals(known(cloud, default)) == [f"arn:aws:iam::{ALPHA}:root"]

    secrets = cloud.client("secretsmanager")
    secret = secrets.create_secret(Name="s", SecretString="x")["ARN"]
    assert known(cloud, secret) == ""
    secrets.put_resource_policy(SecretId="s", ResourcePolicy=policy())
    assert principals(known(cloud, secret)) == [OTHERS]

    repository = cloud.client("ecr").create_repository(repositoryName="team/app")["repository"][
        "repositoryArn"
    ]
    cloud.client("ecr").set_repository_policy(repositoryName="team/app", policyText=policy())
    assert principals(known(cloud, repository)) == [OTHERS]

    logs = cloud.client("logs")
    for name in ("one", "two"):
        logs.put_resource_policy(policyName=name, policyDocument=policy())
    assert principals(known(cloud, f"arn:aws:logs:{head}:log-group:/app:*")) == [OTHERS, OTHERS]

    bus = cloud.client("events").create_event_bus(Name="b")["EventBusArn"]
    cloud.client("events").put_permission(
        EventBusName="b", Action="events:PutEvents", Principal=BETA, StatementId="s"
    )
    assert principals(known(cloud, bus)) == [OTHERS]

    cloud.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = f"arn:aws:dynamodb:{head}:table/t"
    cloud.client("dynamodb").put_resource_policy(ResourceArn=table, Policy=policy())
    assert principals(known(cloud, f"{table}/index/i")) == [OTHERS]
    assert cloud.errors == []


def test_a_function_s_policy(cloud: Cloud) -> None:
    from tests.services.embedded.test_functions import create

    cloud.role("Run", path="/app/")
    function = create(cloud)["FunctionArn"]
    assert known(cloud, function) == ""
    cloud.client("lambda").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    text = known(cloud, f"{function}:PROD")
    assert text
    (statement,) = json.loads(text)["Statement"]
    assert (statement["Principal"], statement["Resource"]) == ({"Service": "s3.amazonaws.com"}, function)


def test_none_is_unknown_and_empty_is_none(cloud: Cloud) -> None:
    def of_each(arn: str) -> tuple[object, object]:
        facts = cloud.embedded.facts
        return facts.resource_policy(ALPHA, "eu-west-1", arn), facts.attributes(ALPHA, "eu-west-1", arn)

    queue, vault = f"arn:aws:sqs:eu-west-1:{ALPHA}:q", f"arn:aws:backup:eu-west-1:{ALPHA}:backup-vault:v"
    for arn in (queue, "arn:aws:s3:::nobody-s"):
        assert of_each(arn) == ("", None)
    assert of_each(vault) == of_each("no ARN") == (None, None)
    cloud.client("sqs").list_queues()
    assert of_each(queue) == ("", None)
    assert of_each(vault) == (None, None)


def test_tags(cloud: Cloud) -> None:
    def tags(arn: str) -> object:
        return cloud.embedded.facts.tags(ALPHA, "eu-west-1", arn)

    head = f"eu-west-1:{ALPHA}"
    ec2 = cloud.client("ec2")
    spec = [{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": "prod"}]}]
    made = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=spec)["Instances"][0]
    assert tags(f"arn:aws:ec2:{head}:instance/{made['InstanceId']}") == {"env": "prod"}
    assert tags(f"arn:aws:ec2:{head}:subnet/{made['SubnetId']}") == {}
    ec2.create_tags(Resources=[made["SubnetId"]], Tags=[{"Key": "a", "Value": ""}])
    assert tags(f"arn:aws:ec2:{head}:subnet/{made['SubnetId']}") == {"a": ""}

    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="a-bucket", **HERE)
    s3.put_object(Bucket="a-bucket", Key="k", Tagging="x=y")
    assert tags("arn:aws:s3:::a-bucket") == {}
    assert tags("arn:aws:s3:::a-bucket/k") == {"x": "y"}

    cloud.client("sqs").create_queue(QueueName="q", tags={"t": "1"})
    assert tags(f"arn:aws:sqs:{head}:q") == {"t": "1"}
    topic = cloud.client("sns").create_topic(Name="t", Tags=[{"Key": "n", "Value": "2"}])["TopicArn"]
    assert tags(topic) == {"n": "2"}
    key = cloud.client("kms").create_key(Tags=[{"TagKey": "k", "TagValue": "3"}])["KeyMetadata"]["Arn"]
    assert tags(key) == {"k": "3"}
    db = cloud.client("rds").create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        Tags=[{"Key": "r", "Value": "4"}],
    )["DBInstance"]["DBInstanceArn"]
    assert tags(db) == {"r": "4"}
    cloud.client("logs").create_log_group(logGroupName="/g", tags={"l": "5"})
    assert tags(f"arn:aws:logs:{head}:log-group:/g:*") == {"l": "5"}
    assert tags(f"arn:aws:backup:{head}:backup-vault:v") is None
    # What does not exist has none; another account's are its own.
    assert tags(f"arn:aws:sqs:{head}:absent") == {}
    assert cloud.embedded.facts.tags(BETA, "eu-west-1", f"arn:aws:sqs:eu-west-1:{BETA}:q") == {}


def test_attributes_of_what_lies_in_a_vpc(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    made = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, InstanceType="t3.nano")["Instances"][0]
    head = f"arn:aws:ec2:eu-west-1:{ALPHA}"

    def attributes(resource: str) -> Any:
        return cloud.embedded.facts.attributes(ALPHA, "eu-west-1", f"{head}:{resource}")

    instance = attributes(f"instance/{made['InstanceId']}")
    assert (instance["InstanceType"], instance["State"]) == ("t3.nano", {"Name": "running"})
    assert instance["MetadataOptions"]["HttpTokens"] == "optional"
    for resource in (
        f"instance/{made['InstanceId']}",
        f"subnet/{made['SubnetId']}",
        f"network-interface/{made['NetworkInterfaces'][0]['NetworkInterfaceId']}",
        f"security-group/{ec2.create_security_group(GroupName='g', Description='d')['GroupId']}",
    ):
        assert attributes(resource)["VpcId"] == made["VpcId"]
    assert attributes("subnet/subnet-0") is None
    assert attributes("volume/vol-0") is None


def test_a_policy_means_the_very_role_that_it_named(cloud: Cloud) -> None:
    role = cloud.role("Reader", BETA)
    cloud.client("sqs").create_queue(QueueName="q", Attributes={"Policy": policy(principal=role.arn)})
    arn = f"arn:aws:sqs:eu-west-1:{ALPHA}:q"
    assert principals(known(cloud, arn)) == [role.id]
    cloud.directory.delete(role)
    again = cloud.role("Reader", BETA)
    assert principals(known(cloud, arn)) == [role.id]
    assert again.id != role.id
    url = cloud.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(principal=again.arn)})
    assert principals(known(cloud, arn)) == [again.id]


def test_a_policy_cannot_name_whom_there_is_not(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="a-bucket", **HERE)
    with pytest.raises(ClientError) as caught:
        s3.put_bucket_policy(Bucket="a-bucket", Policy=policy(principal=f"arn:aws:iam::{BETA}:role/No"))
    assert caught.value.response["Error"]["Code"] == "MalformedPolicy"
    assert known(cloud, "arn:aws:s3:::a-bucket") == ""
    # Of an account that is none of ours, nobody can say.
    s3.put_bucket_policy(Bucket="a-bucket", Policy=policy(principal="arn:aws:iam::999999999999:role/No"))
    assert principals(known(cloud, "arn:aws:s3:::a-bucket")) == ["arn:aws:iam::999999999999:role/No"]


def test_an_endpoint_that_was_not_used_knows_of_no_resource(cloud: Cloud) -> None:
    cloud.client("sqs").create_queue(QueueName="q", Attributes={"Policy": policy()})
    fresh = Embedded(Directory())
    arn = f"arn:aws:sqs:eu-west-1:{ALPHA}:q"
    assert fresh.facts.resource_policy(ALPHA, "eu-west-1", arn) == ""
    assert fresh.facts.tags(ALPHA, "eu-west-1", arn) == {}
    assert fresh.facts.instance("i-1") is None
    assert fresh.facts.owner("arn:aws:s3:::b") is None
    fresh.close()
    assert known(cloud, arn) != ""
    assert not list(cloud.directory.everywhere(Role))
