"""Names that trails, their buckets, prefixes and topics may have."""

from __future__ import annotations

import re
from typing import Final

from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.shapes import cloudtrail as shapes
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")
_LONGEST_PREFIX: Final = 200
_TOPIC: Final = re.compile(r"[\w-]{1,256}(\.fifo)?|arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256}(\.fifo)?")


def check_places(given: shapes.CreateTrailRequest | shapes.UpdateTrailRequest) -> None:
    """Raises InvalidS3BucketNameException, InvalidS3PrefixException or InvalidSnsTopicNameException.

    The texts are ours. Source of the bounds: CloudTrail API Reference, CreateTrail; S3 User Guide, "Bucket
    naming rules".
    """
    bucket = given.get("S3BucketName")
    if bucket is not None and (_BUCKET.fullmatch(bucket) is None or _ADDRESS.fullmatch(bucket)):
        raise CloudTrailError(f"{bucket} is not the name of a bucket.", code="InvalidS3BucketNameException")
    prefix = given.get("S3KeyPrefix", "")
    if len(prefix) > _LONGEST_PREFIX:
        raise CloudTrailError(
            f"An S3 key prefix can have up to {_LONGEST_PREFIX} characters.", code="InvalidS3PrefixException"
        )
    topic = given.get("SnsTopicName", "")
    if topic and _TOPIC.fullmatch(topic) is None:
        raise CloudTrailError(
            f"{topic} is neither the name nor the ARN of a topic.", code="InvalidSnsTopicNameException"
        )


def check_name(name: str) -> None:
    """Raises InvalidTrailNameException; the texts are AWS's, as moto took them over."""
    message = ""
    if len(name) < 3:
        message = (
            "Trail name too short. Minimum allowed length: 3 characters."
            f" Specified name length: {len(name)} characters."
        )
    elif len(name) > 128:
        message = (
            "Trail name too long. Maximum allowed length: 128 characters."
            f" Specified name length: {len(name)} characters."
        )
    elif not name[0].isalnum():
        message = "Trail name must starts with a letter or number."
    elif not name[-1].isalnum():
        message = "Trail name must ends with a letter or number."
    elif re.fullmatch(r"[.\-_0-9a-zA-Z]+", name) is None:
        message = (
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers,"
            " periods (.), hyphens (-), and underscores (_)."
        )
    if message:
        raise CloudTrailError(message, code="InvalidTrailNameException")


def check_arn(text: str) -> None:
    """Raises CloudTrailARNInvalidException unless the text is the ARN of a trail."""
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        arn = None
    if arn is None or arn.service != "cloudtrail" or not arn.resource.startswith("trail/"):
        raise CloudTrailError(f"{text} is not the ARN of a trail.", code="CloudTrailARNInvalidException")
