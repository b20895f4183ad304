"""How a service takes a role that it was given: through the role's trust policy, and on the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from passrole.authorize.call import ResourceFacts
from passrole.authorize.refusal import Refusal
from passrole.gateway.clock import Clock
from passrole.gateway.recording import Recorder
from passrole.passing.rule import service_may_assume
from passrole.state.directory import Directory
from passrole.state.entities import Role, Session
from passrole.state.sessions import issue_session
from passrole.state.trail import Event
from passrole.values.ids import Ids


class AssumeByService:
    """``services.operation.ServiceAssume`` of one endpoint."""

    def __init__(
        self,
        *,
        directory: Directory,
        facts: ResourceFacts,
        ids: Ids,
        clock: Clock,
        recorder: Recorder,
        commit: Callable[[tuple[Event, ...]], Awaitable[None]],
    ) -> None:
        self._directory = directory
        self._facts = facts
        self._ids = ids
        self._clock = clock
        self._recorder = recorder
        self._commit = commit

    async def assume(
        self,
        service: str,
        role: Role,
        *,
        session_name: str,
        workload: str,
        seconds: int,
        region: str,
        context: Mapping[str, str],
        for_itself: bool = False,
    ) -> Session | Refusal:
        """See ServiceAssume. Raises StoreUnavailable where the session could not be kept.

        for_itself: the service makes the calls, not the workload; they show it as their invokedBy.
        """
        judged = service_may_assume(
            service,
            role.arn,
            role.account,
            self._directory,
            self._facts,
            source_arn=workload,
            region=region,
        )
        now = self._clock.now()
        if not judged.decision.allowed:
            refusal = Refusal(judged)
            await self._commit(
                self._recorder.service_assume(
                    service, role, session_name, region, now, error=refusal.sentence()
                )
            )
            return refusal
        session = issue_session(
            self._directory,
            self._ids,
            now=now,
            role=role,
            name=session_name,
            seconds=seconds,
            context=context,
            invoked_by=service if for_itself else "",
            workload=workload,
        )
        await self._commit(
            self._recorder.service_assume(service, role, session_name, region, now, session=session)
        )
        return session
