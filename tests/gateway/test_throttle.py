"""Rate limits, where the endpoint is told to keep them."""

from __future__ import annotations

from typing import cast

import pytest

from passrole.authorize.call import Call
from passrole.gateway.throttle import Throttle, Throttled


class _Asked:
    def __init__(self, operation: str, account: str = "111122223333", region: str = "us-east-1") -> None:
        self.service = "cloudtrail"
        self.operation = operation
        self.account = account
        self.region = region


def asked(operation: str, account: str = "111122223333", region: str = "us-east-1") -> Call:
    return cast(Call, _Asked(operation, account, region))


def test_two_a_second_for_each_account_and_region() -> None:
    now = [100.0]
    throttle = Throttle(lambda: now[0])
    lookup = asked("LookupEvents")
    throttle.check(lookup)
    throttle.check(lookup)
    with pytest.raises(Throttled, match="Rate exceeded"):
        throttle.check(lookup)
    throttle.check(asked("LookupEvents", region="eu-west-1"))
    throttle.check(asked("LookupEvents", account="444455556666"))
    now[0] += 0.5
    throttle.check(lookup)
    with pytest.raises(Throttled):
        throttle.check(lookup)
    now[0] += 60
    throttle.check(lookup)
    throttle.check(lookup)
    with pytest.raises(Throttled):
        throttle.check(lookup)


def test_what_has_no_limit_here_is_never_refused() -> None:
    throttle = Throttle(lambda: 0.0)
    for _ in range(100):
        throttle.check(asked("GetTrailStatus"))
