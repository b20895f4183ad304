"""One call as a CloudTrail record: the JSON text and the columns it is found by.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity
events"; key order as in recorded events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final

import orjson

from passrole.state.records.ec2 import ClassicRequest, ClassicResponse, QueryRequest, QueryResponse
from passrole.state.records.ec2_tables import CLASSIC
from passrole.state.records.identity import Identity
from passrole.state.records.names import EventNames, event_names, event_region
from passrole.state.records.parameters import (
    Convention,
    Resources,
    S3Convention,
    SameSpelling,
    StsConvention,
    Write,
)
from passrole.state.records.touched import touched
from passrole.state.trail import Event
from passrole.values.errors import ServiceError
from passrole.wire import models, services

_SECONDS: Final = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z
_LARGEST: Final = 100 * 1024  # bytes of requestParameters or responseElements
_OMITTED: Final = b'{"omitted":true}'
_LONGEST: Final = 1024  # bytes of an error's code or message, and of the user agent

# Denied calls of these print no parameters: they are refused before they are read. EC2's do, and so do
# those of services that look into the request before they ask. Source: recorded events.
_DENIED_UNREAD: Final = frozenset({"iam", "organizations", "sts"})

# Read-only operations whose answer is printed all the same. Source: recorded events.
_ANSWERED_READS: Final = frozenset(
    ("sts", operation)
    for operation in (
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetSessionToken",
    )
)
_UNANSWERED: Final = frozenset({"s3"})  # its answers are headers
_UNWRAPPED: Final = frozenset({"rds"})  # prints what is in the output's only structure

_CONVENTIONS: Final[Mapping[str, Callable[[], Convention]]] = {
    "ce": lambda: SameSpelling("ce"),
    "s3": lambda: S3Convention("s3"),
    "sts": lambda: StsConvention("sts"),
}

Answer = Callable[[object, Resources, str], object]  # (output, resources, request id)


class _Operation:
    """What the records of one operation have in common."""

    __slots__ = ("answer", "by_error", "end", "names", "request", "service", "source", "subresources")

    def __init__(self, service: str, operation: str) -> None:
        self.service = service
        self.names: EventNames = event_names(service, operation)
        self.source = b',"eventSource":' + _text(self.names.source)
        self.source += b',"eventName":' + _text(self.names.name) + b',"awsRegion":'
        self.end = b',"readOnly":' + (b"true" if self.names.read_only else b"false")
        self.request, self.answer = _writers(service, operation, self.names)
        self.subresources = _subresources(service, operation)
        self.by_error: dict[str, str] = {}

    def error_code(self, error: ServiceError, denied: bool) -> str:
        """The error as CloudTrail names it: EC2's with its side, others by the name of their shape."""
        if self.service == "ec2":
            return ("Server." if error.status >= 500 else "Client.") + error.code
        if denied and error.code == "AccessDeniedException":
            return "AccessDenied"
        found = self.by_error.get(error.code)
        if found is None:
            shape = models.service(self.service).errors.get(error.code) if _modeled(self.service) else None
            found = self.by_error[error.code] = error.code if shape is None else shape.name
        return found


def record(
    service: str,
    operation: str,
    *,
    identity: Identity,
    account: str,
    region: str,
    time: datetime,
    source_ip: str,
    user_agent: str,
    request: Mapping[str, object],
    request_id: str,
    event_id: str,
    response: Mapping[str, object] | None = None,
    error: ServiceError | None = None,
    denied: bool = False,
    shared_event_id: str = "",
    additional: Mapping[str, object] | None = None,
    tls: Mapping[str, str] | None = None,
    vpc_endpoint_id: str = "",
    owner: str = "",
) -> Event:
    """The event of one call.

    service and operation are botocore's names; request and response are in AWS's member names, as
    parsed and as handlers return them. account is whose trail gets the record, region where the
    call was made, time when it was completed (aware). A call over the service's own agent has the
    service's DNS name as source_ip and user_agent. denied tells a refusal from any other error.
    shared_event_id is set where several accounts get a record of the call. owner is whose resources it
    touched, "" for account's own.
    """
    known = _operation(service, operation)
    resources: Resources = {}
    unread = denied and service in _DENIED_UNREAD
    parameters = b"null" if unread else _parameters(known, request, resources)
    answer = b"null"
    if error is None and known.answer is not None:
        answer = _json(known.answer(response or {}, resources, request_id) or None)
    happened_in = event_region(service, region)
    parts = [
        b'{"eventVersion":"1.11","userIdentity":',
        identity.user_identity,
        b',"eventTime":',
        orjson.dumps(time, option=_SECONDS),
        known.source,
        _text(happened_in),
        b',"sourceIPAddress":',
        _text(source_ip),
        b',"userAgent":',
        _text(_cut(user_agent)),
    ]
    if error is not None:
        parts += [b',"errorCode":', _text(known.error_code(error, denied))]
        parts += [b',"errorMessage":', _text(_cut(error.message))]
    parts += [b',"requestParameters":', parameters, b',"responseElements":', answer]
    if additional:
        parts += [b',"additionalEventData":', _json(additional)]
    parts += [b',"requestID":', _text(request_id), b',"eventID":', _text(event_id), known.end]
    if service == "sts" and error is None:
        parts.append(_assumed(request))
    data = known.names.data
    about = None if unread else touched(service, request, owner or account, happened_in, data=data)
    if about:
        parts += [b',"resources":', _json(about)]
    parts.append(b',"eventType":"AwsApiCall","managementEvent":' + (b"false" if data else b"true"))
    parts += [b',"recipientAccountId":', _text(account)]
    if shared_event_id:
        parts += [b',"sharedEventID":', _text(shared_event_id)]
    if vpc_endpoint_id:
        parts += [b',"vpcEndpointId":', _text(vpc_endpoint_id)]
    parts.append(b',"eventCategory":"Data"' if data else b',"eventCategory":"Management"')
    if tls:
        parts += [b',"tlsDetails":', _json(tls)]
    parts.append(b"}")
    return Event(
        account=account,
        region=happened_in,
        id=event_id,
        time=time,
        name=known.names.name,
        source=known.names.source,
        username=identity.username,
        access_key_id=identity.access_key_id,
        read_only=known.names.read_only,
        resources=tuple(resources),
        record=b"".join(parts),
        request_id=request_id,
    )


