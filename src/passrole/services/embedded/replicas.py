"""moto's buckets with replication rules: what they say is to be copied, and the copying itself.

Source: S3 User Guide, "Replicating objects within and across Regions", "Getting replication status
information".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any, Final

from passrole.services.embedded.resource_policies import bucket_owner
from passrole.services.embedded.tables import backend
from passrole.services.replication import PENDING, REPLICA, Replica

log = logging.getLogger(__name__)

_STATUS: Final = "passrole_replication"


class EmbeddedBuckets:
    """``services.replication.Buckets`` over moto. locked holds S3's lock."""

    def __init__(self, locked: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._locked = locked

    def pending(self, bucket: str, key: str) -> Sequence[Replica]:
        """See Buckets."""
        found = _bucket(bucket)
        object_ = found.keys.get(key) if found is not None else None
        rules = getattr(found, "replication", None) or {}
        if found is None or object_ is None or not rules or getattr(object_, _STATUS, "") == REPLICA:
            return ()
        # Of several rules for one bucket the one with the highest priority counts.
        by_destination: dict[str, Mapping[str, Any]] = {}
        for rule in sorted(rules["Rule"], key=lambda one: int(one.get("Priority") or 1)):
            if rule.get("Status") == "Enabled" and _takes(rule, key, _tags(found, object_)):
                destination = str(rule["Destination"]["Bucket"]).rsplit(":", 1)[-1]
                by_destination[destination] = rule
        if by_destination:
            setattr(object_, _STATUS, PENDING)
        return tuple(
            Replica(
                bucket=bucket,
                key=key,
                version=str(object_.version_id),
                account=bucket_owner(bucket) or "",
                role_arn=str(rules["Role"]),
                destination=destination,
                destination_account=bucket_owner(destination) or "",
                storage_class=str(rule["Destination"].get("StorageClass") or ""),
            )
            for destination, rule in by_destination.items()
        )

    async def copy(self, replica: Replica) -> bool:
        """See Buckets."""
        async with self._locked():
            try:
                return await asyncio.to_thread(_copy, replica)
            except Exception:  # moto breaks in any way; the object then shows that it was not copied
                log.exception("%s/%s could not be copied", replica.bucket, replica.key)
                return False

    def settle(self, replica: Replica, status: str) -> None:
        """See Buckets."""
        version = _version(replica)
        if version is not None:
            setattr(version, _STATUS, status)


def with_status(s3: ModuleType) -> None:
    """``s3.models``: an object shows its replication status."""
    key: Any = s3.FakeKey
    described: Any = key.response_dict.fget

    def response_dict(self: Any) -> dict[str, Any]:
        headers: dict[str, Any] = described(self)
        status = getattr(self, _STATUS, "")
        return {**headers, "x-amz-replication-status": status} if status else headers

    key.response_dict = property(response_dict)


def _bucket(name: str) -> Any:
    owner = bucket_owner(name)
    kept = backend("s3", owner, "") if owner is not None else None
    return kept.buckets.get(name) if kept is not None else None


def _version(replica: Replica) -> Any:
    bucket = _bucket(replica.bucket)
    versions = bucket.keys.getlist(replica.key, default=[]) if bucket is not None else []
    return next((one for one in versions if str(one.version_id) == replica.version), None)


def _tags(bucket: Any, object_: Any) -> Mapping[str, str]:
    kept = backend("s3", bucket_owner(str(bucket.name)) or "", "")
    found: Mapping[str, str] = kept.tagger.get_tag_dict_for_resource(object_.arn) if kept is not None else {}
    return found


def _takes(rule: Mapping[str, Any], key: str, tags: Mapping[str, str]) -> bool:
    """A rule's prefix and tags; rules of the older form have a prefix alone."""
    given = rule.get("Filter") or {}
    inner = given.get("And") or given
    prefix = inner.get("Prefix") or rule.get("Prefix") or ""
    return key.startswith(prefix) and all(
        tags.get(str(tag["Key"])) == (tag.get("Value") or "") for tag in _listed(inner.get("Tag"))
    )


def _listed(tags: Any) -> Iterator[Mapping[str, Any]]:
    yield from tags if isinstance(tags, list) else [tags] if tags else []


def _copy(replica: Replica) -> bool:
    source, destination = _version(replica), _bucket(replica.destination)
    if source is None or destination is None or not destination.is_versioned:
        return False
    kept = backend("s3", replica.destination_account, "")
    made = kept.put_object(
        replica.destination,
        replica.key,
        source.value,
        storage=replica.storage_class or source.storage_class,
        etag=source.etag.strip('"'),
        disable_notification=True,
    )
    made.set_metadata(source.metadata)
    # The copy has its original's version. Source: as above. Its tags are kept by its version.
    made._version_id = replica.version
    tags = _tags(_bucket(replica.bucket), source)
    if tags:
        kept.tagger.tag_resource(made.arn, [{"Key": name, "Value": value} for name, value in tags.items()])
    setattr(made, _STATUS, REPLICA)
    return True
