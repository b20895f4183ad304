"""The constraints that AWS's models put on an operation's input, and AWS's words for breaking them.

«1 validation error detected: Value 'x' at 'roleName' failed to satisfy constraint: Member must …». Lengths
are counted in characters, not bytes. Services differ in the error's code, IAM in leaving the value out,
EC2, RDS and Organizations in everything: see the tables. S3 checks its input itself, and so is not here.

Sources: answers of STS, IAM, DynamoDB and ECS recorded by public projects; Organizations API Reference,
InvalidInputException; RDS and EC2 API References, "Common Errors" and "Error codes".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from passrole.values.errors import ServiceError
from passrole.wire import models, services
from passrole.wire.constraints import Problem, problems

# Where the code is not the protocol's: ValidationError for query, ValidationException for the others.
_CODES: Final[Mapping[str, str]] = {
    "athena": "InvalidRequestException",
    "cloudfront": "InvalidArgument",
    "logs": "InvalidParameterException",
    "route53": "InvalidInput",
}

# Query services that name a required parameter that is not there, instead of counting errors.
_MISSING_PARAMETER: Final = frozenset({"docdb", "elasticache", "iam", "neptune", "rds", "redshift"})

_UNCHECKED: Final = frozenset({"s3", "s3control", "s3outposts", "sdb", "importexport"})

# Organizations gives a reason for each constraint instead of the value and the pattern.
_ORGANIZATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "required": ("INPUT_REQUIRED", "You must include a value for all required parameters."),
    "shortest": (
        "MIN_LENGTH_EXCEEDED",
        "You provided a string parameter that is shorter than allowed.",
    ),
    "longest": ("MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed."),
    "pattern": ("INVALID_PATTERN", "You provided a value that does not match the required pattern."),
    "enum": ("INVALID_ENUM", "You specified an invalid value."),
    "smallest": (
        "MIN_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a smaller value than allowed.",
    ),
    "largest": (
        "MAX_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a larger value than allowed.",
    ),
    "items": ("INVALID_PATTERN", "You provided a value that does not match the required pattern."),
}

_IAM_NAME: Final = (
    "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the "
    "following: +=,.@_-"
)
_IAM_PATH: Final = (
    "The specified value for {member} is invalid. It must begin and end with / and contain only alphanumeric "
    "characters and/or / characters."
)
_IAM_PREFIX: Final = (
    "The specified value for {member} is invalid. It must begin with the / character and contain only "
    "alphanumeric characters and/or / characters."
)

# IAM's own words for the patterns of some shapes; they stand alone, without the count of errors.
_IAM_TEXTS: Final[Mapping[str, str]] = {
    "existingUserNameType": _IAM_NAME,
    "groupNameType": _IAM_NAME,
    "instanceProfileNameType": _IAM_NAME,
    "pathPrefixType": _IAM_PREFIX,
    "pathType": _IAM_PATH,
    "policyNameType": _IAM_NAME,
    "policyPathType": _IAM_PATH,
    "roleNameType": _IAM_NAME,
    "userNameType": _IAM_NAME,
}


def validate(service: str, operation: str, given: Mapping[str, object], *, protocol: str = "") -> None:
    """Raises ServiceError, in the service's own words, where the input breaks the model's constraints.

    protocol chooses the code; the service's first where it is "".
    """
    if service in _UNCHECKED:
        return
    protocol = protocol or services.entry(service).protocols[0]
    if service in _MISSING_PARAMETER:
        _check_present(service, operation, given)
    found = problems(service, operation, given, required_only=protocol == "ec2")
    if found:
        raise _error(service, protocol, found)


def malformed(service: str, protocol: str, place: str, value: str, pattern: str) -> ServiceError:
    """What a service answers to a text that is not of the form it asks for, where its model has no pattern.

    place is the concrete input path: ``Targets[0].RoleArn``.
    """
    path = re.sub(r"\[(\d+)\]", lambda found: f".{int(found[1]) + 1}.member", place)
    path = re.sub(r"\{([^}]*)\}", r".\1.member", path)
    path = ".".join(name[:1].lower() + name[1:] for name in path.split("."))
    if protocol == "ec2":
        text = f"Value ({value}) for parameter {path.rpartition('.')[2]} is invalid."
        return ServiceError(text, code="InvalidParameterValue", status=400)
    if services.is_s3(service):
        return ServiceError("Invalid Argument", code="InvalidArgument", status=400)
    default = "ValidationError" if protocol == "query" else "ValidationException"
    text = (
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}"
    )
    return ServiceError(text, code=_CODES.get(service, default), status=400)


def _check_present(service: str, operation: str, given: Mapping[str, object]) -> None:
    # IAM checks what makes an entity with the other constraints, what names one before them; there an
    # empty name is none (recorded: GetUser, DeleteUser, CreateUser).
    if service == "iam" and operation.startswith("Create"):
        return
    shape = models.service(service).operation(operation).input
    for name in shape.required if shape is not None else ():
        value = given.get(name)
        if value is None or (value == "" and service == "iam"):
            text = f"The request must contain the parameter {name}."
            raise ServiceError(text, code="MissingParameter", status=400)


def _error(service: str, protocol: str, found: list[Problem]) -> ServiceError:
    first = found[0]
    if protocol == "ec2":
        name = first.path.rpartition(".")[2]
        text = f"The request must contain the parameter {name[:1].upper()}{name[1:]}"
        return ServiceError(text, code="MissingParameter", status=400)
    if service == "organizations":
        reason, text = _ORGANIZATIONS[first.kind]
        return ServiceError(text, code="InvalidInputException", status=400, fields={"Reason": reason})
    if service == "iam":
        listed = [problem for problem in found if not _has_own_words(problem)]
        if not listed:
            member = first.path.rpartition(".")[2]
            text = _IAM_TEXTS[first.shape.name].format(member=member)
            return ServiceError(text, code="ValidationError", status=400)
        return ServiceError(_listing(listed, with_values=False), code="ValidationError", status=400)
    default = "ValidationError" if protocol == "query" else "ValidationException"
    code = _CODES.get(service, default)
    return ServiceError(_listing(found, with_values=True), code=code, status=400)


def _has_own_words(problem: Problem) -> bool:
    return problem.kind == "pattern" and problem.shape.name in _IAM_TEXTS


def _listing(found: list[Problem], *, with_values: bool) -> str:
    clauses = "; ".join(
        f"{_valued(problem, with_values=with_values)} at '{problem.path}' failed to satisfy constraint: "
        f"{problem.text}"
        for problem in found
    )
    count = len(found)
    return f"{count} validation {'error' if count == 1 else 'errors'} detected: {clauses}"


def _valued(problem: Problem, *, with_values: bool) -> str:
    if not with_values or problem.shape.sensitive:
        return "Value"
    if problem.value is None:
        return "Value null"
    return f"Value '{_shown(problem.value)}'"


def _shown(value: object) -> str:
    """A value as Java prints it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case bytes():
            return "java.nio.HeapByteBuffer"
        case Mapping():
            return "{" + ", ".join(f"{key}={_shown(entry)}" for key, entry in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(_shown(entry) for entry in value) + "]"
    return str(value)
