"""What the records of one operation have in common: its names, and how its input and answer are printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Final

from passrole.state.records.ec2 import ClassicRequest, ClassicResponse, QueryRequest, QueryResponse
from passrole.state.records.ec2_tables import CLASSIC
from passrole.state.records.names import EventNames, event_names
from passrole.state.records.parameters import (
    Convention,
    Dated,
    EksConvention,
    Resources,
    SameSpelling,
    Write,
    iso,
    newer_java,
)
from passrole.state.records.printing import text
from passrole.state.records.s3 import S3Convention, headers
from passrole.values.errors import ServiceError
from passrole.wire import models, services
from passrole.wire.models import Shape

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
# Data events print no answer, but for these. Sources: SNS Developer Guide, SQS Developer Guide and CloudTrail
# User Guide, examples of data events.
_ANSWERED_DATA: Final = frozenset(
    (
        ("cognito-identity", "GetCredentialsForIdentity"),
        ("sns", "Publish"),
        ("sns", "PublishBatch"),
        ("sqs", "SendMessage"),
        ("sqs", "SendMessageBatch"),
    )
)
_ANSWERED_ALWAYS: Final = frozenset({"kms"})  # even where the API answers nothing
_UNWRAPPED: Final = frozenset(
    {"docdb", "elasticache", "neptune", "rds", "redshift"}
)  # print what is in the output's only structure

# Members that are there even when the caller gave none: AWS's code has them as plain booleans. Sources: as in
# the events of these operations that tests/state/recorded_events.yaml names.
_DEFAULTS: Final[Mapping[tuple[str, str], Mapping[str, object]]] = {
    ("apigateway", "GetResource"): {"template": False},
    ("dms", "RebootReplicationInstance"): {"forceFailover": False},
    ("events", "DeleteRule"): {"force": False},
    ("lambda", "CreateFunction"): {"publish": False},
    ("sns", "Subscribe"): {"returnSubscriptionArn": False},
    ("ssm", "SendCommand"): {"interactive": False},
    ("stepfunctions", "CreateStateMachine"): {"publish": False},
}

# What a service says of itself. Source: Application Auto Scaling User Guide, "Example events".
_ADDITIONAL: Final[Mapping[str, Mapping[str, object]]] = {
    "application-autoscaling": {"service": "application-autoscaling"},
}

_CONVENTIONS: Final[Mapping[str, Callable[[], Convention]]] = {
    "appsync": lambda: Dated("appsync", lambda time: int(time.timestamp() * 1000)),
    "ce": lambda: SameSpelling("ce"),
    "eks": lambda: EksConvention("eks"),
    "iam": lambda: Dated("iam", newer_java),
    "kms": lambda: Dated("kms", newer_java),
    "rolesanywhere": lambda: Dated("rolesanywhere", iso),
    "s3": lambda: S3Convention("s3"),
    "sts": lambda: Dated("sts", newer_java),
}

Answer = Callable[[object, Resources, str], object]  # (output, resources, request id)


class RecordedOperation:
    """How one operation's calls are recorded. request and answer are None where nothing is printed."""

    __slots__ = (
        "additional",
        "answer",
        "by_error",
        "defaults",
        "end",
        "kind",
        "names",
        "request",
        "service",
        "source",
        "subresources",
    )

    def __init__(self, service: str, operation: str) -> None:
        self.service = service
        self.names: EventNames = event_names(service, operation)
        self.source = b',"eventSource":' + text(self.names.source)
        self.source += b',"eventName":' + text(self.names.name) + b',"awsRegion":'
        self.end = b',"readOnly":' + (b"true" if self.names.read_only else b"false")
        self.kind = b',"eventType":"AwsApiCall"'
        if self.names.api_version:
            self.kind += b',"apiVersion":' + text(self.names.api_version)
        self.kind += b',"managementEvent":' + (b"false" if self.names.data else b"true")
        self.defaults = _DEFAULTS.get((service, operation), {})
        self.additional = _ADDITIONAL.get(service, {})
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


@lru_cache(maxsize=8192)  # bounded: the operation's name may be anything that a client sends
def recorded_operation(service: str, operation: str) -> RecordedOperation:
    """service and operation are botocore's names; of what no model knows only the names are recorded."""
    return RecordedOperation(service, operation)


def _modeled(service: str) -> bool:
    return service in services.index()


def _writers(service: str, operation: str, names: EventNames) -> tuple[Write | None, Answer | None]:
    """How the operation's input and output are printed; None for what is not."""
    answered = not names.read_only or (service, operation) in _ANSWERED_READS
    answered = answered and (not names.data or (service, operation) in _ANSWERED_DATA)
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
    if service == "s3":
        return write, _header_answer(model.output) if names.data and not names.read_only else None
    if not answered:
        return write, None
    if model.output is None:
        return write, (lambda _output, _resources, _request_id: {}) if service in _ANSWERED_ALWAYS else None
    printed = convention.structure(model.output)

    def answer(output: object, resources: Resources, request_id: str) -> object:
        return printed(output, resources)

    if service in _UNWRAPPED and [part.kind for part in model.output.members.values()] == ["structure"]:

        def unwrapped(output: object, resources: Resources, request_id: str) -> object:
            whole = printed(output, resources)
            return next(iter(whole.values()), None) if isinstance(whole, dict) else whole

        return write, unwrapped
    return write, answer


def _header_answer(shape: Shape | None) -> Answer | None:
    """What S3 answers a call on an object with is headers."""
    if shape is None:
        return None
    return lambda output, _resources, _request_id: headers(output, shape)


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
