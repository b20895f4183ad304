"""The only door to the services: an AuthorizedCall exists only because a permit was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from passrole.authorize.call import Call
from passrole.values.arn import Arn


@dataclass(frozen=True, slots=True)
class RolePass:
    """One role passed in one call, resolved: what the rule judges and associations remember.

    parameter is the concrete path in the input (``IamInstanceProfile.Name``). role_id is "" where
    no such role exists. profile_arn and profile_id are set where the role came through an instance
    profile, template where it came from a launch template rather than from the request itself.
    services are the values of ``iam:PassedToService`` (several only where AWS's sources disagree).
    """

    parameter: str
    role: Arn
    role_id: str
    services: tuple[str, ...]
    associated_resource: str = ""  # iam:AssociatedResourceArn, "" where AWS sets none
    profile_arn: str = ""
    profile_id: str = ""
    template: str = ""


class _Seal:
    """Held by this module alone."""


_SEAL: Final = _Seal()


@final
class AuthorizedCall:
    """A call that every check let through, with the roles it passes. Made by ``permit`` only."""

    __slots__ = ("call", "passes", "would_deny")

    def __init__(self, seal: _Seal, call: Call, passes: tuple[RolePass, ...], would_deny: str) -> None:
        if seal is not _SEAL:
            raise TypeError("an AuthorizedCall is made by passing.permit alone")
        self.call = call
        self.passes = passes
        self.would_deny = would_deny  # --enforce report: the refusal that was let through, else ""
