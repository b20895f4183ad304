"""moto in this process: the authorized call, written anew, answered by moto's own code on a thread.

Nothing of moto is imported before the first call that needs it.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from threading import Lock
from typing import Final

from passrole.authorize.call import Call
from passrole.passing.permit import AuthorizedCall
from passrole.services.backend import Handled, not_implemented
from passrole.services.embedded import (
    associations,
    databases,
    ec2,
    event_sources,
    functions,
    handed,
    machines,
    polling,
    replicas,
    s3,
    tasks,
)
from passrole.services.embedded.answers import EmbeddedFailure, response
from passrole.services.embedded.associations import Note
from passrole.services.embedded.environ import CBOR, environ, request, spoken
from passrole.services.embedded.facts import Facts
from passrole.services.embedded.inventory import services
from passrole.services.embedded.locks import Locks, place
from passrole.services.embedded.persist import Keeper, Restored
from passrole.services.embedded.prepared import Prepared
from passrole.services.embedded.refused import REFUSED
from passrole.services.embedded.resource_policies import document, invalid_principal
from passrole.services.embedded.routes import handler
from passrole.services.embedded.scaling import EmbeddedScaling
from passrole.services.functions import FunctionRunner
from passrole.services.targets import Handed, MachineCalls
from passrole.state.directory import Directory
from passrole.state.principals import UnknownPrincipal, resolve
from passrole.values.errors import ServiceError
from passrole.wire import protocols
from passrole.wire.outputs import UnreadableAnswer, error_of, read_output
from passrole.wire.request import RawRequest, Response
from passrole.wire.services import entry

log = logging.getLogger(__name__)

_UNKNOWN_ERROR: Final = "The request processing has failed because of an unknown error, exception or failure."

# moto holds the interpreter for most of a call; more threads would only wait longer for it.
_THREADS: Final = 8

_PREPARE: Final[Mapping[str, Callable[[Call, Directory, Facts], Prepared]]] = {
    "ec2": ec2.prepare,
    "lambda": functions.prepare,
    "s3": s3.prepare,
}


# What is asked on the event loop's thread before moto works on a call. Each raises the service's error.
_CHECK: Final[Mapping[str, Callable[[Call, Directory, Facts], None]]] = {
    "ecs": tasks.check,
    "rds": databases.check,
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """What moto said, and what it did to instances' profiles meanwhile."""

    response: Response
    notes: list[Note]
    handed: list[Handed] = field(default_factory=list)


