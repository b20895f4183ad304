"""S3 replication: objects are copied with the role that the bucket's replication rules were passed.

S3 reads for replication and writes replicas by actions that no operation asks for; they are asked here as S3
asks them, of the role's policies, both buckets' and the organization's, at each object. There is no event of
them in the trail, as in CloudTrail; an object that could not be copied says so.
Source: S3 User Guide, "Setting up permissions for live replication", "Getting replication status
information".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.services.agents import Ports, Told
from passrole.services.operation import Output
from passrole.services.replication import COMPLETED, FAILED, Buckets, Replica
from passrole.services.workloads.targets.invoking import Failure, Invocation, Invoking
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

S3: Final = "s3.amazonaws.com"
_SESSION_NAME: Final = "s3-replication"
_WRITES: Final = frozenset(("PutObject", "CopyObject", "CompleteMultipartUpload"))


class Replication:
    """Each copy is a task of its own."""

    def __init__(self, ports: Ports, buckets: Buckets) -> None:
        self._ports = ports
        self._buckets = buckets
        self._invoking = Invoking(ports)
        self.watches: Mapping[str, Told] = {"s3": self._told}

    def start(self) -> None:
        """Nothing is done before an object is written."""

    def reset(self) -> None:
        """No bucket is left."""
        self._invoking.reset()

    async def stop(self) -> None:
        """Returns once nothing is being copied any more."""
        await self._invoking.stop()

    def _told(self, call: Call, output: Callable[[], Output]) -> None:
        if call.operation not in _WRITES:
            return
        for replica in self._buckets.pending(str(call.input["Bucket"]), str(call.input["Key"])):
            self._invoking.spawn(self._replicate(replica, call.region))

    async def _replicate(self, replica: Replica, region: str) -> None:
        try:
            problem = await self._refused(replica, region)
        except ServiceError as error:
            problem = str(error)
        done = not problem and await self._buckets.copy(replica)
        if not done:
            log.info("%s/%s is not replicated: %s", replica.bucket, replica.key, problem or "no such bucket")
        self._buckets.settle(replica, COMPLETED if done else FAILED)

    async def _refused(self, replica: Replica, region: str) -> str:
        """Why the role may not copy, "" where it may. Raises ServiceError."""
        source = f"arn:aws:s3:::{replica.bucket}"
        asked = Invocation(
            service=S3,
            source_arn=source,
            region=region,
            target=source,
            payload="",
            role_arn=replica.role_arn,
            session_name=_SESSION_NAME,
        )
        act = await self._invoking.act(asked, replica.account)
        if isinstance(act, Failure):
            return act.message
        destination = f"arn:aws:s3:::{replica.destination}"
        for action, resource, owner in (
            ("s3:GetReplicationConfiguration", source, replica.account),
            ("s3:GetObjectVersionForReplication", f"{source}/{replica.key}", replica.account),
            ("s3:ReplicateObject", f"{destination}/{replica.key}", replica.destination_account),
        ):
            refusal = self._ports.acting.refuses(act, action, resource, owner)
            if refusal is not None:
                return refusal.sentence()
        return ""
