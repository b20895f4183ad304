"""Denied calls looked up in a live account: its trail, and its encoded messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from passrole.analysis.denials import Denial
from passrole.analysis.denied_events import is_denied, of_event, of_json
from passrole.values.errors import PassroleError
from passrole.wire.client import Client

_PAGES: Final = 40  # of 50 events each: as far back as is looked


class NothingFound(PassroleError):
    """No event that was asked for."""


def opened(denial: Denial, client: Client) -> Denial:
    """The denial with what its encoded message says, opened by sts:DecodeAuthorizationMessage.

    Raises ServiceError where the caller may not open it, or it is not the endpoint's.
    """
    if not denial.encoded or denial.encoded_cut:
        return denial
    answer = client.call("sts", "DecodeAuthorizationMessage", {"EncodedMessage": denial.encoded})
    text = answer.get("DecodedMessage")
    if not isinstance(text, str):
        return denial
    inner = of_json(json.loads(text))
    return replace(
        inner,
        principal=denial.principal or inner.principal,
        resource=denial.resource or inner.resource,
        layer=denial.layer,
        reason=denial.reason,
        policy=denial.policy,
        outcome=denial.outcome or inner.outcome,
        services=inner.services or denial.services,
        context={**denial.context, **inner.context},
    )


def last_denied(clients: Sequence[Client]) -> Denial:
    """The newest call that was refused, in the trail of the caller's account. Raises NothingFound."""
    newest: Mapping[str, object] | None = None
    for client in clients:
        found = next((event for event in _events(client) if is_denied(event)), None)
        if found is not None and (newest is None or str(found["eventTime"]) > str(newest["eventTime"])):
            newest = found
    if newest is None:
        raise NothingFound("no call was denied in the events that were looked at")
    return of_event(newest)


def of_request(clients: Sequence[Client], request_id: str) -> Denial:
    """The refusal of one request, by its id (or the event's). Raises NothingFound and NotADenial."""
    for client in clients:
        for event in _events(client):
            if request_id in (event.get("requestID"), event.get("eventID")):
                return of_event(event)
    raise NothingFound(f"{request_id}: no such request in the events that were looked at")


def _events(client: Client) -> Iterator[Mapping[str, object]]:
    for number, page in enumerate(client.pages("cloudtrail", "LookupEvents")):
        rows = page.get("Events")
        for row in rows if isinstance(rows, list) else ():
            text = row.get("CloudTrailEvent") if isinstance(row, Mapping) else None
            if isinstance(text, str):
                event = json.loads(text)
                if isinstance(event, dict):
                    yield event
        if number + 1 == _PAGES:
            return
