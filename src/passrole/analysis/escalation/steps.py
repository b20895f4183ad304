"""One step of a path as it is told: what is done, which statements allow it, and on what it depends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from passrole.analysis.answer import requirement_json
from passrole.analysis.askers import ASSOCIATED, PASSED_TO, Asker
from passrole.analysis.escalation.graph import Graph, Way
from passrole.analysis.escalation.nodes import Node
from passrole.analysis.escalation.raising import Change, Founding
from passrole.analysis.escalation.rights import facts_of, of_resource
from passrole.analysis.escalation.techniques import (
    ASSUME,
    BOUNDARY_ARN,
    PERMISSION_SETS,
    SAID,
    Known,
    Technique,
)
from passrole.analysis.requirements import RESOURCE, Requirement, requirements
from passrole.authorize.gather import trust_policy
from passrole.catalog import passed
from passrole.decision.compile import Rule
from passrole.decision.doubt import Match, match
from passrole.decision.layers import IDENTITY, TRUST, WAIVES_IDENTITY
from passrole.decision.plan import compiled
from passrole.decision.request import Policies, Request
from passrole.decision.residual import residual
from passrole.passing.rule import ACTION
from passrole.state.entities import Group, Role, User

Said = tuple[tuple[str, str], ...]  # keys of a call, names in lower case, with their values

PASS_ROLE: Final = "pass-role"
_TRUST_POLICY: Final = "AssumeRolePolicyDocument"  # as IAM's API names what has no name
CHANGE_TRUST_ID: Final = "change-trust"


@dataclass(frozen=True, slots=True)
class Reason:
    """A statement that allows an action. owner has the policy: an identity, or a managed policy itself."""

    owner: str
    policy: str
    statement: str
    action: str

    def as_json(self) -> dict[str, object]:
        """Its parts by name."""
        return {
            "owner": self.owner,
            "policy": self.policy,
            "statement": self.statement,
            "action": self.action,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a principal to the next.

    Of each of groups one statement is needed, and any is enough. conditions must hold, when says in words
    what must be there. operation and service are those of a role pass.
    """

    id: str
    source: str
    target: str
    text: str
    actions: tuple[str, ...]
    groups: tuple[tuple[Reason, ...], ...]
    certain: bool
    known: Known | None = None
    operation: str = ""
    operations: tuple[str, ...] = ()
    service: str = ""
    through: str = ""
    when: str = ""
    at_will: bool = True
    conditions: tuple[Requirement, ...] = ()

    @property
    def alone(self) -> tuple[Reason, ...]:
        """The statements without any one of which the step falls."""
        return tuple(dict.fromkeys(group[0] for group in self.groups if len(group) == 1))

    def as_json(self) -> dict[str, object]:
        """What does not apply is left out."""
        made: dict[str, object] = {
            "technique": self.id,
            "name": self.known.name if self.known is not None else None,
            "from": self.source,
            "to": self.target,
            "text": self.text,
            "action": self.actions[0],
            "resource": self.through or self.target,
            "actions": list(self.actions),
            "statements": [one.as_json() for group in self.groups for one in group],
            "conditions": [requirement_json(one) for one in self.conditions],
            "certain": self.certain,
        }
        if self.service:
            made |= {
                "service": self.service,
                "operation": self.operation,
                "operations": list(self.operations),
            }
            made["at_will"] = self.at_will
        if self.through:
            made["through"] = self.through
        if self.when:
            made["when"] = self.when
        if self.known is not None:
            made["sources"] = list(self.known.sources)
        return made


