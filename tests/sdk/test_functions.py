"""Functions that are run with the role that they were passed: ``serve --run-functions``.

Source: Lambda Developer Guide, "Defining Lambda function permissions with an execution role"; Lambda API
Reference, Invoke.
"""

from __future__ import annotations

import base64
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.sdk.clients import Boto3
from tests.sdk.example import Administrator, Caller, allow, function_arn, trust
from tests.sdk.server import ACCOUNT, REGION, ROOT, Key, Serve

LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def archive(code: str, name: str = "app.py") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, code)
    return packed.getvalue()


@dataclass(frozen=True, slots=True)
class Answer:
    """What Invoke came back with."""

    status: int
    error: str
    payload: Any
    log: str


@dataclass(frozen=True, slots=True)
class World:
    """An account whose functions run."""

    url: str
    admin: Administrator

    def deploy(self, name: str, code: str, *, role: str = "", **given: object) -> str:
        """A function; returns its role's ARN, one that may write logs if none is given."""
        if not role:
            role = self.admin.role(f"{name}-role", "lambda.amazonaws.com")
            self.admin.call("iam:AttachRolePolicy", RoleName=f"{name}-role", PolicyArn=LOGS).at()
        settings: dict[str, object] = {"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 20}
        package = given.pop("package", None) or archive(code)
        self.admin.call(
            "lambda:CreateFunction",
            **{"FunctionName": name, "Role": role, "Code": {"ZipFile": package}, **settings, **given},
        ).at()
        return role

    def invoke(self, name: str, event: object = None, *, key: Key = ROOT, **given: object) -> Answer:
        client = boto3.client(
            "lambda",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail", **given)
        finally:
            client.close()
        body = answer["Payload"].read()
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        return Answer(
            answer["StatusCode"], answer.get("FunctionError", ""), json.loads(body) if body else None, log
        )

    def logged(self, name: str) -> list[str]:
        """Every line of a function's logs."""
        group = f"/aws/lambda/{name}"
        streams = self.admin.call("logs:DescribeLogStreams", logGroupName=group)
        if streams.code == "ResourceNotFoundException":
            return []
        return [
            event.text("message").rstrip("\n")
            for stream in streams.items("logStreams")
            for event in self.admin.call(
                "logs:GetLogEvents", logGroupName=group, logStreamName=stream.text("logStreamName")
            ).items("events")
        ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    log = tmp_path_factory.mktemp("serve") / "stderr.log"
    with Serve(log, "--ephemeral", "--testing", "--run-functions") as server:
        yield World(server.url, Administrator(Boto3(server.url)))


def test_a_function_answers_and_logs(world: World) -> None:
    world.deploy(
        "echo", "def handler(event, context):\n    print('seen', event['a'])\n    return {'got': event}\n"
    )
    answer = world.invoke("echo", {"a": "ü"})
    assert (answer.status, answer.error, answer.payload) == (200, "", {"got": {"a": "ü"}})
    assert "seen ü" in answer.log
    lines = world.logged("echo")
    assert lines[0].startswith("START RequestId: ")
    assert "seen ü" in lines
    assert lines[-1].startswith("REPORT RequestId: ")
    assert "Memory Size: 128 MB" in lines[-1]


def test_it_has_the_roles_rights_and_no_others(world: World) -> None:
    """The guide's danger: who may not read a bucket passes a role that may, and has the function read it."""
    admin = world.admin
    admin.call("s3:CreateBucket", Bucket="salaries").at()
    admin.call("s3:PutObject", Bucket="salaries", Key="list", Body=b"secret").at()
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    s3 = boto3.client('s3')\n"
        "    return s3.get_object(Bucket='salaries', Key='list')['Body'].read().decode()\n"
    )
    reader = world.deploy("reader", code)
    alice: Caller = admin.user("alice", allow(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"]))
    assert alice.call("s3:GetObject", Bucket="salaries", Key="list").code == "AccessDenied"
    refused = world.invoke("reader", {}, key=alice.key)
    assert refused.error == "Unhandled"
    assert refused.payload["errorType"] == "AccessDenied"
    assert (
        f"assumed-role/{reader.rpartition('/')[2]}/reader is not authorized"
        in refused.payload["errorMessage"]
    )
    admin.call(
        "iam:PutRolePolicy",
        RoleName="reader-role",
        PolicyName="read",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [allow("s3:GetObject", "arn:aws:s3:::salaries/*")]}
        ),
    ).at()
    # Neither running it nor changing its code passes the role again.
    alice.call("lambda:UpdateFunctionCode", FunctionName="reader", ZipFile=archive(code)).at()
    assert world.invoke("reader", {}, key=alice.key).payload == "secret"


def test_a_role_without_rights_to_logs_has_none(world: World) -> None:
    role = world.admin.role("silent", "lambda.amazonaws.com")
    world.deploy("silent", "def handler(event, context):\n    print('x')\n    return 1\n", role=role)
    assert world.invoke("silent").payload == 1
    assert world.logged("silent") == []


def test_it_inherits_nothing(world: World) -> None:
    code = (
        "import os, sys\n"
        "def handler(event, context):\n"
        "    return [dict(os.environ), os.listdir('/proc/self/fd'), sys.stdin.read()]\n"
    )
    world.deploy(
        "environment", code, Environment={"Variables": {"OWN": "yes", "AWS_ACCESS_KEY_ID": "AKIAOTHER"}}
    )
    environment, files, given = world.invoke("environment").payload
    assert environment["OWN"] == "yes"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["AWS_ENDPOINT_URL"] == world.url
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "environment"
    assert not any(name.startswith("PASSROLE_") for name in environment)
    assert set(environment) - {"LC_CTYPE"} <= {
        *("OWN", "PATH", "LANG", "TZ", "HOME", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "LAMBDA_TASK_ROOT"),
        *("_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    }
    assert len(files) <= 5  # 0, 1, 2, /dev/null and the listing's own
    assert given == ""


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("def handler(event, context):\n    raise ValueError('no')\n", "ValueError", "no"),
        ("def other(): pass\n", "Runtime.HandlerNotFound", "handler"),
        ("import nothing_of_the_kind\n", "Runtime.ImportModuleError", "nothing_of_the_kind"),
        ("def handler(event, context):\n    return object()\n", "Runtime.MarshalError", "object"),
        ("import os\ndef handler(event, context):\n    os._exit(3)\n", "Runtime.ExitError", "exit status 3"),
        ("def handler(event, context):\n    return len(bytearray(10**9))\n", "MemoryError", ""),
    ],
)
def test_how_functions_fail(world: World, code: str, kind: str, message: str) -> None:
    name = f"fails-{kind.replace('.', '-')}"
    world.deploy(name, code)
    answer = world.invoke(name)
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.payload["errorType"] == kind
    assert message in answer.payload["errorMessage"]


def test_a_timeout_ends_it_and_all_that_it_started(world: World) -> None:
    code = (
        "import subprocess, time\n"
        "def handler(event, context):\n"
        "    child = subprocess.Popen(['sleep', '300'])\n"
        "    print('child', child.pid, context.get_remaining_time_in_millis() <= 1000, flush=True)\n"
        "    time.sleep(60)\n"
    )
    world.deploy("slow", code, Timeout=1)
    started = time.monotonic()
    answer = world.invoke("slow")
    assert time.monotonic() - started < 20
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    _, pid, bounded = next(line for line in answer.log.splitlines() if line.startswith("child")).split()
    assert bounded == "True"
    end = time.monotonic() + 5
    while _alive(int(pid)):
        assert time.monotonic() < end
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_an_event_is_answered_at_once_and_run_later(world: World) -> None:
    world.deploy("later", "def handler(event, context):\n    print('run', event)\n")
    assert world.invoke("later", 7, InvocationType="Event").status == 202
    end = time.monotonic() + 20
    while "run 7" not in world.logged("later"):
        assert time.monotonic() < end
        time.sleep(0.2)


def test_authorization_comes_first_and_a_dry_run_runs_nothing(world: World) -> None:
    world.deploy("asked", "def handler(event, context):\n    print('ran')\n")
    nobody = world.admin.user("nobody")
    for kind in ("RequestResponse", "DryRun", "Event"):
        answer = nobody.call("lambda:Invoke", FunctionName="asked", InvocationType=kind)
        assert answer.code == "AccessDeniedException"
        assert f"lambda:InvokeFunction on resource: {function_arn('asked')}" in answer.message
    assert world.invoke("asked", InvocationType="DryRun").status == 204
    assert world.logged("asked") == []


def test_the_trust_policy_counts_when_the_role_is_taken(world: World) -> None:
    world.deploy("untrusted", "def handler(event, context):\n    return 1\n")
    world.admin.call(
        "iam:UpdateAssumeRolePolicy", RoleName="untrusted-role", PolicyDocument=trust("ec2.amazonaws.com")
    ).at()
    answer = world.admin.call("lambda:Invoke", FunctionName="untrusted")
    assert (answer.code, answer.status) == ("AccessDeniedException", 403)
    assert answer.message == "The role defined for the function cannot be assumed by Lambda."


def test_a_payload_is_json(world: World) -> None:
    world.deploy("json", "def handler(event, context):\n    return event\n")
    answer = world.admin.call("lambda:Invoke", FunctionName="json", Payload=b"{no")
    assert answer.code == "InvalidRequestContentException"
    assert world.invoke("json", [1, None]).payload == [1, None]


def test_functions_have_a_trace_of_their_own(world: World) -> None:
    role = world.deploy(
        "traced",
        "import boto3\n"
        "def handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn']\n",
    )
    assert world.invoke("traced").payload == f"arn:aws:sts::{ACCOUNT}:assumed-role/traced-role/traced"
    answer = world.admin.call(
        "cloudtrail:LookupEvents", LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": role}]
    )
    records: list[Mapping[str, Any]] = [
        json.loads(one.text("CloudTrailEvent")) for one in answer.items("Events")
    ]
    taken = next(one for one in records if one["eventName"] == "AssumeRole")
    assert taken["userIdentity"] == {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
    assert taken["requestParameters"]["roleSessionName"] == "traced"


@pytest.mark.node
def test_a_node_function(world: World, node: os.PathLike[str]) -> None:
    code = (
        "export const handler = async (event, context) => {\n"
        "  console.log('seen', event.a);\n"
        "  if (event.a === 2) throw new TypeError('no');\n"
        "  return { got: event.a, name: context.functionName };\n"
        "};\n"
    )
    world.deploy("node", "", package=archive(code, "app.mjs"), Runtime="nodejs22.x")
    answer = world.invoke("node", {"a": 1})
    assert (answer.error, answer.payload) == ("", {"got": 1, "name": "node"})
    assert "seen 1" in answer.log
    failed = world.invoke("node", {"a": 2})
    assert (failed.error, failed.payload["errorType"], failed.payload["errorMessage"]) == (
        "Unhandled",
        "TypeError",
        "no",
    )


def test_other_runtimes_are_not_run(world: World) -> None:
    world.deploy("java", "", package=archive("", "A.class"), Runtime="java21", Handler="A::b")
    answer = world.admin.call("lambda:Invoke", FunctionName="java")
    assert (answer.code, answer.status) == ("NotImplemented", 501)
    assert "java21" in answer.message
