"""An organization's trails: its delegated administrators, its members, and their files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import REGION, Account, allow, document, eventually
from tests.services.workloads.trails.test_delivery import validate

SERVICE = "cloudtrail.amazonaws.com"


class Organization:
    """An organization of a fresh account with members, whose administrators' clients are at hand."""

    def __init__(self, account: Account, *members: str) -> None:
        self.management = account
        organizations = account.client("organizations")
        self.id = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        organizations.enable_aws_service_access(ServicePrincipal=SERVICE)
        self.members = {name: self._member(organizations, name) for name in members}
        self._user = account.user("ada", allow("sts:AssumeRole"))

    def _member(self, organizations: Any, name: str) -> str:
        email = f"{name}-{self.management.id}@example.com"
        made = organizations.create_account(AccountName=name, Email=email)
        request = made["CreateAccountStatus"]["Id"]
        return str(
            eventually(
                lambda: organizations.describe_create_account_status(CreateAccountRequestId=request)[
                    "CreateAccountStatus"
                ].get("AccountId")
            )
        )

    def client(self, name: str, service: str, region: str = REGION) -> Any:
        """A client of the member's administrator."""
        role = f"arn:aws:iam::{self.members[name]}:role/OrganizationAccountAccessRole"
        taken = boto3.client("sts", **self._user).assume_role(RoleArn=role, RoleSessionName="ada")
        credentials = taken["Credentials"]
        return boto3.client(
            service,
            endpoint_url=self.management.endpoint.url,
            region_name=region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def bucket(self, s3: Any, owner: str, trail: str) -> str:
        """A bucket that takes the organization's files, of that trail's only."""
        name = f"logs-{owner}"
        s3.create_bucket(Bucket=name)
        principal = {"Service": SERVICE}
        source = {"aws:SourceArn": trail}
        acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
        folders = [f"arn:aws:s3:::{name}/AWSLogs/{one}/*" for one in (self.management.id, self.id)]
        s3.put_bucket_policy(
            Bucket=name,
            Policy=document(
                {
                    "Effect": "Allow",
                    "Principal": principal,
                    "Action": "s3:GetBucketAcl",
                    "Resource": f"arn:aws:s3:::{name}",
                    "Condition": {"StringEquals": source},
                },
                {
                    "Effect": "Allow",
                    "Principal": principal,
                    "Action": "s3:PutObject",
                    "Resource": folders,
                    "Condition": {"StringEquals": {**source, **acl}},
                },
            ),
        )
        return name


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def records(s3: Any, bucket: str, prefix: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        found += json.loads(gzip.decompress(body))["Records"]
    return found


def test_a_delegated_administrator_makes_trails_of_the_management_account(account: Account) -> None:
    organization = Organization(account, "audit", "work")
    audit, work = organization.members["audit"], organization.members["work"]
    theirs = organization.client("audit", "cloudtrail")
    arn = f"arn:aws:cloudtrail:{REGION}:{account.id}:trail/all"
    s3 = organization.client("audit", "s3")
    bucket = organization.bucket(s3, audit, arn)
    settings = {
        "Name": "all",
        "S3BucketName": bucket,
        "IsOrganizationTrail": True,
        "IsMultiRegionTrail": True,
    }
    with pytest.raises(ClientError) as refused:
        theirs.create_trail(**settings)
    assert code(refused) == "NotOrganizationMasterAccountException"

    account.client("cloudtrail").register_organization_delegated_admin(MemberAccountId=audit)
    registered = account.client("organizations").list_delegated_administrators(ServicePrincipal=SERVICE)
    assert [one["Id"] for one in registered["DelegatedAdministrators"]] == [audit]
    role = account.client("iam").get_role(RoleName="AWSServiceRoleForCloudTrail")["Role"]
    assert role["Path"] == f"/aws-service-role/{SERVICE}/"

    made = theirs.create_trail(**settings)
    assert made["TrailARN"] == arn
    theirs.start_logging(Name="all")
    # It is the management account's, and seen in every account; members only look.
    assert account.client("cloudtrail").get_trail(Name="all")["Trail"]["TrailARN"] == arn
    assert account.client("cloudtrail").get_trail_status(Name="all")["IsLogging"]
    member = organization.client("work", "cloudtrail")
    assert [one["TrailARN"] for one in member.describe_trails()["trailList"]] == [arn]
    assert member.get_trail(Name=arn)["Trail"]["IsOrganizationTrail"]
    assert member.get_trail_status(Name=arn)["IsLogging"]
    assert member.get_event_selectors(TrailName=arn)["EventSelectors"][0]["ReadWriteType"] == "All"
    with pytest.raises(ClientError) as refused:
        member.stop_logging(Name=arn)
    assert code(refused) in ("NotOrganizationMasterAccountException", "AccessDeniedException")

    organization.client("work", "iam").create_user(UserName="bea")
    folder = f"AWSLogs/{organization.id}/{work}/CloudTrail/us-east-1/"
    made_there = eventually(
        lambda: [one for one in records(s3, bucket, folder) if one["eventName"] == "CreateUser"],
        "a record of the other member",
    )
    assert made_there[0]["recipientAccountId"] == work

    theirs.put_event_selectors(TrailName=arn, EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    theirs.add_tags(ResourceId=arn, TagsList=[{"Key": "team", "Value": "audit"}])
    assert theirs.update_trail(Name=arn, EnableLogFileValidation=True)["LogFileValidationEnabled"]
    # What has become an account's own is no delegated administrator's any more.
    with pytest.raises(ClientError) as refused:
        theirs.update_trail(Name=arn, IsOrganizationTrail=False)
    assert code(refused) == "InvalidParameterCombinationException"

    account.client("cloudtrail").deregister_organization_delegated_admin(DelegatedAdminAccountId=audit)
    with pytest.raises(ClientError) as refused:
        theirs.delete_trail(Name=arn)
    assert code(refused) == "NotOrganizationMasterAccountException"
    account.client("cloudtrail").delete_trail(Name="all")
    assert theirs.describe_trails()["trailList"] == []


def test_who_may_be_a_delegated_administrator(account: Account) -> None:
    cloudtrail = account.client("cloudtrail")
    with pytest.raises(ClientError) as refused:
        cloudtrail.register_organization_delegated_admin(MemberAccountId=account.id)
    assert code(refused) == "OrganizationsNotInUseException"
    organization = Organization(account, "audit")
    audit = organization.members["audit"]
    for member, expected in (
        (account.id, "CannotDelegateManagementAccountException"),
        ("999999999999", "AccountNotFoundException"),
    ):
        with pytest.raises(ClientError) as refused:
            cloudtrail.register_organization_delegated_admin(MemberAccountId=member)
        assert code(refused) == expected
    cloudtrail.register_organization_delegated_admin(MemberAccountId=audit)
    with pytest.raises(ClientError) as refused:
        cloudtrail.register_organization_delegated_admin(MemberAccountId=audit)
    assert code(refused) == "AccountRegisteredException"
    theirs = organization.client("audit", "cloudtrail")
    with pytest.raises(ClientError) as refused:
        theirs.register_organization_delegated_admin(MemberAccountId=audit)
    assert code(refused) == "NotOrganizationManagementAccountException"
    cloudtrail.deregister_organization_delegated_admin(DelegatedAdminAccountId=audit)
    with pytest.raises(ClientError) as refused:
        cloudtrail.deregister_organization_delegated_admin(DelegatedAdminAccountId=audit)
    assert code(refused) == "AccountNotRegisteredException"


def test_the_aws_cli_validates_an_organization_s_trail(account: Account) -> None:
    """A digest for each account and region, under the organization's folder."""
    organization = Organization(account, "work")
    work = organization.members["work"]
    arn = f"arn:aws:cloudtrail:{REGION}:{account.id}:trail/all"
    s3, cloudtrail = account.client("s3"), account.client("cloudtrail")
    bucket = organization.bucket(s3, account.id, arn)
    cloudtrail.create_trail(
        Name="all",
        S3BucketName=bucket,
        IsOrganizationTrail=True,
        IsMultiRegionTrail=True,
        EnableLogFileValidation=True,
    )
    cloudtrail.start_logging(Name="all")
    organization.client("work", "iam").create_user(UserName="bea")
    folder = f"AWSLogs/{organization.id}/{work}"
    eventually(lambda: records(s3, bucket, f"{folder}/CloudTrail/"), "a file of the member")
    cloudtrail.stop_logging(Name="all")

    def digests() -> list[str]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/CloudTrail-Digest/")
        return [one["Key"] for one in listed.get("Contents", [])]

    (key, *_) = eventually(digests, "a digest of the member")
    name = f"{work}_CloudTrail-Digest_us-east-1_all_{REGION}_"
    assert key.rsplit("/", 1)[-1].startswith(name)
    said = validate(account, arn, "--account-id", work)
    assert said.startswith("0\n"), said
    assert "1/1 digest files valid" in said, said
