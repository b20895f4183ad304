"""STS. Importing the package registers its handlers."""

from passrole.services.sts import assume_role, identity, root, user_sessions

__all__ = ["assume_role", "identity", "root", "user_sessions"]
