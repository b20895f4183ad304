"""Organizations. Importing the package registers its handlers."""

from passrole.services.organizations import (
    accounts,
    administrators,
    effective,
    handshakes,
    organization,
    policies,
    tags,
    units,
)

__all__ = [
    "accounts",
    "administrators",
    "effective",
    "handshakes",
    "organization",
    "policies",
    "tags",
    "units",
]
