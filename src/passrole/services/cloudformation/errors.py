"""CloudFormation's errors. Texts are AWS's as public reports and forums quote them."""

from __future__ import annotations

from passrole.values.errors import ServiceError


class ValidationError(ServiceError):
    """What cannot be done as it was asked."""

    code, status = "ValidationError", 400


class AlreadyExists(ServiceError):
    """A stack, or a change set, of that name."""

    code, status = "AlreadyExistsException", 400


class InsufficientCapabilities(ServiceError):
    """The template makes what its deployer has not acknowledged."""

    code, status = "InsufficientCapabilitiesException", 400


class ChangeSetNotFound(ServiceError):
    """No such change set."""

    code, status = "ChangeSetNotFound", 404


class InvalidChangeSetStatus(ServiceError):
    """A change set that cannot be carried out or deleted as it is."""

    code, status = "InvalidChangeSetStatus", 400


def no_stack(name: str) -> ValidationError:
    """A stack that is not there."""
    return ValidationError(f"Stack with id {name} does not exist")


def no_updates() -> ValidationError:
    """An update that changes nothing."""
    return ValidationError("No updates are to be performed.")


def cannot_update(arn: str, status: str) -> ValidationError:
    """A stack in a state from which there is no update."""
    return ValidationError(f"Stack:{arn} is in {status} state and can not be updated.")
