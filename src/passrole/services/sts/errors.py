"""STS's errors. Source of codes and statuses: the service model; of texts: recorded responses."""

from __future__ import annotations

from passrole.values.errors import ServiceError


class AccessDenied(ServiceError):
    """A refusal that STS words itself."""

    code, status = "AccessDenied", 403


class ValidationError(ServiceError):
    """An input of the wrong form, or a duration that is too long."""

    code, status = "ValidationError", 400


class InvalidParameterValue(ServiceError):
    """Tags that cannot be."""

    code, status = "InvalidParameterValue", 400


class PackedPolicyTooLarge(ServiceError):
    """Session policies and tags that do not fit into the session token."""

    code, status = "PackedPolicyTooLarge", 400


class InvalidIdentityToken(ServiceError):
    """A token that the identity provider did not sign, or not for us."""

    code, status = "InvalidIdentityToken", 400


class IDPRejectedClaim(ServiceError):
    """A token with a claim that is not acceptable."""

    code, status = "IDPRejectedClaim", 403


class ExpiredToken(ServiceError):
    """A web identity token or an assertion past its time."""

    code, status = "ExpiredTokenException", 400


class IDPCommunicationError(ServiceError):
    """An identity provider that could not be asked for its keys."""

    code, status = "IDPCommunicationError", 400
