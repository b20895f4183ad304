"""Which events a trail is to deliver: event selectors, advanced ones, and insights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from passrole.services.cloudtrail.errors import CloudTrailError, invalid_combination, invalid_selectors
from passrole.services.cloudtrail.trails import find_trail, own_trail
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes

# Source of the bounds: CloudTrail API Reference, PutEventSelectors and DataResource.
_MOST_SELECTORS: Final = 5
_MOST_VALUES: Final = 250
_MOST_CONDITIONS: Final = 500

_DATA_VALUES: Final = {
    "AWS::S3::Object": re.compile(r"arn:aws[\w-]*:s3(:::|:::[^/*]+/[^*]*)?"),
    "AWS::Lambda::Function": re.compile(r"arn:aws[\w-]*:lambda(:[^:*]+:\d{12}:function:[^*]+)?"),
    "AWS::DynamoDB::Table": re.compile(r"arn:aws[\w-]*:dynamodb(:[^:*]+:\d{12}:table/[^*]+)?"),
}
_EXCLUDABLE: Final = frozenset(("kms.amazonaws.com", "rdsdata.amazonaws.com"))
_CATEGORIES: Final = frozenset(("Management", "Data", "NetworkActivity"))
_INSIGHTS: Final = frozenset(("ApiCallRateInsight", "ApiErrorRateInsight"))
_FIELD_TESTS: Final = ("Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith")

# What a trail delivers before anybody says otherwise.
_DEFAULT: Final[Sequence[shapes.EventSelector]] = (
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": (),
        "ExcludeManagementEventSources": (),
    },
)

_encode = msgspec.json.Encoder().encode
_selectors: Final = msgspec.json.Decoder(list[shapes.EventSelector])
_advanced: Final = msgspec.json.Decoder(list[shapes.AdvancedEventSelector])
_insights: Final = msgspec.json.Decoder(list[shapes.InsightSelector])


@operation("cloudtrail:PutEventSelectors")
def put_event_selectors(
    call: ServiceCall, given: shapes.PutEventSelectorsRequest
) -> shapes.PutEventSelectorsResponse:
    """Replaces a trail's selectors, of either sort, by these.

    Raises InvalidEventSelectorsException, TrailNotFoundException or InvalidHomeRegionException.
    """
    trail = own_trail(call, given["TrailName"])
    basic, advanced = given.get("EventSelectors"), given.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise invalid_selectors("Specify either event selectors or advanced event selectors.")
    if advanced:
        _check_advanced(advanced)
        call.directory.put(replace(trail, selectors="", advanced_selectors=_encode(advanced).decode()))
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": advanced}
    filled = [_filled(selector) for selector in basic or ()]
    _check_basic(filled)
    call.directory.put(replace(trail, selectors=_encode(filled).decode(), advanced_selectors=""))
    return {"TrailARN": trail.arn, "EventSelectors": filled}


@operation("cloudtrail:GetEventSelectors")
def get_event_selectors(
    call: ServiceCall, given: shapes.GetEventSelectorsRequest
) -> shapes.GetEventSelectorsResponse:
    """The selectors of a trail: those that were put, else all management events."""
    trail = find_trail(call, given["TrailName"])
    if trail.advanced_selectors:
        return {
            "TrailARN": trail.arn,
            "AdvancedEventSelectors": _advanced.decode(trail.advanced_selectors),
        }
    basic = _selectors.decode(trail.selectors) if trail.selectors else _DEFAULT
    return {"TrailARN": trail.arn, "EventSelectors": basic}


@operation("cloudtrail:PutInsightSelectors")
def put_insight_selectors(
    call: ServiceCall, given: shapes.PutInsightSelectorsRequest
) -> shapes.PutInsightSelectorsResponse:
    """Says which insights the trail is to compute; an empty list turns them off. None are computed yet.

    Raises InvalidInsightSelectorsException or InvalidParameterCombinationException.
    """
    trail = own_trail(call, _trail_name(given.get("TrailName")))
    wanted = given["InsightSelectors"]
    for selector in wanted:
        if selector.get("InsightType") not in _INSIGHTS:
            raise CloudTrailError(
                f"{selector.get('InsightType')} is not a valid insight type.",
                code="InvalidInsightSelectorsException",
            )
    call.directory.put(replace(trail, insight_selectors=_encode(wanted).decode() if wanted else ""))
    return {"TrailARN": trail.arn, "InsightSelectors": wanted}


@operation("cloudtrail:GetInsightSelectors")
def get_insight_selectors(
    call: ServiceCall, given: shapes.GetInsightSelectorsRequest
) -> shapes.GetInsightSelectorsResponse:
    """The insights that a trail is to compute. Raises InsightNotEnabledException where there are none."""
    trail = find_trail(call, _trail_name(given.get("TrailName")))
    if not trail.insight_selectors:
        raise CloudTrailError(
            f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights,"
            " and then try the operation again.",
            code="InsightNotEnabledException",
        )
    return {"TrailARN": trail.arn, "InsightSelectors": _insights.decode(trail.insight_selectors)}


def _trail_name(name: str | None) -> str:
    if not name:
        raise invalid_combination("TrailName is needed: there are no event data stores here.")
    return name


def _filled(selector: shapes.EventSelector) -> shapes.EventSelector:
    return {
        "ReadWriteType": selector.get("ReadWriteType", "All"),
        "IncludeManagementEvents": selector.get("IncludeManagementEvents", True),
        "DataResources": selector.get("DataResources", ()),
        "ExcludeManagementEventSources": selector.get("ExcludeManagementEventSources", ()),
    }


def _check_basic(selectors: Sequence[shapes.EventSelector]) -> None:
    if len(selectors) > _MOST_SELECTORS:
        raise invalid_selectors(f"A trail can have up to {_MOST_SELECTORS} event selectors.")
    values = 0
    for selector in selectors:
        if selector.get("ReadWriteType") not in ("All", "ReadOnly", "WriteOnly"):
            raise invalid_selectors("ReadWriteType must be All, ReadOnly or WriteOnly.")
        for source in selector.get("ExcludeManagementEventSources", ()):
            if source not in _EXCLUDABLE:
                raise invalid_selectors(f"{source} cannot be excluded.")
        for resource in selector.get("DataResources", ()):
            form = _DATA_VALUES.get(resource.get("Type", ""))
            if form is None:
                raise invalid_selectors(f"{resource.get('Type')} is not a valid type of DataResources.")
            for value in resource.get("Values", ()):
                values += 1
                if form.fullmatch(value) is None:
                    # This text and the next are AWS's, from public reports.
                    raise invalid_selectors(f"Value {value} for DataResources.Values is invalid.")
    if values > _MOST_VALUES:
        raise invalid_selectors(
            f"Specify a valid number of DataResources.Values (0 to {_MOST_VALUES}) for all your selectors"
        )


def _check_advanced(selectors: Sequence[shapes.AdvancedEventSelector]) -> None:
    conditions = 0
    for selector in selectors:
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        category = fields.get("eventCategory", {"Field": "eventCategory"}).get("Equals", ())
        if len(category) != 1 or category[0] not in _CATEGORIES:
            raise invalid_selectors(
                "An advanced event selector must have one eventCategory: Management, Data or NetworkActivity."
            )
        if category[0] == "Data" and "resources.type" not in fields:
            raise invalid_selectors("An advanced event selector of data events must have a resources.type.")
        if len(fields) != len(selector["FieldSelectors"]):
            raise invalid_selectors("A field can be used only once in an advanced event selector.")
        for field in fields.values():
            tests = [values for test in _FIELD_TESTS if (values := field.get(test))]
            if not tests:
                raise invalid_selectors(f"The field {field['Field']} is compared with nothing.")
            conditions += sum(len(values) for values in tests)  # type: ignore[misc, arg-type]  # all are lists of texts
    if conditions > _MOST_CONDITIONS:
        raise invalid_selectors(f"Advanced event selectors can have up to {_MOST_CONDITIONS} values.")
