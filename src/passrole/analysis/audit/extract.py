"""The role passes of one recorded call: iam:PassRole leaves no event, the call that got the role does.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from passrole.analysis.audit.events import Record
from passrole.analysis.audit.inputs import HIDDEN
from passrole.analysis.audit.takers import Place, Taker, Takers
from passrole.analysis.denials import NotADenial, of_message, other_words
from passrole.analysis.denied_events import is_denied
from passrole.catalog import templates
from passrole.catalog.operations import PASS_ROLE, operation
from passrole.catalog.services import operation_of_event
from passrole.decision.layers import TRUST

ALLOWED: Final = "allowed"
DENIED: Final = "denied"
FAILED: Final = "failed"  # neither: the call failed for another reason

# What must be said of a role before it is known: that it is a profile's, or named by its name alone.
BY_ARN: Final = ""
BY_NAME: Final = "name"
BY_PROFILE: Final = "profile"

_ROLE: Final = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_PROFILE: Final = re.compile(
    r"arn:aws[\w-]*:iam::(\d{12}):instance-profile/(?:[!-.0-~]+/)*([\w+=,.@-]+)", re.ASCII
)
_NAME: Final = re.compile(r"/?[\w+=,.@/-]{1,640}", re.ASCII)
_PASS: Final = "iam:PassRole"


class Found(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One role passed in one call.

    role is an ARN; with by == BY_NAME or BY_PROFILE it is the one that a name, or an instance profile's
    name, makes where nothing else is known: the account's details may know better. services are all values
    that iam:PassedToService may have had.
    """

    principal: str
    role: str
    service: str
    operation: str  # "lambda:CreateFunction", by botocore's name of the service
    account: str
    outcome: str
    time: str  # as recorded: "2026-01-05T09:12:44Z"
    event: str  # eventID
    resource: str  # ARN of what got the role, "" where the record does not tell
    address: str  # sourceIPAddress
    by: str = BY_ARN
    services: tuple[str, ...] = ()


class Extracted(msgspec.Struct, gc=False, array_like=True):
    """What one record has: its passes, and how many it has of which the role is not told.

    untold are roles of launch templates and task definitions, which the record only names; hidden ones
    were left out of the record.
    """

    passes: tuple[Found, ...] = ()
    untold: int = 0


_NOTHING: Final = Extracted()


def is_of_interest(record: Record, takers: Takers) -> bool:
    """Might the record tell of a pass?"""
    if takers.named(record.eventName):
        return True
    message = record.errorMessage
    return message is not None and _PASS in message


def extract(record: Record, takers: Takers) -> Extracted:
    """The passes in one record."""
    candidates = takers.of(record.eventName, record.eventSource)
    message = record.errorMessage or ""
    refused = _refused(message) if _PASS in message else ""
    if not candidates and not refused:
        return _NOTHING
    principal, caller_account = record.caller()
    account = record.recipientAccountId or caller_account
    outcome = _outcome(record.errorCode, message) if record.errorCode or message else ALLOWED
    one = _Event(record, principal, account, outcome)
    found: list[Found] = []
    untold = 0
    parameters = record.parameters() if candidates else None
    if len(candidates) > 1:
        candidates = tuple(sorted(candidates, key=lambda taker: taker.recorded.strangers(parameters)))
    for taker in candidates:
        passes, untold = one.passes(taker, parameters)
        found = list(passes)
        if found or untold:
            break
    if refused:
        # The denial names one role; of any others in the call it does not say how they were judged.
        own = [passed for passed in found if passed.role == refused]
        found = own or [one.refused(refused, candidates)]
        untold = 0
    return Extracted(tuple(found), untold)


def _outcome(code: str | None, message: str) -> str:
    """Of a call that did not succeed. A role that its service may not assume was passed, in vain."""
    if not is_denied({"errorCode": code, "errorMessage": message}):
        return FAILED
    words = other_words(message)
    return FAILED if words is not None and words.layer == TRUST.name else DENIED


def _refused(message: str) -> str:
    """The role that a denial of iam:PassRole names."""
    try:
        denial = of_message(message)
    except NotADenial:
        return ""
    found = _ROLE.fullmatch(denial.resource) if denial.action == PASS_ROLE else None
    return found[0] if found is not None else ""


class _Event:
    """What all passes of one record have in common."""

    __slots__ = ("_account", "_outcome", "_principal", "_record")

    def __init__(self, record: Record, principal: str, account: str, outcome: str) -> None:
        self._record = record
        self._principal = principal
        self._account = account
        self._outcome = outcome

    def passes(self, taker: Taker, parameters: object) -> tuple[list[Found], int]:
        """The passes of one operation, each role and service once, and how many roles are not told."""
        given = taker.recorded(parameters)
        if not given:
            return [], 0
        found: dict[tuple[str, str], Found] = {}
        untold = 0
        for place in taker.places(self._record.awsRegion):
            for _, text in place.row.values(given):
                if not place.is_told or text in HIDDEN:
                    untold += 1
                    continue
                role, by = self._role(place, text)
                if role and (role, place.service) not in found:
                    resource = self._resource(place.resource, given)
                    found[role, place.service] = self._found(taker, place, role, by, resource)
        return list(found.values()), untold

    def refused(self, role: str, candidates: tuple[Taker, ...]) -> Found:
        """The pass that a denial names, where the record does not have the call's parameters."""
        record = self._record
        for taker in candidates:
            for place in taker.places(record.awsRegion):
                return self._found(taker, place, role, BY_ARN, "")
        known = operation_of_event(record.eventSource, record.eventName)
        name = f"{known[0]}:{known[1]}" if known is not None else f"{record.eventSource}:{record.eventName}"
        if known is not None and (called := operation(*known)) is not None:
            name = f"{called.service}:{called.name}"
        return self._made(name, role, BY_ARN, record.eventSource, (record.eventSource,), "")

    def _found(self, taker: Taker, place: Place, role: str, by: str, resource: str) -> Found:
        return self._made(taker.name, role, by, place.service, place.services, resource)

    def _made(
        self, name: str, role: str, by: str, service: str, services: tuple[str, ...], resource: str
    ) -> Found:
        record = self._record
        return Found(
            principal=self._principal,
            role=role,
            service=service,
            operation=name,
            account=self._account,
            outcome=self._outcome,
            time=record.eventTime,
            event=record.eventID,
            resource=resource,
            address=record.sourceIPAddress or "",
            by=by,
            services=services,
        )

    def _role(self, place: Place, text: str) -> tuple[str, str]:
        """(the role's ARN, how it was named); "" for what is no role, a hidden value among them."""
        text = text.strip()
        if place.is_profile:
            profile = _PROFILE.fullmatch(text)
            if profile is not None:
                return self._named(profile[2], profile[1]), BY_PROFILE
            return (self._named(text), BY_PROFILE) if _is_name(text) else ("", "")
        if _ROLE.fullmatch(text):
            return text, BY_ARN
        return (self._named(text), BY_NAME) if place.may_be_name and _is_name(text) else ("", "")

    def _named(self, name: str, account: str = "") -> str:
        partition = _partition(self._record.awsRegion)
        return f"arn:{partition}:iam::{account or self._account}:role/{name.lstrip('/')}"

    def _resource(self, template: str, given: dict[str, object]) -> str:
        if not template:
            return ""
        region = self._record.awsRegion
        filled = templates.fill(
            template, given, partition=_partition(region), region=region, account=self._account
        )
        return filled[0] if filled and "*" not in filled[0] else ""


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None and not text.startswith("arn:")


def _partition(region: str) -> str:
    for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return name
    return "aws"
