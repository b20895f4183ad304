"""Tags on IAM's entities.

Keys of users' and roles' tags are unique whatever their case; on everything else case counts.
Source: IAM User Guide, "Tags for AWS Identity and Access Management resources", Case sensitivity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from passrole.services.iam.errors import InvalidInput, LimitExceeded
from passrole.state.entities import Tags

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_MOST: Final = 50

Fold = Callable[[str], str]  # what makes two keys the same


def any_case(key: str) -> str:
    """For users and roles: ``Team`` and ``team`` are one key."""
    return key.lower()


def exact(key: str) -> str:
    """For every other kind of entity."""
    return key


def checked(tags: Sequence[shapes.Tag], fold: Fold) -> Tags:
    """The tags of a request. Raises InvalidInput for a repeated or reserved key."""
    if len({fold(tag["Key"]) for tag in tags}) != len(tags):
        if fold is any_case:
            raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        raise InvalidInput("Duplicate tag keys found.")
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            # Assumed wording: AWS's general one for reserved keys; IAM's own was not found recorded.
            raise InvalidInput("aws: prefixed tag key names are not allowed for external use.")
    return tuple((tag["Key"], tag["Value"]) for tag in tags)


def merged(old: Tags, tags: Sequence[shapes.Tag], fold: Fold) -> Tags:
    """The tags after a Tag… call. Raises InvalidInput, or LimitExceeded above 50 tags."""
    new = checked(tags, fold)
    replaced = {fold(key) for key, _ in new}
    result = tuple(tag for tag in old if fold(tag[0]) not in replaced) + new
    if len(result) > _MOST:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return result


def without(old: Tags, keys: Sequence[str], fold: Fold) -> Tags:
    """The tags after an Untag… call; keys that are not there do not matter."""
    gone = {fold(key) for key in keys}
    return tuple(tag for tag in old if fold(tag[0]) not in gone)


def given(tags: Tags) -> list[shapes.Tag]:
    """As a Create… call gives them back: in the order they came."""
    return [{"Key": key, "Value": value} for key, value in tags]


def listed(tags: Tags) -> list[shapes.Tag]:
    """As Get… and List… give them back: by key."""
    return given(tuple(sorted(tags)))
