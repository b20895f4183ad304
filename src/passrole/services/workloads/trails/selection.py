"""Which events a trail delivers: its account or organization, its regions, and its event selectors.

Source: CloudTrail User Guide, "Logging management events", "Logging data events", "Filtering data events by
using advanced event selectors".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from passrole.services.shapes import cloudtrail as shapes
from passrole.state.trail import Event
from passrole.state.trails import TrailDefinition

_DATA: Final = b'"managementEvent":false'

# Global services: IncludeGlobalServiceEvents=false leaves them out.
_GLOBAL: Final = frozenset(("iam.amazonaws.com", "sts.amazonaws.com", "cloudfront.amazonaws.com"))

_basic: Final = msgspec.json.Decoder(list[shapes.EventSelector])
_advanced: Final = msgspec.json.Decoder(list[shapes.AdvancedEventSelector])

# A whole service, by the prefix that stands for it in DataResources.
_WHOLE: Final = frozenset(("arn:aws:s3", "arn:aws:s3:::", "arn:aws:lambda", "arn:aws:dynamodb"))

_TESTS: Final[dict[str, tuple[Callable[[str, str], bool], bool]]] = {
    "Equals": (str.__eq__, True),
    "StartsWith": (str.startswith, True),
    "EndsWith": (str.endswith, True),
    "NotEquals": (str.__eq__, False),
    "NotStartsWith": (str.startswith, False),
    "NotEndsWith": (str.endswith, False),
}


class _Touched(msgspec.Struct):
    type: str = ""
    arn: str = msgspec.field(name="ARN", default="")


class _Identity(msgspec.Struct):
    arn: str = ""


class _Record(msgspec.Struct):
    """What selectors compare of a record, beside the event's columns."""

    event_type: str = msgspec.field(name="eventType", default="")
    error_code: str = msgspec.field(name="errorCode", default="")
    identity: _Identity = msgspec.field(name="userIdentity", default_factory=_Identity)
    resources: list[_Touched] = msgspec.field(default_factory=list)
    console: str = msgspec.field(name="sessionCredentialFromConsole", default="")


_record: Final = msgspec.json.Decoder(_Record)


class Selection:
    """A trail's events. members are the organization's accounts for a trail of an organization, else none."""

    def __init__(self, trail: TrailDefinition, members: frozenset[str] = frozenset()) -> None:
        self._accounts = members | {trail.account}
        self._region = "" if trail.multi_region else trail.region
        self._without_global = not trail.global_events
        self._basic = _basic.decode(trail.selectors) if trail.selectors else []
        self._advanced = _advanced.decode(trail.advanced_selectors) if trail.advanced_selectors else []
        # What a trail delivers unless it is told otherwise: every management event.
        self._plain = not self._basic and not self._advanced

    def takes(self, event: Event) -> bool:
        """Is the event to be delivered?"""
        if event.account not in self._accounts or (self._region and event.region != self._region):
            return False
        if self._without_global and event.source in _GLOBAL:
            return False
        data = _DATA in event.record
        if self._plain:
            return not data
        if self._basic:
            return any(_selects(selector, event, data) for selector in self._basic)
        known = _record.decode(event.record)
        return any(_matches(selector["FieldSelectors"], event, known, data) for selector in self._advanced)


def _selects(selector: shapes.EventSelector, event: Event, data: bool) -> bool:
    which = selector.get("ReadWriteType", "All")
    if which != "All" and event.read_only != (which == "ReadOnly"):
        return False
    if not data:
        excluded = selector.get("ExcludeManagementEventSources", ())
        return selector.get("IncludeManagementEvents", True) and event.source not in excluded
    wanted = [
        (resource.get("Type", ""), value)
        for resource in selector.get("DataResources", ())
        for value in resource.get("Values", ())
    ]
    if not wanted:
        return False
    resources = _record.decode(event.record).resources
    return any(
        touched.type == kind
        and (touched.arn.startswith(value) if kind == "AWS::S3::Object" else value in (touched.arn, *_WHOLE))
        for kind, value in wanted
        for touched in resources
    )


def _matches(
    fields: Sequence[shapes.AdvancedFieldSelector], event: Event, known: _Record, data: bool
) -> bool:
    return all(_field(field, _values(field["Field"], event, known, data)) for field in fields)


def _field(field: shapes.AdvancedFieldSelector, values: Sequence[str]) -> bool:
    for name, (holds, wanted) in _TESTS.items():
        compared: Sequence[str] = field.get(name, ())  # type: ignore[assignment]  # each test is a list of texts
        if compared and any(holds(value, other) for value in values for other in compared) != wanted:
            return False
    return True


def _values(name: str, event: Event, known: _Record, data: bool) -> Sequence[str]:
    if name == "resources.type":
        return [resource.type for resource in known.resources[:1]]
    if name == "resources.ARN":
        return [resource.arn for resource in known.resources[:1]]
    value = {
        "eventCategory": "Data" if data else "Management",
        "readOnly": "true" if event.read_only else "false",
        "eventSource": event.source,
        "eventName": event.name,
        "eventType": known.event_type,
        "errorCode": known.error_code,
        "userIdentity.arn": known.identity.arn,
        "sessionCredentialFromConsole": known.console or "false",
    }.get(name)
    return () if value is None else (value,)
