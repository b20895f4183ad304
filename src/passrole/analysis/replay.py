"""What other policies would have made of what really happened: a trail's calls, asked again.

Each recorded call is authorized anew, with the roles that it passes, by policies as they would be. The
engine's answer has three values: what a record does not hold is unknown, and an answer that hangs on it is
none. Where the present policies are known as well, a caller who keeps the same ones is not asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from passrole.analysis.askers import ASSOCIATED, OF_ORGANIZATIONS, may_tag, rides
from passrole.analysis.audit.events import Record, caller_of
from passrole.analysis.audit.exports import record_of
from passrole.analysis.audit.extract import BY_ARN, BY_PROFILE, Found, extract
from passrole.analysis.audit.takers import takers
from passrole.analysis.audit.usage import role_named_by
from passrole.analysis.denials import ACCOUNT, Denial, NotADenial
from passrole.analysis.denied_events import is_denied, of_event
from passrole.analysis.recorded_calls import NotTold, RecordedCall, recorded_call
from passrole.analysis.replayed import (
    ALLOWED,
    CHANGED,
    DENIED,
    FAILED,
    SAME,
    UNKNOWN,
    UNTOUCHED,
    Judged,
    Replayed,
)
from passrole.analysis.trust import judge_trust
from passrole.analysis.verdicts import Verdict, verdict_of
from passrole.authorize.call import NoFacts
from passrole.authorize.check import TRUSTED, check
from passrole.authorize.context import Values, call_context
from passrole.authorize.gather import gather
from passrole.authorize.plan import Check, plan
from passrole.catalog import passed
from passrole.catalog.operations import operation
from passrole.decision.layers import ENDPOINT, RCP, RESOURCE, SCP, SESSION, TRUST
from passrole.decision.plan import compiled
from passrole.decision.request import Request
from passrole.decision.residual import Answer, residual
from passrole.passing.rule import ACTION, judge_pass
from passrole.state.directory import Directory
from passrole.state.entities import Role, User
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn
from passrole.values.principal import PrincipalKind

_FACTS: Final = NoFacts()
_TAG: Final = "aws:principaltag/"

# Layers that identity-based policies, and what the details tell, have no say in.
_ELSEWHERE: Final = (RESOURCE.name, ENDPOINT.name, SESSION.name, ACCOUNT)


@dataclass(frozen=True, slots=True)
class _Whole:
    """What became of a whole call. refused are its questions that are refused, each with the reason."""

    answer: str
    why: str
    missing: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Replay:
    """Asks calls again. proposed is the account as it would be, present as it is, where that is known.

    concerns tells whose policies the proposal changes: others' calls are not asked. organized tells that the
    organization's policies are known. invented are principals of whom only the proposal is known.
    """

    proposed: Directory
    present: Directory | None = None
    organized: bool = False
    concerns: Callable[[str], bool] = lambda principal: True
    invented: set[str] = field(default_factory=set)

    def judge(self, event: Mapping[str, object]) -> Judged:
        """What would become of a recorded call."""
        id = str(event.get("eventID") or "")
        identity = event.get("userIdentity")
        principal, _ = caller_of(identity if isinstance(identity, Mapping) else {})
        if not self.concerns(principal):
            return Judged(id, UNTOUCHED)
        denied = is_denied(event)
        if (event.get("errorCode") or event.get("errorMessage")) and not denied:
            return Judged(id, FAILED)
        was = DENIED if denied else ALLOWED
        whole = self._whole(event, principal, denied=denied)
        if whole.answer == was:
            return Judged(id, SAME)
        source = str(event.get("eventSource") or "").partition(".")[0]
        row = Replayed(
            event=id,
            time=str(event.get("eventTime") or ""),
            principal=principal,
            operation=f"{source}:{event.get('eventName')}",
            was=was,
            would_be=whole.answer,
            why=whole.why,
            keys=whole.missing,
        )
        return Judged(id, UNKNOWN if whole.answer == UNKNOWN else CHANGED, row)

    def _whole(self, event: Mapping[str, object], principal: str, *, denied: bool) -> _Whole:
        denial = _denial(event) if denied else None
        if denial is not None and self._is_elsewhere(denial):
            return _Whole(DENIED, denial.reason)
        try:
            after = self._asked(event, self.proposed, principal, denial)
        except NotTold as error:
            return _Whole(UNKNOWN, f"the record does not tell {error}", (str(error),))
        if self.present is None or after is None:
            return after or _Whole(DENIED if denied else ALLOWED, "")
        try:
            before = self._asked(event, self.present, principal, denial)
        except NotTold:
            return after
        agree = before is None or after == before or after.answer == before.answer != UNKNOWN
        if not agree:
            return after
        if before is not None and after.answer == DENIED and not denied:
            # By the present policies the call was not allowed, so something is not known; but what they do
            # allow, and the proposed ones do not, is denied all the same.
            taken = next((why for asked, why in after.refused.items() if asked not in before.refused), "")
            return replace(after, why=taken) if taken else _unexplained(after)
        return _Whole(DENIED if denied else ALLOWED, "")

    def _is_elsewhere(self, denial: Denial) -> bool:
        """Was it a policy that denied which the proposal neither has nor could?"""
        if denial.layer in (SCP.name, RCP.name):
            return not self.organized
        if denial.layer == TRUST.name:
            role = _role_of(self.proposed, denial.resource)
            if role is None or not self._judges_trust(role):
                return True
            return not any(self._admits(role, service) for service in denial.services)
        return denial.layer in _ELSEWHERE

    def _judges_trust(self, role: Role) -> bool:
        """Is the role's trust policy one of those that are proposed? A folder of policies has none."""
        return self.present is None and not self.invented and not role.service_linked

    def _admits(self, role: Role, service: str) -> bool:
        judged = judge_trust(self.proposed, role, service)
        return residual(judged.request, judged.policies).answer is not Answer.REFUSED

    def _asked(
        self, event: Mapping[str, object], directory: Directory, principal: str, denial: Denial | None
    ) -> _Whole | None:
        """The answer of one set of policies; None where the other set is the same. Raises NotTold."""
        told = recorded_call(event, directory)
        if self._is_kept(told, directory):
            return None
        if principal in self.invented:
            told = replace(told, untold=told.untold | {_TAG})
        if told.unread and denial is not None and denial.action:
            verdicts = list(self._of_denial(told, directory, denial))
        else:
            verdicts = [*self._of_plan(told, directory), *self._of_passes(event, told, directory)]
        refused = {one.asked: one.why for one in verdicts if one.answer is Answer.REFUSED}
        if refused:
            return _Whole(DENIED, next(iter(refused.values())), refused=refused)
        open_ones = [one for one in verdicts if one.answer is Answer.DEPENDS]
        if open_ones:
            missing = tuple(dict.fromkeys(text for one in open_ones for text in one.missing))
            return _Whole(UNKNOWN, open_ones[0].why, missing)
        return _Whole(ALLOWED, verdicts[0].why if verdicts else "the call needs no permission")

    def _is_kept(self, told: RecordedCall, directory: Directory) -> bool:
        """Has the caller the same policies now and then?"""
        if self.present is None or directory is not self.proposed:
            return False
        call = told.call
        caller = call.caller
        entity = caller.role if caller.role is not None else caller.user
        if entity is None:
            return True  # a root user has no policies of its own
        if caller.role is not None:
            role = self.present.get(Role, entity.account, entity.name)
            other = replace(caller, role=role)
        else:
            user = self.present.get(User, entity.account, entity.name)
            other = replace(caller, user=user)
        if other.role is None and other.user is None:
            return False
        return gather(self.present, other) == gather(directory, caller)

    # Questions

    def _of_plan(self, told: RecordedCall, directory: Directory) -> Iterator[Verdict]:
        """The call's own actions on its resources."""
        call = told.call
        for asked in plan(call, directory, _FACTS).checks:
            yield self._verdict(told, directory, asked)

    def _of_denial(self, told: RecordedCall, directory: Directory, denial: Denial) -> Iterator[Verdict]:
        """The one question that a denial tells of: the record has no parameters."""
        call = told.call
        context = call_context(call, directory)
        if denial.action == ACTION:
            yield self._passing(told, directory, _role_arn(denial.resource), denial.services)
            return
        resource = denial.resource or "*"
        owner = _owner(resource) or call.account
        service = f"{denial.action.partition(':')[0]}:*"
        unknown = frozenset((service, "aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"))
        context["aws:resourceaccount"] = owner
        yield self._verdict(told, directory, Check(denial.action, resource, owner, context, unknown))

    def _of_passes(
        self, event: Mapping[str, object], told: RecordedCall, directory: Directory
    ) -> Iterator[Verdict]:
        """Every role that the call passes."""
        extracted = extract(record_of(event, Record), takers())
        if extracted.untold:
            text = "the role of a launch template or task definition, or a hidden one"
            yield Verdict(Answer.DEPENDS, f"the record does not tell {text}", (text,))
        for found in extracted.passes:
            role = role_named_by(directory, found.role, found.by) if found.by != BY_ARN else None
            if role is None and found.by == BY_PROFILE:
                text = f"the role of instance profile {found.role.rsplit('/', 1)[-1]}"
                yield Verdict(Answer.DEPENDS, f"the details do not tell {text}", (text,))
                continue
            arn = Arn.parse(role.arn if role is not None else found.role)
            yield self._passing(told, directory, arn, found.services, found)
            if (known := _role_of(directory, str(arn))) is not None and self._judges_trust(known):
                yield from self._of_trust(told, known, found)

    def _of_trust(self, told: RecordedCall, role: Role, found: Found) -> Iterator[Verdict]:
        """Whether the service may assume the role, where AWS asks that at the call."""
        known = operation(told.call.service, told.call.operation)
        for row in known.role_parameters if known is not None else ():
            if row.trust_checked == "call" and found.service in row.principals:
                services = [one.replace("{region}", told.call.region) for one in row.trust_principals]
                services = services or list(found.services)
                if not any(self._admits(role, service) for service in services):
                    text = f"the trust policy of {role.arn} does not admit {services[0]}"
                    yield Verdict(Answer.REFUSED, text, asked=text)
                return

    def _passing(
        self,
        told: RecordedCall,
        directory: Directory,
        role: Arn,
        services: tuple[str, ...],
        found: Found | None = None,
    ) -> Verdict:
        call = told.call
        context = call_context(call, directory)
        context["aws:resourceaccount"] = role.account
        associated = not services or any(map(passed.has_associated_resource, services))
        extra = {ASSOCIATED} if associated and (found is None or not found.resource) else set()
        if not services:
            extra.add("iam:passedtoservice")
        keys = self._keys(told, directory, ACTION, role.account, str(role))
        open_ = self._open(told, keys, context, passing=True) | extra
        judged = judge_pass(
            call.caller,
            role,
            services,
            _without(context, open_),
            directory,
            _FACTS,
            associated_resource=found.resource if found is not None and associated else "",
            region=call.region,
            unknown=frozenset(open_),
        )
        return verdict_of(judged)

    def _verdict(self, told: RecordedCall, directory: Directory, asked: Check) -> Verdict:
        call = told.call
        keys = self._keys(told, directory, asked.action, asked.resource_account, asked.resource)
        open_ = self._open(told, keys, asked.context, passing=False)
        known = replace(asked, context=_without(asked.context, open_), unknown=asked.unknown | open_)
        judged = check(directory, _FACTS, call.caller, known, call.region)
        if asked.action in TRUSTED and (judged.policies.resource is None or asked.resource in self.invented):
            text = f"the trust policy of {asked.resource}"
            return Verdict(Answer.DEPENDS, f"the details do not tell {text}", (text,))
        return verdict_of(judged, new=asked.new)

    def _keys(
        self, told: RecordedCall, directory: Directory, action: str, owner: str, resource: str | None
    ) -> set[str]:
        """The condition keys for which the caller's policies ask."""
        caller = told.call.caller
        policies = gather(directory, caller, resource_account=owner)
        request = Request(caller.principal, action, resource, resource_account=owner)
        return {key for rule in compiled(policies).plan(request).rules() for key in rule.keys}

    def _open(
        self, told: RecordedCall, keys: set[str], context: Mapping[str, Values], *, passing: bool
    ) -> frozenset[str]:
        """Those of the keys that the record does not hold, though AWS may have set them."""
        caller = told.call.caller
        session = caller.principal.kind is PrincipalKind.ROLE_SESSION
        tagged = _TAG in told.untold or (session and caller.role is not None and may_tag(caller.role))
        found: set[str] = set()
        for key in keys:
            if key in told.untold or key.startswith("passrole:"):
                found.add(key)
            elif key.startswith(_TAG):
                if tagged:
                    found.add(key)
            elif key in context:
                continue
            elif key in OF_ORGANIZATIONS:
                if not self.organized:
                    found.add(key)
            elif rides(key) or key in ("aws:federatedprovider", "aws:assumedroot"):
                own = key.startswith(f"{told.call.service}:")
                if session and (passing or not own):
                    found.add(key)
        return frozenset(found)


def _unexplained(whole: _Whole) -> _Whole:
    """A call that was allowed, though neither the present policies nor the proposed ones would have."""
    text = "what allowed it: the present policies would not have"
    return _Whole(
        UNKNOWN, f"the details do not tell {text}, nor would the proposed ones: {whole.why}", (text,)
    )


def _without(context: Mapping[str, Values], keys: frozenset[str] | set[str]) -> dict[str, Values]:
    return {key: value for key, value in context.items() if key not in keys}


def _denial(event: Mapping[str, object]) -> Denial | None:
    try:
        return of_event(event)
    except NotADenial:
        return None


def _role_of(directory: Directory, text: str) -> Role | None:
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        return None
    role = directory.get(Role, arn.account, arn.name)
    return role if role is not None and role.arn == text else None


def _owner(resource: str) -> str:
    try:
        return Arn.parse(resource).account
    except InvalidArn:
        return ""


def _role_arn(text: str) -> Arn:
    try:
        return Arn.parse(text)
    except InvalidArn as error:
        raise NotTold(f"which role it was: {text}") from error
