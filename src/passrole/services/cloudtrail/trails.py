"""Trails: made, changed, described, started and stopped. ``services.workloads.trails`` delivers them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, cast

from msgspec.structs import replace

from passrole.services.cloudtrail.destinations import check_destinations, check_organization
from passrole.services.cloudtrail.errors import CloudTrailError, invalid_combination, trail_not_found
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.entities import Tags
from passrole.state.organization import organization_of
from passrole.state.trails import DELIVERED_BY, DigestKey, TrailDefinition, TrailDelivery
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

_PER_REGION: Final = 5  # Source: CloudTrail User Guide, "Quotas in AWS CloudTrail"

# UpdateTrail's members and what they change.
_CHANGES: Final = {
    "S3BucketName": "bucket",
    "S3KeyPrefix": "prefix",
    "SnsTopicName": "topic",
    "IncludeGlobalServiceEvents": "global_events",
    "IsMultiRegionTrail": "multi_region",
    "EnableLogFileValidation": "validation",
    "CloudWatchLogsLogGroupArn": "log_group",
    "CloudWatchLogsRoleArn": "log_role",
    "KmsKeyId": "kms_key",
    "IsOrganizationTrail": "organization",
    "RecursiveLogging": "recursive",
}


@operation("cloudtrail:CreateTrail")
def create_trail(call: ServiceCall, given: shapes.CreateTrailRequest) -> shapes.CreateTrailResponse:
    """Defines a trail with this region as its home; it does not log before StartLogging.

    Raises InvalidTrailNameException, TrailAlreadyExistsException,
    MaximumNumberOfTrailsExceededException, InvalidParameterCombinationException,
    InvalidCloudWatchLogsLogGroupArnException or InvalidCloudWatchLogsRoleArnException.
    """
    name = given["Name"]
    _check_name(name)
    here = [
        trail for trail in call.directory.all(TrailDefinition, call.account) if trail.region == call.region
    ]
    if any(trail.name == name for trail in here):
        raise CloudTrailError(
            f"Trail {name} already exists for customer: {call.account}",
            code="TrailAlreadyExistsException",
        )
    if len(here) >= _PER_REGION:
        # The text is AWS's, from a public report.
        raise CloudTrailError(
            f"User: {call.account} already has {_PER_REGION} trails in {call.region}.",
            code="MaximumNumberOfTrailsExceededException",
        )
    trail = TrailDefinition(
        account=call.account,
        region=call.region,
        name=name,
        created=call.now,
        bucket=given["S3BucketName"],
        tags=tag_pairs(given.get("TagsList", ())),
    )
    trail = _changed(trail, given)
    check_organization(call, trail)
    check_destinations(call, trail, {*given})
    call.directory.put(trail)
    return cast("shapes.CreateTrailResponse", _shape(trail))


@operation("cloudtrail:UpdateTrail")
def update_trail(call: ServiceCall, given: shapes.UpdateTrailRequest) -> shapes.UpdateTrailResponse:
    """Changes what is given of a trail and leaves the rest; an empty text removes a setting."""
    trail = _changed(own_trail(call, given["Name"]), given)
    check_organization(call, trail)
    check_destinations(call, trail, {*given})
    call.directory.put(trail)
    return cast("shapes.UpdateTrailResponse", _shape(trail))


@operation("cloudtrail:DeleteTrail")
def delete_trail(call: ServiceCall, given: shapes.DeleteTrailRequest) -> shapes.DeleteTrailResponse:
    """Removes a trail; what it has delivered stays where it is."""
    trail = own_trail(call, given["Name"])
    for kept in call.directory.referring(DELIVERED_BY, trail.arn):
        call.directory.delete(kept)
    call.directory.delete(trail)
    return {}


@operation("cloudtrail:GetTrail")
def get_trail(call: ServiceCall, given: shapes.GetTrailRequest) -> shapes.GetTrailResponse:
    """A trail of this region, or a multi-region one of another."""
    return {"Trail": _described(find_trail(call, given["Name"]))}


@operation("cloudtrail:DescribeTrails")
def describe_trails(call: ServiceCall, given: shapes.DescribeTrailsRequest) -> shapes.DescribeTrailsResponse:
    """The trails of this region with the shadows of other regions' multi-region trails.

    Names and ARNs that name none are passed over. Source: CloudTrail API Reference, DescribeTrails.
    """
    shadows = given.get("includeShadowTrails", True)
    trails = [trail for trail in _seen(call) if shadows or trail.region == call.region]
    if names := given.get("trailNameList"):
        trails = [trail for trail in trails if trail.name in names or trail.arn in names]
    return {"trailList": [_described(trail) for trail in trails]}


@operation("cloudtrail:ListTrails")
def list_trails(call: ServiceCall, given: shapes.ListTrailsRequest) -> shapes.ListTrailsResponse:
    """Every trail of the account, whatever its region; with at most five a region it is one page."""
    trails = call.directory.all(TrailDefinition, call.account)
    return {
        "Trails": [
            {"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.region} for trail in trails
        ]
    }


@operation("cloudtrail:StartLogging")
def start_logging(call: ServiceCall, given: shapes.StartLoggingRequest) -> shapes.StartLoggingResponse:
    """The trail logs from now on."""
    trail = own_trail(call, given["Name"])
    if not trail.logging:
        now = call.now.replace(microsecond=0)
        first = call.trail.newest()
        call.directory.put(replace(trail, logging=True, started=now, first=first, last=None))
    return {}


@operation("cloudtrail:StopLogging")
def stop_logging(call: ServiceCall, given: shapes.StopLoggingRequest) -> shapes.StopLoggingResponse:
    """The trail logs no more."""
    trail = own_trail(call, given["Name"])
    if trail.logging:
        now = call.now.replace(microsecond=0)
        call.directory.put(replace(trail, logging=False, stopped=now, last=call.trail.newest()))
    return {}


@operation("cloudtrail:GetTrailStatus")
def get_trail_status(call: ServiceCall, given: shapes.GetTrailStatusRequest) -> shapes.GetTrailStatusResponse:
    """Whether the trail logs and since when, and how each sort of its deliveries last went."""
    trail = find_trail(call, given["Name"])
    kept = call.directory.by_key(TrailDelivery, trail.account, trail.arn)
    delivery = kept or TrailDelivery(account=trail.account, trail=trail.arn)
    status: shapes.GetTrailStatusResponse = {
        "IsLogging": trail.logging,
        "LatestDeliveryAttemptTime": _iso(delivery.files.attempted),
        "LatestDeliveryAttemptSucceeded": _iso(delivery.files.succeeded),
        "LatestNotificationAttemptTime": _iso(delivery.notices.attempted),
        "LatestNotificationAttemptSucceeded": _iso(delivery.notices.succeeded),
        "TimeLoggingStarted": _iso(trail.started),
        "TimeLoggingStopped": _iso(trail.stopped),
    }
    if trail.started is not None:
        status["StartLoggingTime"] = trail.started
    if trail.stopped is not None:
        status["StopLoggingTime"] = trail.stopped
    for outcome, time, error in (
        (delivery.files, "LatestDeliveryTime", "LatestDeliveryError"),
        (delivery.notices, "LatestNotificationTime", "LatestNotificationError"),
        (delivery.logs, "LatestCloudWatchLogsDeliveryTime", "LatestCloudWatchLogsDeliveryError"),
        (delivery.digests, "LatestDigestDeliveryTime", "LatestDigestDeliveryError"),
    ):
        if outcome.succeeded is not None:
            status[time] = outcome.succeeded  # type: ignore[literal-required]  # the table's are the response's
        if outcome.error:
            status[error] = outcome.error  # type: ignore[literal-required]
    return status


@operation("cloudtrail:ListPublicKeys")
def list_public_keys(call: ServiceCall, given: shapes.ListPublicKeysRequest) -> shapes.ListPublicKeysResponse:
    """The keys that signed the region's digests in the time range, the last hour if none is given.

    Raises InvalidTimeRangeException. Source: CloudTrail API Reference, ListPublicKeys.
    """
    end = given.get("EndTime", call.now)
    start = given.get("StartTime", end - timedelta(hours=1))
    if start > end:
        raise CloudTrailError(
            "Invalid time range: the start time occurs after the end time.",
            code="InvalidTimeRangeException",
        )
    keys = [
        key
        for key in call.directory.everywhere(DigestKey)
        if key.region == call.region and key.start <= end and key.end >= start
    ]
    return {
        "PublicKeyList": [
            {
                "Value": key.public,
                "ValidityStartTime": key.start,
                "ValidityEndTime": key.end,
                "Fingerprint": key.fingerprint,
            }
            for key in keys
        ]
    }


def find_trail(call: ServiceCall, name: str) -> TrailDefinition:
    """The trail of that name or ARN, as this region sees it.

    Raises TrailNotFoundException, InvalidTrailNameException or CloudTrailARNInvalidException.
    """
    if name.startswith("arn:"):
        _check_arn(name)
    else:
        _check_name(name)
    for trail in _seen(call):
        if name in (trail.name, trail.arn):
            return trail
    raise trail_not_found(name, call.account)


def own_trail(call: ServiceCall, name: str) -> TrailDefinition:
    """As find_trail, for a change: a trail is changed in its home region only.

    Raises InvalidHomeRegionException for another region's.
    """
    trail = find_trail(call, name)
    if trail.account != call.account:
        raise CloudTrailError(
            "Only the management account can change an organization trail.",
            code="NotOrganizationMasterAccountException",
        )
    if trail.region != call.region:
        raise CloudTrailError(
            f"Trail {trail.arn} can only be changed in its home region {trail.region}.",
            code="InvalidHomeRegionException",
        )
    return trail


def tag_pairs(tags: Iterable[shapes.Tag]) -> Tags:
    """Raises InvalidTagParameterException for a key that occurs twice."""
    pairs = tuple((tag["Key"], tag.get("Value", "")) for tag in tags)
    if len({key for key, _ in pairs}) != len(pairs):
        raise CloudTrailError("A tag key is given twice.", code="InvalidTagParameterException")
    return pairs


def _seen(call: ServiceCall) -> list[TrailDefinition]:
    """This region's own trails first, then the shadows of multi-region trails of others.

    An organization's trails are seen in each of its accounts.
    """
    trails = list(call.directory.all(TrailDefinition, call.account))
    organization = organization_of(call.directory, call.account)
    if organization is not None and organization.account != call.account:
        managed = call.directory.all(TrailDefinition, organization.account)
        trails += [trail for trail in managed if trail.organization]
    own = [trail for trail in trails if trail.region == call.region]
    return own + [trail for trail in trails if trail.multi_region and trail.region != call.region]


def _changed(
    trail: TrailDefinition, given: shapes.CreateTrailRequest | shapes.UpdateTrailRequest
) -> TrailDefinition:
    changes = {ours: given[theirs] for theirs, ours in _CHANGES.items() if theirs in given}  # type: ignore[literal-required]  # the table's keys are the request's
    trail = replace(trail, **changes)
    if trail.multi_region and not trail.global_events:
        # The text is AWS's, as moto took it over.
        raise invalid_combination("Multi-Region trail must include global service events.")
    if trail.log_role and not trail.log_group:
        raise CloudTrailError(
            "You must specify a log group as well as a role ARN.",
            code="InvalidCloudWatchLogsLogGroupArnException",
        )
    if trail.log_group and not trail.log_role:
        # The text is AWS's, from a public report.
        raise CloudTrailError(
            "You must specify a role ARN as well as a log group.",
            code="InvalidCloudWatchLogsRoleArnException",
        )
    return trail


def _check_name(name: str) -> None:
    """Raises InvalidTrailNameException; the texts are AWS's, as moto took them over."""
    message = ""
    if len(name) < 3:
        message = (
            "Trail name too short. Minimum allowed length: 3 characters."
            f" Specified name length: {len(name)} characters."
        )
    elif len(name) > 128:
        message = (
            "Trail name too long. Maximum allowed length: 128 characters."
            f" Specified name length: {len(name)} characters."
        )
    elif not name[0].isalnum():
        message = "Trail name must starts with a letter or number."
    elif not name[-1].isalnum():
        message = "Trail name must ends with a letter or number."
    elif re.fullmatch(r"[.\-_0-9a-zA-Z]+", name) is None:
        message = (
            "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers,"
            " periods (.), hyphens (-), and underscores (_)."
        )
    if message:
        raise CloudTrailError(message, code="InvalidTrailNameException")


