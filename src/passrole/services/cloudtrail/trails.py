"""Trails: made, changed, described, started and stopped. ``services.workloads.trails`` delivers them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from msgspec.structs import replace

from passrole.services.cloudtrail.destinations import CLOUDTRAIL, check_destinations, key_arn
from passrole.services.cloudtrail.errors import CloudTrailError, invalid_combination, trail_not_found
from passrole.services.cloudtrail.naming import check_arn, check_name, check_places
from passrole.services.cloudtrail.organization import owner
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.entities import Tags
from passrole.state.organization import administered, organization_of
from passrole.state.trails import DELIVERED_BY, TrailDefinition

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
    InvalidS3BucketNameException, InvalidS3PrefixException, InvalidSnsTopicNameException, or an error of
    the destinations or of the organization.
    """
    name = given["Name"]
    check_name(name)
    account = owner(call, of_organization=given.get("IsOrganizationTrail", False))
    here = [trail for trail in call.directory.all(TrailDefinition, account) if trail.region == call.region]
    if any(trail.name == name for trail in here):
        raise CloudTrailError(
            f"Trail {name} already exists for customer: {account}",
            code="TrailAlreadyExistsException",
        )
    if len(here) >= _PER_REGION:
        # The text is AWS's, from a public report.
        raise CloudTrailError(
            f"User: {account} already has {_PER_REGION} trails in {call.region}.",
            code="MaximumNumberOfTrailsExceededException",
        )
    trail = TrailDefinition(
        account=account,
        region=call.region,
        name=name,
        created=call.now,
        bucket=given["S3BucketName"],
        tags=tag_pairs(given.get("TagsList", ())),
    )
    trail = _changed(call, trail, given)
    check_destinations(call, trail, {*given})
    call.directory.put(trail)
    return cast("shapes.CreateTrailResponse", _shape(trail))


@operation("cloudtrail:UpdateTrail")
def update_trail(call: ServiceCall, given: shapes.UpdateTrailRequest) -> shapes.UpdateTrailResponse:
    """Changes what is given of a trail and leaves the rest; an empty text removes a setting.

    Raises as CreateTrail does, TrailNotFoundException or InvalidHomeRegionException.
    """
    trail = _changed(call, own_trail(call, given["Name"]), given)
    if owner(call, of_organization=trail.organization) != trail.account:
        # The text is ours: of what is a member's own there can be no trail of the organization.
        raise invalid_combination("Only a trail of the management account can be its organization's.")
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
    """A trail of this region by its name, or of any by its ARN."""
    return {"Trail": _described(find_trail(call, given["Name"]))}


@operation("cloudtrail:DescribeTrails")
def describe_trails(call: ServiceCall, given: shapes.DescribeTrailsRequest) -> shapes.DescribeTrailsResponse:
    """The trails of this region with the shadows of other regions' multi-region trails, or those that are
    named: by name those of this region, by ARN those of any.

    What names none is passed over. Source: CloudTrail API Reference, DescribeTrails.
    """
    trails = _seen(call)
    if names := given.get("trailNameList"):
        trails = [trail for trail in _known(call) if any(_is(trail, name, call) for name in names)]
    if not given.get("includeShadowTrails", True):
        trails = [trail for trail in trails if trail.region == call.region]
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


def find_trail(call: ServiceCall, name: str) -> TrailDefinition:
    """The trail of that name in this region and account, or of that ARN wherever it is at home.

    Raises TrailNotFoundException, InvalidTrailNameException or CloudTrailARNInvalidException.
    Source: CloudTrail API Reference, GetTrail and GetTrailStatus, on shadow trails.
    """
    if name.startswith("arn:"):
        check_arn(name)
    else:
        check_name(name)
    for trail in _known(call):
        if _is(trail, name, call):
            return trail
    raise trail_not_found(name, call.account)


def own_trail(call: ServiceCall, name: str) -> TrailDefinition:
    """The trail of that name or ARN, for a change: it is made in the trail's home region only, and to an
    organization's trail by the management account or a delegated administrator only.

    Raises as find_trail, InvalidHomeRegionException or NotOrganizationMasterAccountException.
    """
    named = [trail for trail in _known(call) if name in (trail.name, trail.arn)]
    here = [trail for trail in named if trail.region == call.region]
    if not named:
        return find_trail(call, name)  # says what is wrong with the name
    trail = (here or named)[0]
    if trail.account != call.account and administered(call.directory, call.account, CLOUDTRAIL) is None:
        raise CloudTrailError(
            "Only the management account of an organization and its delegated administrators for CloudTrail"
            " can create or change its trails.",
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


def _known(call: ServiceCall) -> list[TrailDefinition]:
    """The account's own trails and those of its organization, whatever their regions.

    An organization's trails are seen in each of its accounts.
    """
    trails = list(call.directory.all(TrailDefinition, call.account))
    organization = organization_of(call.directory, call.account)
    if organization is not None and organization.account != call.account:
        managed = call.directory.all(TrailDefinition, organization.account)
        trails += [trail for trail in managed if trail.organization]
    return trails


def _seen(call: ServiceCall) -> list[TrailDefinition]:
    """This region's own trails first, then the shadows of multi-region trails of others."""
    trails = _known(call)
    own = [trail for trail in trails if trail.region == call.region]
    return own + [trail for trail in trails if trail.multi_region and trail.region != call.region]


def _is(trail: TrailDefinition, name: str, call: ServiceCall) -> bool:
    """Names find trails of this region only, ARNs any. Source: API Reference, DescribeTrails."""
    return name == trail.arn or (name == trail.name and trail.region == call.region)


def _changed(
    call: ServiceCall, trail: TrailDefinition, given: shapes.CreateTrailRequest | shapes.UpdateTrailRequest
) -> TrailDefinition:
    check_places(given)
    changes = {ours: given[theirs] for theirs, ours in _CHANGES.items() if theirs in given}  # type: ignore[literal-required]  # the table's keys are the request's
    trail = replace(trail, **changes)
    if given.get("KmsKeyId"):
        trail = replace(trail, kms_key=key_arn(call, trail))
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
