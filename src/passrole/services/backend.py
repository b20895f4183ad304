"""What answers the calls that are not for the endpoint's own services: moto in process, or an upstream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from passrole.authorize.call import Call
from passrole.passing.permit import AuthorizedCall
from passrole.state.directory import Directory
from passrole.values.errors import ServiceError
from passrole.wire.request import Response

# The endpoint's own services: never handed to an embedded or upstream one, whatever these could do.
OWN: Final = frozenset(("iam", "sts", "organizations", "cloudtrail", "cloudformation"))

Apply = Callable[[Directory], None]


def _nothing(directory: Directory) -> None:
    return None


def _unread() -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Handled:
    """A response as it goes to the client, and what follows from it.

    apply changes the directory (which roles resources now hold); the gateway runs it once, on the event
    loop's thread, in the transaction of the call's record, also where the response is an error: a call that
    failed half-way may have started an instance. error says what the response's error says, for the record.
    output parses the response anew at every call; {} for an error.
    """

    response: Response
    apply: Apply = _nothing
    error: ServiceError | None = None
    output: Callable[[], Mapping[str, object]] = _unread


class Backend(Protocol):
    """Serves authorized calls; the services it has are known without asking it."""

    def serves(self, service: str) -> bool:
        """Does it answer for that service (botocore's name)? Costs nothing."""

    async def handle(self, authorized: AuthorizedCall) -> Handled:
        """The response. Raises ServiceError where there is none, for the gateway to write."""


class NotImplementedHere(ServiceError):
    """An operation that AWS has and this endpoint has not: said, never a false success."""

    code, status = "NotImplemented", 501


def not_implemented(service: str, operation: str, why: str = "") -> NotImplementedHere:
    """501, naming the operation. Nothing has been done."""
    text = f"{service}:{operation} is not implemented by this endpoint"
    return NotImplementedHere(f"{text}: {why}" if why else f"{text}; nothing was done.")


class DryRunOperation(ServiceError):
    """What EC2 answers a call that would have succeeded. Source: EC2 API Reference, "Error codes"."""

    code, status = "DryRunOperation", 412


def answer_dry_run(call: Call) -> None:
    """Raises DryRunOperation for a dry run of EC2: every check has been made, nothing is carried out."""
    if call.service == "ec2" and call.input.get("DryRun") is True:
        raise DryRunOperation("Request would have succeeded, but DryRun flag is set.")
