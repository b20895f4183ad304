"""CloudTrail's errors: all 400.

Source of codes: the service model. Texts are AWS's where the comment beside them says so; the rest
say the same in our words, as no recorded response of theirs was found.
"""

from __future__ import annotations

from passrole.values.errors import ServiceError


class CloudTrailError(ServiceError):
    """An error of CloudTrail; code is that of the service model."""

    code, status = "CloudTrailInvalidClientTokenIdException", 400


def trail_not_found(name: str, account: str) -> CloudTrailError:
    """Source of the text: recorded events."""
    return CloudTrailError(f"Unknown trail: {name} for the user: {account}", code="TrailNotFoundException")


def invalid_selectors(message: str) -> CloudTrailError:
    """An event selector that CloudTrail does not take."""
    return CloudTrailError(message, code="InvalidEventSelectorsException")


def invalid_combination(message: str) -> CloudTrailError:
    """Parameters that do not go together."""
    return CloudTrailError(message, code="InvalidParameterCombinationException")
