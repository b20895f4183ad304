"""pytest fixtures: an endpoint for the session, a fresh account for each test.

``passrole_endpoint`` is a running :class:`passrole.Endpoint` that keeps nothing;
``passrole_account`` is an :class:`AccountKeys` whose ``client_settings`` go to ``boto3.client``::

    def test_upload(passrole_account):
        s3 = boto3.client("s3", **passrole_account.client_settings)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from passrole.faces.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """A new account of the endpoint and its root's key."""

    account: str
    access_key_id: str
    secret_access_key: str
    endpoint_url: str

    @property
    def client_settings(self) -> dict[str, str]:
        """Keyword arguments for ``boto3.client`` and ``boto3.resource``."""
        return {
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "region_name": "us-east-1",
        }


@pytest.fixture(scope="session")
def passrole_endpoint() -> Iterator[Endpoint]:
    """A running endpoint on a free port; it ends with the session."""
    # Imported here: a project that has the plugin installed and does not use it pays nothing.
    from passrole.faces.endpoint import Endpoint
    from passrole.faces.options import Options

    with Endpoint(Options(port=0, ephemeral=True, testing=True)) as endpoint:
        yield endpoint


@pytest.fixture
def passrole_account(passrole_endpoint: Endpoint) -> AccountKeys:
    """A fresh account of the session's endpoint."""
    made = passrole_endpoint.new_account()
    return AccountKeys(
        account=made.account,
        access_key_id=made.id,
        secret_access_key=made.secret,
        endpoint_url=passrole_endpoint.url,
    )
