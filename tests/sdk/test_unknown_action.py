"""``iam:PassRole`` is a permission, not an operation: calling it is refused as such."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.sdk.server import ROOT, Serve


def signed(url: str, body: str, key_id: str = ROOT.id) -> tuple[int, str]:
    """Status and body of a signed query request to IAM."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", f"{url}/", data=body, headers=headers)
    SigV4Auth(Credentials(key_id, ROOT.secret), "iam", "us-east-1").add_auth(request)
    sent = urllib.request.Request(
        f"{url}/", data=body.encode(), headers=dict(request.headers.items()), method="POST"
    )
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_pass_role_is_no_operation(serve: Serve) -> None:
    body = urlencode({"Action": "PassRole", "Version": "2010-05-08", "RoleName": "Web"})
    status, text = signed(serve.url, body)
    assert status == 400
    assert "<Code>InvalidAction</Code>" in text
    assert "<Message>Could not find operation PassRole for version 2010-05-08</Message>" in text


def test_the_signature_comes_first(serve: Serve) -> None:
    body = urlencode({"Action": "PassRole", "Version": "2010-05-08"})
    status, text = signed(serve.url, body, key_id="AKIANOBODYKNOWSTHIS0")
    assert status == 403
    assert "<Code>InvalidClientTokenId</Code>" in text


@pytest.mark.parametrize("path", ["/_passrole/health"])
def test_the_endpoint_tells_that_it_is_there(serve: Serve, path: str) -> None:
    with urllib.request.urlopen(serve.url + path, timeout=10) as answer:
        assert answer.status == 200
