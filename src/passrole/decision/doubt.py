"""Statements against a request of which something is unknown: yes, no, or it depends."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

from passrole.decision.compile import Rule
from passrole.decision.request import Request
from passrole.policy.conditions import Condition
from passrole.policy.variables import Context
from passrole.values.principal import Principal


class Match(Enum):
    """Whether a statement matches. MAYBE: it depends on what is unknown."""

    NO = 0
    MAYBE = 1
    YES = 2


_NO: Final = Match.NO
_MAYBE: Final = Match.MAYBE


def is_unknown(request: Request, key: str) -> bool:
    """Is it unknown whether the key is there, or what it holds? key is in lower case.

    See Request.unknown for the entries that stand for many keys.
    """
    unknown = request.unknown
    if not unknown:
        return False
    if key in unknown:
        return True
    if key in request.context:
        return False
    service, colon, rest = key.partition(":")
    if colon and f"{service}:*" in unknown:
        return True
    # aws:ResourceTag/team, kms:EncryptionContext:team: a name of the caller's own in the key.
    head, slash, _ = key.partition("/")
    if slash and f"{head}/" in unknown:
        return True
    head, colon, _ = rest.partition(":")
    return bool(colon) and f"{service}:{head}:" in unknown


def open_conditions(rule: Rule, request: Request) -> Iterator[Condition]:
    """The conditions of the statement that ask for something unknown."""
    for condition in rule.conditions:
        if any(is_unknown(request, key) for key in condition.keys):
            yield condition


def open_resource(rule: Rule, request: Request) -> bool:
    """Is it unknown whether the statement covers the resource?"""
    if rule.anything:
        return False
    return request.resource is None or any(is_unknown(request, key) for key in rule.resource_keys)


def match(rule: Rule, request: Request) -> Match:
    """Does the statement match? Its action has been compared."""
    if not rule.takes(request.principal):
        return _NO
    answer = Match.YES
    if not rule.anything:
        resource = request.resource
        if resource is None or open_resource(rule, request):
            answer = _MAYBE
        elif not rule.covers(resource, request.context):
            return _NO
    for condition in rule.conditions:
        if any(is_unknown(request, key) for key in condition.keys):
            answer = _MAYBE
        elif not condition.holds(request.context):
            return _NO
    return answer


class AtWorst:
    """In doubt an Allow does not hold and a Deny does."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __call__(self, rule: Rule, resource: str | None, context: Context, principal: Principal) -> bool:
        found = match(rule, self._request)
        return found is Match.YES or (found is _MAYBE and not rule.allows)


class AtBest:
    """In doubt an Allow holds and a Deny does not."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __call__(self, rule: Rule, resource: str | None, context: Context, principal: Principal) -> bool:
        found = match(rule, self._request)
        return found is Match.YES or (found is _MAYBE and rule.allows)
