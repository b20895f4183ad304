"""Every operation of every service, over every protocol that it lists: there and back with botocore."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from passrole.wire import services

from .roundtrip import EXCEPTIONS, Way, reads, ways, writes
from .test_roundtrip import CHECKS, problems

pytestmark = pytest.mark.prove


@pytest.mark.parametrize("check", CHECKS)
def test_every_operation_comes_back(check: Callable[[Way], str], capsys: pytest.CaptureFixture[str]) -> None:
    chosen = [way for service in services.index() for way in ways(service)]
    assert len({(way.service, way.operation) for way in chosen}) > 19_000
    found = problems(check, chosen)
    with capsys.disabled():
        known = len(EXCEPTIONS["write" if check is writes else "read"])
        passed = len(chosen) - len(found) - known
        print(f"\n{check.__name__}: {passed} of {len(chosen)} operations × protocols, {known} known not to")
    assert found == []


def test_every_exception_is_still_one() -> None:
    for kind, check in (("write", writes), ("read", reads)):
        stale = [text for text in EXCEPTIONS[kind] if not check(Way(*text.split(":")))]
        assert stale == []
