"""One caller at a time for what moto keeps in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

# Services of moto whose calls work in another's tables share its lock. Pinned by a contract test that reads
# moto's imports. Deliveries (S3 to SQS, SNS to SQS …) only append, under locks of moto's own.
_SHARED: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "applicationautoscaling",
            "autoscaling",
            "batch",
            "ds",
            "ebs",
            "ec2instanceconnect",
            "ecs",
            "efs",
            "eks",
            "elasticache",
            "elb",
            "elbv2",
            "emr",
            "memorydb",
            "osis",
            "rds",
            "redshift",
            "route53resolver",
            "ssm",
            "workspaces",
        ),
        "ec2",
    ),
    "dynamodbstreams": "dynamodb",
    "es": "opensearch",
    "iotdata": "iot",
    "kinesisvideoarchivedmedia": "kinesisvideo",
    "s3control": "s3",
    "s3tables": "s3",
    "sagemakermetrics": "sagemaker",
    "sagemakerruntime": "sagemaker",
    "servicediscovery": "route53",
    "route53domains": "route53",
    "sesv2": "ses",
    "timestreamwrite": "timestreamquery",
    "wafv2": "apigateway",
}

# Whose tables are one for all regions, and S3's for all accounts too: a bucket's name is unique in AWS.
_GLOBAL: Final = frozenset(("account", "budgets", "ce", "cloudfront", "ram", "route53", "shield", "support"))


def shared(package: str) -> str:
    """The package of moto's in whose tables that package works: its own name, or another's."""
    return _SHARED.get(package, package)


def place(package: str, account: str, region: str) -> tuple[str, str, str]:
    """(account, region, moto's package) that a call must have to itself."""
    package = shared(package)
    if package == "s3":
        return "", "", package
    return account, "" if package in _GLOBAL else region, package


class Locks:
    """Locks by place, for one event loop: who waits holds no thread."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str, str], asyncio.Lock] = {}
        self._users: dict[tuple[str, str, str], int] = {}

    @asynccontextmanager
    async def held(self, where: tuple[str, str, str]) -> AsyncIterator[None]:
        """Waits for the place and has it. A lock that nobody uses is forgotten."""
        lock = self._locks.setdefault(where, asyncio.Lock())
        self._users[where] = self._users.get(where, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._users[where] -= 1
            if not self._users[where]:
                del self._users[where], self._locks[where]
