"""``passrole exec`` against an endpoint that only answers metadata, with a real child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from passrole.faces.exec import CannotRun, Upstream, own_environment

CREDENTIALS = {
    "Code": "Success",
    "LastUpdated": "2026-01-02T03:04:05Z",
    "Type": "AWS-HMAC",
    "AccessKeyId": "ASIAEXAMPLE000000001",
    "SecretAccessKey": "secret",
    "Token": "token",
    "Expiration": "2099-01-02T09:04:05Z",
}


class Endpoint(ThreadingHTTPServer):
    """Answers as the endpoint does for instance i-0a (eu-west-1) and function Thumb."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.command, self.path, headers))
        status, text = self.found()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_PUT = do_GET  # noqa: N815 (http.server's names)

    def found(self) -> tuple[int, str]:
        base = "/_passrole/imds/i-0a/latest"
        if self.path.startswith("/_passrole/imds/i-off/"):
            return 403, "<h1>403 - Forbidden</h1>"
        answers = {
            f"{base}/api/token": "the-token",
            f"{base}/meta-data/placement/region": "eu-west-1",
            f"{base}/meta-data/iam/security-credentials/": "Web",
            f"{base}/meta-data/iam/security-credentials/Web": json.dumps(CREDENTIALS),
            "/_passrole/containers/Thumb/credentials?region=us-west-2": json.dumps(CREDENTIALS),
        }
        text = answers.get(self.path)
        return (404, "there is nothing of that name") if text is None else (200, text)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def environment(**more: str) -> dict[str, str]:
    """The test's own environment with credentials that a child must never see."""
    return os.environ | {
        "AWS_ACCESS_KEY_ID": "AKIAUSER",
        "AWS_SECRET_ACCESS_KEY": "user-secret",
        "AWS_PROFILE": "user",
        "AWS_ENDPOINT_URL_S3": "http://elsewhere.invalid",
        "PASSROLE_ROOT_SECRET_ACCESS_KEY": "root-secret",
        **more,
    }


def arguments(endpoint: str, *command: str, workload: tuple[str, str] = ("--instance", "i-0a")) -> list[str]:
    return [
        *(sys.executable, "-m", "passrole", "exec"),
        *("--endpoint", endpoint, "--region", "us-west-2", *workload, "--", *command),
    ]


