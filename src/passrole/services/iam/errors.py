"""IAM's errors: code, HTTP status and the texts that it fills in.

Source of codes and statuses: the service model. Source of texts: responses recorded from IAM in
public test suites (LocalStack's validated snapshots of 2026), unless a comment says otherwise.
"""

from __future__ import annotations

from passrole.values.errors import ServiceError


class NoSuchEntity(ServiceError):
    """Something that the request names does not exist."""

    code, status = "NoSuchEntity", 404


class EntityAlreadyExists(ServiceError):
    """The name is taken, in whatever case."""

    code, status = "EntityAlreadyExists", 409


class DeleteConflict(ServiceError):
    """Something must be removed first."""

    code, status = "DeleteConflict", 409

    @classmethod
    def first(cls, what: str) -> DeleteConflict:
        """«Cannot delete entity, must … first.»"""
        return cls(f"Cannot delete entity, must {what} first.")


class LimitExceeded(ServiceError):
    """A quota is reached."""

    code, status = "LimitExceeded", 409

    @classmethod
    def quota(cls, name: str, limit: int) -> LimitExceeded:
        """«Cannot exceed quota for RolesPerAccount: 1000»."""
        return cls(f"Cannot exceed quota for {name}: {limit}")


class InvalidInput(ServiceError):
    """An input that IAM itself refuses."""

    code, status = "InvalidInput", 400


class ValidationError(ServiceError):
    """An input of the wrong form."""

    code, status = "ValidationError", 400


class UnmodifiableEntity(ServiceError):
    """A service-linked role, which only its service changes."""

    code, status = "UnmodifiableEntity", 400

    @classmethod
    def role(cls, name: str) -> UnmodifiableEntity:
        """The text for a role of that name."""
        return cls(
            f"Cannot perform the operation on the protected role '{name}' - "
            "this role is only modifiable by AWS"
        )


class AccessDenied(ServiceError):
    """A refusal that IAM words itself, after authorization."""

    code, status = "AccessDenied", 403
