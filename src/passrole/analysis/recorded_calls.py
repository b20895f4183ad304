"""A recorded call made again: who called for what, as far as its record tells.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"
and "CloudTrail userIdentity element"; IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from passrole.analysis.audit.inputs import Recorded
from passrole.authorize.call import Call, Caller
from passrole.catalog.operations import operation
from passrole.catalog.operations import services as catalogued
from passrole.catalog.services import event_source, operation_of_event
from passrole.state.directory import Directory
from passrole.state.entities import Role, Session, User
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire.request import RawRequest

_VERSION: Final = re.compile(r"\d{8}(?:v\d+)?$|\d{4}_\d{2}_\d{2}$", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", re.ASCII)
_LONGEST: Final = timedelta(hours=12)  # a session's longest life: how long it had left is not told
_OMITTED: Final = "omitted"  # all that is left of parameters over 100 KB


class NotTold(PassroleError):
    """A call that its record does not tell enough of; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """The call, and what its record leaves open.

    untold are condition keys (lower case) that AWS may have set and the record does not hold, of those that
    only the record could tell. unread tells that the record has no parameters although the operation takes
    some: calls that are refused before they are read leave none.
    """

    call: Call
    untold: frozenset[str]
    unread: bool


def recorded_call(event: Mapping[str, object], directory: Directory) -> RecordedCall:
    """The call of a record, by a caller as the directory has it.

    Raises NotTold where the caller is not in the directory or is no user, role or root, or where nothing
    tells which operation it was.
    """
    identity = _block(event, "userIdentity")
    when = _moment(event.get("eventTime"))
    invoked_by = _text(identity, "invokedBy")
    address = _text(event, "sourceIPAddress")
    is_address = _ADDRESS.fullmatch(address) is not None
    caller, untold = _caller(identity, directory, when, "" if is_address or invoked_by else address)
    known = operation_named(_text(event, "eventSource"), _text(event, "eventName"))
    if known is None:
        raise NotTold(f"which operation {event.get('eventName')} of {event.get('eventSource')} is")
    service, name = known
    parameters = event.get("requestParameters")
    if isinstance(parameters, Mapping) and parameters.get(_OMITTED) is True:
        raise NotTold("the parameters, which were too large for the record")
    given = _recorded(service, name)(parameters)
    account = _text(event, "recipientAccountId") or caller.account
    agent = _text(event, "userAgent")
    endpoint = _text(event, "vpcEndpointId")
    extra: dict[str, str | tuple[str, ...]] = {"aws:sourcevpce": endpoint} if endpoint else {}
    if endpoint:
        untold |= {"aws:sourcevpc", "aws:vpcsourceip"}
    if invoked_by:
        untold |= {"aws:calledvia", "aws:calledviafirst"}  # other services may stand before the last
    if not agent:
        untold |= {"aws:useragent"}
    call = Call(
        raw=RawRequest("POST", "/", "", (("user-agent", agent),) if agent else (), b"", client=address),
        body=b"",
        service=service,
        operation=name,
        protocol="",
        input=given,
        caller=caller,
        account=account,
        region=_text(event, "awsRegion") or "us-east-1",
        now=when,
        request_id=_text(event, "requestID"),
        called_via=(invoked_by,) if invoked_by else (),
        secure=True,
        extra=extra,
    )
    return RecordedCall(call, frozenset(untold | {"aws:referer"}), parameters is None)


def operation_named(source: str, event: str) -> tuple[str, str] | None:
    """(botocore's service, operation) of an event, among all that the catalog knows of its source."""
    known = operation_of_event(source, event)
    if known is not None and operation(*known) is not None:
        return known
    bare = _VERSION.sub("", event)
    for service in _services_of(source):
        for name in dict.fromkeys((event, bare)):
            if operation(service, name) is not None:
                return service, name
    return None


@lru_cache(maxsize=4096)
def _recorded(service: str, name: str) -> Recorded:
    return Recorded(service, name)


@lru_cache(maxsize=512)
def _services_of(source: str) -> tuple[str, ...]:
    return tuple(name for name in catalogued() if source in (event_source(name), f"{name}.amazonaws.com"))


