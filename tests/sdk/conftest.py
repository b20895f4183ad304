"""Servers and clients for the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sdk.clients import HERE, Boto3, Cli, Client, JavaScript
from tests.sdk.server import Serve


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.sdk)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A server that keeps nothing, for the tests of one module."""
    with Serve(tmp_path_factory.mktemp("serve") / "stderr.log", "--ephemeral", "--testing") as server:
        yield server


@pytest.fixture(scope="session")
def node() -> Path:
    """The Node program, with the packages that the tests need."""
    program = shutil.which("node")
    if program is None or not (HERE / "node_modules").is_dir():
        pytest.fail("this test needs Node.js 20 or newer and its packages: make node-packages")
    return Path(program)


@pytest.fixture(
    scope="module",
    params=["boto3", "cli", pytest.param("javascript", marks=pytest.mark.node)],
)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Each of the three clients in turn, with a server of its own."""
    if request.param == "javascript":
        request.getfixturevalue("node")
    with Serve(tmp_path_factory.mktemp("serve") / "stderr.log", "--ephemeral", "--testing") as server:
        if request.param == "boto3":
            yield Boto3(server.url)
        elif request.param == "cli":
            yield Cli(server.url)
        else:
            javascript = JavaScript(server.url)
            yield javascript
            javascript.close()
