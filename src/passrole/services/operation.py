"""What a service operation is: a plain function of an authorized call and its input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from passrole.authorize.call import Call, Caller, NoFacts, ResourceFacts
from passrole.authorize.refusal import Refusal
from passrole.passing.permit import AuthorizedCall
from passrole.passing.role_passes import RolePass
from passrole.state.directory import Directory
from passrole.state.entities import Role, Session
from passrole.state.trail import Trail
from passrole.values.ids import Ids

Output = Mapping[str, object]


class ActAs(Protocol):
    """How a service acts on its own: its call is authorized and recorded like anyone's."""

    async def call(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """Returns the parsed output. Raises ServiceError as the service would answer it."""

    def call_from_thread(self, service: str, operation: str, given: Mapping[str, object]) -> Output:
        """As call, for a thread that works for a service; never on the event loop's own thread."""


class Acting(Protocol):
    """Gives services what they act with: a role that they were passed, or their caller's own rights."""

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
        """The role, taken by the service principal for itself, or why it may not assume the role.

        The trust policy is asked each time, with source_arn (what the service acts for) and its account;
        the outcome is recorded as the service's own sts:AssumeRole. The credentials of replaces end.
        """

    def with_session(self, session: Session, service: str, region: str) -> ActAs:
        """A workload's own credentials, used by its service (a function's logs are Lambda's to write).

        Raises ServiceError where their role is gone.
        """

    def as_service(self, service: str, *, source_arn: str, account: str, region: str) -> ActAs:
        """The service principal itself, which resource-based policies let in, acting for source_arn.

        aws:SourceArn and aws:SourceAccount are source_arn and its account. account owns what the calls are
        made on; their records go to its trail.
        """

    def refuses(self, act: ActAs, action: str, resource: str, owner: str) -> Refusal | None:
        """Why the policies do not allow an action that no operation asks for; None where they do.

        resource is an ARN, owner its account. Nothing is recorded. Raises ServiceError where what act acts
        with has ended.
        """

    def as_caller(self, call: Call, service: str) -> ActAs:
        """The rights of the call's own caller, forwarded by the service principal."""


class ServiceAssume(Protocol):
    """How a service takes the role that a workload (an instance, a task, a function) was given.

    The role's trust policy is asked each time, as it is at that moment; the outcome is recorded as
    the service's own sts:AssumeRole.
    """

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
    ) -> Session | Refusal:
        """Credentials of the role for the service principal, or why it may not assume the role.

        workload is the ARN of what they are for: they end with it. context holds the condition keys that
        ride on the credentials. The role's MaxSessionDuration does not limit seconds.
        """


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What a handler works with: the authorized call and everything it may touch.

    Time, ids, account and state come in through here; a handler reads no clock, no environment
    and no global.
    """

    authorized: AuthorizedCall
    directory: Directory
    trail: Trail
    ids: Ids
    facts: ResourceFacts = field(default_factory=NoFacts)
    read: object = None  # what the operation's reader (see READS) has found

    @property
    def call(self) -> Call:
        """The call as it was authorized."""
        return self.authorized.call

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.authorized.call.caller

    @property
    def account(self) -> str:
        """Where it happens: twelve digits."""
        return self.authorized.call.account

    @property
    def region(self) -> str:
        """The region of the credential scope."""
        return self.authorized.call.region

    @property
    def now(self) -> datetime:
        """The endpoint's time, aware, UTC."""
        return self.authorized.call.now

    @property
    def passes(self) -> tuple[RolePass, ...]:
        """The roles that this call hands on, already judged."""
        return self.authorized.passes

    def arn(self, resource: str) -> str:
        """``arn:aws:iam::ACCOUNT:resource``."""
        return f"arn:aws:iam::{self.account}:{resource}"


# The input's TypedDicts differ from handler to handler; the registry can only say "some mapping".
Handler = Callable[[ServiceCall, Any], Output]
H = TypeVar("H", bound=Handler)

OPERATIONS: Final[dict[tuple[str, str], Handler]] = {}


def operation(name: str) -> Callable[[H], H]:
    """Registers a handler for ``service:Operation``, both botocore's names.

    Raises ValueError where two handlers claim one operation.
    """
    service, _, member = name.partition(":")

    def registered(handler: H) -> H:
        if (service, member) in OPERATIONS:
            raise ValueError(f"{name} has two handlers")
        OPERATIONS[(service, member)] = handler
        return handler

    return registered


# What some operations refuse by their input alone, before anybody is authorized: the texts tell the form of
# the input from the right to do something with it.
Precheck = Callable[[Any], None]
P = TypeVar("P", bound=Precheck)

PRECHECKS: Final[dict[tuple[str, str], Precheck]] = {}


def precheck(name: str) -> Callable[[P], P]:
    """Registers a check of an operation's input that runs after validation and before authorization.

    The check raises ServiceError or returns None.
    """
    service, _, member = name.partition(":")

    def registered(check: P) -> P:
        if (service, member) in PRECHECKS:
            raise ValueError(f"{name} has two prechecks")
        PRECHECKS[(service, member)] = check
        return check

    return registered


# What an operation reads of other services, with its caller's own rights, once it is authorized and before
# its handler runs: a template in a bucket, a value of Parameter Store.
Reader = Callable[[Call, Directory, ActAs], Awaitable[object]]
R = TypeVar("R", bound=Reader)

READS: Final[dict[tuple[str, str], Reader]] = {}


def reads(name: str) -> Callable[[R], R]:
    """Registers a reader for ``service:Operation``; what it returns is ServiceCall.read.

    Raises ValueError where two readers claim one operation.
    """
    service, _, member = name.partition(":")

    def registered(reader: R) -> R:
        if (service, member) in READS:
            raise ValueError(f"{name} has two readers")
        READS[(service, member)] = reader
        return reader

    return registered
