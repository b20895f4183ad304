"""eventSource, eventName, awsRegion, readOnly and eventCategory of every operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.wire import services


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class EventNames:
    """What CloudTrail calls one operation."""

    source: str  # "lambda.amazonaws.com"
    name: str  # "CreateFunction20150331"
    read_only: bool
    data: bool  # a data event: objects, items and messages rather than the things that hold them
    api_version: str = ""  # "2012-08-10", of the few services that print it


# The source is the signing name, but for these. Source: CloudTrail User Guide, "AWS service topics
# for CloudTrail", and the services' own pages on logging.
_SOURCES: Final[Mapping[str, str]] = {
    "application-autoscaling": "autoscaling.amazonaws.com",
    "mq": "amazonmq.amazonaws.com",
}

# Lambda names its operations after their API's version. Source: Lambda Developer Guide, "Logging AWS
# Lambda API calls using AWS CloudTrail"; recorded events; the CloudTrail User Guide's list of events.
_LAMBDA: Final[Mapping[str, str]] = {
    "AddLayerVersionPermission": "20181031",
    "AddPermission": "20150331v2",
    "CreateAlias": "20150331",
    "CreateEventSourceMapping": "20150331",
    "CreateFunction": "20150331",
    "DeleteAlias": "20150331",
    "DeleteEventSourceMapping": "20150331",
    "DeleteFunction": "20150331",
    "DeleteFunctionConcurrency": "20171031",
    "DeleteLayerVersion": "20181031",
    "GetAccountSettings": "20160819",
    "GetAlias": "20150331",
    "GetEventSourceMapping": "20150331",
    "GetFunction": "20150331v2",
    "GetFunctionConfiguration": "20150331v2",
    "GetLayerVersion": "20181031",
    "GetLayerVersionByArn": "20181031",
    "GetLayerVersionPolicy": "20181031",
    "GetPolicy": "20150331v2",
    "ListAliases": "20150331",
    "ListEventSourceMappings": "20150331",
    "ListFunctions": "20150331",
    "ListLayerVersions": "20181031",
    "ListLayers": "20181031",
    "ListTags": "20170331",
    "ListVersionsByFunction": "20150331",
    "PublishLayerVersion": "20181031",
    "PublishVersion": "20150331",
    "PutFunctionConcurrency": "20171031",
    "RemoveLayerVersionPermission": "20181031",
    "RemovePermission": "20150331v2",
    "TagResource": "20170331v2",
    "UntagResource": "20170331v2",
    "UpdateAlias": "20150331",
    "UpdateEventSourceMapping": "20150331",
    "UpdateFunctionCode": "20150331v2",
    "UpdateFunctionConfiguration": "20150331v2",
}

# Source: S3 User Guide, "Amazon S3 CloudTrail events"; recorded events.
_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("s3", "DeletePublicAccessBlock"): "DeleteBucketPublicAccessBlock",
    ("s3", "GetBucketAccelerateConfiguration"): "GetAccelerateConfiguration",
    ("s3", "GetBucketAnalyticsConfiguration"): "GetAnalyticsConfiguration",
    ("s3", "GetBucketInventoryConfiguration"): "GetInventoryConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetBucketLifecycle",
    ("s3", "GetBucketMetricsConfiguration"): "GetMetricsConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "GetBucketNotification",
    ("s3", "GetObjectLockConfiguration"): "GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "ListObjectsV2"): "ListObjects",
    ("s3", "PutBucketAccelerateConfiguration"): "PutAccelerateConfiguration",
    ("s3", "PutBucketAnalyticsConfiguration"): "PutAnalyticsConfiguration",
    ("s3", "PutBucketInventoryConfiguration"): "PutInventoryConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutBucketLifecycle",
    ("s3", "PutBucketMetricsConfiguration"): "PutMetricsConfiguration",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutObjectLockConfiguration"): "PutBucketObjectLockConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3control", "DeletePublicAccessBlock"): "DeleteAccountPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "GetAccountPublicAccessBlock",
    ("s3control", "PutPublicAccessBlock"): "PutAccountPublicAccessBlock",
}

# Services that print apiVersion. Sources: recorded events; the services' own pages on logging.
_VERSIONED: Final = _words("dynamodb efs elb elbv2 events route53")
_VERSIONS: Final[Mapping[str, str]] = {"logs": "20140328", "wafv2": "2019-04-23"}

# Global services: their events are recorded in us-east-1. Source: CloudTrail User Guide, "Global
# service events". STS is regional; its global endpoint is signed for us-east-1 anyway.
_GLOBAL: Final = _words(
    "account budgets ce cloudfront health iam organizations route53 shield route53domains support waf"
)

# The first word of an operation that changes nothing.
_READING: Final = _words(
    "BatchGet Can Check Count Decode Describe Detect Discover Estimate Evaluate Filter Get Head Is "
    "List Lookup Preview Query Read Scan Search Select Simulate Test Validate Verify View"
)
_READS: Final[Mapping[tuple[str, str], bool]] = {
    ("bedrock-runtime", "Converse"): True,
    ("bedrock-runtime", "ConverseStream"): True,
    ("bedrock-runtime", "InvokeModel"): True,
    ("bedrock-runtime", "InvokeModelWithResponseStream"): True,
    ("cognito-identity", "GetCredentialsForIdentity"): False,
    ("kms", "Decrypt"): True,
    ("kms", "Encrypt"): True,
    ("kms", "GenerateDataKey"): True,
    ("kms", "GenerateDataKeyWithoutPlaintext"): True,
    ("sqs", "ReceiveMessage"): True,
    ("sts", "AssumeRole"): True,
    ("sts", "AssumeRoleWithSAML"): True,
    ("sts", "AssumeRoleWithWebIdentity"): True,
    ("sts", "AssumeRoot"): True,
    ("sts", "GetFederationToken"): False,
}

# Source: CloudTrail User Guide, "Logging data events".
_DATA: Final[Mapping[str, frozenset[str]]] = {
    "cognito-identity": _words(
        "GetCredentialsForIdentity GetId GetOpenIdToken GetOpenIdTokenForDeveloperIdentity UnlinkIdentity"
    ),
    "cloudwatch": _words("GetMetricData GetMetricWidgetImage PutMetricData"),
    "events": _words("PutEvents"),
    "firehose": _words("PutRecord PutRecordBatch"),
    "logs": _words("PutLogEvents"),
    "dynamodb": _words(
        "BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement "
        "ExecuteTransaction GetItem PutItem Query Scan TransactGetItems TransactWriteItems UpdateItem"
    ),
    "kinesis": _words("GetRecords GetShardIterator PutRecord PutRecords SubscribeToShard"),
    "lambda": _words("Invoke InvokeAsync InvokeWithResponseStream"),
    "s3": _words(
        "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload CreateSession "
        "DeleteObject DeleteObjectAnnotation DeleteObjectTagging DeleteObjects GetObject GetObjectAcl "
        "GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention "
        "GetObjectTagging GetObjectTorrent HeadObject ListMultipartUploads ListObjectAnnotations "
        "ListObjectVersions ListObjects ListObjectsV2 ListParts PutObject PutObjectAcl "
        "PutObjectAnnotation PutObjectLegalHold PutObjectRetention PutObjectTagging RenameObject "
        "RestoreObject SelectObjectContent UpdateObjectEncryption UploadPart UploadPartCopy "
        "WriteGetObjectResponse"
    ),
    "sagemaker-featurestore-runtime": _words("BatchGetRecord DeleteRecord GetRecord PutRecord"),
    "sns": _words("Publish PublishBatch"),
    "sqs": _words(
        "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch "
        "ReceiveMessage SendMessage SendMessageBatch"
    ),
}


def event_names(service: str, operation: str) -> EventNames:
    """The names of an operation; service and operation are botocore's names."""
    known = services.index().get(service)
    name = _NAMES.get((service, operation), operation)
    if service == "lambda":
        name += _LAMBDA.get(operation, "")
    elif service == "cloudfront" and known is not None:  # CreateDistribution2020_05_31
        name += known.api_version.replace("-", "_")
    signing = known.signing_name if known is not None else service
    version = _VERSIONS.get(service, "")
    if service in _VERSIONED and known is not None:
        version = known.api_version
    return EventNames(
        source=_SOURCES.get(service, f"{signing}.amazonaws.com"),
        name=name,
        read_only=_reads(service, operation),
        data=operation in _DATA.get(service, ()),
        api_version=version,
    )


def event_region(service: str, region: str) -> str:
    """awsRegion of a call that was made in that region."""
    return "us-east-1" if service in _GLOBAL else region


def _reads(service: str, operation: str) -> bool:
    listed = _READS.get((service, operation))
    if listed is not None:
        return listed
    words = re.findall(r"[A-Z][a-z0-9]*|[A-Z]+", operation)
    return bool(words) and (words[0] in _READING or "".join(words[:2]) in _READING)
