"""Denials read: every form in which AWS and its SDKs tell that something was refused.

Sources: IAM User Guide, "Troubleshoot access denied error messages"; EC2 API Reference, "Error codes";
messages in public reports. What comes as JSON is read by ``denied_events``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from passrole.catalog import operations, passed
from passrole.catalog.operations import Operation
from passrole.catalog.role_parameters import ParameterError
from passrole.decision.layers import (
    BOUNDARY,
    ENDPOINT,
    IDENTITY,
    RCP,
    RESOURCE,
    SCP,
    SESSION,
    TRUST,
    Layer,
)
from passrole.values.errors import PassroleError

Values = str | tuple[str, ...]

EXPLICIT: Final = "explicit_deny"
IMPLICIT: Final = "implicit_deny"
ACCOUNT: Final = "account"  # the layer of passes to another account

_LAYERS: Final[Mapping[str, Layer]] = {
    "identity-based": IDENTITY,
    "resource-based": RESOURCE,
    "role trust": TRUST,
    "permissions boundary": BOUNDARY,
    "session": SESSION,
    "sessions": SESSION,  # as one of AWS's own examples has it
    "service control": SCP,
    "resource control": RCP,
    "VPC endpoint": ENDPOINT,
}
_TYPE: Final = "|".join(sorted(_LAYERS, key=len, reverse=True))

_FORWARDED: Final = "transitively through a service control policy"
_SENTENCE: Final = re.compile(
    r"User: (?P<principal>\S+) is not authorized to perform: (?P<action>[\w-]+:[\w*]+)"
    r"(?: on resource: (?:\"(?P<quoted>[^\"]*)\"|"
    r"(?P<resource>(?:(?:role|user|group|policy|instance profile) )?\S+?)(?=[.,;\"')]*(?:\s|$))))?"
)
_WHY_IMPLICIT: Final = re.compile(
    rf"because no (?P<type>{_TYPE})(?: policy)? allows the (?P<action>[\w-]+:[\w*]+) action"
)
_WHY_EXPLICIT: Final = re.compile(
    rf"with an explicit deny(?: in (?:an|a|the) (?P<type>{_TYPE})(?: policy)?)?"
    rf"(?: {_FORWARDED})?(?:(?:: |, with policy ARN: )(?P<arn>arn:\S+))?"
)
_WHY_KMS: Final = re.compile(
    r"because the resource does not exist in this Region, no resource-based policies"
)
_ENCODED: Final = re.compile(
    r"Encoded authorization failure message: (?P<blob>[A-Za-z0-9_-]+)(?P<cut>\.\.\.)?"
)
_ASSUME_OLD: Final = re.compile(r"Not authorized to perform (?P<action>sts:\w+)")

# How clients frame a message: which call it answered.
_CALLS: Final = (
    re.compile(r"when calling the (?P<operation>\w+) operation"),  # botocore, AWS CLI
    re.compile(r"operation error (?P<service>[\w ]+): (?P<operation>\w+)"),  # Go, Terraform
    re.compile(r"API: (?P<service>[\w-]+):(?P<operation>\w+) "),  # CloudFormation
)


class NotADenial(PassroleError):
    """A text in which nothing is refused."""


@dataclass(frozen=True, slots=True)
class Denial:
    """What a denial says. What it does not say is "".

    outcome and layer are those of its reason; services the principals that a role may have been passed to,
    () where that is not told. context holds the condition keys that it tells, in lower case; complete tells
    that there were no others. encoded is EC2's message that only DecodeAuthorizationMessage opens.
    """

    principal: str = ""
    action: str = ""
    resource: str = ""
    outcome: str = ""
    layer: str = ""
    reason: str = ""
    policy: str = ""  # ARN of the policy that denied
    services: tuple[str, ...] = ()
    encoded: str = ""
    encoded_cut: bool = False
    context: Mapping[str, Values] = field(default_factory=dict)
    complete: bool = False
    statements: tuple[tuple[str, str], ...] = ()  # (policy, statement) of a decoded message


def of_message(text: str) -> Denial:
    """A message in any of AWS's forms, with whatever a client has put around it."""
    line = " ".join(text.replace('\\"', '"').split())
    called = _called(line)
    encoded = _ENCODED.search(line)
    blob, cut = (encoded["blob"], bool(encoded["cut"])) if encoded is not None else ("", False)
    services = _services_of(called)
    found = _SENTENCE.search(line)
    if found is None:
        other = other_words(line, called)
        if other is not None:
            return replace(other, encoded=blob, encoded_cut=cut)
        if blob:
            return Denial(encoded=blob, encoded_cut=cut, services=services)
        raise NotADenial(
            "no denial that is known: it needs AWS's words, as in “User: … is not authorized to perform: …”"
        )
    resource = found["quoted"] or found["resource"] or ""
    denial = Denial(
        principal="*" if found["principal"] == "anonymous" else found["principal"],
        action=found["action"],
        resource=resource.rstrip(".\"'"),
        services=services if found["action"] == operations.PASS_ROLE else (),
        encoded=blob,
        encoded_cut=cut,
    )
    return _with_reason(denial, line[found.end() :])


