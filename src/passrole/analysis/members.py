"""The accounts of an organization, read one by one: each by a role in it that the caller may assume.

Source: Organizations User Guide, "Accessing a member account that has OrganizationAccountAccessRole".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from passrole.analysis.live import CannotRead
from passrole.state.estate.estate import Export
from passrole.values.arn import Arn
from passrole.values.errors import ServiceError
from passrole.wire.client import Client
from passrole.wire.models import Credentials

# The role that Organizations makes in every account that is made there.
ACCESS_ROLE: Final = "OrganizationAccountAccessRole"
_SESSION: Final = "passrole-export"


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """One account of an organization. active is False for one that is suspended or being closed."""

    id: str
    name: str
    active: bool

    def __str__(self) -> str:
        return f"{self.id} ({self.name})" if self.name else self.id


def members(organization: Export) -> list[MemberAccount]:
    """The accounts of an organization's export, by id."""
    rows = organization.content.get("Accounts")
    found = [
        MemberAccount(
            str(row.get("Id", "")),
            str(row.get("Name", "")),
            # State takes Status's place; an answer may have either.
            (row.get("State") or row.get("Status") or "ACTIVE") == "ACTIVE",
        )
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, Mapping)
    ]
    return sorted(found, key=lambda member: member.id)


class Entrance:
    """The way of one caller into accounts: its own as it is, every other by a role of that name there."""

    def __init__(self, client: Client, role: str = ACCESS_ROLE) -> None:
        """role may have a path: ``audit/Reader``. Raises CannotRead and NotReached."""
        self._client = client
        self._role = role.strip("/")
        try:
            caller = client.call("sts", "GetCallerIdentity")
        except ServiceError as error:
            raise CannotRead(f"the account cannot be read: {error}") from error
        arn = Arn.parse(str(caller.get("Arn", "")))
        self._own = arn.account
        self._partition = arn.partition

    @contextmanager
    def into(self, account: str) -> Iterator[Client]:
        """A client that calls within the account. Raises CannotRead and NotReached."""
        if account == self._own:
            yield self._client
            return
        role = f"arn:{self._partition}:iam::{account}:role/{self._role}"
        try:
            given = {"RoleArn": role, "RoleSessionName": _SESSION}
            answer = self._client.call("sts", "AssumeRole", given)["Credentials"]
        except ServiceError as error:
            raise CannotRead(f"{role} cannot be assumed: {error}") from error
        assert isinstance(answer, Mapping)
        key = Credentials(
            str(answer["AccessKeyId"]), str(answer["SecretAccessKey"]), str(answer["SessionToken"])
        )
        with Client(key, url=self._client.url, region=self._client.region) as inside:
            yield inside
