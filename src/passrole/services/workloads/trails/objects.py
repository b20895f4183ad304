"""Objects that CloudTrail puts into the buckets of trails, as itself and encrypted with their keys."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from passrole.services.agents import Ports
from passrole.services.cloudtrail.destinations import CLOUDTRAIL
from passrole.state.trails import TrailDefinition
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)


class Objects:
    """Puts them; the policies of bucket and key decide, at each object anew."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._facts = ports.facts

    async def _encrypted(self, trail: TrailDefinition, key: str) -> str:
        """Asks for a data key for an object. Returns the error as S3 names it, "" where there is one.

        Source: CloudTrail User Guide, "Encrypting CloudTrail log files, digest files, and event data stores
        with AWS KMS keys", the record of GenerateDataKey; S3 API Reference, "Error responses".
        """
        parts = trail.kms_key.split(":")
        if len(parts) < 6:
            return ""  # an alias that nobody here knows
        act = self._ports.acting.as_service(
            CLOUDTRAIL, source_arn=trail.arn, account=parts[4], region=parts[3]
        )
        context = {"aws:cloudtrail:arn": trail.arn, "aws:s3:arn": f"arn:aws:s3:::{trail.bucket}/{key}"}
        given = {"KeyId": trail.kms_key, "KeySpec": "AES_256", "EncryptionContext": context}
        try:
            await act.call("kms", "GenerateDataKey", given)
        except ServiceError as error:
            log.info("%s: %s is not encrypted: %s", trail.arn, key, error)
            return "AccessDenied" if "AccessDenied" in error.code else f"KMS.{error.code}"
        return ""

    async def put(
        self, trail: TrailDefinition, key: str, body: bytes, region: str, metadata: Mapping[str, str]
    ) -> str:
        """Returns S3's error code, "" where the object is there."""
        owner = self._facts.owner(f"arn:aws:s3:::{trail.bucket}")
        if owner is None:
            return "NoSuchBucket"
        if trail.kms_key and (refused := await self._encrypted(trail, key)):
            return refused
        act = self._ports.acting.as_service(CLOUDTRAIL, source_arn=trail.arn, account=owner, region=region)
        given: dict[str, object] = {
            "Bucket": trail.bucket,
            "Key": key,
            "Body": body,
            "ACL": "bucket-owner-full-control",
            "ContentType": "application/json",
            "ContentEncoding": "gzip",
        }
        if trail.kms_key:
            given |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": trail.kms_key}
        if metadata:
            given["Metadata"] = metadata
        try:
            await act.call("s3", "PutObject", given)
        except ServiceError as error:
            log.info("%s: %s is not delivered: %s", trail.arn, key, error)
            return error.code
        return ""
