"""Who can pass more or less after a change: two estates, or two folders of policies, compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from passrole.analysis.answer import requirement_json
from passrole.analysis.lint.grants import passing_only
from passrole.analysis.new_access import IDENTITY, check_no_new_access
from passrole.analysis.proposals import Proposal, Proposed
from passrole.analysis.requirements import Requirement
from passrole.analysis.who_can_pass import who_can_pass
from passrole.policy.document import Policy
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate

MORE = "more"
LESS = "less"
OTHER = "other"  # on other conditions than before

_Key = tuple[str, str, str]
_Conditions = tuple[Requirement, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One pass that is not what it was. before and after are the conditions that are enough; None is no.

    Of policies alone, role is the pattern of the statement, and service one of those that the change lets in
    or shuts out, "" where it is any.
    """

    change: str  # MORE, LESS or OTHER
    principal: str
    role: str
    service: str
    before: _Conditions | None = None
    after: _Conditions | None = None

    def as_json(self) -> dict[str, object]:
        """``change``, ``principal``, ``role``, ``service``, and the conditions ``before`` and ``after``."""
        return {
            "change": self.change,
            "principal": self.principal,
            "role": self.role,
            "service": self.service,
            "before": None if self.before is None else [requirement_json(one) for one in self.before],
            "after": None if self.after is None else [requirement_json(one) for one in self.after],
        }


def between_estates(old: Estate, new: Estate) -> list[Difference]:
    """What each principal can pass in one and not, or on other conditions, in the other; in order."""
    before, after = _passes(old), _passes(new)
    return [
        Difference(_change(before.get(key), after.get(key)), *key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _passes(estate: Estate) -> Mapping[_Key, _Conditions]:
    return {(one.principal, one.role, one.service): one.conditions for one in who_can_pass(estate)}


def _change(before: _Conditions | None, after: _Conditions | None) -> str:
    if before is None or after == ():
        return MORE
    return LESS if after is None or before == () else OTHER


def with_policies(present: Estate, proposals: tuple[Proposed, ...]) -> Estate:
    """The estate as it would be with the policies of a folder."""
    proposal = Proposal(proposals, present)
    for account in present.accounts:
        for entity in (User, Role):
            for one in present.directory.all(entity, account):
                proposal.concerns(one.arn)
    return Estate(proposal.directory, present.accounts, present.notes, present.organized)


def between_policies(old: Iterable[Proposed], new: Iterable[Proposed]) -> list[Difference]:
    """What the policies of folders let each principal pass, where nothing is known of any role.

    Statements are compared exactly, as Access Analyzer's CheckNoNewAccess does. Raises CannotTell.
    """
    before, after = _by_principal(old), _by_principal(new)
    found: list[Difference] = []
    for principal in sorted(before.keys() | after.keys()):
        was, now = passing_only(before.get(principal, ())), passing_only(after.get(principal, ()))
        found += _more(MORE, principal, was, now)
        found += _more(LESS, principal, now, was)
    return found


def _by_principal(proposals: Iterable[Proposed]) -> dict[str, list[Policy]]:
    made: dict[str, list[Policy]] = {}
    for one in proposals:
        name = "/".join(part for part in (one.account, one.kind, one.name) if part)
        made.setdefault(name, []).extend(map(Policy.parse, one.policies.values()))
    return made


def _more(change: str, principal: str, existing: str, modified: str) -> Iterator[Difference]:
    """What the second document lets be passed and the first does not, by its statements."""
    statements = Policy.parse(modified).statements
    for reason in check_no_new_access(existing, modified, IDENTITY).reasons:
        statement = statements[reason.statement_index]
        resources = ", ".join(statement.resources or ())
        keys = {name.lower(): value for name, value in reason.context.items()}
        service = keys.get("iam:passedtoservice")
        yield Difference(
            change,
            principal,
            f"all but {resources}" if statement.not_resource else resources,
            service if isinstance(service, str) else "",
            () if change == LESS else None,
            () if change == MORE else None,
        )
