"""Access Analyzer's errors. Source of codes and statuses: the service model."""

from __future__ import annotations

from passrole.values.errors import ServiceError


class ValidationException(ServiceError):
    """An input of the wrong form."""

    code, status = "ValidationException", 400


class InvalidParameterException(ServiceError):
    """A policy that is none."""

    code, status = "InvalidParameterException", 400


class UnprocessableEntityException(ServiceError):
    """A policy that cannot be looked at in full."""

    code, status = "UnprocessableEntityException", 422
