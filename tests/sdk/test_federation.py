"""Tokens from outside and for outside, messages and uses, against ``passrole serve``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.authorize.issuer import Issuer
from tests.sdk.clients import Boto3
from tests.sdk.example import Administrator, Caller, allow, policy
from tests.sdk.server import ACCOUNT, Key, Serve

from passrole.values import jwt

NOBODY = Key("", "")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as one:
        yield one


@pytest.fixture
def admin(serve: Serve) -> Administrator:
    return Administrator(Boto3(serve.url))


def events(admin: Administrator, name: str) -> list[Mapping[str, Any]]:
    """The records of that event name, newest first."""
    answer = admin.call(
        "cloudtrail:LookupEvents", LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}]
    )
    return [json.loads(one.text("CloudTrailEvent")) for one in answer.items("Events")]


def test_a_token_from_outside_takes_a_role(admin: Administrator, issuer: Issuer) -> None:
    host = issuer.url.removeprefix("http://")
    provider = admin.call("iam:CreateOpenIDConnectProvider", Url=issuer.url, ClientIDList=["app"]).text(
        "OpenIDConnectProviderArn"
    )
    trust = policy(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:aud": "app", f"{host}:sub": "alice"}},
        }
    )
    role = admin.call("iam:CreateRole", RoleName="Deploy", AssumeRolePolicyDocument=trust).text("Role", "Arn")
    nobody = Caller(admin.client, NOBODY, "")
    asked = {"RoleArn": role, "RoleSessionName": "run-1"}
    good, bad = issuer.token({}), issuer.token({"sub": "mallory"})
    answer = nobody.call("sts:AssumeRoleWithWebIdentity", **asked, WebIdentityToken=good)
    refused = nobody.call("sts:AssumeRoleWithWebIdentity", **asked, WebIdentityToken=bad)
    assert (refused.code, refused.message) == (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )
    forged = nobody.call("sts:AssumeRoleWithWebIdentity", **asked, WebIdentityToken=good[:-8] + "AAAAAAAA")
    assert (forged.code, forged.status) == ("InvalidIdentityToken", 400)
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    key = Key(*(answer.text("Credentials", name) for name in names))
    me = Caller(admin.client, key, "").call("sts:GetCallerIdentity")
    assert me.text("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/run-1"
    found = [event for event in events(admin, "AssumeRoleWithWebIdentity") if "userIdentity" in event]
    by_user = {event["userIdentity"].get("userName"): event for event in found}
    assert by_user["alice"]["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:app:alice",
        "userName": "alice",
        "identityProvider": provider,
    }
    assert by_user["mallory"]["errorCode"] == "AccessDenied"
    # A token is a secret: the trail has none.
    assert good not in json.dumps(found)
    assert bad not in json.dumps(found)


def test_a_token_for_outside_is_proven_by_what_the_endpoint_publishes(admin: Administrator) -> None:
    issuer = admin.call("iam:EnableOutboundWebIdentityFederation").text("IssuerIdentifier")
    token = admin.call("sts:GetWebIdentityToken", Audience=["app"], SigningAlgorithm="ES384").text(
        "WebIdentityToken"
    )
    about = _fetched(f"{issuer}/.well-known/openid-configuration")
    assert about["issuer"] == issuer
    read = jwt.read(token)
    jwt.verify(read, _fetched(str(about["jwks_uri"])))
    assert (read.claims["iss"], read.claims["aud"]) == (issuer, "app")
    with pytest.raises(HTTPError):
        _fetched(f"{issuer}x/.well-known/jwks.json")


def _fetched(url: str) -> Mapping[str, object]:
    with urlopen(url, timeout=10) as answer:
        return cast("Mapping[str, object]", json.load(answer))


def test_an_encoded_message_is_decoded_for_who_may(admin: Administrator) -> None:
    alice = admin.user("alice", allow("ec2:Describe*"))
    bob = admin.user("bob", allow("sts:DecodeAuthorizationMessage"))
    refused = alice.run()
    assert refused.code == "UnauthorizedOperation"
    encoded = refused.message.rpartition("Encoded authorization failure message: ")[2]
    assert encoded
    assert alice.call("sts:DecodeAuthorizationMessage", EncodedMessage=encoded).code == "AccessDenied"
    decoded = json.loads(
        bob.call("sts:DecodeAuthorizationMessage", EncodedMessage=encoded).text("DecodedMessage")
    )
    assert decoded["allowed"] is False
    assert decoded["context"]["principal"]["arn"] == alice.arn
    assert decoded["context"]["action"] == "ec2:RunInstances"
    changed = encoded[:-6] + ("A" * 6 if encoded[-6:] != "A" * 6 else "B" * 6)
    wrong = bob.call("sts:DecodeAuthorizationMessage", EncodedMessage=changed)
    assert (wrong.code, wrong.status) == ("InvalidAuthorizationMessageException", 400)


def test_uses_show_in_keys_and_last_accessed_details(admin: Administrator) -> None:
    carol = admin.user("carol", allow(["s3:ListAllMyBuckets", "sqs:*"]))
    assert not carol.call("s3:ListBuckets").code
    used = admin.call("iam:GetAccessKeyLastUsed", AccessKeyId=carol.key.id)
    assert used.text("UserName") == "carol"
    assert used.text("AccessKeyLastUsed", "ServiceName") == "s3"
    job = admin.call("iam:GenerateServiceLastAccessedDetails", Arn=carol.arn).text("JobId")
    rows = admin.call("iam:GetServiceLastAccessedDetails", JobId=job).items("ServicesLastAccessed")
    assert {row.text("ServiceNamespace"): row.at("TotalAuthenticatedEntities") for row in rows} == {
        "s3": 1,
        "sqs": 0,
    }