def execute(
    endpoint: str, *command: str, workload: tuple[str, str] = ("--instance", "i-0a"), **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(endpoint, *command, workload=workload),
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def python(code: str) -> tuple[str, str, str]:
    return sys.executable, "-c", code


def test_boto3_finds_the_instances_credentials_and_no_others(endpoint: Endpoint) -> None:
    code = (
        "import boto3; session = boto3.Session(); found = session.get_credentials();"
        "print(found.method, found.access_key, session.region_name, session.client('s3').meta.endpoint_url)"
    )
    ran = execute(endpoint.url, *python(code))
    assert ran.stderr == ""
    assert ran.stdout.split() == ["iam-role", "ASIAEXAMPLE000000001", "eu-west-1", endpoint.url]
    asked = {(method, path): headers for method, path, headers in endpoint.asked}
    read = asked[("GET", "/_passrole/imds/i-0a/latest/meta-data/iam/security-credentials/Web")]
    assert read["x-aws-ec2-metadata-token"] == "the-token"


def test_a_function_finds_its_credentials_by_the_container_provider(endpoint: Endpoint) -> None:
    code = (
        "import boto3; session = boto3.Session(); found = session.get_credentials();"
        "print(found.method, found.access_key, session.region_name)"
    )
    ran = execute(endpoint.url, *python(code), workload=("--function", "Thumb"))
    assert ran.stderr == ""
    assert ran.stdout.split() == ["container-role", "ASIAEXAMPLE000000001", "us-west-2"]


def test_container_credentials_are_for_the_command_alone(endpoint: Endpoint) -> None:
    code = """
import os, urllib.error, urllib.request
url = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
def status(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code
print(status(url, Authorization=token), status(url), status(url, Authorization="x"), status(url + "0",
      Authorization=token), status(url, Authorization=token, Origin="http://example.com"))
"""
    ran = execute(endpoint.url, *python(code), workload=("--function", "Thumb"))
    assert ran.stdout.split() == ["200", "401", "401", "404", "403"]


def test_the_relay_answers_no_web_page_and_no_rebound_name(endpoint: Endpoint) -> None:
    code = """
import os, urllib.error, urllib.request
url = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "/latest/meta-data/placement/region"
def status(**headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code
print(status(), status(Origin="http://example.com"), status(Host="rebound.example.com"))
"""
    ran = execute(endpoint.url, *python(code))
    assert ran.stdout.split() == ["200", "403", "403"]


def test_other_credentials_are_removed_from_the_environment() -> None:
    given = {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SESSION_TOKEN": "token",
        "AWS_PROFILE": "user",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2",
        "AWS_ENDPOINT_URL_S3": "http://elsewhere.invalid",
        "AWS_CONFIG_FILE": "/home/user/.aws/config",
        "PASSROLE_ROOT_ACCESS_KEY_ID": "AKIA",
        "PASSROLE_PORT": "5000",
        "HTTP_PROXY": "http://proxy.invalid",
        "NO_PROXY": "example.com",
    }
    assert own_environment(given) == {
        "PATH": "/bin",
        "PASSROLE_PORT": "5000",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "HTTP_PROXY": "http://proxy.invalid",
        "NO_PROXY": "example.com,127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_exit_status_is_the_commands(endpoint: Endpoint, status: int) -> None:
    ran = execute(endpoint.url, *python(f"raise SystemExit({status})"))
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, "", "")


def test_a_command_that_a_signal_ends_gives_128_and_the_signal(endpoint: Endpoint) -> None:
    ran = execute(endpoint.url, *python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert ran.returncode == 128 + signal.SIGKILL


def test_a_command_that_cannot_run_says_so(endpoint: Endpoint, tmp_path: Path) -> None:
    missing = execute(endpoint.url, "passrole-no-such-command")
    assert missing.returncode == 127
    assert missing.stderr == "passrole: exec: passrole-no-such-command: command not found\n"
    file = tmp_path / "file"
    file.touch(0o644)
    assert execute(endpoint.url, str(file)).returncode == 126


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_are_passed_on(endpoint: Endpoint, name: str) -> None:
    code = f"""
import signal, sys, time
def end(number, frame):
    print(signal.Signals(number).name, flush=True)
    sys.exit(9)
signal.signal(signal.{name}, end)
print("ready", flush=True)
time.sleep(50)
"""
    with subprocess.Popen(
        arguments(endpoint.url, *python(code)),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(getattr(signal, name))
        assert running.stdout.readline() == f"{name}\n"
        assert running.wait(20) == 9


@pytest.mark.parametrize(
    ("workload", "line"),
    [
        (("--instance", "i-404"), "instance i-404 at {url}: there is nothing of that name"),
        (("--function", "Other"), "Other at {url}: there is nothing of that name"),
        (("--task", "arn:aws:ecs:us-west-2:1:task/a"), "at {url}: there is nothing of that name"),
        (("--task", "arn:short"), "'arn:short' is not an ARN"),
    ],
)
def test_an_unknown_workload_is_one_line(endpoint: Endpoint, workload: tuple[str, str], line: str) -> None:
    ran = execute(endpoint.url, *python("print('ran')"), workload=workload)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert line.format(url=endpoint.url) in ran.stderr


def test_an_endpoint_that_does_not_answer_is_one_line() -> None:
    ran = execute("http://127.0.0.1:9", *python("print('ran')"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "no endpoint answers at http://127.0.0.1:9" in ran.stderr


def test_an_instance_whose_metadata_are_off_runs_without_credentials(endpoint: Endpoint) -> None:
    code = "import boto3; print(boto3.Session().get_credentials(), boto3.Session().region_name)"
    ran = execute(endpoint.url, *python(code), workload=("--instance", "i-off"))
    assert ran.stdout.split() == ["None", "us-west-2"]


@pytest.mark.parametrize("url", ["", "127.0.0.1:4747", "ftp://127.0.0.1", "http://"])
def test_an_endpoint_is_a_url(url: str) -> None:
    with pytest.raises(CannotRun, match="not an http"):
        Upstream(url)
