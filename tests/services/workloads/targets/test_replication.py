"""Objects are replicated with the role that the bucket was given."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.services.workloads.conftest import Account, allow, document, eventually

SERVICE = "s3.amazonaws.com"


class Pair:
    """Two versioned buckets and what a role needs to copy from the one to the other."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.s3 = account.client("s3")
        self.source, self.destination = f"from-{account.id}", f"to-{account.id}"
        for name in (self.source, self.destination):
            self.s3.create_bucket(Bucket=name)
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    @property
    def rights(self) -> list[dict[str, object]]:
        source, destination = f"arn:aws:s3:::{self.source}", f"arn:aws:s3:::{self.destination}"
        reading = [
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionTagging",
        ]
        return [
            allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], source),
            allow(reading, f"{source}/*"),
            allow(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], f"{destination}/*"),
        ]

    def configuration(self, role: str) -> dict[str, Any]:
        rule = {
            "ID": "all",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": "in/"},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.destination}"},
        }
        return {"Bucket": self.source, "ReplicationConfiguration": {"Role": role, "Rules": [rule]}}

    def put(self, key: str, body: bytes = b"x") -> str:
        """Puts an object; its status once it is not pending any more."""
        self.s3.put_object(Bucket=self.source, Key=key, Body=body, Metadata={"a": "b"}, Tagging="t=1")

        def settled() -> str | None:
            status = self.s3.head_object(Bucket=self.source, Key=key).get("ReplicationStatus")
            return None if status == "PENDING" else str(status)

        return eventually(settled, "end of replication")


def test_objects_are_copied_with_the_role(account: Account) -> None:
    pair = Pair(account)
    role = account.role("Copier", SERVICE, *pair.rights)
    pair.s3.put_bucket_replication(**pair.configuration(role))
    assert pair.put("in/a", b"text") == "COMPLETED"
    copy = pair.s3.get_object(Bucket=pair.destination, Key="in/a")
    original = pair.s3.head_object(Bucket=pair.source, Key="in/a")
    assert copy["Body"].read() == b"text"
    assert (copy["ReplicationStatus"], copy["Metadata"]) == ("REPLICA", {"a": "b"})
    assert (copy["VersionId"], copy["ETag"]) == (original["VersionId"], original["ETag"])
    tags = pair.s3.get_object_tagging(Bucket=pair.destination, Key="in/a")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]
    assert pair.put("out/a") == "None"  # no rule for it
    (assumed,) = account.records("AssumeRole")
    assert assumed["userIdentity"] == {"type": "AWSService", "invokedBy": SERVICE}


@pytest.mark.parametrize("missing", [1, 2])
def test_what_the_role_may_not_copy_has_failed(account: Account, missing: int) -> None:
    pair = Pair(account)
    role = account.role("Copier", SERVICE, *pair.rights)
    pair.s3.put_bucket_replication(**pair.configuration(role))
    assert pair.put("in/a") == "COMPLETED"
    account.may("Copier", *(right for number, right in enumerate(pair.rights) if number != missing))
    assert pair.put("in/b") == "FAILED"
    with pytest.raises(ClientError, match="404"):
        pair.s3.head_object(Bucket=pair.destination, Key="in/b")
    account.may("Copier", *pair.rights)
    assert pair.put("in/c") == "COMPLETED"


def test_the_destination_s_policy_is_asked(account: Account) -> None:
    pair = Pair(account)
    role = account.role("Copier", SERVICE, *pair.rights)
    pair.s3.put_bucket_replication(**pair.configuration(role))
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:ReplicateObject",
        "Resource": f"arn:aws:s3:::{pair.destination}/*",
    }
    pair.s3.put_bucket_policy(Bucket=pair.destination, Policy=document(deny))
    assert pair.put("in/a") == "FAILED"


def test_pass_role_is_asked_at_set_up_only(account: Account) -> None:
    pair = Pair(account)
    role = account.role("Copier", SERVICE, *pair.rights)
    rights = allow(["s3:PutReplicationConfiguration", "s3:PutObject"])
    ada = boto3.client("s3", **account.user("ada", rights))
    with pytest.raises(ClientError, match="iam:PassRole"):
        ada.put_bucket_replication(**pair.configuration(role))
    iam = account.client("iam")
    passing = document(rights, allow("iam:PassRole", role))
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=passing)
    ada.put_bucket_replication(**pair.configuration(role))
    iam.put_user_policy(UserName="ada", PolicyName="rights", PolicyDocument=document(rights))
    ada.put_object(Bucket=pair.source, Key="in/ada", Body=b"x")

    def copied() -> bool:
        listed = pair.s3.list_objects_v2(Bucket=pair.destination).get("Contents", [])
        return [one["Key"] for one in listed] == ["in/ada"]

    eventually(copied, "copy")
