"""Where account data comes from: files, an endpoint, or a real account that is only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from passrole.values.errors import PassroleError

# What reads an account is loaded where one is read: an audit of logs alone needs none of it.
if TYPE_CHECKING:
    from passrole.state.estate.accounts import Accounts
    from passrole.state.estate.estate import Estate
    from passrole.wire.client import Client

_REGION: Final = "us-east-1"


class NoSource(PassroleError):
    """Nothing says where the account's data is."""

    def __str__(self) -> str:
        return (
            "say where the account's data is: --details FILE, --endpoint URL (or AWS_ENDPOINT_URL) "
            "or --profile NAME"
        )


class NoCredentials(PassroleError):
    """The usual chain of credentials has none."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the command line says. Files win over a profile, a profile over an endpoint."""

    details: tuple[Path, ...] = ()
    endpoint: str = ""
    profile: str = ""
    region: str = ""

    @property
    def is_live(self) -> bool:
        """Is there an account that can be asked?"""
        return bool(self.endpoint or self.profile)

    def client(self) -> Client:
        """The client of the live account. Raises NoSource, NoCredentials or CredentialsFailed."""
        from passrole.wire.client import Client
        from passrole.wire.models import credentials

        if not self.is_live:
            raise NoSource
        found = credentials(self.profile)
        if found is None:
            raise NoCredentials(
                "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile"
            )
        url = "" if self.profile else self.endpoint
        return Client(found, url=url, region=self.region or found.region or _REGION)

    def estate(self) -> Estate:
        """The estate; of organizations' exports alone, with the live account where there is one.

        Raises NoSource, UnreadableEstate, NoCredentials, CredentialsFailed, NotReached or CannotRead.
        """
        from passrole.analysis.live import read_live
        from passrole.state.estate.estate import exports, read_files

        organizations = exports(self.details) if self.is_live else ()
        if self.details and not organizations:
            return read_files(self.details)
        with self.client() as client:
            return read_live(client, *organizations)

    def estates(self) -> Accounts | Sequence[Estate]:
        """The same, account by account: an estate is gone when the next one is asked for."""
        from passrole.state.estate.accounts import Accounts
        from passrole.state.estate.estate import exports

        if self.details and not (self.is_live and exports(self.details)):
            return Accounts.of(self.details)
        return (self.estate(),)
