"""Inputs read back from records as AWS writes them: tests/state/recorded_events.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import pytest
from tests.state.test_record import Members
from tests.state.test_recorded_events import CASES, named

from passrole.analysis.audit.inputs import Recorded


def texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every ARN and every tag in an input: what policies are asked about."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from texts(part, f"{path}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, f"{path}[]")
    elif isinstance(value, str) and (value.startswith("arn:") or "Tag" in path):
        yield path, value


@pytest.mark.parametrize("case", CASES, ids=named)
def test_finds_every_arn_and_tag_where_it_was(case: Members) -> None:
    service, _, operation = str(case["call"]).partition(":")
    found = Recorded(service, operation)(case["parameters"])
    assert set(texts(found)) == set(texts(cast(Members, case["request"])))
