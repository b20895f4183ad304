"""The temporary credentials of workloads: taken when they are asked for, kept until they near their end.

Nothing is cached beside the directory: the credentials in force are the youngest of the workload's
sessions there, so a role that changes hands, a reset or a restart needs no second book-keeping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from passrole.authorize.refusal import Refusal
from passrole.services.operation import ServiceAssume
from passrole.state.directory import Directory
from passrole.state.entities import SESSION_OF, Role, Session
from passrole.values.arn import Arn

# About 6 hours; new ones are there at least 5 minutes before the old ones end. boto3 asks again from 15
# minutes before, so that is when it must find new ones.
# Source: EC2 User Guide, "Retrieve security credentials from instance metadata".
LIFETIME: Final = timedelta(hours=6)
RENEWED_BEFORE_END: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs with a role. context holds the condition keys that its credentials carry."""

    arn: Arn
    service: str  # the service principal that assumes the role: "ec2.amazonaws.com"
    session_name: str
    context: Mapping[str, str]


class WorkloadCredentials:
    """Gives each workload the credentials of its role."""

    def __init__(self, directory: Directory, assume: ServiceAssume, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._assume = assume
        self._now = now
        # One request at a time takes new credentials of a role for a workload.
        self._taking: WeakValueDictionary[tuple[Arn, str], asyncio.Lock] = WeakValueDictionary()

    async def of(self, workload: Workload, role: Role) -> Session | Refusal:
        """Credentials with at least 15 minutes left, or why the service may not assume the role just now.

        A role that was refused is asked about again each time: a mended trust policy helps at once.
        """
        # Kept in a name: the dictionary holds on to a lock only as long as somebody else does.
        lock = self._taking.setdefault((workload.arn, role.id), asyncio.Lock())
        async with lock:
            return self._in_force(workload, role) or await self._assume.assume(
                workload.service,
                role,
                session_name=workload.session_name,
                workload=str(workload.arn),
                seconds=int(LIFETIME.total_seconds()),
                region=workload.arn.region,
                context=workload.context,
            )

    def _in_force(self, workload: Workload, role: Role) -> Session | None:
        """The youngest credentials of the role that need no renewal and carry the very same keys."""
        enough = self._now() + RENEWED_BEFORE_END
        fitting = [
            session
            for session in self._directory.referring(SESSION_OF, str(workload.arn))
            if isinstance(session, Session)
            and session.role_id == role.id
            and session.context == workload.context
            and session.expires >= enough
        ]
        return max(fitting, key=lambda session: session.expires, default=None)
