"""Records of a running endpoint: who called, what was asked and answered, and whose history has it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.authorize.identity_provider import assertion, encoded, response, signed, usual
from tests.services.workloads.conftest import REGION, Account, allow, document

from passrole.faces.endpoint import Endpoint
from passrole.faces.options import Options

Record = Mapping[str, Any]  # of what a test looks at, nothing is too deep


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(Options(port=0, ephemeral=True, testing=True)) as running:
        yield running


@pytest.fixture
def account(endpoint: Endpoint) -> Account:
    return Account(endpoint, endpoint.new_account())


def settings(account: Account, credentials: Mapping[str, str]) -> dict[str, str]:
    """Clients' settings of temporary credentials."""
    return {
        "endpoint_url": account.endpoint.url,
        "region_name": REGION,
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def role(
    account: Account, name: str, *principals: str, actions: tuple[str, ...] = ("sts:AssumeRole",)
) -> str:
    """A role that those may take with everything, and do anything with."""
    trust = document({"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": list(actions)})
    made = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    account.may(name, allow("*"))
    return str(made["Arn"])


def newest(account: Account, name: str) -> Record:
    found: Record = account.records(name)[0]
    return found


SETTING = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")


def test_who_called(account: Account) -> None:
    """Source: CloudTrail User Guide, "CloudTrail userIdentity element"."""
    account.client("sts").get_caller_identity()
    root = newest(account, "GetCallerIdentity")["userIdentity"]
    assert root == {
        "type": "Root",
        "principalId": account.id,
        "arn": f"arn:aws:iam::{account.id}:root",
        "accountId": account.id,
        "accessKeyId": account.key.id,
    }

    ada = account.user("ada", allow("sts:*"))
    boto3.client("sts", **ada).get_caller_identity()
    user = newest(account, "GetCallerIdentity")["userIdentity"]
    id = account.client("iam").get_user(UserName="ada")["User"]["UserId"]
    assert user == {
        "type": "IAMUser",
        "principalId": id,
        "arn": f"arn:aws:iam::{account.id}:user/ada",
        "accountId": account.id,
        "accessKeyId": ada["aws_access_key_id"],
        "userName": "ada",
    }

    token = boto3.client("sts", **ada).get_session_token()["Credentials"]
    boto3.client("sts", **settings(account, token)).get_caller_identity()
    with_token = newest(account, "GetCallerIdentity")["userIdentity"]
    context = with_token.pop("sessionContext")
    assert with_token == {**user, "accessKeyId": token["AccessKeyId"]}
    assert context["sessionIssuer"] == context["webIdFederationData"] == {}
    assert context["attributes"]["mfaAuthenticated"] == "false"

    federated = boto3.client("sts", **ada).get_federation_token(Name="guest", Policy=document(allow("sts:*")))
    boto3.client("sts", **settings(account, federated["Credentials"])).get_caller_identity()
    guest = newest(account, "GetCallerIdentity")["userIdentity"]
    assert (guest["type"], guest["principalId"]) == ("FederatedUser", f"{account.id}:guest")
    assert guest["arn"] == f"arn:aws:sts::{account.id}:federated-user/guest"
    assert guest["sessionContext"]["sessionIssuer"] == {
        "type": "IAMUser",
        "principalId": id,
        "arn": f"arn:aws:iam::{account.id}:user/ada",
        "accountId": account.id,
        "userName": "ada",
    }
    assert "userName" not in guest


def test_a_chain_of_roles(account: Account) -> None:
    """Source: IAM User Guide, "Example AWS STS role chaining API event in CloudTrail log file"."""
    ada = account.user("ada", allow("sts:*"))
    first = role(account, "First", f"arn:aws:iam::{account.id}:user/ada", actions=SETTING)
    second = role(account, "Second", first, actions=SETTING)
    taken = boto3.client("sts", **ada).assume_role(
        RoleArn=first,
        RoleSessionName="one",
        SourceIdentity="ada",
        Tags=[{"Key": "Department", "Value": "Engineering"}, {"Key": "Project", "Value": "X"}],
        TransitiveTagKeys=["Department"],
    )
    chained = boto3.client("sts", **settings(account, taken["Credentials"])).assume_role(
        RoleArn=second, RoleSessionName="two", Tags=[{"Key": "Email", "Value": "a@example.com"}]
    )
    record = newest(account, "AssumeRole")
    assert record["requestParameters"] == {
        "roleArn": second,
        "roleSessionName": "two",
        "tags": [{"key": "Email", "value": "a@example.com"}],
        "incomingTransitiveTags": {"Department": "Engineering"},
    }
    assert record["responseElements"]["sourceIdentity"] == "ada"
    assert record["responseElements"]["assumedRoleUser"]["arn"].endswith(":assumed-role/Second/two")
    assert "secretAccessKey" not in record["responseElements"]["credentials"]
    assert record["resources"] == [{"accountId": account.id, "type": "AWS::IAM::Role", "ARN": second}]
    assert "sharedEventID" not in record
    caller = record["userIdentity"]
    first_id = account.client("iam").get_role(RoleName="First")["Role"]["RoleId"]
    assert (caller["type"], caller["principalId"]) == ("AssumedRole", f"{first_id}:one")
    assert caller["sessionContext"]["sessionIssuer"] == {
        "type": "Role",
        "principalId": first_id,
        "arn": first,
        "accountId": account.id,
        "userName": "First",
    }
    assert caller["sessionContext"]["sourceIdentity"] == "ada"
    # The chained session carries its own role and the same source identity.
    boto3.client("sts", **settings(account, chained["Credentials"])).get_caller_identity()
    later = newest(account, "GetCallerIdentity")["userIdentity"]["sessionContext"]
    assert (later["sessionIssuer"]["userName"], later["sourceIdentity"]) == ("Second", "ada")


def test_two_accounts_have_a_record_of_a_role_taken_across_them(endpoint: Endpoint, account: Account) -> None:
    """Source: IAM User Guide, "Example cross-account AWS STS API events in CloudTrail log files"."""
    other = Account(endpoint, endpoint.new_account())
    ada = other.user("ada", allow("sts:AssumeRole"))
    theirs = role(account, "Shared", f"arn:aws:iam::{other.id}:user/ada")
    boto3.client("sts", **ada).assume_role(RoleArn=theirs, RoleSessionName="ada")
    (caller,), (owner,) = other.records("AssumeRole"), account.records("AssumeRole")
    assert caller["sharedEventID"] == owner["sharedEventID"]
    assert caller["eventID"] != owner["eventID"]
    assert caller["requestID"] == owner["requestID"]
    id = other.client("iam").get_user(UserName="ada")["User"]["UserId"]
    assert caller["userIdentity"]["type"] == "IAMUser"
    assert owner["userIdentity"] == {"type": "AWSAccount", "principalId": id, "accountId": other.id}
    assert (caller["recipientAccountId"], owner["recipientAccountId"]) == (other.id, account.id)
    for one in (caller, owner):
        assert one["resources"] == [{"accountId": account.id, "type": "AWS::IAM::Role", "ARN": theirs}]
    assert caller["requestParameters"] == owner["requestParameters"]
    assert caller["responseElements"] == owner["responseElements"]
    # What was refused is in the caller's history only, without parameters.
    account.client("iam").delete_role_policy(RoleName="Shared", PolicyName="rights")
    account.client("iam").delete_role(RoleName="Shared")
    with pytest.raises(ClientError):
        boto3.client("sts", **ada).assume_role(RoleArn=theirs, RoleSessionName="ada")
    refused = newest(other, "AssumeRole")
    assert (refused["errorCode"], refused["requestParameters"]) == ("AccessDenied", None)
    assert len(account.records("AssumeRole")) == 1


def test_a_saml_assertion_s_record_says_what_it_passed(account: Account) -> None:
    """Source: IAM User Guide, "Example SAML AWS STS API event in CloudTrail log file"."""
    iam = account.client("iam")
    provider = iam.create_saml_provider(Name="idp", SAMLMetadataDocument=usual().metadata())[
        "SAMLProviderArn"
    ]
    trust = document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
        }
    )
    arn = iam.create_role(RoleName="Web", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    said = assertion(
        now=datetime.now(UTC),
        attributes={
            "Role": [f"{arn},{provider}"],
            "RoleSessionName": ["alice"],
            "PrincipalTag:CostCenter": ["987"],
            "SourceIdentity": ["alice-of-idp"],
        },
    )
    sts = boto3.client(
        "sts",
        endpoint_url=account.endpoint.url,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED),
    )
    text = encoded(response(signed(usual(), said)))
    sts.assume_role_with_saml(RoleArn=arn, PrincipalArn=provider, SAMLAssertion=text, DurationSeconds=900)
    record = newest(account, "AssumeRoleWithSAML")
    assert record["requestParameters"] == {
        "sAMLAssertionID": "_a",
        "roleSessionName": "alice",
        "sourceIdentity": "alice-of-idp",
        "principalTags": {"CostCenter": "987"},
        "durationSeconds": 900,
        "roleArn": arn,
        "principalArn": provider,
    }
    assert record["userIdentity"]["type"] == "SAMLUser"
    assert record["userIdentity"].keys() == {"type", "principalId", "userName", "identityProvider"}
    assert [one["type"] for one in record["resources"]] == ["AWS::IAM::Role", "AWS::IAM::SAMLProvider"]
    assert text not in json.dumps(record)


