"""Does a policy grant new access, or access that it must not grant?

As Access Analyzer's custom policy checks answer.

Source for the questions, results and wordings: IAM Access Analyzer API Reference, CheckNoNewAccess,
CheckAccessNotGranted and their examples in the SDKs' documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from passrole.analysis.access import ACTION, ANY_ARN, Comparison, Place
from passrole.analysis.sides import Given, Grant, Side, resource_pattern, sides
from passrole.catalog.arn_forms import NO_RESOURCE, arn_forms
from passrole.policy.contexts import ANYONE, Box, Contexts
from passrole.policy.document import Policy, PrincipalName, Statement
from passrole.values import partition
from passrole.values.errors import PassroleError
from passrole.values.glob import Pattern

IDENTITY: Final = "IDENTITY_POLICY"
RESOURCE: Final = "RESOURCE_POLICY"
PASS: Final = "PASS"
FAIL: Final = "FAIL"

_NO_NEW: Final = "The modified permissions do not grant new access compared to your existing policy."
_NEW: Final = "The modified permissions grant new access compared to your existing policy."
_NEW_IN: Final = "New access in the statement with"
_NOT_GRANTED: Final = "The policy document does not grant access to perform the listed actions or resources."
_GRANTED: Final = (
    "The policy document grants access to perform one or more of the listed actions or resources."
)
_GRANTED_IN: Final = "One or more of the listed actions or resources in the statement with"

# What a request is about: an ARN, or nothing. Examples are taken from one account where they can be.
_RESOURCES: Final = (ANY_ARN, NO_RESOURCE)
_ACCOUNT: Final = "111122223333"
_REGION: Final = "us-east-1"


class CannotTell(PassroleError):
    """The documents are such that comparing them would take too long."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One statement that grants what it should not, with an example.

    statement_id is its Sid, "" where it has none. context holds the keys that the example needs, None for
    one that must be absent.
    """

    description: str
    statement_index: int
    statement_id: str
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check answers: PASS or FAIL, in AWS's words."""

    result: str
    message: str
    reasons: tuple[Reason, ...] = ()

    @property
    def passed(self) -> bool:
        """Is it PASS?"""
        return self.result == PASS

    def as_output(self) -> dict[str, object]:
        """The operation's output, as AWS names its members."""
        made: dict[str, object] = {"result": self.result, "message": self.message}
        reasons = [_reason_output(one) for one in self.reasons]
        return made | ({"reasons": reasons} if reasons else {})


def _reason_output(reason: Reason) -> dict[str, object]:
    made: dict[str, object] = {"description": reason.description, "statementIndex": reason.statement_index}
    return made | ({"statementId": reason.statement_id} if reason.statement_id else {})


def check_no_new_access(existing: str, new: str, policy_type: str) -> CheckResult:
    """Does the new document allow anything that the existing one does not?

    Both are JSON texts; policy_type is IDENTITY_POLICY or RESOURCE_POLICY (role trust policies are of the
    latter). Keys of the request may have any value that no condition excludes.
    Raises UnreadablePolicy for a text that is no policy, and CannotTell.
    """
    old, modified = Policy.parse(existing), Policy.parse(new)
    contexts, (mine, theirs) = _sides(policy_type, modified, old)
    comparison = Comparison(contexts, mine, theirs)
    try:
        found = [place for allow in mine.layers[0] if (place := _new(comparison, allow)) is not None]
    except partition.TooManyStates as error:
        raise CannotTell(str(error)) from error
    if not found:
        return CheckResult(PASS, _NO_NEW)
    return CheckResult(FAIL, _NEW, tuple(_reasons(_NEW_IN, found)))


def _new(comparison: Comparison, allow: Grant) -> Place | None:
    if comparison.has_twin(allow) or comparison.is_inside(allow):
        return None
    for action in comparison.actions(allow):
        if comparison.place(action, allow, _RESOURCES) is not None:
            return _example(comparison, comparison.known_action(action, allow), allow)
    return None


def _example(
    comparison: Comparison, action: str, allow: Grant, resources: Sequence[Pattern] = ()
) -> Place | None:
    """What is known to be there, shown by a resource that the action has, if by any."""
    shown = arn_forms(action, account=_ACCOUNT, region=_REGION)
    if not resources:
        found = comparison.place(action, allow, shown)
        if found is not None:
            return found
    return comparison.place(action, allow, resources or _RESOURCES)


def check_access_not_granted(
    document: str, access: Sequence[Mapping[str, Sequence[str]]], policy_type: str
) -> CheckResult:
    """Does the document allow none of this?

    Each entry of access has ``actions``, ``resources`` or both, as policies write them: any of the actions on
    any of the resources, all where one of the lists is not there. What is allowed in some context counts.
    Raises UnreadablePolicy for a text that is no policy, and CannotTell.
    """
    contexts, (mine,) = _sides(policy_type, Policy.parse(document))
    comparison = Comparison(contexts, mine, Side(((),), ()))
    try:
        found = [
            place for allow in mine.layers[0] if (place := _granted(comparison, allow, access)) is not None
        ]
    except partition.TooManyStates as error:
        raise CannotTell(str(error)) from error
    if not found:
        return CheckResult(PASS, _NOT_GRANTED)
    return CheckResult(FAIL, _GRANTED, tuple(_reasons(_GRANTED_IN, found)))


