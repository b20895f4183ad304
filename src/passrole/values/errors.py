"""Errors that any floor may raise; ``wire.errors`` spells them for each protocol."""

from __future__ import annotations

from collections.abc import Mapping


class PassroleError(Exception):
    """Everything this package raises on purpose."""


class InvalidArn(PassroleError, ValueError):
    """A text that should have been an ARN."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"{self.text!r} is not an ARN: it needs arn:partition:service:region:account:resource"


class ServiceError(PassroleError):
    """An AWS error: its exact code, HTTP status and message.

    code and status are AWS's for the service that answers; ``wire.errors`` only chooses the
    envelope. fields are extra members of the error's own shape (S3's BucketName and so on).
    """

    code: str = "InternalFailure"
    status: int = 500

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        self.fields: Mapping[str, str] = fields or {}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[object, ...]:  # keyword arguments do not survive pickle by themselves
        return _rebuild, (type(self), self.message, self.code, self.status, dict(self.fields))


def _rebuild(
    kind: type[ServiceError], message: str, code: str, status: int, fields: dict[str, str]
) -> ServiceError:
    error = kind.__new__(kind)
    ServiceError.__init__(error, message, code=code, status=status, fields=fields)
    return error
