"""What is changed in moto, and that nothing else of it needs to be: read from its sources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from moto.core.common_models import BaseModel
from tests.services.embedded.cloud import ALPHA, Cloud

from passrole.services.embedded import locks
from passrole.services.embedded.inventory import NOT_MOTOS, root, services
from passrole.services.embedded.seams import _CHANGES

# Modules that could reach the network or start a process, and why they do not here.
REACHING = {
    # Their ``requests`` is replaced.
    "sns/models.py": "replaced",
    "firehose/models.py": "replaced",
    "events/models.py": "replaced",
    "apigateway/integration_parsers/http_parser.py": "replaced",
    "apigateway/integration_parsers/aws_parser.py": "replaced",
    # Docker's client is refused.
    "awslambda/models.py": "replaced",
    "batch/models.py": "replaced",
    "utilities/docker_utilities.py": "replaced",
    # Names of classes only.
    "apigateway/integration_parsers/__init__.py": "types",
    "apigateway/integration_parsers/unknown_parser.py": "types",
    "s3/utils.py": "types",
    "utilities/utils.py": "types",
    "dynamodb/models/dynamo_type.py": "types",
    "core/botocore_stubber.py": "types",
    "core/custom_responses_mock.py": "types",
    "core/request.py": "types",
    "core/responses.py": "types",
    "core/base_backend.py": "lists regions from boto3's data",
    "ec2/models/availability_zones_and_regions.py": "lists regions from boto3's data",
    "eks/utils.py": "lists regions from boto3's data",
    "s3control/config.py": "lists regions from boto3's data",
    "iam/config.py": "lists regions from boto3's data",
    # Only when asked to mock the caller's own process, or to check signatures itself: never here.
    "apigateway/models.py": "answers by responses, which is not started",
    "core/authorization.py": "off",
    "core/models.py": "mock_aws is not started",
    "core/responses_custom_registry.py": "mock_aws is not started",
    "settings.py": "finds Docker's host for clients in containers",
    "moto_api/_internal/recorder/models.py": "not served",
    "proxy.py": "not served",
    "packages/cfnresponse": "runs inside functions",
    "moto_proxy/proxy3.py": "not served",
    "moto_proxy/certificate_creator.py": "not served",
    "moto_server/werkzeug_app.py": "not served",
    # Behind execute_state_machine, which stays off.
    "stepfunctions/parser": "off",
}
NETWORK = {
    "boto3",
    "docker",
    "http",
    "httpx",
    "requests",
    "responses",
    "smtplib",
    "socket",
    "subprocess",
    "urllib3",
}


IMPORTING = re.compile(rf"^\s*(?:import|from)\s+(?:{'|'.join(sorted(NETWORK))})\b", re.MULTILINE)


def test_no_other_module_of_moto_reaches_out() -> None:
    folder = root()
    assert folder is not None
    reaching = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if IMPORTING.search(path.read_text(encoding="utf-8"))
    }
    known = {path for path in reaching if any(path.startswith(prefix) for prefix in REACHING)}
    assert reaching == known
    changed = {name.removeprefix("moto.").replace(".", "/") + ".py" for name in _CHANGES}
    replaced = {path for path, why in REACHING.items() if why == "replaced"}
    assert replaced <= changed


def test_services_that_work_in_others_tables_share_their_lock() -> None:
    """EC2's tables are worked in by many; each must be in its group."""
    pattern = re.compile(r"from moto\.ec2(\.models)? import (\(?[^)]*\b)?ec2_backends")
    folder = root()
    assert folder is not None
    working = {
        path.relative_to(folder).parts[0]
        for path in folder.rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    working -= {"ec2", "moto_api", "cloudformation", "core", "config", "resourcegroupstaggingapi"}
    assert {package for package in working if locks.place(package, "a", "r")[2] != "ec2"} == set()
    assert {package for package in locks._SHARED if package not in set(services().values())} == set()


def test_every_change_finds_its_place(cloud: Cloud) -> None:
    import importlib

    cloud.client("sqs").list_queues()
    for name in _CHANGES:
        importlib.import_module(name)
    from moto.awslambda.models import LambdaFunction
    from moto.batch.models import Job
    from moto.ec2.models import ec2_backends
    from moto.emr.responses import ElasticMapReduceResponse
    from moto.sns import models as sns
    from moto.utilities.docker_utilities import DockerModel

    assert ec2_backends.backend.__module__ == "passrole.services.embedded.profiled"
    assert "get_region_from_url" not in vars(ElasticMapReduceResponse)
    assert type(sns.requests).__name__ == "_Undelivered"  # type: ignore[attr-defined]
    assert (
        Job.run.__module__ == LambdaFunction._invoke_lambda.__module__ == "passrole.services.embedded.seams"
    )
    with pytest.raises(RuntimeError):
        DockerModel().docker_client  # noqa: B018


def test_nothing_is_delivered_to_the_network(cloud: Cloud) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/never")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]


def test_moto_keeps_no_second_copy_of_what_it_made(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for number in range(3):
        s3.put_object(Bucket="a-bucket", Key="k", Body=b"%d" % number)
    from moto.s3.models import FakeKey

    assert FakeKey.instances_tracked == []  # type: ignore[attr-defined]
    assert BaseModel.__new__.__module__ == "passrole.services.embedded.seams"


SCRIPT = """
import json, socket, sys, threading, warnings
warnings.simplefilter("error")
reached = []
socket.socket.listen = lambda self, *given: reached.append("listen")
sys.addaudithook(lambda event, given: reached.append(event) if event == "socket.connect" else None)
from passrole.services.embedded.dispatch import Embedded
from passrole.state.directory import Directory
embedded = Embedded(Directory())
assert embedded.serves("ec2") and not embedded.serves("iam")
steps = [sorted({name.split(".")[0] for name in sys.modules} & {"moto", "boto3", "botocore", "responses"})]
from tests.services.embedded.cloud import authorized, make_call
import asyncio
def ask(service, operation, protocol, **given):
    asyncio.run(embedded.handle(authorized(make_call(service, operation, given, protocol=protocol))))
    return sorted(name for name in sys.modules if name.startswith("moto.") and name.endswith(".urls"))
steps.append(ask("sqs", "ListQueues", "json"))
steps.append(ask("ec2", "DescribeVpcs", "ec2"))
import moto.core.models
print(json.dumps({
    "steps": steps,
    "reached": reached,
    "mocking": moto.core.models.botocore_stubber.enabled,
    "threads": sorted({thread.name.split("_")[0] for thread in threading.enumerate()}),
}))
"""


def run(script: str) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, which has imported nothing yet."""
    here = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(here), str(here / "src")))}
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=here, env=environment
    )


def test_nothing_is_imported_before_it_is_used_and_nothing_listens() -> None:
    # The helpers import boto3, which must not count: they come after the first look.
    ran = run(SCRIPT)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    start, sqs, ec2 = found["steps"]
    assert start == []
    assert sqs == ["moto.sqs.urls"]
    assert ec2 == ["moto.ec2.urls", "moto.sqs.urls"]
    assert found["reached"] == []
    assert found["mocking"] is False
    assert found["threads"] == ["MainThread", "embedded"]


def test_the_inventory() -> None:
    found = services()
    assert len(found) >= 150
    assert NOT_MOTOS.isdisjoint(found)
    assert found["lambda"] == "awslambda"
    assert found["docdb"] == found["neptune"] == found["rds"] == "rds"
    assert found["application-autoscaling"] == "applicationautoscaling"
    assert ALPHA not in found


IMPORTS = """
import importlib, sys, warnings
warnings.simplefilter("error")
from passrole.services.embedded.inventory import services
for package in sorted(set(services().values())):
    assert importlib.import_module(f"moto.{package}.urls").url_paths, package
"""


def test_every_service_can_be_imported_without_a_warning() -> None:
    ran = run(IMPORTS)
    assert ran.returncode == 0, ran.stderr
