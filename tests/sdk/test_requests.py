"""Requests that no SDK would send, against the real server.

``iam:PassRole`` is a permission, not an operation: calling it is refused as such.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.sdk.clients import Boto3
from tests.sdk.example import Administrator
from tests.sdk.server import ROOT, Serve


def signed(url: str, body: str, key_id: str = ROOT.id, forwarded: str = "") -> tuple[int, str]:
    """Status and body of a signed query request to IAM, said to be forwarded for an address."""
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    if forwarded:
        headers["x-forwarded-for"] = forwarded
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


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_global_services_answer_clients_of_every_region(serve: Serve, region: str) -> None:
    # A client that is given an address of its own signs for its own region, IAM or not.
    session = boto3.Session(ROOT.id, ROOT.secret, region_name=region)
    iam = session.client("iam", endpoint_url=serve.url)
    name = f"of-{region}"
    only_here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    allowed = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*", "Condition": only_here}
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name,
        PolicyName="look",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=region)
    assert theirs.client("iam", endpoint_url=serve.url).get_user()["User"]["UserName"] == name
    organizations = session.client("organizations", endpoint_url=serve.url)
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        organizations.describe_organization()


def test_health_needs_no_signature(serve: Serve) -> None:
    with urllib.request.urlopen(f"{serve.url}/_passrole/health", timeout=10) as answer:
        assert answer.status == 200


def test_metadata_are_not_for_web_pages(serve: Serve) -> None:
    path = f"{serve.url}/_passrole/imds/i-0123456789abcdef0/latest/meta-data/"
    for headers, status in (
        ({}, 404),
        ({"Origin": "http://example.com"}, 403),
        ({"Host": "rebound.example.com"}, 403),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(path, headers=headers), timeout=10)
        with refused.value as error:
            assert error.code == status


def test_a_forwarded_address_is_not_the_callers(serve: Serve) -> None:
    # uvicorn by itself believes a local proxy, and any client could be one.
    admin = Administrator(Boto3(serve.url))
    body = urlencode({"Action": "ListGroups", "Version": "2010-05-08"})
    status, _ = signed(serve.url, body, forwarded="203.0.113.7")
    assert status == 200
    found = admin.call(
        "cloudtrail:LookupEvents",
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ListGroups"}],
    )
    event = json.loads(found.text("Events", 0, "CloudTrailEvent"))
    assert event["sourceIPAddress"] == "127.0.0.1"