class Embedded:
    """Every service that moto has and this endpoint does not have itself.

    moto keeps its resources in tables of the process: one Embedded at a time, and a new one starts empty.
    Resources survive a stop where there is a keeper (see ``on_start``).
    """

    def __init__(
        self, directory: Directory, *, keeper: Keeper | None = None, threads: int = _THREADS
    ) -> None:
        self._directory = directory
        self._keeper = keeper
        self.notes: tuple[str, ...] = ()  # what of an earlier run is not there, a line each
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embedded")
        self._locks = Locks()
        self._installing = Lock()
        self._installed = False
        self.facts = Facts(lambda: self._installed)
        self.databases = databases.EmbeddedDatabases(lambda: self._installed)
        self.scaling = EmbeddedScaling(
            lambda: self._installed,
            lambda account, region: self._locks.held(place("autoscaling", account, region)),
        )
        self.handing = handed.EmbeddedHanding()
        self.sources = event_sources.EmbeddedQueueSources()
        self.buckets = replicas.EmbeddedBuckets(lambda: self._locks.held(place("s3", "", "")))
        self.tasks = tasks.EmbeddedTasks(
            lambda: self._installed,
            lambda account, region: self._locks.held(place("ecs", account, region)),
        )
        self.runner: FunctionRunner | None = None  # set where functions may be run

    def run_machines(self, calls: MachineCalls) -> None:
        """Executions of state machines are run from now on, and call other services through calls."""
        machines.connect(calls)

    def serves(self, service: str) -> bool:
        """Does moto have that service (botocore's name)? Imports nothing."""
        return service in services()

    async def handle(self, authorized: AuthorizedCall) -> Handled:
        """moto's response, or the error that it says.

        A call that has begun is finished even if its caller goes away: what it made must be written down.
        Raises ServiceError where moto has no answer.
        """
        return await asyncio.shield(asyncio.ensure_future(self._handle(authorized.call)))

    async def call(
        self, service: str, operation: str, given: Mapping[str, object], as_of: Call
    ) -> Mapping[str, object]:
        """An operation's output, for this floor's own use: not authorized, not recorded, launching nothing.

        Where and when, and for whom, is that of as_of. Raises ServiceError as the service answers it.
        """
        protocol = _internal_protocol(service)
        raw = RawRequest("POST", "/", "", as_of.raw.headers, b"", as_of.raw.client)
        call = replace(
            as_of, raw=raw, body=b"", service=service, operation=operation, protocol=protocol, input=given
        )
        handled = await self._handle(call)
        if handled.error is not None:
            raise handled.error
        return handled.output()

    def close(self) -> tuple[str, ...]:
        """Waits for the calls that are being worked on, ends the threads and forgets every resource.

        What is to be kept is written first; returns what could not be, a line each.
        """
        self._pool.shutdown()
        notes: tuple[str, ...] = ()
        if self._keeper is not None:
            if self._installed:
                notes = self._keeper.keep(self.facts.principals())
            else:
                self._keeper.end()
        self.reset()
        return notes

    def reset(self) -> None:
        """Forgets every resource. The caller ends the associations: ``on_start``."""
        if self._installed:
            import_module("passrole.services.embedded.seams").forget(self._directory)
            self.databases.forget()
            self.tasks.forget()

    def on_start(self) -> int:
        """Brings back what was kept of an earlier run, where there is a keeper.

        What the resources held that are not back is ended, in the directory's transaction; returns how many.
        """
        restored = Restored()
        if self._keeper is not None:
            restored = self._keeper.restore(self._install)
        self.notes = restored.notes
        for service, text, principals in restored.principals:
            self.facts.remember(service, text, principals)
        if restored.packages:
            self.databases.restored()
            self.tasks.restored()
        return associations.drop(self._directory, restored.packages)

    def begin(self) -> None:
        """From now on calls are answered: without a clean stop, nothing of them is kept."""
        if self._keeper is not None:
            self._keeper.begin()

    async def _handle(self, call: Call) -> Handled:
        if call.service not in services():
            raise not_implemented(call.service, call.operation)
        why = REFUSED.get(call.service, {}).get(call.operation)
        if why is not None:
            raise not_implemented(call.service, call.operation, why)
        check = _CHECK.get(call.service)
        if check is not None:
            check(call, self._directory, self.facts)
        if call.service == "lambda" and call.operation in functions.INVOCATIONS:
            return await self._invoke(call)
        if polling.waits(call):
            return await self._poll(call)
        return self._handled(call, await self._answer(call))

    async def _invoke(self, call: Call) -> Handled:
        asked = replace(call, operation="GetFunctionConfiguration", input=functions.looked_up(call))
        found = await self._answer(asked)
        if found.response.status >= 400:
            return self._handled(call, found)
        known = read_output("lambda", asked.operation, asked.protocol, found.response)
        arn = ":".join(str(known["FunctionArn"]).split(":")[:7])
        return Handled(await functions.invoke(call, arn, self.runner))

    async def _poll(self, call: Call) -> Handled:
        """A long poll as many short ones: it holds neither a thread nor the queues meanwhile."""
        loop = asyncio.get_running_loop()
        once = replace(call, input={**call.input, "WaitTimeSeconds": 0})
        answer = await self._answer(once)
        until = loop.time() + polling.seconds(call, self.facts)
        while polling.empty(answer.response) and loop.time() < until:
            await asyncio.sleep(min(polling.PAUSE, max(0.0, until - loop.time())))
            answer = await self._answer(once)
        return self._handled(call, answer)

    def _handled(self, call: Call, answer: _Answer) -> Handled:
        error = error_of(answer.response)
        protocol = spoken(call.protocol, call.service)
        output = partial(read_output, call.service, call.operation, protocol, answer.response)
        result = answer.response
        if call.protocol == CBOR and protocol != CBOR:
            if error is not None:
                result = protocols.write_error(call.service, CBOR, error, call.request_id)
            else:
                result = protocols.write(call.service, call.operation, CBOR, _read(output), call.request_id)
        notes = answer.notes

        def apply(directory: Directory) -> None:
            associations.apply(directory, notes, call.now)
            self.handing.tell(answer.handed)
            if services()[call.service] == "rds":
                self.databases.settle(directory, call)
            elif call.service == "ecs" and not call.operation.startswith(("Describe", "List")):
                self.tasks.settle(directory, call.account, call.region)
            elif call.service == "lambda" and error is None:
                functions.settle(directory, call, _read(output))

        return Handled(
            result,
            apply,
            error,
            output if error is None else dict,
        )

    async def _answer(self, call: Call) -> _Answer:
        loop = asyncio.get_running_loop()
        async with self._locks.held(place(services()[call.service], call.account, call.region)):
            return await loop.run_in_executor(self._pool, self._work, call)

    def _work(self, call: Call) -> _Answer:
        """Runs on a thread of the pool, alone in its place."""
        self._install()
        prepare = _PREPARE.get(call.service)
        prepared = prepare(call, self._directory, self.facts) if prepare is not None else Prepared(call.input)
        raw = request(call, prepared)
        principals = _principals(call, self._directory)
        given = environ(call, raw, prepared.account or call.account)
        with associations.noting() as notes, handed.collecting() as found:
            try:
                status, headers, body = _ask(call, raw.path, given, prepared.specification)
            except ServiceError as error:
                if not notes:
                    raise
                # It failed half-way: what it did until then stays done.
                written = protocols.write_error(call.service, call.protocol, error, call.request_id)
                return _Answer(written, notes)
        answer = response(call.service, call.operation, raw.method, status, headers, body, call.request_id)
        if principals and answer.status < 300:
            self.facts.remember(entry(call.service).signing_name, *principals)
        return _Answer(answer, notes, found)

    def _install(self) -> None:
        if not self._installed:
            with self._installing:
                if not self._installed:
                    import_module("passrole.services.embedded.seams").install(self._directory)
                    self._installed = True


