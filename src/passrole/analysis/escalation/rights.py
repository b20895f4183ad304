"""On which of an estate's identities a principal may do what: sets as bits, no pair asked by itself.

As account_passes does for iam:PassRole, for any action whose resource is a role, user, group or policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.analysis import bits
from passrole.analysis.askers import Asker
from passrole.analysis.bits import Resources
from passrole.authorize.context import Values
from passrole.authorize.gather import trust_policy
from passrole.decision.compile import Rule, sheet
from passrole.decision.layers import NO_GRANT, TRUST, WAIVES_NOTHING
from passrole.decision.plan import Plan, compiled
from passrole.decision.request import Request
from passrole.policy.document import Statement
from passrole.state.entities import Role, User

Pair = tuple[int, int]  # for certain, and at all
NONE: Final[Pair] = (0, 0)
ASSUME: Final = "sts:AssumeRole"

_NO: Final = 0
_MAYBE: Final = 1
_YES: Final = 2


@dataclass(frozen=True, slots=True)
class Grant:
    """What a trust policy gives a principal: what its grant waives, for certain and at all; or NO_GRANT."""

    sure: int
    may: int


Facts = Mapping[str, Values]  # keys that follow from a resource, names in lower case

_TAGS: Final = ("aws:resourcetag/", "iam:resourcetag/")
_BOUNDARY: Final = "iam:permissionsboundary"


def facts_of(entity: User | Role) -> Facts:
    """The keys of IAM's calls about a user or role that follow from it: its tags and boundary.

    Source: Service Authorization Reference, "Condition keys for AWS Identity and Access Management".
    """
    found: dict[str, Values] = {
        f"{beginning}{key.lower()}": value for key, value in entity.tags for beginning in _TAGS
    }
    if entity.boundary:
        found[_BOUNDARY] = entity.boundary
    return found


def of_resource(key: str) -> bool:
    """Is it a key (lower case) that follows from the user or role that a call is about?"""
    return key == _BOUNDARY or key.startswith(_TAGS)


class Rights:
    """Answers for one set of resources, each distinct statement asked once for equal keys."""

    def __init__(self, arns: Iterable[str], facts: Mapping[str, Facts] | None = None) -> None:
        """facts are those of each resource; None where they are not known."""
        self.resources: Final = Resources(sorted(arns))
        self._facts = facts
        self._matches: dict[tuple[object, ...], Pair] = {}

    def on(self, asker: Asker, action: str, *, waived: int = WAIVES_NOTHING) -> Pair:
        """The resources on which the principal may do it.

        waived are the layers that a grant of the resource's own policy makes needless.
        """
        plan = _plan(asker, action)
        sure = may = self.resources.all
        for step in (*plan.before, *plan.after):
            if step.waiver & waived:
                continue
            one, other = self._any(asker, step.allows.all)
            sure &= one
            may &= other
            if not may:
                return NONE
        denied, may_be_denied = self._any(asker, [rule for rules in plan.denies for rule in rules.all])
        return sure & ~may_be_denied, may & ~denied

    def _any(self, asker: Asker, rules: Iterable[Rule]) -> Pair:
        sure = may = 0
        for rule in rules:
            one, other = self._matched(asker, rule)
            sure |= one
            may |= other
        return sure, may

    def _matched(self, asker: Asker, rule: Rule) -> Pair:
        statement: Statement = rule.statement
        keys = sorted(rule.keys)
        signature = tuple(_known(asker, key) for key in keys)
        who = asker.caller.principal if rule.principals is not None else None
        place = (statement, who, signature)
        found = self._matches.get(place)
        if found is None:
            found = self._matches[place] = self._match(asker, rule)
        return found

    def _match(self, asker: Asker, rule: Rule) -> Pair:
        if self._facts is not None and any(
            of_resource(key) and key not in asker.context
            for condition in rule.conditions
            for key in condition.keys
        ):
            return self._match_each(asker, rule, self._facts)
        held = holds(asker, rule)
        if held == _NO:
            return NONE
        if not rule.anything and any(_known(asker, key) is False for key in rule.resource_keys):
            return 0, self.resources.all
        covered = self.resources.covered(rule, asker.context)
        return (covered if held == _YES else 0), covered

    def _match_each(self, asker: Asker, rule: Rule, facts: Mapping[str, Facts]) -> Pair:
        """Where conditions ask for what follows from the resource: asked of one after the other."""
        sure = not any(_known(asker, key) is False for key in rule.resource_keys)
        covered = self.resources.covered(rule, asker.context) if sure or rule.anything else self.resources.all
        yes: list[int] = []
        may: list[int] = []
        for number in bits.places(covered):
            held = holds(asker, rule, facts[self.resources.arns[number]])
            if held != _NO:
                may.append(number)
            if held == _YES and (sure or rule.anything):
                yes.append(number)
        return bits.of(yes), bits.of(may)


def holds(asker: Asker, rule: Rule, facts: Facts | None = None) -> int:
    """Do the principal and the conditions of a statement fit? 0 no, 1 perhaps, 2 yes.

    facts are all that follows from the resource, None where that is not known.
    """
    if not rule.takes(asker.caller.principal):
        return _NO
    context = asker.context if facts is None else {**facts, **asker.context}
    answer = _YES
    for condition in rule.conditions:
        if any(
            key not in context and not (facts is not None and of_resource(key)) and not _absent(asker, key)
            for key in condition.keys
        ):
            answer = _MAYBE
        elif not condition.holds(context):
            return _NO
    return answer


def _absent(asker: Asker, key: str) -> bool:
    return asker.context.get(key) is None and asker.lacks(key, passing=False)


def _known(asker: Asker, key: str) -> object:
    """The value of a key, None where it is surely absent, False where it is not known."""
    value = asker.context.get(key)
    return False if value is None and not asker.lacks(key, passing=False) else value


def _plan(asker: Asker, action: str) -> Plan:
    return compiled(asker.policies).plan(
        Request(asker.caller.principal, action, None, resource_account=asker.account)
    )


class Assumable:
    """Which roles a principal may assume, in all accounts: each distinct trust policy is asked once."""

    def __init__(self, roles: Iterable[Role], rights: Rights) -> None:
        self._rights = rights
        place = {arn: number for number, arn in enumerate(rights.resources.arns)}
        groups: dict[tuple[object, ...], list[Role]] = {}
        for role in roles:
            groups.setdefault((role.account, role.trust, tuple(role.trust_ids.items())), []).append(role)
        # The roles of each trust policy that names principals of AWS's, not services alone.
        self._groups: list[tuple[str, tuple[Rule, ...], tuple[Rule, ...], int]] = []
        for alike in groups.values():
            denies, allows = sheet(trust_policy(alike[0]), TRUST).about(ASSUME.lower())
            allows = tuple(rule for rule in allows if _names_callers(rule))
            if allows:
                self._groups.append(
                    (alike[0].account, denies, allows, bits.of(place[role.arn] for role in alike))
                )

    def by(self, asker: Asker) -> Pair:
        """The roles that the principal may assume."""
        sure = may = 0
        answers: dict[int, Pair] = {}
        for account, denies, allows, roles in self._groups:
            granted = _granted(asker, denies, allows)
            if granted.may == NO_GRANT:
                continue
            crosses = account != asker.account
            for waived, certain in ((granted.sure, True), (granted.may, False)):
                if waived == NO_GRANT:
                    continue
                waived = WAIVES_NOTHING if crosses else waived
                if waived not in answers:
                    answers[waived] = self._rights.on(asker, ASSUME, waived=waived)
                one, other = answers[waived]
                if certain:
                    sure |= one & roles
                may |= other & roles
        return sure, may


def _names_callers(rule: Rule) -> bool:
    statement = rule.statement
    return statement.not_principal or any(
        name.kind == "AWS" or name.value == "*" for name in statement.principals or ()
    )


def _granted(asker: Asker, denies: Iterable[Rule], allows: Iterable[Rule]) -> Grant:
    denied = max((holds(asker, rule) for rule in denies), default=_NO)
    if denied == _YES:
        return Grant(NO_GRANT, NO_GRANT)
    sure = may = NO_GRANT
    for rule in allows:
        assert rule.principals is not None  # Invariant: a trust policy's statement without one is left out
        waives = rule.principals.grant(asker.caller.principal)
        if waives == NO_GRANT:
            continue
        held = holds(asker, rule)
        if held != _NO:
            may = max(may, waives)
        if held == _YES and denied == _NO:
            sure = max(sure, waives)
    return Grant(sure, may)
