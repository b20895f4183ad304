"""Organizations. Importing the package registers its handlers."""

from passrole.services.organizations import (
    accounts,
    administrators,
    handshakes,
    organization,
    policies,
    tags,
    units,
)

__all__ = ["accounts", "administrators", "handshakes", "organization", "policies", "tags", "units"]
