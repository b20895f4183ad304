"""Managed policies by ARN: the account's own and AWS's, which nobody here can change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from passrole.catalog import managed as catalog
from passrole.services.iam.errors import AccessDenied, InvalidInput, NoSuchEntity, ValidationError
from passrole.services.operation import ServiceCall
from passrole.state.directory import Directory
from passrole.state.entities import ATTACHED, BOUNDARY, ManagedPolicy, PolicyVersion, Tags
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, ServiceError


class PolicyNotAttachable(ServiceError):
    """A policy that only service-linked roles have."""

    code, status = "PolicyNotAttachable", 400


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy of either sort. versions are oldest first; of AWS's only the default is known."""

    arn: str
    name: str
    path: str
    id: str
    description: str
    created: datetime
    updated: datetime
    default: str
    versions: tuple[PolicyVersion, ...]
    tags: Tags = ()

    @property
    def document(self) -> str:
        """The default version's text."""
        return next(version.document for version in self.versions if version.id == self.default)

    def version(self, id: str) -> PolicyVersion | None:
        """The version of that id."""
        return next((version for version in self.versions if version.id == id), None)

    @property
    def for_services_only(self) -> bool:
        """True for a policy that service-linked roles alone may carry."""
        return self.arn.startswith("arn:aws:iam::aws:policy/aws-service-role/")


def look_up(directory: Directory, arn: str) -> Policy | None:
    """The policy of exactly that ARN, in whatever account."""
    account = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
    if account == "aws":
        return _of_aws(arn)
    own = directory.get(ManagedPolicy, account, arn.rsplit("/", 1)[-1])
    return of_account(own) if own is not None and own.arn == arn else None


def of_account(own: ManagedPolicy) -> Policy:
    """A customer managed policy."""
    return Policy(
        own.arn,
        own.name,
        own.path,
        own.id,
        own.description,
        own.created,
        own.updated,
        own.default,
        own.versions,
        own.tags,
    )


def of_aws(after: str, wanted: Callable[[str], bool]) -> Iterator[Policy]:
    """AWS's policies after an ARN, in order, as far as wanted says so of their ARNs.

    A policy is read only once it is wanted: there are some 1,500.
    """
    for arn in catalog.all_arns():
        if arn > after and wanted(arn):
            found = _of_aws(arn)
            if found is not None:
                yield found


def _of_aws(arn: str) -> Policy | None:
    known = catalog.get(arn)
    if known is None:
        return None
    version = PolicyVersion(id=known.version, document=known.document, created=known.updated)
    return Policy(
        known.arn,
        known.name,
        known.path,
        known.id,
        known.description,
        known.created,
        known.updated,
        known.version,
        (version,),
    )


def readable(call: ServiceCall, arn: str) -> Policy:
    """The policy that a request reads. Raises NoSuchEntity, ValidationError or AccessDenied."""
    _ensure_reachable(call, arn)
    found = look_up(call.directory, arn)
    if found is None:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return found


def with_version(call: ServiceCall, arn: str, id: str) -> tuple[Policy, PolicyVersion]:
    """A policy and one of its versions. Raises NoSuchEntity, ValidationError or AccessDenied."""
    _ensure_reachable(call, arn)
    found = look_up(call.directory, arn)
    version = found.version(id) if found is not None else None
    if found is None or version is None:
        raise NoSuchEntity(f"Policy {arn} version {id} does not exist or is not attachable.")
    return found, version


def editable(call: ServiceCall, arn: str) -> ManagedPolicy:
    """The account's own policy of that ARN. Raises NoSuchEntity, ValidationError or AccessDenied."""
    if _parsed(arn).account == "aws":
        raise _denied(call, arn)
    _ensure_reachable(call, arn)
    own = call.directory.get(ManagedPolicy, call.account, arn.rsplit("/", 1)[-1])
    if own is None or own.arn != arn:
        raise NoSuchEntity(f"Policy {arn} was not found.")
    return own


def attachable(call: ServiceCall, arn: str) -> Policy:
    """A policy that may be attached to a user, group or role of the account.

    Raises ValidationError, NoSuchEntity or PolicyNotAttachable.
    """
    account = _parsed(arn).account
    found = look_up(call.directory, arn) if account in ("aws", call.account) else None
    if found is None:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
    if found.for_services_only:
        raise PolicyNotAttachable("Cannot attach a Service Role Policy to a Customer Role.")
    return found


def boundary_arn(call: ServiceCall, arn: str | None) -> str:
    """The ARN of a policy that may be a permissions boundary, "" for None.

    Raises InvalidInput or NoSuchEntity.
    """
    if arn is None:
        return ""
    try:
        account = _parsed(arn).account
    except ValidationError as error:
        # The same text under another code (recorded 2026).
        raise InvalidInput(error.message) from error
    if account not in ("aws", call.account) or look_up(call.directory, arn) is None:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def attachment_count(directory: Directory, account: str, arn: str) -> int:
    """How many users, groups and roles of the account carry the policy."""
    return sum(1 for entity in directory.referring(ATTACHED, arn) if entity.account == account)


def path_of(arn: str) -> str:
    """``/service-role/`` of ``arn:aws:iam::aws:policy/service-role/Name``."""
    return arn[arn.index("/") : arn.rindex("/") + 1]


def boundary_count(directory: Directory, account: str, arn: str) -> int:
    """How many users and roles of the account have the policy as their boundary."""
    return sum(1 for entity in directory.referring(BOUNDARY, arn) if entity.account == account)


def ensure_valid(arn: str) -> None:
    """Raises ValidationError for what is no policy ARN."""
    _parsed(arn)


def _parsed(arn: str) -> Arn:
    try:
        parsed = Arn.parse(arn)
    except InvalidArn:
        parsed = None
    if parsed is None or parsed.service != "iam" or parsed.kind != "policy" or "/" not in parsed.resource:
        raise ValidationError(f"ARN {arn} is not valid.")
    return parsed


def _ensure_reachable(call: ServiceCall, arn: str) -> None:
    if _parsed(arn).account not in ("aws", call.account):
        raise _denied(call, arn)


def _denied(call: ServiceCall, arn: str) -> AccessDenied:
    return AccessDenied(
        f"User: {call.caller.principal.arn} is not authorized to perform: "
        f"iam:{call.call.operation} on resource: policy {arn}"
    )
