"""The only door to the services: an AuthorizedCall exists only because a permit was given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.check import TRUSTED, Judged, check
from passrole.authorize.plan import Check, Plan, plan
from passrole.authorize.refusal import AccessRefused, Refusal, refused
from passrole.passing.launches import Launch, launches, tries_launches, unauthorized
from passrole.passing.linked_roles import first_calls
from passrole.passing.role_passes import RolePass, role_passes
from passrole.passing.rule import may_pass, service_may_assume
from passrole.passing.unpassable import cross_account, unusable
from passrole.state.directory import Directory


class _Seal:
    """Held by this module alone."""


_SEAL: Final = _Seal()


@final
class AuthorizedCall:
    """A call that every check let through, with the roles it passes. Made by ``permit`` only."""

    __slots__ = ("call", "linked", "passes", "would_deny")

    def __init__(
        self,
        seal: _Seal,
        call: Call,
        passes: tuple[RolePass, ...],
        would_deny: str,
        linked: tuple[AuthorizedCall, ...] = (),
    ) -> None:
        if seal is not _SEAL:
            raise TypeError("an AuthorizedCall is made by passing.permit alone")
        self.call = call
        self.passes = passes
        self.would_deny = would_deny  # --enforce report: the refusal that was let through, else ""
        self.linked = linked  # the service-linked roles that are to be made once this call has succeeded


@dataclass(frozen=True, slots=True)
class Judging:
    """What a permit is drawn from: the state, what the services know, and how strict to be.

    key seals EC2's encoded messages. report lets a refused call through, marked.
    """

    directory: Directory
    facts: ResourceFacts
    key: bytes
    report: bool = False


def permit(call: Call, judging: Judging) -> AuthorizedCall:
    """Makes every check of a call, in AWS's order, and gives the permit that the services ask for.

    The call's own actions first, each on each of its resources; then every role it passes: the role's
    account, iam:PassRole, and the role's trust policy where AWS checks that at the call; then launches that
    the service tries with the caller's rights; last the service-linked roles that it is the first to need.
    Raises AccessRefused, or the service's own error for a role that cannot be passed to it.
    """
    planned = plan(call, judging.directory, judging.facts)
    passes: tuple[RolePass, ...] = ()
    try:
        _authorize(planned, judging)
        passes = role_passes(call, judging.directory, judging.facts)
        for passed in passes:
            _judge(planned, passed, judging)
        for launch in launches(call):
            _launch(launch, judging)
        linked = tuple(_linked(call, judging))
    except AccessRefused as error:
        if not judging.report:
            raise
        # Every pass is still resolved: the services must know which roles they got.
        passes = passes or role_passes(call, judging.directory, judging.facts)
        firsts = first_calls(call, judging.directory)
        linked = tuple(AuthorizedCall(_SEAL, first.call, (), error.message) for first in firsts)
        return AuthorizedCall(_SEAL, call, passes, error.message, linked)
    return AuthorizedCall(_SEAL, call, passes, "", linked)


def _linked(call: Call, judging: Judging) -> Iterator[AuthorizedCall]:
    """Refuses a call that would have its service make a service-linked role which the caller may not make.

    Some services go on without: the role is then left out.
    """
    for first in first_calls(call, judging.directory):
        try:
            _authorize(plan(first.call, judging.directory, judging.facts), judging, call.service)
        except AccessRefused:
            if not first.role.optional:
                raise
        else:
            yield AuthorizedCall(_SEAL, first.call, (), "")


def _launch(launch: Launch, judging: Judging) -> None:
    """Refuses a call that has its service launch instances which the caller may not launch."""
    try:
        _authorize(plan(launch.call, judging.directory, judging.facts), judging)
    except AccessRefused as error:
        raise unauthorized(launch.template, error) from error


def _authorize(planned: Plan, judging: Judging, answering: str = "") -> None:
    """Raises AccessRefused in the words of the answering service, the call's own where it is ""."""
    call = planned.call
    for asked in planned.checks:
        judged = check(judging.directory, judging.facts, call.caller, asked, call.region)
        if not judged.decision.allowed:
            raise refused(answering or call.service, _refusal(judged, asked), judging.key)


def _refusal(judged: Judged, asked: Check) -> Refusal:
    # Messages about taking a role give no reason, whichever side refused and whether or not it exists.
    # Source: facts recorded from live calls; IAM User Guide, "Troubleshoot IAM roles".
    return Refusal(judged, slot=asked.slot, why=asked.action not in TRUSTED)


def _judge(planned: Plan, passed: RolePass, judging: Judging) -> None:
    call = planned.call
    parameter = passed.row
    if passed.role.account != call.account:
        raise cross_account(call, parameter, passed.role)
    refusal = may_pass(call, passed, planned.context, judging.directory, judging.facts)
    if refusal is not None:
        error = refused(call.service, refusal, judging.key)
        raise unauthorized(passed.template, error) if tries_launches(call, passed.row) else error
    if parameter.trust_checked == "call":
        _judge_trust(planned, passed, judging)


def _judge_trust(planned: Plan, passed: RolePass, judging: Judging) -> None:
    """Refuses a role that is missing or that none of the service's principals may assume."""
    call, parameter = planned.call, passed.row
    if not passed.role_id:
        raise unusable(parameter, passed.role, missing=True)
    for service in parameter.trust_principals or passed.services:
        judged = service_may_assume(
            service.replace("{region}", call.region),
            str(passed.role),
            call.account,
            judging.directory,
            judging.facts,
            source_arn=passed.associated_resource or _configured(planned),
            region=call.region,
        )
        if judged.decision.allowed:
            return
    raise unusable(parameter, passed.role, missing=False)


def _configured(planned: Plan) -> str:
    """The resource that is given the role: what services act for, as they say in aws:SourceArn.

    "" where the call does not name one. Source: the services' pages on the confused deputy problem; RDS User
    Guide, "Setting up and enabling Enhanced Monitoring".
    """
    first = planned.checks[0].resource if planned.checks else None
    if first is None or "*" in first:
        return ""
    if planned.call.service == "scheduler":
        # A schedule acts for its group. Source: Scheduler User Guide, "Confused deputy prevention".
        return first.replace(":schedule/", ":schedule-group/").rsplit("/", 1)[0]
    return first