def test_parameters_of_a_refused_pass_are_there_and_of_a_refused_call_are_not(account: Account) -> None:
    given = {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Handler": "f.h",
        "Code": {"ZipFile": b"PK"},
        "Role": account.role("Runner", "lambda.amazonaws.com", allow("logs:*")),
    }
    for name, rights in (("ada", allow("lambda:*")), ("bea", allow("iam:PassRole"))):
        with pytest.raises(ClientError, match="AccessDenied"):
            boto3.client("lambda", **account.user(name, rights)).create_function(**given)
    bea, ada = account.records("CreateFunction20150331")
    assert "iam:PassRole" in ada["errorMessage"]
    assert ada["requestParameters"]["role"] == given["Role"]
    assert "lambda:CreateFunction" in bea["errorMessage"]
    assert bea["requestParameters"] is None
    assert ada["errorCode"] == bea["errorCode"] == "AccessDenied"
    assert account.records("PassRole") == []


def test_a_request_to_s3_says_how_it_came(account: Account) -> None:
    s3, bucket = account.client("s3"), f"own-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", Body=b"four", ServerSideEncryption="AES256")
    record = newest(account, "PutObject")
    assert record["userAgent"].startswith("[Boto3/")
    assert record["userAgent"].endswith("]")
    assert record["requestParameters"]["Host"] == account.endpoint.url.removeprefix("http://")
    assert record["additionalEventData"] == {
        "SignatureVersion": "SigV4",
        "AuthenticationMethod": "AuthHeader",
        "bytesTransferredIn": 4,
    }
    assert record["responseElements"]["x-amz-server-side-encryption"] == "AES256"


