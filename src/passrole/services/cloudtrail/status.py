"""How trails fare: whether they log, how their deliveries went, and the keys of their digests."""

from __future__ import annotations

from datetime import datetime, timedelta

from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.cloudtrail.trails import find_trail
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudtrail as shapes
from passrole.state.trails import DigestKey, TrailDelivery


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


def _iso(time: datetime | None) -> str:
    return "" if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")
