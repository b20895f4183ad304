"""Lambda: a role that is there, and no function that is run."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.embedded.cloud import ALPHA, Cloud

CANNOT = "The role defined for the function cannot be assumed by Lambda."


def archive() -> bytes:
    """A deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("f.py", "def h(event, context): return event")
    return packed.getvalue()


def create(cloud: Cloud, **given: object) -> Any:
    """A function "f"."""
    return cloud.client("lambda").create_function(
        **{
            "FunctionName": "f",
            "Runtime": "python3.12",
            "Handler": "f.h",
            "Code": {"ZipFile": archive()},
            "Role": f"arn:aws:iam::{ALPHA}:role/app/Run",
            **given,
        }
    )


def error(call: Any, **given: object) -> tuple[str, str, int]:
    """(code, message, status) of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("role", ["Run", "app/run", "other/Run", "app/Runs"])
def test_a_role_that_is_not_there(cloud: Cloud, role: str) -> None:
    cloud.role("Run", path="/app/")
    arn = f"arn:aws:iam::{ALPHA}:role/{role}"
    expected = ("InvalidParameterValueException", CANNOT, 400)
    assert error(create, cloud=cloud, Role=arn) == expected
    functions = cloud.client("lambda")
    assert functions.list_functions()["Functions"] == []
    create(cloud)
    assert error(functions.update_function_configuration, FunctionName="f", Role=arn) == expected
    assert (
        functions.get_function_configuration(FunctionName="f")["Role"] == f"arn:aws:iam::{ALPHA}:role/app/Run"
    )


def test_a_role_that_is_there(cloud: Cloud) -> None:
    cloud.role("Run", path="/app/")
    new = cloud.role("New")
    made = create(cloud)
    assert made["FunctionArn"] == f"arn:aws:lambda:eu-west-1:{ALPHA}:function:f"
    functions = cloud.client("lambda")
    changed = functions.update_function_configuration(FunctionName="f", Role=new.arn, Timeout=9)
    assert (changed["Role"], changed["Timeout"]) == (new.arn, 9)
    # Without one in the call the present role stays, though it is gone by now.
    cloud.directory.delete(new)
    assert functions.update_function_configuration(FunctionName="f", Timeout=8)["Role"] == new.arn
    assert cloud.embedded.facts.tags(ALPHA, "eu-west-1", made["FunctionArn"]) == {}
    functions.tag_resource(Resource=made["FunctionArn"], Tags={"team": "x"})
    assert cloud.embedded.facts.tags(ALPHA, "eu-west-1", made["FunctionArn"]) == {"team": "x"}
    known = cloud.embedded.facts.attributes(ALPHA, "eu-west-1", f"{made['FunctionArn']}:$LATEST")
    assert known is not None
    assert known["Runtime"] == "python3.12"


def test_functions_are_not_run(cloud: Cloud) -> None:
    cloud.role("Run", path="/app/")
    create(cloud)
    functions = cloud.client("lambda")
    code, message, status = error(functions.invoke, FunctionName="f", Payload=b"{}")
    assert (code, status) == ("NotImplemented", 501)
    assert "--run-functions" in message
    assert error(functions.invoke, FunctionName="f", InvocationType="Event")[0] == "NotImplemented"
    dry = functions.invoke(FunctionName="f", InvocationType="DryRun")
    assert dry["StatusCode"] == 204
    assert error(functions.invoke, FunctionName="no")[0] == "ResourceNotFoundException"
    assert (
        error(functions.invoke, FunctionName="no", InvocationType="DryRun")[0] == "ResourceNotFoundException"
    )


def test_events_run_no_function_and_lose_no_message(cloud: Cloud) -> None:
    cloud.role("Run", path="/app/")
    create(cloud)
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:eu-west-1:{ALPHA}:q", FunctionName="f"
    )
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    assert cloud.errors == []
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "kept"
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []


def test_a_batch_job_that_is_not_run_has_failed(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    role = cloud.role("Batch").arn
    batch = cloud.client("batch")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    environment = batch.create_compute_environment(
        computeEnvironmentName="environment",
        type="MANAGED",
        serviceRole=role,
        computeResources={"type": "FARGATE", "maxvCpus": 1, "subnets": [subnet], "securityGroupIds": [group]},
    )["computeEnvironmentArn"]
    order = [{"order": 1, "computeEnvironment": environment}]
    queue = batch.create_job_queue(
        jobQueueName="queue", state="ENABLED", priority=1, computeEnvironmentOrder=order
    )
    definition = batch.register_job_definition(
        jobDefinitionName="definition",
        type="container",
        containerProperties={"image": "busybox", "vcpus": 1, "memory": 128},
    )
    job = batch.submit_job(
        jobName="job", jobQueue=queue["jobQueueArn"], jobDefinition=definition["jobDefinitionArn"]
    )["jobId"]
    for _ in range(100):
        found = batch.describe_jobs(jobs=[job])["jobs"][0]
        if found["status"] not in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING"):
            break
    assert found["status"] == "FAILED"
    assert "does not run" in found["statusReason"]
