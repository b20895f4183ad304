"""The constraints that AWS's models put on an operation's input, and AWS's words for breaking them.

«1 validation error detected: Value 'x' at 'roleName' failed to satisfy constraint: Member must …». Lengths
are counted in characters, not bytes. Services differ in the error's code, IAM in leaving the value out,
EC2, RDS and Organizations in everything: see the tables. S3 checks its input itself, and so is not here.

Sources: answers of STS, IAM, DynamoDB and ECS recorded by public projects; Organizations API Reference,
InvalidInputException; RDS and EC2 API References, "Common Errors" and "Error codes".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from passrole.values.errors import ServiceError
from passrole.wire import models, services
from passrole.wire.models import Shape
from passrole.wire.patterns import matcher

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


@dataclass(frozen=True, slots=True)
class Problem:
    """One constraint that is not met. value is None where nothing was given."""

    path: str
    kind: str  # required, shortest, longest, smallest, largest, pattern, enum, items
    text: str  # "Member must have length less than or equal to 64"
    value: object
    shape: Shape


Check = Callable[[Any, str, list[Problem]], None]


def validate(service: str, operation: str, given: Mapping[str, object], *, protocol: str = "") -> None:
    """Raises ServiceError, in the service's own words, where the input breaks the model's constraints.

    protocol chooses the code; the service's first where it is "".
    """
    if service in _UNCHECKED:
        return
    protocol = protocol or services.entry(service).protocols[0]
    if service in _MISSING_PARAMETER:
        _check_present(service, operation, given)
    check = _checker(service, operation, required_only=protocol == "ec2")
    if check is None:
        return
    found: list[Problem] = []
    check(given, "", found)
    if found:
        raise _error(service, protocol, found)


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


def problems(service: str, operation: str, given: Mapping[str, object]) -> list[Problem]:
    """Everything in the input that the model forbids, in the order of the model's members."""
    found: list[Problem] = []
    check = _checker(service, operation, required_only=False)
    if check is not None:
        check(given, "", found)
    return found


@cache
def _checker(service: str, operation: str, *, required_only: bool) -> Check | None:
    shape = models.service(service).operation(operation).input
    return _compiler(service, required_only=required_only).compiled(shape) if shape is not None else None


@cache
def _compiler(service: str, *, required_only: bool) -> _Compiler:
    return _Compiler(required_only=required_only)


# --- Finding problems -------------------------------------------------------------------------


class _Compiler:
    """Compiles shapes to checks; what has nothing to check compiles to nothing."""

    def __init__(self, *, required_only: bool) -> None:
        self._required_only = required_only
        self._known: dict[str, Check | None] = {}

    def compiled(self, shape: Shape) -> Check | None:
        if shape.kind in ("structure", "list", "map"):
            if shape.name not in self._known:
                known = self._known
                # For a shape that contains itself. It may turn out to have nothing to check.
                known[shape.name] = lambda value, path, found: _call(known[shape.name], value, path, found)
                known[shape.name] = self._container(shape)
            return self._known[shape.name]
        if self._required_only:
            return None
        return _scalar(shape)

    def _container(self, shape: Shape) -> Check | None:
        match shape.kind:
            case "structure":
                return None if shape.document else self._structure(shape)
            case "list":
                return self._list(shape)
        return self._map(shape)

    def _structure(self, shape: Shape) -> Check | None:
        # A client may leave an idempotency token out even where the model requires it: SDKs make one up.
        required = {name for name in shape.required if not shape.members[name].idempotency_token}
        table = [
            (name, _lower(name), name in required, member, self.compiled(member))
            for name, member in shape.members.items()
        ]
        table = [row for row in table if row[2] or row[4] is not None]
        if not table:
            return None

        def check(value: Mapping[str, object], path: str, found: list[Problem]) -> None:
            prefix = f"{path}." if path else ""
            for name, key, needed, member, inner in table:
                entry = value.get(name)
                if entry is None:
                    if needed:
                        text = "Member must not be null"
                        found.append(Problem(prefix + key, "required", text, None, member))
                elif inner is not None:
                    inner(entry, prefix + key, found)

        return check

    def _list(self, shape: Shape) -> Check | None:
        size = None if self._required_only else _length(shape)
        member = shape.member
        if member.kind in ("structure", "list", "map"):
            inner = self.compiled(member)
            if inner is None:
                return size

            def check(value: Sequence[Any], path: str, found: list[Problem]) -> None:
                if size is not None:
                    size(value, path, found)
                for number, item in enumerate(value, 1):
                    if item is not None:
                        inner(item, f"{path}.{number}.member", found)

            return check
        return _every_item(shape, size, None if self._required_only else _scalar(member))

    def _map(self, shape: Shape) -> Check | None:
        size = None if self._required_only else _length(shape)
        keys = None if self._required_only else _scalar(shape.key)
        inner = self.compiled(shape.value)
        if size is None and keys is None and inner is None:
            return None
        key_rule = f"Map keys must satisfy constraint: [{', '.join(_rules(shape.key))}]"
        value_rule = f"Map value must satisfy constraint: [{', '.join(_rules(shape.value))}]"
        nested = shape.value.kind in ("structure", "list", "map")

        def check(value: Mapping[str, Any], path: str, found: list[Problem]) -> None:
            if size is not None:
                size(value, path, found)
            if keys is not None and _any_fails(keys, value):
                found.append(Problem(path, "items", key_rule, value, shape))
            if inner is None:
                return
            if nested:
                for key, entry in value.items():
                    if entry is not None:
                        inner(entry, f"{path}.{key}.member", found)
            elif _any_fails(inner, value.values()):
                found.append(Problem(path, "items", value_rule, value, shape))

        return check