def _caller(
    identity: Mapping[str, object], directory: Directory, when: datetime, behind: str
) -> tuple[Caller, set[str]]:
    """The caller, and its keys that the record leaves open. behind is a service that used its session."""
    kind = _text(identity, "type")
    arn = _text(identity, "arn")
    try:
        if kind in ("Root", "IAMUser"):
            return _user(identity, Principal.parse(arn, id=_text(identity, "principalId")), directory, when)
        if kind == "AssumedRole":
            return _session(identity, directory, when, behind)
    except InvalidArn as error:
        raise NotTold(f"who called: {error}") from error
    who = _text(identity, "invokedBy") or arn or kind or "nobody"
    raise NotTold(f"the rights of {who}: it is neither a user nor a role's session of the account")


def _user(
    identity: Mapping[str, object], principal: Principal, directory: Directory, when: datetime
) -> tuple[Caller, set[str]]:
    user: User | None = None
    if principal.kind is PrincipalKind.USER:
        arn = Arn.parse(principal.arn)
        user = directory.get(User, arn.account, arn.name)
        if user is None or user.arn != principal.arn:
            raise NotTold(f"the policies of {principal.arn}: there is no such user in the details")
    attributes = _block(_block(identity, "sessionContext"), "attributes")
    session = None
    untold: set[str] = set()
    if attributes:
        session = _made(identity, "token", principal, attributes, when, user_id=user.id if user else "")
        untold |= _of_mfa(session)
    return Caller(principal, _text(identity, "accessKeyId"), session, user=user), untold


def _session(
    identity: Mapping[str, object], directory: Directory, when: datetime, behind: str
) -> tuple[Caller, set[str]]:
    context = _block(identity, "sessionContext")
    issuer = _text(_block(context, "sessionIssuer"), "arn")
    principal = Principal.parse(_text(identity, "arn"), role_arn=issuer, id=_text(identity, "principalId"))
    role_arn = Arn.parse(principal.role_arn)
    role = directory.get(Role, role_arn.account, role_arn.name)
    if role is None or (issuer and role.arn != issuer):
        raise NotTold(f"the policies of {principal.role_arn}: there is no such role in the details")
    principal = Principal(
        principal.kind,
        principal.arn,
        principal.account,
        principal.id or f"{role.id}:{principal.session_name}",
        role_arn=role.arn,
    )
    made = _made(
        identity,
        "role",
        principal,
        _block(context, "attributes"),
        when,
        role_id=role.id,
        invoked_by=behind,
        source_identity=_text(context, "sourceIdentity"),
    )
    return Caller(principal, made.id, made, role=role), _of_mfa(made)


def _made(
    identity: Mapping[str, object],
    sort: str,
    principal: Principal,
    attributes: Mapping[str, object],
    when: datetime,
    *,
    role_id: str = "",
    user_id: str = "",
    invoked_by: str = "",
    source_identity: str = "",
) -> Session:
    issued = _moment(attributes.get("creationDate")) if attributes.get("creationDate") else when
    return Session(
        account=principal.account,
        id=_text(identity, "accessKeyId") or "ASIA",
        secret="",
        token="",
        sort=sort,
        arn=principal.arn,
        principal_id=principal.id,
        role_id=role_id,
        user_id=user_id,
        issued=issued,
        expires=issued + _LONGEST,
        source_identity=source_identity,
        mfa_at=issued if attributes.get("mfaAuthenticated") == "true" else None,
        invoked_by=invoked_by,
    )


def _of_mfa(session: Session) -> set[str]:
    """How long ago the device was used is not told."""
    return {"aws:multifactorauthage"} if session.mfa_at is not None else set()


def _moment(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise NotTold(f"when it was: {value!r} is no time") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _block(content: Mapping[str, object], member: str) -> Mapping[str, object]:
    found = content.get(member)
    return found if isinstance(found, Mapping) else {}


def _text(content: Mapping[str, object], member: str) -> str:
    found = content.get(member)
    return found if isinstance(found, str) else ""
