"""S3's spelling in CloudTrail: the bucket and key by names of their own, headers and the query as they came,
and a body as the XML it was, with an only item of a list not in a list.

Sources: S3 User Guide, "Amazon S3 CloudTrail events"; events of PutBucketReplication, PutBucketVersioning,
PutBucketLogging and CopyObject recorded in Elastic's "AWS CloudTrail" integration.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import orjson

from passrole.state.records.parameters import Convention, Member, Resources, Write
from passrole.wire.models import Shape

_LOCATED: Final = ("header", "headers", "querystring", "uri")
_URI: Final = {"Bucket": "bucketName", "Key": "key"}
_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"


class S3Convention(Convention):
    """Inputs, and of outputs the headers that are S3's own."""

    def member(self, parent: Shape, member: str) -> Member:
        shape = parent.members.get(member)
        if parent.name == "PutBucketPolicyRequest" and member == "Policy":
            return Member("bucketPolicy", _document)
        if parent.name == "DeleteObjectsRequest" and member == "Delete":
            return Member("")  # the record says ``delete``, not which
        made = super().member(parent, member)
        if shape is None or shape.location or parent.payload != member or made.write is None:
            return made
        body = made.write

        def written(value: object, resources: Resources) -> object:
            printed = body(value, resources)
            return {**printed, "xmlns": _NAMESPACE} if isinstance(printed, dict) else printed

        return made._replace(write=written)

    def name(self, member: str, shape: Shape | None) -> str:
        if shape is None:
            return member
        if shape.location == "uri" and member in _URI:
            return _URI[member]
        return shape.location_name or member

    def listed(self, member: str, shape: Shape) -> Write | None:
        if shape.location in _LOCATED:
            return super().listed(member, shape)
        write = self.write(member, shape.member)
        item = "" if shape.flattened else shape.member.location_name or "member"

        def written(value: object, resources: Resources) -> object:
            if not isinstance(value, list | tuple):
                return value
            items = [one if write is None else write(one, resources) for one in value]
            one_or_all = items[0] if len(items) == 1 else items
            return {item: one_or_all} if item and items else one_or_all

        return written

    def moment(self, time: datetime) -> object:
        return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def headers(output: object, shape: Shape) -> dict[str, object] | None:
    """responseElements of a call on an object: ``{"x-amz-server-side-encryption": "AES256"}``, or None."""
    if not isinstance(output, Mapping):
        return None
    found: dict[str, object] = {}
    for member, given in output.items():
        part = shape.members.get(member)
        if part is None or part.location != "header" or part.sensitive or not isinstance(given, str):
            continue
        if part.location_name.startswith("x-amz-"):
            found[part.location_name] = given
    return found or None


def _document(value: object, resources: Resources) -> object:
    """A policy as an object; one that is not JSON was refused, and is printed as it came."""
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        return value
