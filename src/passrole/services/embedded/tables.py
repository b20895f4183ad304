"""moto's tables as they are now: nothing here imports a service or makes a backend.

A service that was never used has no resources, and nothing need be loaded to know that. moto's objects
have no types worth the name; what leaves this package has.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

# Services whose backends moto keeps by partition instead of by region.
_BY_PARTITION: Final = frozenset(("s3", "cloudfront", "route53", "shield"))

# Where the table of backends is not called after its package.
_TABLES: Final[Mapping[str, str]] = {"awslambda": "lambda_backends", "elasticbeanstalk": "eb_backends"}


def backends(package: str) -> Any:
    """moto's table account -> region -> backend; None where the service is not loaded."""
    module = sys.modules.get(f"moto.{package}.models")
    return getattr(module, _TABLES.get(package, f"{package}_backends"), None) if module is not None else None


def backend(package: str, account: str, region: str) -> Any:
    """moto's backend of one account and region; None where none was made yet."""
    accounts = backends(package)
    # dict's own look-up: moto's would make what is missing.
    regions = dict.get(accounts, account) if accounts is not None else None
    if regions is None:
        return None
    return dict.get(regions, "aws" if package in _BY_PARTITION else region)


def every_backend(package: str) -> Iterator[tuple[str, str, Any]]:
    """(account, region, backend) of all that were made."""
    accounts = backends(package)
    for account, regions in list(dict.items(accounts)) if accounts is not None else ():
        for region, found in list(dict.items(regions)):
            yield account, region, found
