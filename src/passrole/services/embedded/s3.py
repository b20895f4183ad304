"""What S3 calls need before moto works on them: the bucket's owner, and what the transfer wrapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.services.backend import not_implemented
from passrole.services.embedded.inventory import release
from passrole.services.embedded.prepared import Prepared
from passrole.services.transfer import trailing_checksum, unwrapped
from passrole.state.directory import Directory

# What moto has a branch for. Any other operation would fall into its last branch and list the bucket, or
# create one. Pinned by the contract tests.
SERVED: Final = frozenset(
    [
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateBucket",
        "CreateMultipartUpload",
        "DeleteBucket",
        "DeleteBucketCors",
        "DeleteBucketEncryption",
        "DeleteBucketLifecycle",
        "DeleteBucketOwnershipControls",
        "DeleteBucketPolicy",
        "DeleteBucketReplication",
        "DeleteBucketTagging",
        "DeleteBucketWebsite",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "DeletePublicAccessBlock",
        "GetBucketAccelerateConfiguration",
        "GetBucketAcl",
        "GetBucketCors",
        "GetBucketEncryption",
        "GetBucketInventoryConfiguration",
        "GetBucketLifecycle",
        "GetBucketLifecycleConfiguration",
        "GetBucketLocation",
        "GetBucketLogging",
        "GetBucketNotificationConfiguration",
        "GetBucketOwnershipControls",
        "GetBucketPolicy",
        "GetBucketPolicyStatus",
        "GetBucketReplication",
        "GetBucketTagging",
        "GetBucketVersioning",
        "GetBucketWebsite",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectLockConfiguration",
        "GetObjectTagging",
        "GetPublicAccessBlock",
        "HeadBucket",
        "HeadObject",
        "ListBucketInventoryConfigurations",
        "ListBuckets",
        "ListMultipartUploads",
        "ListObjectVersions",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutBucketAccelerateConfiguration",
        "PutBucketAcl",
        "PutBucketCors",
        "PutBucketEncryption",
        "PutBucketInventoryConfiguration",
        "PutBucketLifecycle",
        "PutBucketLifecycleConfiguration",
        "PutBucketLogging",
        "PutBucketNotificationConfiguration",
        "PutBucketOwnershipControls",
        "PutBucketPolicy",
        "PutBucketReplication",
        "PutBucketTagging",
        "PutBucketVersioning",
        "PutBucketWebsite",
        "PutObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectLockConfiguration",
        "PutObjectRetention",
        "PutObjectTagging",
        "PutPublicAccessBlock",
        "RestoreObject",
        "SelectObjectContent",
        "UploadPart",
        "UploadPartCopy",
    ]
)


# Branches that came with a release of moto later than the oldest that is supported.
_SINCE: Final[Mapping[str, tuple[int, ...]]] = {"GetBucketPolicyStatus": (5, 2, 4)}


def prepare(call: Call, directory: Directory, facts: ResourceFacts) -> Prepared:
    """The call as moto gets it: in the account that owns the bucket, which the checks have asked about.

    Bucket names are one for all accounts: creating one that another has is left to moto, which says so.
    Raises NotImplementedHere for what moto does not know.
    """
    if call.operation not in SERVED or release() < _SINCE.get(call.operation, ()):
        raise not_implemented("s3", call.operation)
    given = unwrapped(call)
    bucket = given.get("Bucket")
    owner = None
    if isinstance(bucket, str) and call.operation != "CreateBucket":
        owner = facts.owner(f"arn:aws:s3:::{bucket}")
    return Prepared(given, account=owner or "", headers=trailing_checksum(call.raw))