def _check_arn(text: str) -> None:
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        arn = None
    if arn is None or arn.service != "cloudtrail" or not arn.resource.startswith("trail/"):
        raise CloudTrailError(f"{text} is not the ARN of a trail.", code="CloudTrailARNInvalidException")


def _shape(trail: TrailDefinition) -> shapes.Trail:
    shape: shapes.Trail = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": trail.validation,
        "IsOrganizationTrail": trail.organization,
    }
    if trail.prefix:
        shape["S3KeyPrefix"] = trail.prefix
    if trail.topic:
        shape["SnsTopicName"] = trail.topic
        shape["SnsTopicARN"] = trail.topic_arn
    if trail.log_group:
        shape["CloudWatchLogsLogGroupArn"] = trail.log_group
        shape["CloudWatchLogsRoleArn"] = trail.log_role
    if trail.kms_key:
        shape["KmsKeyId"] = trail.kms_key
    if trail.recursive is not None:
        shape["RecursiveLogging"] = trail.recursive
    return shape


def _described(trail: TrailDefinition) -> shapes.Trail:
    shape = _shape(trail)
    shape["HomeRegion"] = trail.region
    shape["HasCustomEventSelectors"] = bool(trail.selectors or trail.advanced_selectors)
    shape["HasInsightSelectors"] = bool(trail.insight_selectors)
    return shape


def _iso(time: datetime | None) -> str:
    return "" if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")