@pytest.mark.parametrize(("signed_by", "version"), [("s3v4", "SigV4"), (None, "SigV2")])
def test_a_presigned_url_is_recorded_as_such(account: Account, signed_by: str | None, version: str) -> None:
    """Unless it is told otherwise, boto3 makes its URLs by version 2."""
    s3 = account.client("s3")
    bucket = f"signed-{version.lower()}-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b+c", Body=b"four")
    signer = boto3.client(
        "s3",
        endpoint_url=account.endpoint.url,
        region_name=REGION,
        aws_access_key_id=account.key.id,
        aws_secret_access_key=account.key.secret,
        config=Config(signature_version=signed_by),
    )
    url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b+c"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"four"
    presigned = newest(account, "GetObject")
    assert presigned["additionalEventData"]["AuthenticationMethod"] == "QueryString"
    assert presigned["additionalEventData"]["SignatureVersion"] == version
    assert "Signature" not in json.dumps(presigned["requestParameters"])
    assert account.key.id not in json.dumps(presigned["requestParameters"])
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(url.replace("a%20b", "a%20d"))
    assert b"<Code>SignatureDoesNotMatch</Code>" in caught.value.read()


def test_an_iam_role_s_trust_policy_is_encoded_in_the_answer(account: Account) -> None:
    role(account, "Any", f"arn:aws:iam::{account.id}:root")
    record = newest(account, "CreateRole")
    assert record["requestParameters"]["assumeRolePolicyDocument"].startswith('{"Version"')
    assert record["responseElements"]["role"]["assumeRolePolicyDocument"].startswith("%7B%22Version%22")


def test_nobody_signs_in_at_a_console(account: Account) -> None:
    """There is none that AWS's records would tell of: neither ConsoleLogin nor what follows from one."""
    iam = account.client("iam")
    iam.create_user(UserName="ada")
    iam.create_login_profile(UserName="ada", Password="Secret-Pass-1!")
    assert account.records("ConsoleLogin") == []
    profile = newest(account, "CreateLoginProfile")
    assert "Secret-Pass-1!" not in json.dumps(profile)
    assert "sessionCredentialFromConsole" not in profile
    assert "tlsDetails" not in profile  # the endpoint speaks no TLS