def _ask(
    call: Call, path: str, given: dict[str, object], specification: object
) -> tuple[int, Mapping[str, str], bytes]:
    """What moto answers. Raises ServiceError for everything else that it does."""
    asking = import_module("passrole.services.embedded.asking")
    try:
        function = handler(call.service, path)
        if function is None:
            raise not_implemented(call.service, call.operation)
        answer: tuple[int, Mapping[str, str], bytes] = asking.ask(function, given, specification)
    except ServiceError:
        raise
    except NotImplementedError as error:
        raise not_implemented(call.service, call.operation) from error
    except KeyError as error:
        if error.args == (call.region,):
            why = f"The embedded service has no region {call.region}."
            raise not_implemented(call.service, call.operation, why) from error
        _log_failure(call, error)
        raise EmbeddedFailure(_UNKNOWN_ERROR) from None
    except Exception as error:  # noqa: BLE001  # moto breaks in any way; each is its own fault
        _log_failure(call, error)
        raise EmbeddedFailure(_UNKNOWN_ERROR) from None
    return answer


def _internal_protocol(service: str) -> str:
    return next(name for name in entry(service).protocols if name != CBOR)


def _principals(call: Call, directory: Directory) -> tuple[str, Mapping[str, str]] | None:
    """A resource-based policy that the call sets, and which users and roles it means.

    Raises the service's error for a principal that does not exist in an account of this endpoint. A text
    that is no policy is left to moto.
    """
    text = document(call.service, call.operation, call.input)
    if not text:
        return None
    try:
        return text, resolve(text, directory)
    except UnknownPrincipal as error:
        raise invalid_principal(call.service) from error
    except ValueError:
        return None


def _read(output: Callable[[], Mapping[str, object]]) -> Mapping[str, object]:
    try:
        return output()
    except UnreadableAnswer as error:
        log.error("moto's answer to %s is not in its shape", error)
        raise EmbeddedFailure(_UNKNOWN_ERROR) from error


def _log_failure(call: Call, error: Exception) -> None:
    # Where it happened, never its message: that may hold what the client sent, a password for one.
    frames = "".join(traceback.format_tb(error.__traceback__)[-8:])
    log.error("moto failed at %s:%s with %s\n%s", call.service, call.operation, type(error).__name__, frames)