@lru_cache(maxsize=8192)  # bounded: the operation's name may be anything that a client sends
def _operation(service: str, operation: str) -> _Operation:
    return _Operation(service, operation)


def _modeled(service: str) -> bool:
    return service in services.index()


def _writers(service: str, operation: str, names: EventNames) -> tuple[Write | None, Answer | None]:
    """How the operation's input and output are printed; None for what is not."""
    answered = not names.read_only or (service, operation) in _ANSWERED_READS
    answered = answered and not names.data and service not in _UNANSWERED
    if not _modeled(service) or operation not in models.service(service):
        return None, None
    model = models.service(service).operation(operation)
    if service == "ec2":
        if operation in CLASSIC:
            request = ClassicRequest(operation, model.input) if model.input is not None else None
            return request, ClassicResponse(model.output) if answered else None
        query = QueryRequest(operation, model.input) if model.input is not None else None
        version = services.entry("ec2").api_version
        return query, QueryResponse(operation, model.output, version) if answered else None
    convention = _convention(service)
    write = convention.structure(model.input) if model.input is not None else None
    if not answered or model.output is None:
        return write, None
    printed = convention.structure(model.output)

    def answer(output: object, resources: Resources, request_id: str) -> object:
        return printed(output, resources)

    if service in _UNWRAPPED and [part.kind for part in model.output.members.values()] == ["structure"]:

        def unwrapped(output: object, resources: Resources, request_id: str) -> object:
            whole = printed(output, resources)
            return next(iter(whole.values()), None) if isinstance(whole, dict) else whole

        return write, unwrapped
    return write, answer


@cache
def _convention(service: str) -> Convention:
    made = _CONVENTIONS.get(service)
    return Convention(service) if made is None else made()


def _subresources(service: str, operation: str) -> dict[str, object]:
    """What S3 prints for the ``?policy`` of an operation's URI: ``{"policy": ""}``."""
    if service != "s3" or operation not in models.service(service):
        return {}
    query = models.service(service).operation(operation).uri.partition("?")[2]
    return {part: "" for part in query.split("&") if part and "=" not in part}


def _parameters(known: _Operation, request: Mapping[str, object], resources: Resources) -> bytes:
    if known.request is None:
        return b"null"
    printed = known.request(request, resources)
    if known.subresources and isinstance(printed, dict):
        printed |= known.subresources
    return _json(printed) if printed else b"null"


def _assumed(request: Mapping[str, object]) -> bytes:
    """The role that an AssumeRole call was for, as the record's ``resources``."""
    role = request.get("RoleArn")
    if not isinstance(role, str) or role.count(":") < 5:
        return b""
    resource = {"accountId": role.split(":")[4], "type": "AWS::IAM::Role", "ARN": role}
    return b',"resources":[' + _json(resource) + b"]"


def _cut(text: str) -> str:
    """At most 1 KB: a longer text ends in three dots, as EC2's encoded messages do."""
    if len(text) <= _LONGEST // 4:  # no character takes more than four bytes
        return text
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST:
        return text
    return encoded[: _LONGEST - 3].decode("utf-8", "ignore") + "..."


def _text(text: str) -> bytes:
    try:
        return orjson.dumps(text)
    except orjson.JSONEncodeError:
        return orjson.dumps(_clean(text))


def _json(value: object) -> bytes:
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        text = orjson.dumps(_clean(value))
    return text if len(text) <= _LARGEST else _OMITTED


def _clean(value: object) -> object:
    """What orjson takes, of what a client can send: half characters, endless integers, bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool | float) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else ""