def _call(check: Check | None, value: Any, path: str, found: list[Problem]) -> None:
    if check is not None:
        check(value, path, found)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _every_item(shape: Shape, size: Check | None, inner: Check | None) -> Check | None:
    """A list of single values is told of as a whole, with all that its items must be."""
    if inner is None:
        return size
    rule = f"Member must satisfy constraint: [{', '.join(_rules(shape.member))}]"

    def check(value: Sequence[Any], path: str, found: list[Problem]) -> None:
        if size is not None:
            size(value, path, found)
        if _any_fails(inner, value):
            found.append(Problem(path, "items", rule, value, shape))

    return check


def _any_fails(check: Check, values: Iterable[Any]) -> bool:
    found: list[Problem] = []
    for value in values:
        if value is not None:
            check(value, "", found)
            if found:
                return True
    return False


def _scalar(shape: Shape) -> Check | None:
    match shape.kind:
        case "string":
            return _text(shape)
        case "integer" | "long" | "float" | "double":
            return _number(shape)
        case "blob":
            return _length(shape)
    return None


_LONGEST: Final = "Member must have length less than or equal to {}"
_SHORTEST: Final = "Member must have length greater than or equal to {}"
_LARGEST: Final = "Member must have value less than or equal to {}"
_SMALLEST: Final = "Member must have value greater than or equal to {}"
_PATTERN: Final = "Member must satisfy regular expression pattern: {}"
_ENUM: Final = "Member must satisfy enum value set: [{}]"


def _rules(shape: Shape) -> list[str]:
    """All that the model asks of a single value, as AWS lists it."""
    number = shape.kind in ("integer", "long", "float", "double")
    rules = []
    if shape.maximum is not None:
        rules.append((_LARGEST if number else _LONGEST).format(shape.maximum))
    if shape.minimum is not None:
        rules.append((_SMALLEST if number else _SHORTEST).format(shape.minimum))
    if shape.pattern is not None:
        rules.append(_PATTERN.format(shape.pattern))
    if shape.enum:
        rules.append(_ENUM.format(", ".join(shape.enum)))
    return rules


def _text(shape: Shape) -> Check | None:
    size = _length(shape)
    pattern, allowed = shape.pattern, frozenset(shape.enum)
    if size is None and pattern is None and not allowed:
        return None
    pattern_rule = _PATTERN.format(pattern)
    enum_rule = _ENUM.format(", ".join(shape.enum))

    def check(value: str, path: str, found: list[Problem]) -> None:
        before = len(found)
        if allowed and value not in allowed:
            found.append(Problem(path, "enum", enum_rule, value, shape))
        if size is not None:
            size(value, path, found)
        # Compiled at first use. A text of the wrong length is not matched: it may be of any length.
        if pattern is not None and len(found) == before:
            match = matcher(pattern)
            if match is not None and match(value) is None:
                found.append(Problem(path, "pattern", pattern_rule, value, shape))

    return check


def _length(shape: Shape) -> Check | None:
    least, most = shape.minimum, shape.maximum
    if least is None and most is None:
        return None
    longest, shortest = _LONGEST.format(most), _SHORTEST.format(least)

    def check(value: Sequence[object], path: str, found: list[Problem]) -> None:
        size = len(value)
        if most is not None and size > most:
            found.append(Problem(path, "longest", longest, value, shape))
        elif least is not None and size < least:
            found.append(Problem(path, "shortest", shortest, value, shape))

    return check


def _number(shape: Shape) -> Check | None:
    least, most = shape.minimum, shape.maximum
    if least is None and most is None:
        return None
    largest, smallest = _LARGEST.format(most), _SMALLEST.format(least)

    def check(value: float, path: str, found: list[Problem]) -> None:
        if most is not None and value > most:
            found.append(Problem(path, "largest", largest, value, shape))
        elif least is not None and value < least:
            found.append(Problem(path, "smallest", smallest, value, shape))

    return check


# --- Wording them -----------------------------------------------------------------------------


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
