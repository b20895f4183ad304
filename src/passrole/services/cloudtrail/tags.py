"""Tags of trails."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.cloudtrail.trails import find_trail, own_trail, tag_pairs
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.trails import TrailDefinition

_MOST: Final = 50


@operation("cloudtrail:AddTags")
def add_tags(call: ServiceCall, given: shapes.AddTagsRequest) -> shapes.AddTagsResponse:
    """Adds tags to a trail, or gives those of the same key a new value.

    Raises TagsLimitExceededException, InvalidTagParameterException or ResourceNotFoundException.
    """
    trail = own_trail(call, _trail_arn(call, given["ResourceId"]).arn)
    tags = dict(trail.tags) | dict(tag_pairs(given["TagsList"]))
    if len(tags) > _MOST:
        raise CloudTrailError(f"A trail can have up to {_MOST} tags.", code="TagsLimitExceededException")
    call.directory.put(replace(trail, tags=tuple(tags.items())))
    return {}


@operation("cloudtrail:RemoveTags")
def remove_tags(call: ServiceCall, given: shapes.RemoveTagsRequest) -> shapes.RemoveTagsResponse:
    """Removes the tags of these keys; values do not matter."""
    trail = own_trail(call, _trail_arn(call, given["ResourceId"]).arn)
    gone = {tag["Key"] for tag in given["TagsList"]}
    call.directory.put(replace(trail, tags=tuple(tag for tag in trail.tags if tag[0] not in gone)))
    return {}


@operation("cloudtrail:ListTags")
def list_tags(call: ServiceCall, given: shapes.ListTagsRequest) -> shapes.ListTagsResponse:
    """The tags of up to 20 trails, by ARN."""
    trails = [_trail_arn(call, arn) for arn in given["ResourceIdList"]]
    return {
        "ResourceTagList": [
            {
                "ResourceId": trail.arn,
                "TagsList": [{"Key": key, "Value": value} for key, value in trail.tags],
            }
            for trail in trails
        ]
    }


def _trail_arn(call: ServiceCall, arn: str) -> TrailDefinition:
    """The trail of that ARN, as a tagging operation asks for it."""
    if not arn.startswith("arn:"):
        raise CloudTrailError(f"{arn} is not the ARN of a trail.", code="CloudTrailARNInvalidException")
    try:
        return find_trail(call, arn)
    except CloudTrailError as error:
        if error.code != "TrailNotFoundException":
            raise
        raise CloudTrailError(f"{arn} does not exist.", code="ResourceNotFoundException") from error
