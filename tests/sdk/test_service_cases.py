"""Plays the case files of IAM, STS and Organizations through boto3 against ``passrole serve``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, cast
from urllib.request import Request, urlopen

import boto3
import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.sdk.server import REGION, ROOT, Serve
from tests.services.casefile import Case, Key, Player, cases

from passrole.values.errors import ServiceError

SERVICES: Final = Path(__file__).parent.parent / "services"
CASES: Final = [case for part in ("iam", "sts", "organizations") for case in cases(SERVICES / part / "cases")]


class Live:
    """Two fresh accounts on a running server."""

    judges = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._clients: dict[tuple[str, Key], BaseClient] = {}
        made = [self._own("accounts") for _ in range(2)]
        self.account, self.other = (str(one["account"]) for one in made)
        self.keys = {
            str(one["account"]): Key(str(one["access_key_id"]), str(one["secret_access_key"])) for one in made
        }

    @property
    def now(self) -> datetime:
        """See Endpoint."""
        return datetime.fromisoformat(str(self._own("clock", {"advance_seconds": 0})["now"])).astimezone(UTC)

    def advance(self, *, seconds: float) -> None:
        """See Endpoint."""
        self._own("clock", {"advance_seconds": seconds})

    def answer(self, name: str, given: Mapping[str, object], key: Key) -> Mapping[str, object]:
        """See Endpoint."""
        service, _, operation = name.partition(":")
        client = self._client(service, key)
        try:
            output = getattr(client, botocore.xform_name(operation))(**given)
        except ClientError as error:
            said = error.response
            status = said["ResponseMetadata"]["HTTPStatusCode"]
            raise ServiceError(
                said["Error"].get("Message", ""), code=said["Error"]["Code"], status=status
            ) from error
        return {name: member for name, member in output.items() if name != "ResponseMetadata"}

    def close(self) -> None:
        """Gives up the connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, service: str, key: Key) -> BaseClient:
        if (service, key) not in self._clients:
            config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
            if not key.id:
                config = config.merge(Config(signature_version=botocore.UNSIGNED))
            self._clients[(service, key)] = cast(
                BaseClient,
                _SESSION.client(
                    service,
                    region_name=REGION,
                    endpoint_url=self._url,
                    aws_access_key_id=key.id or "unused",
                    aws_secret_access_key=key.secret or "unused",
                    aws_session_token=key.token or None,
                    config=config,
                ),
            )
        return self._clients[(service, key)]

    def _own(self, path: str, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """POSTs to one of the endpoint's own paths as its root."""
        request = AWSRequest("POST", f"{self._url}/_passrole/{path}", data=json.dumps(given or {}).encode())
        SigV4Auth(Credentials(ROOT.id, ROOT.secret), "passrole", REGION).add_auth(request)
        ready = request.prepare()
        with urlopen(
            Request(ready.url, ready.body, dict(ready.headers), method="POST"), timeout=30
        ) as answer:
            return cast("dict[str, Any]", json.load(answer))


_SESSION: Final = boto3.Session()


@pytest.fixture
def live(serve: Serve) -> Iterator[Live]:
    endpoint = Live(serve.url)
    yield endpoint
    endpoint.close()


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_answers_boto3_as_aws_does(case: Case, live: Live) -> None:
    Player(live).play(case)
