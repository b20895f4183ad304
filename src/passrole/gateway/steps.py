"""The way of one request, one step after the other.

Each step takes what the one before it made: RawRequest, SignedRequest, Call, AuthorizedCall, Result. A
refusal leaves at its step as a ServiceError; the last step records and writes it as it does a success.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from passrole.authorize import federation
from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.limits import check_credentials
from passrole.catalog.operations import operation
from passrole.gateway.authenticate import Authenticator, SignedRequest
from passrole.gateway.clock import Clock
from passrole.gateway.recording import Recorder
from passrole.gateway.throttle import Throttle
from passrole.passing.linked_roles import lacks
from passrole.passing.permit import AuthorizedCall, Judging, permit
from passrole.services.agents import Agents
from passrole.services.backend import OWN, Backend, Handled, not_implemented
from passrole.services.operation import OPERATIONS, PRECHECKS, READS, Acting, Output, ServiceCall
from passrole.state.commit import Committer
from passrole.state.directory import Directory
from passrole.state.store import StoreUnavailable
from passrole.state.trail import Event
from passrole.state.usage import note_use
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.wire.authfailure import AuthFailure
from passrole.wire.errors import auth_error
from passrole.wire.errorwrite import write_error
from passrole.wire.protocols import read, write
from passrole.wire.request import RawRequest, Response
from passrole.wire.route import Route, route
from passrole.wire.validate import validate

log = logging.getLogger(__name__)

# These live in one region for the whole partition, whichever a client has signed for.
_GLOBAL: Final = frozenset(("iam", "organizations", "cloudfront", "route53"))
_GLOBAL_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Result:
    """What a service answered: an own one's output in AWS's member names, or a finished response."""

    output: Output | None = None
    handled: Handled | None = None


class Gateway:
    """Answers requests. One instance serves one endpoint, on one event loop."""

    def __init__(
        self,
        *,
        directory: Directory,
        authenticator: Authenticator,
        committer: Committer,
        ids: Ids,
        clock: Clock,
        behind: Backend,
        facts: ResourceFacts,
        message_key: bytes,
        recorder: Recorder,
        agents: Agents,
        report: bool = False,
        throttle: Throttle | None = None,
    ) -> None:
        self._directory = directory
        self._committer = committer
        self._ids = ids
        self._clock = clock
        self._behind = behind
        self._judging = Judging(directory, facts, message_key, report)
        self._facts = facts
        self._authenticator = authenticator
        self._recorder = recorder
        self._agents = agents
        self._throttle = throttle
        self.acting: Acting | None = None  # set once there is one: it needs this gateway

    async def answer(self, raw: RawRequest) -> Response:
        """One request from its bytes to its response."""
        request_id = self._ids.uuid()
        routed = route(raw)
        try:
            clock = self._clock
            signed = self._authenticator.authenticate(raw, routed, clock.now(), clock.machine())
        except AuthFailure as failure:
            # Nobody's account is known, so there is no trail to write to.
            error = auth_error(
                failure,
                protocol=routed.protocol,
                service=routed.service,
                presigned="X-Amz-Algorithm=" in raw.query,
            )
            return write_error(routed.service, routed.protocol, error, request_id, head=raw.method == "HEAD")
        try:
            call = self._understand(signed, request_id)
        except ServiceError as error:
            return write_error(routed.service, routed.protocol, error, request_id, head=raw.method == "HEAD")
        return await self.carry_out(call)

    async def carry_out(self, call: Call) -> Response:
        """A call of whoever makes it, from its authorization to its response; it is recorded."""
        try:
            if self._throttle is not None:
                self._throttle.check(call)
            validate(call.service, call.operation, call.input, protocol=call.protocol)
            precheck = PRECHECKS.get((call.service, call.operation))
            if precheck is not None:
                precheck(call.input)
            if federation.federated(call):
                await federation.prepare(call, self._directory)
            call = federation.identified(call, self._directory)
            authorized = permit(call, self._judging)
            result = await self._serve(authorized)
            response = self._written(call, result)
        except ServiceError as error:
            self._directory.rollback()
            await self._record(call, error=error)
            return write_error(
                call.service,
                call.protocol,
                error,
                call.request_id,
                operation=call.operation,
            )
        except Exception:
            self._directory.rollback()
            raise
        failure: ServiceError | None = None
        output: Callable[[], Output] = partial(_same, result.output or {})
        if result.handled is not None:
            result.handled.apply(self._directory)
            failure, output = result.handled.error, result.handled.output
        await self._record(
            call,
            output=output,
            error=failure,
            would_deny=authorized.would_deny,
            before=self._linked(authorized) if failure is None else (),
        )
        if failure is None:
            self._agents.tell(call, output)
        return _marked(response, authorized)

    # The steps

    def _understand(self, signed: SignedRequest, request_id: str) -> Call:
        """SignedRequest → Call: the operation and its input. Raises ServiceError."""
        routed = signed.route
        if routed.problem is not None:
            # An action that no model knows; PassRole is one. Said only to who has signed the request.
            raise routed.problem
        raw = signed.raw
        unframed = raw if signed.body is raw.body else replace(raw, body=signed.body)
        given = read(routed.service, routed.operation, routed.protocol, unframed, path=routed.path)
        caller = signed.caller
        region = _GLOBAL_REGION
        if signed.signature is not None and routed.service not in _GLOBAL:
            region = signed.signature.credential.region
        call = Call(
            raw=raw,
            body=signed.body,
            service=routed.service,
            operation=routed.operation,
            protocol=routed.protocol,
            input=given,
            caller=caller,
            account=caller.account or self._owner(routed, given),
            region=region,
            now=self._clock.now(),
            request_id=request_id,
            presigned=signed.signature is not None and signed.signature.presigned,
        )
        check_credentials(call)
        return call

    def _owner(self, routed: Route, given: Mapping[str, object]) -> str:
        """The account that an unsigned request happens in: the owner of the bucket it names."""
        bucket = given.get("Bucket")
        if isinstance(bucket, str):
            return self._facts.owner(f"arn:aws:s3:::{bucket}") or ""
        return ""

    async def _serve(self, authorized: AuthorizedCall) -> Result:
        """AuthorizedCall → Result: ours, or a service behind the gateway."""
        call = authorized.call
        handler = OPERATIONS.get((call.service, call.operation))
        if handler is not None:
            handed = self._handed(authorized)
            reader = READS.get((call.service, call.operation))
            if reader is not None and self.acting is not None:
                act = self.acting.as_caller(call, f"{call.service}.amazonaws.com")
                handed = replace(handed, read=await reader(call, self._directory, act))
            return Result(output=handler(handed, call.input))
        if call.service in OWN or not self._behind.serves(call.service):
            raise not_implemented(call.service, call.operation)
        return Result(handled=await self._behind.handle(authorized))

    def _handed(self, authorized: AuthorizedCall) -> ServiceCall:
        return ServiceCall(authorized, self._directory, self._committer, self._ids, self._facts)

    def _linked(self, authorized: AuthorizedCall) -> tuple[Event, ...]:
        """Makes the service-linked roles that a call which has succeeded is the first to need.

        They are part of its transaction. One that is there by now, another call or the service has made.
        """
        events: list[Event] = []
        for permitted in authorized.linked:
            call = permitted.call
            if lacks(self._directory, call.account, str(call.input["AWSServiceName"])):
                create = OPERATIONS[(call.service, call.operation)]
                output = create(self._handed(permitted), call.input)
                events += self._recorder.events(
                    call, output=partial(dict, output), would_deny=permitted.would_deny
                )
        return tuple(events)

    def _written(self, call: Call, result: Result) -> Response:
        """Result → Response in the call's protocol."""
        if result.handled is not None:
            return result.handled.response
        return write(call.service, call.operation, call.protocol, result.output or {}, call.request_id)

    async def _record(
        self,
        call: Call,
        *,
        output: Callable[[], Output] | None = None,
        error: ServiceError | None = None,
        would_deny: str = "",
        before: tuple[Event, ...] = (),
    ) -> None:
        """Appends the trail's record, after those of what came before, and makes the changes durable with it.

        Raises StoreUnavailable where they could not be written: nothing of the call is acknowledged then.
        """
        self._note_use(call)
        events = self._recorder.events(call, output=output, error=error, would_deny=would_deny)
        await self.commit((*before, *events))

    def _note_use(self, call: Call) -> None:
        """For last accessed information; the services' own calls are not the caller's."""
        caller = call.caller
        if call.called_via or not caller.access_key_id:
            return
        known = operation(call.service, call.operation)
        if known is not None and known.actions:
            action = known.actions[0].action
            entity = caller.role if caller.role is not None else caller.user
            note_use(
                self._directory, entity, caller.access_key_id, action=action, region=call.region, now=call.now
            )

    async def commit(self, events: tuple[Event, ...]) -> None:
        """Commits what the directory holds uncommitted, together with these events."""
        changes = self._directory.commit()
        if changes:
            await self._committer.submit(changes, events)
            return
        for event in events:
            crowded = self._committer.later(event)
            if crowded is not None:
                await crowded


