"""Services that act on their own: their calls take the very way that everybody's take.

What a service asks for is encoded as a client would, read back as the gateway would, authorized, served and
recorded; only the signature is left out, since nobody but this process could have made the call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from passrole.authorize.call import Call, Caller, NoFacts, ResourceFacts
from passrole.authorize.check import check
from passrole.authorize.context import Values, principal_context, timestamp
from passrole.authorize.limits import check_credentials
from passrole.authorize.plan import Check, owner_keys
from passrole.authorize.refusal import Refusal
from passrole.gateway.authenticate import session_caller
from passrole.gateway.clock import Clock
from passrole.gateway.service_role import AssumeByService
from passrole.passing.rule import service_caller
from passrole.services.operation import ActAs, Output
from passrole.state.directory import Directory
from passrole.state.entities import Role, Session, User
from passrole.state.organization import suspended
from passrole.state.store import StoreUnavailable
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.errors import auth_error
from passrole.wire.outputs import UnreadableAnswer, error_of, read_output
from passrole.wire.protocols import encode_request, read
from passrole.wire.request import RawRequest, Response
from passrole.wire.services import entry

log = logging.getLogger(__name__)

# AWS's services call each other over TLS, whatever this endpoint's own socket speaks.
_EXTRA: Final[Mapping[str, str]] = {"aws:securetransport": "true"}


class ServicesActing:
    """``services.operation.Acting`` of one endpoint.

    carry_out is the gateway's; reload reads the state back after the store failed; host is the endpoint's
    address, of which services make the URLs that they answer.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        ids: Ids,
        clock: Clock,
        assume: AssumeByService,
        carry_out: Callable[[Call], Awaitable[Response]],
        reload: Callable[[], Awaitable[None]],
        host: str,
        facts: ResourceFacts | None = None,
    ) -> None:
        self._directory = directory
        self._facts = facts if facts is not None else NoFacts()
        self._ids = ids
        self._clock = clock
        self._assume = assume
        self._carry_out = carry_out
        self._reload = reload
        self._host = host
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Takes calls from threads from now on; called on the event loop that the gateway runs on."""
        self._loop = asyncio.get_running_loop()

    async def with_role(
        self,
        service: str,
        role: Role,
        *,
        session_name: str,
        source_arn: str,
        region: str,
        seconds: int = 900,
        replaces: ActAs | None = None,
    ) -> ActAs | Refusal:
        """See Acting. Raises ServiceError (InternalFailure) where the session could not be kept."""
        if isinstance(replaces, _Acting) and replaces.taken is not None:
            # In the transaction of the new session, or of the refusal's record.
            kept = self._directory.by_id(Session, replaces.taken.id)
            if kept is not None:
                self._directory.delete(kept)
        try:
            taken = await self._assume.assume(
                service,
                role,
                session_name=session_name,
                workload=source_arn,
                seconds=seconds,
                region=region,
                context={},
                for_itself=True,
            )
        except StoreUnavailable as error:
            await self._recover(error)
            raise _failure(str(error)) from error
        if isinstance(taken, Refusal):
            return taken
        return _Acting(self, service, region, session_caller(taken, role, None), taken)

    def with_session(self, session: Session, service: str, region: str) -> ActAs:
        """See Acting."""
        role = self._directory.by_id(Role, session.role_id)
        if role is None:
            raise ServiceError(
                "The security token included in the request is invalid.",
                code="UnrecognizedClientException",
                status=403,
            )
        return _Acting(self, service, region, session_caller(session, role, None), session)

    def as_service(self, service: str, *, source_arn: str, account: str, region: str) -> ActAs:
        """See Acting."""
        extra = {**_EXTRA, "aws:sourcearn": source_arn, "aws:sourceaccount": source_arn.split(":")[4]}
        return _Acting(self, service, region, service_caller(service), account=account, extra=extra)

    def refuses(self, act: ActAs, action: str, resource: str, owner: str) -> Refusal | None:
        """See Acting."""
        if not isinstance(act, _Acting):
            raise TypeError("only what this made can be asked")
        caller = self._caller(act, action.split(":", 1)[0], "json")
        now = self._clock.now()
        keys: dict[str, Values] = {
            **principal_context(caller),
            **owner_keys(owner, self._directory),
            **act.extra,
            "aws:currenttime": timestamp(now),
            "aws:epochtime": str(int(now.timestamp())),
            "aws:requestedregion": act.region,
            "aws:viaawsservice": "false",
        }
        asked = Check(action, resource, owner, keys)
        judged = check(self._directory, self._facts, caller, asked, act.region)
        return None if judged.decision.allowed else Refusal(judged)

    def as_caller(self, call: Call, service: str) -> ActAs:
        """See Acting."""
        via = (*call.called_via, service)
        return _Acting(self, service, call.region, call.caller, called_via=via)

    async def answer(
        self, acting: _Acting, service: str, operation: str, given: Mapping[str, object]
    ) -> Output:
        """One call. Raises ServiceError as the service would answer it."""
        protocol = entry(service).protocols[0]
        caller = self._caller(acting, service, protocol)
        made = encode_request(service, operation, given, self._host, protocol=protocol)
        headers = (*made.headers, ("user-agent", acting.service))
        raw = RawRequest(made.method, made.path, made.query, headers, made.body)
        call = Call(
            raw=raw,
            body=raw.body,
            service=service,
            operation=operation,
            protocol=protocol,
            input=read(service, operation, protocol, raw),
            caller=caller,
            account=caller.account or acting.account,
            region=acting.region,
            now=self._clock.now(),
            request_id=self._ids.uuid(),
            called_via=acting.called_via,
            extra=acting.extra,
        )
        check_credentials(call)
        response = await self._carried_out(call)
        error = error_of(response)
        if error is not None:
            raise error
        try:
            return read_output(service, operation, protocol, response)
        except UnreadableAnswer as problem:
            log.error("the answer to %s is not in its shape", problem)
            raise _failure("The service's answer could not be read.") from problem

    def wait(self, acting: _Acting, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """As answer, for a thread."""
        if self._loop is None:
            raise RuntimeError("the endpoint is not running")
        return asyncio.run_coroutine_threadsafe(
            self.answer(acting, service, operation, given), self._loop
        ).result()

    async def _carried_out(self, call: Call) -> Response:
        try:
            return await self._carry_out(call)
        except StoreUnavailable as error:
            await self._recover(error)
            raise _failure(str(error)) from error
        except Exception as error:  # the last line before a service, as before a client
            log.exception("a service's call could not be answered: %s:%s", call.service, call.operation)
            raise _failure("An internal error occurred; the endpoint's log has the details.") from error

    async def _recover(self, error: StoreUnavailable) -> None:
        log.error("the state could not be written: %s", error)
        try:
            await self._reload()
        except StoreUnavailable:
            log.error("the state could not be read back; the next call finds out again")

    def _caller(self, acting: _Acting, service: str, protocol: str) -> Caller:
        """The caller as it is now.

        A role that was taken ends with its time. Forwarded rights last as long as the work that they are for;
        both end with the role or user.
        """
        given = acting.caller
        role = self._directory.by_id(Role, given.role.id) if given.role is not None else None
        user = self._directory.by_id(User, given.user.id) if given.user is not None else None
        entity_gone = (given.role is not None and role is None) or (given.user is not None and user is None)
        ended = acting.taken is not None and self._directory.by_id(Session, acting.taken.id) is None
        problem: AuthKind | None = None
        if entity_gone or ended:
            problem = AuthKind.BAD_TOKEN
        elif acting.taken is not None and acting.taken.expires <= self._clock.now():
            problem = AuthKind.EXPIRED_TOKEN
        elif suspended(self._directory, given.account):
            problem = AuthKind.INACTIVE_KEY
        if problem is not None:
            failure = AuthFailure(problem, {"token": "", "access_key_id": ""})
            raise auth_error(failure, protocol=protocol, service=service)
        return replace(given, role=role, user=user)


@dataclass(frozen=True, slots=True)
class _Acting:
    """One way of acting. taken is the role session that the service took, None for forwarded rights.

    account is where a service principal's calls happen, "" for callers that have an account.
    """

    services: ServicesActing
    service: str
    region: str
    caller: Caller
    taken: Session | None = None
    called_via: tuple[str, ...] = ()
    account: str = ""
    extra: Mapping[str, str] = field(default_factory=lambda: _EXTRA)

    async def call(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """See ActAs."""
        return await self.services.answer(self, service, operation, given)

    def call_from_thread(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """See ActAs."""
        return self.services.wait(self, service, operation, given)


def _failure(message: str) -> ServiceError:
    return ServiceError(message, code="InternalFailure", status=500)
