"""One way to call an operation by three clients that know nothing of the endpoint but its address."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.sdk.server import REGION, Key, clean_environment

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: output, or code, message and (where the client tells it) status of an error."""

    output: object = None
    code: str = ""
    message: str = ""
    status: int | None = None

    def at(self, *path: str | int) -> object:
        """The value at a path of the output. The call must have succeeded."""
        assert not self.code, f"{self.code}: {self.message}"
        found = self.output
        for step in path:
            if isinstance(step, int):
                assert isinstance(found, Sequence), found
                found = found[step]
            else:
                assert isinstance(found, Mapping), found
                found = found[step]
        return found

    def text(self, *path: str | int) -> str:
        """The string at a path of the output."""
        found = self.at(*path)
        assert isinstance(found, str), found
        return found

    def items(self, *path: str | int) -> list[Answer]:
        """The members of a list at a path of the output, each to be asked on; [] where it is missing."""
        assert not self.code, f"{self.code}: {self.message}"
        found = self.output
        for step in path:
            assert isinstance(found, Mapping), found
            found = found.get(step, [])
        assert isinstance(found, Sequence), found
        return [Answer(output=one) for one in found]


class Client(Protocol):
    """Calls an operation (both names botocore's) with a key."""

    @property
    def url(self) -> str:
        """The endpoint's address."""

    def call(self, key: Key, service: str, operation: str, given: Mapping[str, object]) -> Answer:
        """The answer of the endpoint, an error included."""


class Boto3:
    """boto3, and so everything that is written in Python. A key without an id signs nothing."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, key: Key, service: str, operation: str, given: Mapping[str, object]) -> Answer:
        unsigned = Config() if key.id else Config(signature_version=botocore.UNSIGNED)
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=key.id or "unused",
            aws_secret_access_key=key.secret or "unused",
            aws_session_token=key.token or None,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60).merge(unsigned),
        )
        try:
            output = getattr(client, botocore.xform_name(operation))(**given)
        except ClientError as error:
            body = error.response
            return Answer(
                code=body["Error"]["Code"],
                message=body["Error"]["Message"],
                status=body["ResponseMetadata"]["HTTPStatusCode"],
            )
        finally:
            client.close()
        return Answer(output=output)


class Cli:
    """The AWS CLI, one process a call."""

    # botocore's names where the command line's differ.
    _SERVICES: Mapping[str, str] = {"s3": "s3api"}

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, key: Key, service: str, operation: str, given: Mapping[str, object]) -> Answer:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "awscli"),
                self._SERVICES.get(service, service),
                botocore.xform_name(operation, "-"),
                *("--cli-input-json", json.dumps(_json_ready(given))),
            ],
            env=clean_environment()
            | key.environment()
            | {
                "AWS_ENDPOINT_URL": self.url,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_MAX_ATTEMPTS": "1",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_PAGER": "",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if ran.returncode == 0:
            return Answer(output=json.loads(ran.stdout) if ran.stdout.strip() else {})
        pattern = r"An error occurred \((\w[\w.]*)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)"
        found = re.search(pattern, ran.stderr, re.DOTALL)
        assert found is not None, ran.stderr
        return Answer(code=found[1], message=found[2].strip())


class JavaScript:
    """The AWS SDK for JavaScript v3, in one Node process for all calls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._process = subprocess.Popen(
            ["node", str(HERE / "client.mjs")],
            env=clean_environment() | {"AWS_ENDPOINT_URL": url, "AWS_REGION": REGION},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=30)

    def call(self, key: Key, service: str, operation: str, given: Mapping[str, object]) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        credentials = {"accessKeyId": key.id, "secretAccessKey": key.secret}
        if key.token:
            credentials["sessionToken"] = key.token
        asked = {
            "credentials": credentials,
            "service": service,
            "operation": operation,
            "input": _json_ready(given),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the Node process ended"
        answer = json.loads(line)
        if "code" in answer:
            return Answer(code=answer["code"], message=answer["message"], status=answer["status"])
        return Answer(output=answer["output"])


def _json_ready(given: Mapping[str, object]) -> Mapping[str, object]:
    """Bytes as base64, which is how both JSON inputs take them."""

    def ready(value: object) -> object:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, Mapping):
            return {name: ready(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [ready(one) for one in value]
        return value

    return {name: ready(value) for name, value in given.items()}