def _same(output: Output) -> Output:
    return output


def _marked(response: Response, authorized: AuthorizedCall) -> Response:
    """Says in a header what --enforce report let through."""
    if not authorized.would_deny:
        return response
    text = authorized.would_deny.encode("ascii", "replace").decode()
    return Response(
        response.status,
        (*response.headers, ("x-passrole-would-deny", text)),
        response.body,
        response.stream,
    )


def guarded(
    gateway: Gateway, reload: Callable[[], Awaitable[None]]
) -> Callable[[RawRequest], Awaitable[Response]]:
    """The gateway behind its last line: what no step foresaw is answered 500 and logged.

    reload reads the state back after the store failed.
    """

    async def answer(raw: RawRequest) -> Response:
        try:
            return await gateway.answer(raw)
        except StoreUnavailable as error:
            log.error("the state could not be written: %s", error)
            with suppress(StoreUnavailable):  # still broken: the next call finds out again
                await reload()
            return _internal(raw, str(error))
        except Exception:
            log.exception("a request could not be answered: %s %s", raw.method, raw.path)
            return _internal(raw, "An internal error occurred; the endpoint's log has the details.")

    return answer


def _internal(raw: RawRequest, message: str) -> Response:
    routed = route(raw)
    return write_error(
        routed.service,
        routed.protocol,
        ServiceError(message, code="InternalFailure", status=500),
        "",
    )
