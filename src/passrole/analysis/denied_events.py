"""Denials read from JSON: CloudTrail events, LookupEvents' answers and decoded authorization messages.

Sources: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity
events"; STS API Reference, DecodeAuthorizationMessage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from passrole.analysis.denials import EXPLICIT, IMPLICIT, Denial, NotADenial, Values, of_message, other_words
from passrole.catalog import operations
from passrole.catalog.operations import Operation
from passrole.catalog.services import operation_of_event

_BLOB: Final = re.compile(r"[A-Za-z0-9_-]{80,}")


def read(text: str) -> Denial:
    """The denial in a message, an encoded or decoded one, or a CloudTrail event. Raises NotADenial."""
    stripped = text.strip()
    if stripped.startswith(("{", "[")):
        try:
            content: object = json.loads(stripped)
        except json.JSONDecodeError:
            content = None
        if content is not None:
            return of_json(content)
    if _BLOB.fullmatch(stripped):
        return Denial(encoded=stripped)
    return of_message(text)


def of_json(content: object) -> Denial:
    """The same of JSON: a CloudTrail event, LookupEvents' answer, or a decoded message."""
    if isinstance(content, list):
        for one in content:
            if isinstance(one, Mapping) and _denied_event(one):
                return of_json(one)
        raise NotADenial("none of these events was denied")
    if not isinstance(content, Mapping):
        raise NotADenial("neither a CloudTrail event nor a decoded message")
    for member in ("Records", "Events", "events"):
        if isinstance(content.get(member), list):
            return of_json(content[member])
    inner = content.get("CloudTrailEvent") or content.get("DecodedMessage") or content.get("detail")
    if isinstance(inner, str):
        try:
            return of_json(json.loads(inner))
        except json.JSONDecodeError as error:
            raise NotADenial(f"the event inside is not JSON: {error}") from error
    if isinstance(inner, Mapping):
        return of_json(inner)
    if "eventName" in content:
        return of_event(content)
    if "explicitDeny" in content or "context" in content:
        return of_decoded(content)
    raise NotADenial("neither a CloudTrail event nor a decoded message")


def _denied_event(event: Mapping[str, object]) -> bool:
    inner = event.get("CloudTrailEvent")
    if isinstance(inner, str):
        return "errorCode" in inner
    return bool(event.get("errorCode"))


def of_decoded(content: Mapping[str, object]) -> Denial:
    """What DecodeAuthorizationMessage shows."""
    context = _block(content, "context")
    principal = _block(context, "principal")
    keys: dict[str, Values] = {}
    for entry in _items(context, "conditions"):
        values = tuple(str(one.get("value", "")) for one in _items(entry, "values"))
        if values:
            keys[str(entry.get("key", "")).lower()] = values if len(values) > 1 else values[0]
    passed_to = keys.get("iam:passedtoservice")
    explicit = content.get("explicitDeny") is True
    action = str(context.get("action", ""))
    if not action:
        raise NotADenial("a decoded message without context.action")
    return Denial(
        principal=str(principal.get("arn", "")),
        action=action,
        resource=str(context.get("resource", "")),
        outcome=EXPLICIT if explicit else IMPLICIT,
        services=(passed_to,) if isinstance(passed_to, str) else (),
        context=keys,
        # AWS tells some keys only, and spells the global ones its own way; an endpoint of ours tells all.
        complete="aws:principalarn" in keys,
        statements=tuple(
            (str(one.get("policy", "")), str(one.get("statementId", "")))
            for one in _items(content, "matchedStatements")
        ),
    )


def _block(content: Mapping[str, object], member: str) -> Mapping[str, object]:
    found = content.get(member)
    return found if isinstance(found, Mapping) else {}


def _items(content: Mapping[str, object], member: str) -> Iterator[Mapping[str, object]]:
    found = _block(content, member).get("items")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping):
            yield one


_DENIED: Final = re.compile(r"AccessDenied|Unauthorized|AuthorizationError|NotAuthorized|Forbidden")


def is_denied(event: Mapping[str, object]) -> bool:
    """Was the call refused for want of rights, or a role that it passes?"""
    code = str(event.get("errorCode") or "")
    message = str(event.get("errorMessage") or "")
    return (
        bool(_DENIED.search(code))
        or "is not authorized to perform" in message
        or bool(code and other_words(message))
    )


def of_event(event: Mapping[str, object]) -> Denial:
    """A CloudTrail event of a call that was refused. Raises NotADenial."""
    if not event.get("errorCode"):
        raise NotADenial(f"{event.get('eventName')}: this call was not denied")
    known = operation_of_event(str(event.get("eventSource", "")), str(event.get("eventName", "")))
    message = str(event.get("errorMessage") or "")
    try:
        denial = of_message(message)
    except NotADenial:
        if not is_denied(event):
            raise NotADenial(
                f"{event.get('eventName')}: {event.get('errorCode')} is no denial: {message}"
            ) from None
        denial = Denial(action=f"{known[0]}:{known[1]}" if known is not None else "")
    called = operations.operation(*known) if known is not None else None
    if called is not None and not denial.action and called.actions:
        denial = replace(denial, action=called.actions[0].action)
    identity = _block(event, "userIdentity")
    if not denial.principal:
        denial = replace(denial, principal=str(identity.get("arn") or ""))
    services = denial.services
    if called is not None and denial.action in (operations.PASS_ROLE, "sts:AssumeRole"):
        services = _passed_to(called, event, denial.resource) or services
    return replace(denial, services=services, context={**_event_context(event, identity), **denial.context})


def _passed_to(called: Operation, event: Mapping[str, object], role: str) -> tuple[str, ...]:
    """The principals of the role parameter in which the event has the role."""
    rows = called.role_parameters
    if len({one.principals for one in rows}) == 1:
        return rows[0].principals
    members = {member.lower() for member in _members_with(event.get("requestParameters"), role)}
    named = {one.principals for one in rows if re.split(r"[.\[\]{}]+", one.path)[-1].lower() in members}
    return named.pop() if len(named) == 1 else ()


def _members_with(content: object, role: str) -> Iterator[str]:
    """The names of the members that hold the role's ARN or name."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if isinstance(value, str) and role and value in (role, role.rsplit("/", 1)[-1]):
                yield str(name)
            yield from _members_with(value, role)
    elif isinstance(content, list):
        for one in content:
            yield from _members_with(one, role)


def _event_context(event: Mapping[str, object], identity: Mapping[str, object]) -> dict[str, Values]:
    """The condition keys that an event tells."""
    found: dict[str, Values] = {}
    for key, member in (("aws:requestedregion", "awsRegion"), ("aws:useragent", "userAgent")):
        value = event.get(member)
        if isinstance(value, str) and value:
            found[key] = value
    address = str(event.get("sourceIPAddress") or "")
    if re.fullmatch(r"[0-9.]+|[0-9a-fA-F:]+", address):  # else a service's name
        found["aws:sourceip"] = address
    moment = event.get("eventTime")
    if isinstance(moment, str) and moment:
        found["aws:currenttime"] = moment
    attributes = _block(_block(identity, "sessionContext"), "attributes")
    mfa = attributes.get("mfaAuthenticated")
    if isinstance(mfa, str):
        found["aws:multifactorauthpresent"] = mfa
    endpoint = event.get("vpcEndpointId")
    if isinstance(endpoint, str) and endpoint:
        found["aws:sourcevpce"] = endpoint
    return found
