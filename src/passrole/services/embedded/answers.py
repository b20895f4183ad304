"""What moto answered, told apart from what it could not answer."""

from __future__ import annotations

from collections.abc import Mapping

from passrole.services.answers import relabelled
from passrole.services.backend import not_implemented
from passrole.values.errors import ServiceError
from passrole.wire import services
from passrole.wire.request import Response


class EmbeddedFailure(ServiceError):
    """The embedded service broke down. The log says how."""

    code, status = "InternalFailure", 500


def response(
    service: str,
    operation: str,
    method: str,
    status: int,
    headers: Mapping[str, object],
    body: bytes,
    request_id: str,
) -> Response:
    """The response to a request of that method. Raises NotImplementedHere where moto gave no answer."""
    named = [(name, str(value)) for name, value in headers.items()]
    kind = next((value for name, value in named if name.lower() == "content-type"), "")
    if not services.is_s3(service):
        unknown_path = status == 404 and method != "HEAD" and not body
        if unknown_path or "text/html" in kind:  # werkzeug's own page
            raise not_implemented(service, operation)
    return relabelled(service, method, status, named, body, request_id)
