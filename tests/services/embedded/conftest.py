"""A fresh endpoint for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.services.embedded.cloud import Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Two accounts, ALPHA and BETA, with nothing in them."""
    made = Cloud()
    yield made
    made.embedded.close()
