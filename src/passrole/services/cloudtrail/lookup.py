"""LookupEvents: the account's calls in one region, newest first.

AWS's event history leaves data events out; ours has them too (their records say
``"managementEvent": false``), so that every call of the endpoint can be looked up.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.trail import ATTRIBUTES, Event, EventQuery

_WINDOW: Final = timedelta(days=90)
_PAGE: Final = 50


@operation("cloudtrail:LookupEvents")
def lookup_events(call: ServiceCall, given: shapes.LookupEventsRequest) -> shapes.LookupEventsResponse:
    """Events of the last 90 days, 50 a page at most, by one attribute and a time range.

    Start and end are inclusive, to the second. A token opens only the next page of the very question
    (account, region, attribute, range) that it was given for.
    Raises InvalidLookupAttributesException, InvalidTimeRangeException, InvalidMaxResultsException,
    InvalidEventCategoryException or InvalidNextTokenException.
    Source: CloudTrail API Reference, LookupEvents.
    """
    limit = given.get("MaxResults", _PAGE)
    if not 1 <= limit <= _PAGE:
        raise CloudTrailError(
            f"The maximum number of results must be between 1 and {_PAGE}.",
            code="InvalidMaxResultsException",
        )
    category = given.get("EventCategory")
    if category not in (None, "insight"):
        raise CloudTrailError(
            f"{category} is not a valid event category.", code="InvalidEventCategoryException"
        )
    attribute, value = _attribute(given)
    start, end = _range(given, call.now)
    bounds = (str(given.get(bound, "")) for bound in ("StartTime", "EndTime"))
    question = "\n".join((call.account, call.region, category or "", attribute, value, *bounds))
    token = given.get("NextToken")
    before = _opened(token, question) if token else None
    if category == "insight":
        return {"Events": []}  # no trail computes insights
    query = EventQuery(call.account, call.region, attribute, value, start, end, limit + 1, before)
    found = call.trail.find(query)
    answer: shapes.LookupEventsResponse = {"Events": [_shape(event) for _, event in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = _sealed(found[limit - 1][0], question)
    return answer


def _attribute(given: shapes.LookupEventsRequest) -> tuple[str, str]:
    attributes = given.get("LookupAttributes") or ()
    if not attributes:
        return "", ""
    if len(attributes) > 1:
        raise _invalid_attribute("You can only use one lookup attribute at a time.")
    key, value = attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]
    if key not in ATTRIBUTES:
        raise _invalid_attribute(f"{key} is not a valid lookup attribute.")
    if key == "ReadOnly":
        value = value.lower()
        if value not in ("true", "false"):
            raise _invalid_attribute("The value of ReadOnly must be true or false.")
    if not value:
        raise _invalid_attribute(f"The value of {key} is empty.")
    return key, value


def _invalid_attribute(message: str) -> CloudTrailError:
    return CloudTrailError(message, code="InvalidLookupAttributesException")


def _range(given: shapes.LookupEventsRequest, now: datetime) -> tuple[datetime, datetime | None]:
    """The range asked for within the last 90 days; events carry fractions of seconds, records none."""
    start, end = given.get("StartTime"), given.get("EndTime")
    if start is not None and start > (end or now):
        raise CloudTrailError(
            "Invalid time range: the start time occurs after the end time.",
            code="InvalidTimeRangeException",
        )
    earliest = now - _WINDOW
    start = earliest if start is None else max(start.replace(microsecond=0), earliest)
    return start, None if end is None else end.replace(microsecond=999_999)


def _shape(event: Event) -> shapes.Event:
    shape: shapes.Event = {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": "true" if event.read_only else "false",
        "EventTime": event.time.replace(microsecond=0),
        "EventSource": event.source,
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in event.resources],
        "CloudTrailEvent": event.record.decode(),
    }
    if event.access_key_id:
        shape["AccessKeyId"] = event.access_key_id
    if event.username:
        shape["Username"] = event.username
    return shape


# A token is the number of the last event given and a digest of the whole question. Nothing in it is
# secret and the question is asked again in full, so a forged token shows nothing that the caller may
# not see; the digest refuses tokens of other questions and damaged ones, as AWS does.


def _sealed(number: int, question: str) -> str:
    return base64.urlsafe_b64encode(_digest(number, question) + number.to_bytes(8, "big")).decode()


def _opened(token: str, question: str) -> int:
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    number = int.from_bytes(raw[-8:], "big")
    if len(raw) != 24 or raw[:16] != _digest(number, question):
        raise CloudTrailError(
            "Invalid token, or one that was used in a request with different parameters.",
            code="InvalidNextTokenException",
        )
    return number


def _digest(number: int, question: str) -> bytes:
    return blake2b(f"{number}\n{question}".encode("utf-8", "replace"), digest_size=16).digest()
