"""What replicating S3 objects must know of buckets, whoever keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

PENDING: Final = "PENDING"
COMPLETED: Final = "COMPLETED"
FAILED: Final = "FAILED"
REPLICA: Final = "REPLICA"


@dataclass(frozen=True, slots=True)
class Replica:
    """A version of an object that a rule copies to another bucket."""

    bucket: str
    key: str
    version: str
    account: str  # the bucket's owner
    role_arn: str
    destination: str  # a bucket's name
    destination_account: str  # its owner; "" where there is no such bucket
    storage_class: str = ""


class Buckets(Protocol):
    """Buckets with replication rules."""

    def pending(self, bucket: str, key: str) -> Sequence[Replica]:
        """What is to be made of the object's newest version, which shows itself as pending from now on."""

    async def copy(self, replica: Replica) -> bool:
        """Puts the copy, content, metadata and tags, into its bucket; False where it cannot be there."""

    def settle(self, replica: Replica, status: str) -> None:
        """The object's version shows that status."""
