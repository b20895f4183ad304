"""Calls on another account's resources: both accounts have a record, with one sharedEventID."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import Account, allow, document

from passrole.faces.endpoint import Endpoint


def test_a_bucket_s_owner_is_told(endpoint: Endpoint, account: Account) -> None:
    other = Account(endpoint, endpoint.new_account())
    s3, bucket = account.client("s3"), f"shared-{account.id}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(
        Bucket=bucket,
        Policy=document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": other.id},
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        ),
    )
    ada = boto3.client("s3", **other.user("ada", allow("s3:*")))
    ada.put_object(Bucket=bucket, Key="a", Body=b"x")
    (mine,), (theirs,) = account.records("PutObject"), other.records("PutObject")
    assert mine["sharedEventID"] == theirs["sharedEventID"]
    assert mine["eventID"] != theirs["eventID"]
    assert (mine["recipientAccountId"], theirs["recipientAccountId"]) == (account.id, other.id)
    assert theirs["userIdentity"]["arn"] == f"arn:aws:iam::{other.id}:user/ada"
    caller = theirs["userIdentity"]["principalId"]
    assert mine["userIdentity"] == {"type": "AWSAccount", "principalId": caller, "accountId": other.id}
    assert mine["resources"] == theirs["resources"]
    assert mine["resources"][1]["accountId"] == account.id
    # What was refused is the caller's own affair.
    s3.delete_bucket_policy(Bucket=bucket)
    with pytest.raises(ClientError, match="AccessDenied"):
        ada.put_object(Bucket=bucket, Key="b", Body=b"x")
    assert len(account.records("PutObject")) == 1
    assert len(other.records("PutObject")) == 2


def test_ones_own_bucket_is_told_of_once(account: Account) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=f"own-{account.id}")
    s3.put_object(Bucket=f"own-{account.id}", Key="a", Body=b"x")
    (record,) = account.records("PutObject")
    assert "sharedEventID" not in record