def _granted(
    comparison: Comparison, allow: Grant, access: Sequence[Mapping[str, Sequence[str]]]
) -> Place | None:
    for entry in access:
        actions = [Pattern.parse(text.lower()) for text in entry.get("actions") or ()]
        resources = [resource_pattern(text) for text in entry.get("resources") or ()]
        if not actions and not resources:
            continue
        for asked in actions or [ACTION]:
            for action in comparison.actions(allow, asked):
                if comparison.place(action, allow, resources or _RESOURCES) is not None:
                    known = comparison.known_action(action, allow, asked)
                    return _example(comparison, known, allow, resources)
    return None


def _reasons(words: str, found: Iterable[Place]) -> Iterator[Reason]:
    for place in found:
        statement = place.grant.statement
        which = f"sid: {statement.sid}" if statement.sid else f"index: {statement.index}"
        yield Reason(
            f"{words} {which}.", statement.index, statement.sid, place.action, place.resource, place.context
        )


def _sides(policy_type: str, *policies: Policy) -> tuple[Contexts, tuple[Side, ...]]:
    given = [Given(((policy,),), ANYONE) for policy in policies]
    if policy_type == IDENTITY:
        return sides(*given)
    return sides(*given, principals=lambda contexts: _Principals(contexts, policies).box)


# --- Principals -------------------------------------------------------------------------------


class _Principals:
    """The principals of documents as values of one dimension: each that is named, and the others of its sort.

    An account stands for all principals in it, ``*`` for everyone.
    """

    def __init__(self, contexts: Contexts, policies: Iterable[Policy]) -> None:
        names: dict[tuple[str, str], None] = {}
        for kind in ("AWS", "Service", "Federated", "CanonicalUser"):
            names[kind, ""] = None  # one that nobody names
        for policy in policies:
            for statement in policy.statements:
                for name in statement.principals or ():
                    for one in _atoms(name):
                        names[one] = None
        self._names = list(names)
        self._all = (1 << len(names)) - 1
        self._dimension = contexts.add("principal", [f"{kind} {value}" for kind, value in names])

    def box(self, statement: Statement) -> Box | None:
        """The principals whom a statement of a resource-based policy concerns; None for nobody."""
        if statement.principals is None:
            return None
        named = [_names(name) for name in statement.principals]
        mask = 0
        for number, one in enumerate(self._names):
            mask |= any(holds(one) for holds in named) << number
        if statement.not_principal:
            if not statement.allows:
                mask &= self._spared(statement)
            mask = self._all & ~mask
        if not mask:
            return None
        return {} if mask == self._all else {self._dimension: mask}

    def _spared(self, statement: Statement) -> int:
        """Whom a Deny with NotPrincipal can spare: of an account, who is listed together with it.

        Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal".
        """
        listed = {(name.kind, name.value) for name in statement.principals or ()}
        if any(name.value == "*" for name in statement.principals or ()):
            return self._all
        accounts = {_account(name) for name in statement.principals or () if _is_account(name.value)}
        mask = 0
        for number, one in enumerate(self._names):
            together = one[0] != "AWS" or _account(PrincipalName(*one)) in accounts
            spared = together and (one == _root(one[1]) or (one in listed and not one[1].isdigit()))
            mask |= spared << number
        return mask


def _atoms(name: PrincipalName) -> Iterator[tuple[str, str]]:
    account = _account(name)
    if account:
        yield "AWS", account  # whoever else is of the account
        yield _root(account)
    if name.value != "*" and not (account and _is_account(name.value)):
        yield name.kind, name.value


def _root(text: str) -> tuple[str, str]:
    """The root user of an account, or of the account in an ARN."""
    account = text if text.isdigit() else _account(PrincipalName("AWS", text))
    return "AWS", f"arn:aws:iam::{account}:root"


def _is_account(value: str) -> bool:
    return value.isdigit() or value.endswith(":root")


def _account(name: PrincipalName) -> str:
    if name.kind != "AWS":
        return ""
    if name.value.isdigit():
        return name.value
    parts = name.value.split(":")
    return parts[4] if len(parts) > 5 else ""


def _names(name: PrincipalName) -> Callable[[tuple[str, str]], bool]:
    """Which of the values a name stands for."""
    if name.value == "*":
        return lambda one: name.kind in ("", "AWS") or one[0] == name.kind
    account = _account(name)
    if account and _is_account(name.value):
        return lambda one: one[0] == "AWS" and account in (one[1], _account(PrincipalName(*one)))
    return lambda one: one == (name.kind, name.value)
