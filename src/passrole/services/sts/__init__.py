"""STS. Importing the package registers its handlers."""

from passrole.services.sts import (
    assume_role,
    federation,
    identity,
    outbound,
    root,
    user_sessions,
)

__all__ = [
    "assume_role",
    "federation",
    "identity",
    "outbound",
    "root",
    "user_sessions",
]