def _with_reason(denial: Denial, rest: str) -> Denial:
    implicit = _WHY_IMPLICIT.search(rest)
    if implicit is not None:
        layer = _LAYERS[implicit["type"]]
        return replace(
            denial, outcome=IMPLICIT, layer=layer.name, reason=implicit[0].removeprefix("because ")
        )
    explicit = _WHY_EXPLICIT.search(rest)
    if explicit is not None:
        layer_name = _LAYERS[explicit["type"]].name if explicit["type"] else ""
        if _FORWARDED in rest:
            layer_name = SCP.name
        policy = (explicit["arn"] or "").rstrip(".,)\"'")
        reason = explicit[0] if not policy else explicit[0][: explicit[0].index(policy) + len(policy)]
        return replace(denial, outcome=EXPLICIT, layer=layer_name, reason=reason, policy=policy)
    if _WHY_KMS.search(rest):
        return replace(
            denial, outcome=IMPLICIT, layer=RESOURCE.name, reason="no resource-based policy allows it"
        )
    return denial


def _called(line: str) -> tuple[str, str]:
    """(service as the client names it, operation), "" for what is not told."""
    for form in _CALLS:
        found = form.search(line)
        if found is not None:
            return found.groupdict().get("service") or "", found["operation"]
    return "", ""


def _services_of(called: tuple[str, str]) -> tuple[str, ...]:
    """The principals to which the operation of that name passes roles, where they are all the same."""
    service, name = called
    rows = [
        operation
        for operation in operations.passing()
        if operation.name == name and (not service or _is(operation, service))
    ]
    found = {parameter.principals for operation in rows for parameter in operation.role_parameters}
    return found.pop() if name and len(found) == 1 else ()


def _is(operation: Operation, service: str) -> bool:
    return operation.service.replace("-", "").lower() == re.sub(r"[^a-z0-9]", "", service.lower()) or (
        service.upper() == {"stepfunctions": "SFN"}.get(operation.service, "")
    )


# A role that is not there is no question of rights.
_ABSENT: Final = re.compile("NoSuch|NotFound")


@dataclass(frozen=True, slots=True)
class _Known:
    """A service's own words about a role that it cannot take."""

    pattern: re.Pattern[str]
    layer: str
    services: tuple[str, ...]


@lru_cache(maxsize=1)
def _known() -> tuple[_Known, ...]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for principal, rows in passed.uses().items():
        for use in rows:
            for error, layer in (
                (use.parameter.trust_error, TRUST.name),
                (use.parameter.cross_account_error, ACCOUNT),
            ):
                if error is not None and not _ABSENT.search(error.code):
                    key = (_pattern(error), layer)
                    found[key] = tuple(dict.fromkeys((*found.get(key, ()), principal)))
    return tuple(_Known(re.compile(text), layer, names) for (text, layer), names in found.items())


def _pattern(error: ParameterError) -> str:
    text = re.escape(error.message.rstrip("."))
    text = text.replace(re.escape("{role}"), r"(?P<role>arn:aws[\w-]*:iam::\d{12}:role/\S+?)", 1)
    return re.sub(r"\\\{(\w+)\\\}", r"\\S+?", text) + r"(?=[\s.'\"]|$)"


def other_words(line: str, called: tuple[str, str] = ("", "")) -> Denial | None:
    """What is refused in other words than AWS's common sentence."""
    services = _services_of(called)
    for known in _known():
        found = known.pattern.search(line)
        if found is not None:
            groups = found.groupdict()
            return Denial(
                action=operations.PASS_ROLE if known.layer == ACCOUNT else "sts:AssumeRole",
                resource=(groups.get("role") or "").rstrip("'\"."),
                outcome=IMPLICIT,
                layer=known.layer,
                reason=found[0],
                services=services or (known.services if len(known.services) == 1 else ()),
            )
    if "Cross-account pass role is not allowed" in line:
        return Denial(
            action=operations.PASS_ROLE,
            outcome=IMPLICIT,
            layer=ACCOUNT,
            reason="Cross-account pass role is not allowed",
            services=services,
        )
    old = _ASSUME_OLD.search(line)
    return Denial(action=old["action"]) if old is not None else None
