"""Grants of iam:PassRole that nobody used, statement by statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from passrole.analysis.askers import ASSOCIATED, PASSED_TO, Asker, askers
from passrole.analysis.audit.usage import Used
from passrole.decision.compile import Rule
from passrole.decision.doubt import Match, match
from passrole.decision.layers import IDENTITY
from passrole.decision.plan import compiled
from passrole.decision.request import Request
from passrole.passing.rule import ACTION
from passrole.policy.conditions import Condition
from passrole.state.estate.estate import Estate


@dataclass(frozen=True, slots=True)
class Unused:
    """An Allow statement through which a principal passed no role in all the trail.

    policy is the policy's name, arn its ARN where it is a managed one; statement the Sid, else its place.
    """

    principal: str
    policy: str
    arn: str
    statement: str
    resources: tuple[str, ...]
    not_resource: bool
    conditions: tuple[Condition, ...]

    def as_json(self) -> dict[str, object]:
        """A member ``not_resources`` takes the place of ``resources`` where the statement has that."""
        return {
            "principal": self.principal,
            "policy": self.policy,
            "policy_arn": self.arn,
            "statement": self.statement,
            "not_resources" if self.not_resource else "resources": list(self.resources),
            "conditions": [
                {"operator": one.name, "key": one.written, "values": list(one.wanted)}
                for one in self.conditions
            ],
        }


def unused(estate: Estate, used: Iterable[Used]) -> Iterator[Unused]:
    """Every grant that no pass of the trail needed, in order of account and principal.

    Only passes that succeeded count. A statement that may have been what allowed one, as its conditions ask
    for what records do not tell, counts as used. Service-linked roles are left out: nobody can change them.
    """
    by_principal: dict[str, list[Used]] = {}
    for row in used:
        if row.allowed:
            by_principal.setdefault(row.principal, []).append(row)
    for account in estate.accounts:
        for asker in askers(estate, account):
            role = asker.caller.role
            if role is None or not role.service_linked:
                yield from _unused(asker, by_principal.get(asker.arn, ()))


def _unused(asker: Asker, rows: Iterable[Used]) -> Iterator[Unused]:
    principal = asker.caller.principal
    plan = compiled(asker.policies).plan(Request(principal, ACTION, None, resource_account=asker.account))
    grants = [
        rule
        for step in (*plan.before, *plan.after)
        if step.layer is IDENTITY
        for rule in step.allows.all
        if rule.allows
    ]
    if not grants:
        return
    passes = list(rows)
    for rule in grants:
        if not any(_covers(rule, asker, row) for row in passes):
            statement = rule.statement
            yield Unused(
                principal=asker.arn,
                policy=rule.policy.name,
                arn=rule.policy.arn,
                statement=statement.label,
                resources=statement.resources or ("*",),
                not_resource=statement.not_resource,
                conditions=statement.conditions,
            )


def _covers(rule: Rule, asker: Asker, row: Used) -> bool:
    """May the statement have been what allowed the pass?"""
    for service in row.services or (row.service,):
        context: Mapping[str, str | tuple[str, ...]] = {**asker.context, PASSED_TO: service}
        unknown = frozenset(key for key in asker.unknown(rule.keys) if key != PASSED_TO) | {ASSOCIATED}
        request = Request(asker.caller.principal, ACTION, row.role, asker.account, context, unknown)
        if match(rule, request) is not Match.NO:
            return True
    return False
