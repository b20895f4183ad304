"""What holds of a whole service: its IAM prefix, how it denies, how CloudTrail names it, its own roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.catalog import files, templates


@dataclass(frozen=True, slots=True)
class Denial:
    """How a service words a refusal: its error code and HTTP status, and the form of the message.

    opening stands before the sentence; encoded adds EC2's encoded failure message; quotes_resource puts the
    resource in double quotes, as S3 does.
    """

    code: str
    status: int
    opening: str = ""
    encoded: bool = False
    quotes_resource: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One of botocore's services."""

    name: str  # botocore's: "stepfunctions"
    prefix: str  # of its IAM actions: "states"
    principal: str  # "states.amazonaws.com"
    event_source: str  # CloudTrail's: "states.amazonaws.com"
    is_global: bool  # it has no Regions: its events are us-east-1's
    denial: Denial
    full_name: str  # "AWS Step Functions"


@dataclass(frozen=True, slots=True)
class FirstCall:
    """A call that makes a service-linked role where the account has none yet.

    when is a condition on its input: "" always, ``PATH`` or ``PATH=VALUE`` asks for it, ``!PATH`` only
    without.
    """

    service: str
    operation: str
    when: str

    def makes(self, given: Mapping[str, object]) -> bool:
        """True where a call with this input makes the role."""
        if self.when.startswith("!"):
            return not templates.asked(self.when[1:], given)
        path, equals, wanted = self.when.partition("=")
        if not equals:
            return templates.asked(path, given)
        return any(str(value) == wanted for value in templates.values_at(path, given))


@dataclass(frozen=True, slots=True)
class LinkedRole:
    """A service-linked role: ``/aws-service-role/PRINCIPAL/ROLE_NAME``."""

    principal: str
    role_name: str
    suffix: bool | None  # does CreateServiceLinkedRole take a CustomSuffix; None: not confirmed
    policy: str  # name of its managed policy, "" where it is not known
    description: str
    optional: bool  # the first call goes on where the caller may not make the role
    first_calls: tuple[FirstCall, ...]

    @property
    def path(self) -> str:
        """``/aws-service-role/autoscaling.amazonaws.com/``."""
        return f"/aws-service-role/{self.principal}/"

    @property
    def policy_arn(self) -> str:
        """ARN of its managed policy, "" where that is not known."""
        return f"arn:aws:iam::aws:policy/aws-service-role/{self.policy}" if self.policy else ""


# A service that botocore has and this catalog does not: the commonest form.
_DENIED: Final = Denial("AccessDeniedException", 403)


@lru_cache(maxsize=512)
def service(name: str) -> Service | None:
    """The service of that botocore name, None where the catalog does not know it."""
    table = files.table("services")
    row = table["services"].get(name)
    if row is None:
        return None
    prefix, principal, source, is_global, code, status, full_name = row
    opening = table["encoded"].get(name, "")
    return Service(
        name=name,
        prefix=prefix,
        principal=principal,
        event_source=source,
        is_global=bool(is_global),
        denial=Denial(code, status, opening, bool(opening), name in table["quotes_resource"]),
        full_name=full_name,
    )


def denial(name: str) -> Denial:
    """How a botocore service words a refusal."""
    known = service(name)
    return known.denial if known is not None else _DENIED


def action_prefix(name: str) -> str:
    """The IAM prefix of a botocore service; its own name where the catalog does not know it."""
    known = service(name)
    return known.prefix if known is not None else name


def event_source(name: str) -> str:
    """CloudTrail's eventSource: ``monitoring.amazonaws.com`` for cloudwatch."""
    known = service(name)
    return known.event_source if known is not None else f"{name}.amazonaws.com"


def event_name(name: str, operation: str) -> str:
    """CloudTrail's eventName: the operation, with a suffix where the service has one.

    >>> event_name("lambda", "CreateFunction")
    'CreateFunction20150331'
    """
    return operation + str(files.table("services")["event_suffixes"].get(name, {}).get(operation, ""))


def operation_of_event(source: str, event: str) -> tuple[str, str] | None:
    """(botocore service, operation) behind an event name, None for a source that no service has.

    Where several services share a source, the first in order whose name is the source's wins.

    >>> operation_of_event("lambda.amazonaws.com", "CreateFunction20150331")
    ('lambda', 'CreateFunction')
    """
    names = _by_source().get(source)
    if names is None:
        return None
    for name in names:
        suffixes = files.table("services")["event_suffixes"].get(name, {})
        for operation, suffix in suffixes.items():
            if event == operation + suffix:
                return name, operation
    return names[0], event


@lru_cache(maxsize=1)
def _by_source() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, row in files.table("services")["services"].items():
        found.setdefault(row[2], []).append(name)
    return {
        source: tuple(sorted(names, key=lambda name: (not source.startswith(f"{name}."), name)))
        for source, names in found.items()
    }


@lru_cache(maxsize=1)
def linked_roles() -> Mapping[str, LinkedRole]:
    """Service-linked roles by service principal (``autoscaling.amazonaws.com``)."""
    return {
        principal: LinkedRole(
            principal=principal,
            role_name=row["role"],
            suffix=row.get("suffix"),
            policy=row.get("policy", ""),
            description=row.get("description", ""),
            optional=row.get("optional", False),
            first_calls=tuple(_first_call(text) for text in row.get("made_by", ())),
        )
        for principal, row in files.table("service_linked_roles")["roles"].items()
    }


def _first_call(text: str) -> FirstCall:
    call, _, when = text.partition(" ")
    name, _, operation = call.partition(":")
    return FirstCall(name, operation, when)


@lru_cache(maxsize=1)
def _first_calls() -> Mapping[tuple[str, str], tuple[LinkedRole, ...]]:
    found: dict[tuple[str, str], tuple[LinkedRole, ...]] = {}
    for role in linked_roles().values():
        for call in role.first_calls:
            key = (call.service, call.operation)
            if role not in found.get(key, ()):
                found[key] = (*found.get(key, ()), role)
    return found


def linked_roles_made_by(name: str, operation: str, given: Mapping[str, object]) -> tuple[LinkedRole, ...]:
    """The service-linked roles that this call makes where the account lacks them."""
    return tuple(
        role
        for role in _first_calls().get((name, operation), ())
        if any(
            call.makes(given)
            for call in role.first_calls
            if (call.service, call.operation) == (name, operation)
        )
    )
