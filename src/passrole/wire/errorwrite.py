"""Errors as responses, in each protocol's envelope.

Sources: the "Common Errors" and "Error responses" pages of the API References; Smithy's protocol pages;
samples recorded by public projects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from passrole.values.errors import ServiceError
from passrole.wire import cbor, models, services
from passrole.wire.errors import DispatchError
from passrole.wire.models import Shape
from passrole.wire.request import Response
from passrole.wire.restwrite import Headers, header_text, one_line
from passrole.wire.s3errors import host_id
from passrole.wire.xmlwrite import XML_DECLARATION, clean

_AWS_FAULT: Final = "http://webservices.amazon.com/AWSFault/2005-15-09"

# Errors of the framework that AWS's services stand on: their own namespace in json 1.0, and a
# capital Message. Every other error is the service's.
_FRAMEWORK: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InternalFailure",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)
_CAPITAL_MESSAGE: Final = frozenset({"AccessDeniedException", "SerializationException"})

# What services that have left the query protocol called their errors then, where the model has lost
# it. Sources: SQS API Reference, "Common errors", and each operation's errors, edition of 2012-11-05.
_SQS: Final = "AWS.SimpleQueueService."
_ONCE: Final[Mapping[str, str]] = {
    "AccessDeniedException": "AccessDenied",
    "BatchEntryIdsNotDistinct": f"{_SQS}BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": f"{_SQS}BatchRequestTooLong",
    "EmptyBatchRequest": f"{_SQS}EmptyBatchRequest",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidBatchEntryId": f"{_SQS}InvalidBatchEntryId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MessageNotInflight": f"{_SQS}MessageNotInflight",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "PurgeQueueInProgress": f"{_SQS}PurgeQueueInProgress",
    "QueueDeletedRecently": f"{_SQS}QueueDeletedRecently",
    "QueueDoesNotExist": f"{_SQS}NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": f"{_SQS}TooManyEntriesInBatchRequest",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "UnsupportedOperation": f"{_SQS}UnsupportedOperation",
}

# Services whose error bodies say whose fault it was. (member, at the client, at the service)
_FAULT_MEMBERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "lambda": ("Type", "User", "Server"),
    "glacier": ("type", "Client", "Server"),
}


def write_error(
    service: str,
    protocol: str,
    error: ServiceError,
    request_id: str,
    *,
    operation: str | None = None,
    head: bool = False,
) -> Response:
    """The response to a call that failed.

    operation is None where none was found. head leaves the body out, as the answer to a HEAD
    request must; an operation that is one by its model needs no telling.
    """
    return _Envelope(service, protocol, error, request_id, operation=operation, head=head).response()


class _Envelope:
    """One error on its way out."""

    def __init__(
        self,
        service: str,
        protocol: str,
        error: ServiceError,
        request_id: str,
        *,
        operation: str | None,
        head: bool,
    ) -> None:
        self._service = service
        self._protocol = protocol
        self._error = error
        self._request_id = request_id
        self._entry = services.index().get(service)
        self._shape = _modelled(service, error.code) if self._entry is not None else None
        self._head = head or _is_head(service, operation)
        self._status = self._chosen_status()

    def _chosen_status(self) -> int:
        error = self._error
        named = "status" in vars(error) or type(error).status is not ServiceError.status
        if not named and self._shape is not None and self._shape.error.http_status_code:
            return self._shape.error.http_status_code
        return error.status

    def response(self) -> Response:
        match self._protocol:
            case "query":
                return self._query()
            case "ec2":
                return self._ec2()
            case "rest-json":
                return self._rest_json()
            case "rest-xml":
                # S3 Control has S3's codes in the envelope of CloudFront and Route 53.
                return self._s3() if self._service == "s3" else self._query()
            case "smithy-rpc-v2-cbor":
                return self._cbor()
        return self._json()

    def _fields(self) -> str:
        return "".join(f"<{name}>{clean(value)}</{name}>" for name, value in self._error.fields.items())

    def _xml(self, body: str, headers: Headers) -> Response:
        content = b"" if self._head else body.encode("utf-8", "replace")
        return Response(self._status, tuple(headers), content)

    def _query(self) -> Response:
        error = self._error
        namespace = self._entry.xml_namespace if self._entry is not None else ""
        if isinstance(error, DispatchError):
            namespace = _AWS_FAULT
        elif namespace:
            namespace = namespace.rstrip("/") + "/"
        xmlns = f' xmlns="{namespace}"' if namespace else ""
        fault = "Sender" if self._status < 500 else "Receiver"
        message = f"<Message>{clean(error.message)}</Message>" if error.message else ""
        request = f"<RequestId>{self._request_id}</RequestId>"
        host = f"<HostId>{host_id(self._request_id)}</HostId>" if self._service == "s3control" else ""
        body = (
            f"<ErrorResponse{xmlns}>\n  <Error>\n    <Type>{fault}</Type>\n"
            f"    <Code>{clean(error.code)}</Code>\n    {message}{self._fields()}\n  </Error>\n"
            f"  {request}{host}\n</ErrorResponse>\n"
        )
        if self._protocol == "rest-xml":
            body = XML_DECLARATION + body
        return self._xml(body, [("Content-Type", "text/xml"), ("x-amzn-RequestId", self._request_id)])

    def _ec2(self) -> Response:
        error = self._error
        body = (
            f"{XML_DECLARATION}<Response><Errors><Error><Code>{clean(error.code)}</Code>"
            f"<Message>{clean(error.message)}</Message>{self._fields()}</Error></Errors>"
            f"<RequestID>{self._request_id}</RequestID></Response>"
        )
        headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", self._request_id)]
        return self._xml(body, headers)

    def _s3(self) -> Response:
        error = self._error
        host = host_id(self._request_id)
        body = (
            f"{XML_DECLARATION}<Error><Code>{clean(error.code)}</Code><Message>{clean(error.message)}</Message>"
            f"{self._fields()}<RequestId>{self._request_id}</RequestId><HostId>{host}</HostId></Error>"
        )
        headers = [
            ("Content-Type", "application/xml"),
            ("x-amz-request-id", self._request_id),
            ("x-amz-id-2", host),
        ]
        if "Region" in error.fields:
            headers.append(("x-amz-bucket-region", one_line(error.fields["Region"])))
        return self._xml(body, headers)

    def _name(self) -> str:
        """The error as an rpc protocol names it: the shape's name, whatever code query has for it."""
        return self._shape.name if self._shape is not None else self._error.code

    def _members(self) -> dict[str, object]:
        """The error's own members that belong into a JSON or CBOR body, the message first."""
        error = self._error
        members = self._shape.members if self._shape is not None else {}
        key = "Message" if error.code in _CAPITAL_MESSAGE else "message"
        for name, member in members.items():
            if name.lower() == "message":
                key = member.location_name or name
        body: dict[str, object] = {}
        if error.message:
            body[key] = error.message
        for name, value in error.fields.items():
            found = members.get(name)
            if found is None or not found.location:
                body[(found.location_name if found is not None else "") or name] = _typed(found, value)
        return body

    def _query_error(self) -> Headers:
        """What tells a client of a service that once spoke query the code that it knew then."""
        if self._entry is None or not self._entry.query_compatible:
            return []
        name = self._name()
        code = (self._shape.error.code if self._shape is not None else "") or _ONCE.get(name, name)
        fault = "Sender" if self._status < 500 else "Receiver"
        return [("x-amzn-query-error", one_line(f"{code};{fault}"))]

    def _json(self) -> Response:
        version = self._entry.json_version if self._entry is not None else "1.1"
        name = self._name()
        if version == "1.0":
            name = f"{self._namespace(name)}#{name}"
        body = orjson.dumps({"__type": name, **self._members()})
        headers = [
            ("Content-Type", f"application/x-amz-json-{version or '1.1'}"),
            ("x-amzn-RequestId", self._request_id),
            *self._query_error(),
        ]
        return Response(self._status, tuple(headers), body)

    def _namespace(self, name: str) -> str:
        if name in _FRAMEWORK:
            return "com.amazon.coral.service"
        if name == "ValidationException" and self._shape is None:
            return "com.amazon.coral.validate"
        return f"com.amazonaws.{self._service.replace('-', '')}"

    def _cbor(self) -> Response:
        name = self._name()
        body = cbor.encode({"__type": f"{self._namespace(name)}#{name}", **self._members()})
        headers = [
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-RequestId", self._request_id),
            *self._query_error(),
        ]
        return Response(self._status, tuple(headers), body)

    def _rest_json(self) -> Response:
        error = self._error
        code = one_line(self._name())
        headers: Headers = [("x-amzn-RequestId", self._request_id), ("x-amzn-ErrorType", code)]
        if isinstance(error, DispatchError):
            # The front end that finds no operation does not speak JSON.
            text = f"<{code}>\n  <Message>{clean(error.message)}</Message>\n</{code}>\n"
            return self._xml(text, [("Content-Type", "application/xml"), *headers])
        body = self._members()
        if self._service in _FAULT_MEMBERS and self._shape is not None:
            member, client, server = _FAULT_MEMBERS[self._service]
            if member in self._shape.members:
                body.setdefault(member, client if self._status < 500 else server)
        if self._shape is not None:
            for name, part in self._shape.members.items():
                if part.location == "header" and name in error.fields:
                    value = header_text(part)(_typed(part, error.fields[name]))
                    headers.append((part.location_name or name, one_line(value)))
        content = b"" if self._head else orjson.dumps(body)
        return Response(self._status, (("Content-Type", "application/json"), *headers), content)


def _modelled(service: str, code: str) -> Shape | None:
    model = models.service(service)
    found = model.errors.get(code)
    if found is None:
        found = model.errors_by_name.get(code)
    return found


def _is_head(service: str, operation: str | None) -> bool:
    if operation is None:
        return False
    model = models.service(service)
    return operation in model and model.operation(operation).method == "HEAD"


def _typed(shape: Shape | None, value: str) -> object:
    """An error's field, which is a text here, as the model has it."""
    match shape.kind if shape is not None else "string":
        case "integer" | "long":
            return int(value)
        case "boolean":
            return value == "true"
        case "float" | "double":
            return float(value)
    return value