class Steps:
    """Tells steps; what is asked twice is found once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._reasons: dict[tuple[str, str, str, str, Said], tuple[tuple[Reason, ...], ...]] = {}
        self._needs: dict[tuple[str, str, str, str, Said], tuple[Requirement, ...]] = {}

    def of_way(self, source: Node, target: Node, way: Way) -> Step:
        """A way between two nodes."""
        bit = 1 << target.number
        passing = way.id == PASS_ROLE
        asked: list[tuple[str, str]] = []  # actions with the resource that they are on, "" where it is open
        if passing:
            asked.append((ACTION, target.arn))
            asked += ((action, "") for action in way.actions)
        else:
            on = target.arn if way.id in _ON_TARGET else way.held.get(target.number, "")
            asked += ((action, "" if action in way.beside else on) for action in way.actions)
        groups = tuple(
            group for action, on in asked for group in self._allowing(source, target, action, on, way.service)
        )
        certain = bool(way.targets[0] & bit)
        required = (
            one
            for action, on in (() if certain else asked)
            for one in self._required(source, target, action, on, way.service)
        )
        when = way.when
        if passing and certain:
            when = ""
        return Step(
            id=way.id,
            source=source.arn,
            target=target.arn,
            text=way.text.replace("{target}", target.arn.rsplit(":", 1)[-1]),
            actions=tuple(action for action, _ in asked),
            groups=groups,
            certain=certain,
            known=way.known,
            operation=way.operations[0] if way.operations else "",
            operations=way.operations,
            service=way.service,
            through=way.held.get(target.number, ""),
            when=when,
            at_will=way.at_will,
            conditions=tuple(dict.fromkeys(required)),
        )

    def of_edit(self, source: Node, edited: Node, technique: Technique) -> Step:
        """Any right written into a policy that a node has."""
        written = self._graph.edited_through(technique, source, edited)
        on = "" if technique in PERMISSION_SETS else written
        action = technique.actions[0]
        certain = not technique.when and any(
            one is technique and pair[0] >> edited.number & 1 for one, pair in self._graph.edits(source)
        )
        return Step(
            id=technique.id,
            source=source.arn,
            target=edited.arn,
            text=technique.text.replace("{target}", written.rsplit(":", 1)[-1]),
            actions=technique.actions,
            groups=self._allowing(source, edited, action, on, ""),
            certain=certain,
            known=technique.known,
            through=written if written != edited.arn else "",
            when=technique.when,
            conditions=() if certain else self._required(source, edited, action, on, ""),
        )

    def of_change(self, source: Node, change: Change) -> Step:
        """A change that gives its target more."""
        return self._of(source, change.edited, change.edited.arn, change.through, change)

    def of_founding(self, source: Node, founding: Founding) -> Step:
        """An identity that is made."""
        return self._of(source, source, founding.arn, founding.arn, founding)

    def _of(self, source: Node, target: Node, arn: str, on: str, change: Change | Founding) -> Step:
        technique = change.technique
        groups = tuple(
            group
            for action in change.actions
            for group in self._allowing(source, target, action, on, "", change.said)
        )
        required = (
            one
            for action in (() if change.certain else change.actions)
            for one in self._required(source, target, action, on, "", change.said)
        )
        text = technique.text.replace("{target}", on.rsplit(":", 1)[-1])
        for key, value in change.said:
            what = "the permissions boundary" if key == BOUNDARY_ARN else "the policy"
            text += f" (with {what} {value.rsplit(':', 1)[-1]})"
        return Step(
            id=technique.id,
            source=source.arn,
            target=arn,
            text=text,
            actions=change.actions,
            groups=groups,
            certain=change.certain,
            known=technique.known,
            through=on if on != arn else "",
            when=technique.when,
            conditions=tuple(dict.fromkeys(required)),
        )

    # --- Statements and conditions ------------------------------------------------------------

    def _allowing(
        self, source: Node, target: Node, action: str, on: str, service: str, said: Said = ()
    ) -> tuple[tuple[Reason, ...], ...]:
        """The statements that allow the action there: of the caller's policies, and of a trust policy.

        In each group those that do so for certain come first.
        """
        place = (source.asker.arn, action, on, service, said)
        found = self._reasons.get(place)
        if found is None:
            groups = self._find(source, target, action, on, service, said)
            found = self._reasons[place] = tuple(group for group in groups if group)
        return found

    def _find(
        self, source: Node, target: Node, action: str, on: str, service: str, said: Said
    ) -> Iterator[tuple[Reason, ...]]:
        request, policies = self._question(source, target, action, on, service, said)
        plan = compiled(policies).plan(request)
        waived = False
        if plan.grants is not None:
            granting = [rule for rule in plan.grants.all if match(rule, request) is not Match.NO]
            waived = plan.waives and any(
                rule.principals is not None and rule.principals.grant(request.principal) & WAIVES_IDENTITY
                for rule in granting
            )
        else:
            granting = []
        if not waived:
            rules = [rule for step in plan.after if step.layer is IDENTITY for rule in step.allows.all]
            yield self._told(source, target, action, rules, request)
        yield self._told(source, target, action, granting, request)

    def _told(
        self, source: Node, target: Node, action: str, rules: Iterable[Rule], request: Request
    ) -> tuple[Reason, ...]:
        ranked: list[tuple[bool, Reason]] = []
        for rule in rules:
            matched = match(rule, request)
            if matched is not Match.NO:
                name = _TRUST_POLICY if rule.layer is TRUST else rule.policy.name
                for owner in self._owners(source, target, rule):
                    reason = Reason(owner, name, rule.statement.label, action)
                    ranked.append((matched is not Match.YES, reason))
        ranked.sort(key=lambda row: row[0])
        return tuple(dict.fromkeys(reason for _, reason in ranked))

    def _required(
        self, source: Node, target: Node, action: str, on: str, service: str, said: Said = ()
    ) -> tuple[Requirement, ...]:
        place = (source.asker.arn, action, on, service, said)
        found = self._needs.get(place)
        if found is None:
            request, policies = self._question(source, target, action, on, service, said)
            needed = requirements(residual(request, policies))
            found = self._needs[place] = tuple(one for one in needed if on or one.operator != RESOURCE)
        return found

    def _question(
        self, source: Node, target: Node, action: str, on: str, service: str, said: Said
    ) -> tuple[Request, Policies]:
        asker = source.asker
        policies = asker.policies
        if action == ASSUME.actions[0] and isinstance(target.entity, Role) and on:
            policies = replace(policies, resource=trust_policy(target.entity))
        passing = action == ACTION
        facts = None
        if not passing and on == target.arn and isinstance(target.entity, User | Role):
            facts = facts_of(target.entity)
        context = {**(facts or {}), **asker.context, **SAID.get(action, {}), **dict(said)}
        if passing:
            context[PASSED_TO] = service
        request = Request(
            asker.caller.principal,
            action,
            on or None,
            resource_account=target.asker.account if on == target.arn else asker.account,
            context=context,
        )
        plan = compiled(policies).plan(request)
        keys = {key for rule in plan.rules() for key in rule.keys}
        if plan.grants is not None:
            keys.update(key for rule in plan.grants.all for key in rule.keys)
        if facts is not None:
            keys = {key for key in keys if key in asker.context or not of_resource(key)}
        unknown = _unknown(asker, keys - context.keys(), service, passing=passing)
        return replace(request, unknown=unknown), policies

    def _owners(self, source: Node, target: Node, rule: Rule) -> list[str]:
        """Who has the statement's policy: several where a user and its group have inline ones alike."""
        if rule.layer is TRUST:
            return [target.arn]
        if rule.policy.arn:
            return [rule.policy.arn]
        entities: list[User | Role | Group] = [source.entity, *self._graph.groups_of(source)]
        name, text = rule.policy.name, rule.policy.text
        return [one.arn for one in entities if one.inline.get(name) == text] or [source.arn]


_ON_TARGET: Final = frozenset(
    ("assume-role", CHANGE_TRUST_ID, "access-key", "login-profile", "password", "join-group")
)


def _unknown(asker: Asker, keys: Iterable[str], service: str, *, passing: bool) -> frozenset[str]:
    unknown = set(asker.unknown(keys, passing=passing))
    if passing:
        unknown.discard(PASSED_TO)
        if not passed.has_associated_resource(service):
            unknown.discard(ASSOCIATED)
    return frozenset(unknown)
