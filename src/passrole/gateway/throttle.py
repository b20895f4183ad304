"""AWS's rate limits, kept where the endpoint is told to: a client's retries are tried that way.

Source: CloudTrail User Guide, "Quotas in AWS CloudTrail" (LookupEvents: two a second, account and region).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.values.errors import ServiceError

# Calls a second in one account and region, by (service, operation); as many at once at most.
_RATES: Final[Mapping[tuple[str, str], float]] = {("cloudtrail", "LookupEvents"): 2.0}


class Throttled(ServiceError):
    """Too many calls at once."""

    code, status = "ThrottlingException", 400

    def __init__(self, message: str = "Rate exceeded") -> None:
        super().__init__(message)


class Throttle:
    """Token buckets; seconds is a clock that only goes forward."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        # What is left of a bucket, and when it was.
        self._left: dict[tuple[str, str, str, str], tuple[float, float]] = {}

    def check(self, call: Call) -> None:
        """Takes a token. Raises Throttled where none is left."""
        rate = _RATES.get((call.service, call.operation))
        if rate is None:
            return
        place = (call.service, call.operation, call.account, call.region)
        now = self._seconds()
        left, then = self._left.get(place, (rate, now))
        left = min(rate, left + (now - then) * rate)
        if left < 1:
            self._left[place] = (left, now)
            raise Throttled
        self._left[place] = (left - 1, now)
