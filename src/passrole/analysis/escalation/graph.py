"""Who can act as whom: the principals of an estate as nodes, and from each its ways to others.

A way leads to a set of nodes at once, as bits, and is found for the set: two principals are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from passrole.analysis import action_sets, bits
from passrole.analysis.account_passes import AccountPasses
from passrole.analysis.action_rights import ActionRights
from passrole.analysis.escalation.held import Holdings, Inventory
from passrole.analysis.escalation.holders import HOLDERS, Doing, Holder
from passrole.analysis.escalation.nodes import Node, Nodes, shift
from passrole.analysis.escalation.passes import Usable, preferred, usable
from passrole.analysis.escalation.rights import NONE, Assumable, Pair, Rights
from passrole.analysis.escalation.role_uses import NEEDS_PROFILE
from passrole.analysis.escalation.techniques import (
    ASSIGNMENT,
    ASSUME,
    CHANGE_TRUST,
    CREDENTIALS,
    JOIN,
    PERMISSION_SETS,
    SAML_PROVIDER,
    SELF_GRANTS,
    Known,
    Technique,
)
from passrole.analysis.trust import Trusts
from passrole.authorize.gather import trust_policy
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate
from passrole.values.glob import Pattern

_EC2: Final = "ec2.amazonaws.com"
_SAML: Final = ":saml-provider/"


@dataclass(frozen=True, slots=True)
class Way:
    """How one node gets at others: targets, for certain and at all, as bits over the nodes.

    actions are what the node needs beside iam:PassRole, which a way with a service needs too; beside are
    those of them that are not on the target, or not on what holds it. operations are those that take the
    role, the one that is told first. held tells through which resources roles are got, where that is known.
    at_will tells that the target's rights can be used as one likes.
    """

    id: str
    text: str
    targets: Pair
    actions: tuple[str, ...]
    known: Known | None = None
    service: str = ""
    operations: tuple[str, ...] = ()
    when: str = ""
    at_will: bool = True
    held: Mapping[int, str] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


class Graph(Nodes):
    """The nodes of an estate, and the ways from each, found when they are asked for."""

    def __init__(self, estate: Estate, inventory: Inventory | None = None) -> None:
        """inventory is of a live account's resources that hold roles, None where they are not known."""
        super().__init__(estate)
        roles = [node.entity for node in self.nodes if isinstance(node.entity, Role)]
        self._assumable = Assumable(roles, self.roles)
        self._accounts = {account: self._in_account(roles, account) for account in estate.accounts}
        self._by_provider = self._trusting_providers(roles)
        self._providers = Rights(self._by_provider)
        self._trusting = self._trusting_services(roles)
        self._holdings = None if inventory is None else Holdings(inventory, self.number)
        self._ways: dict[int, tuple[Way, ...]] = {}
        self._edits: dict[int, tuple[tuple[Technique, Pair], ...]] = {}

    def _in_account(self, roles: Iterable[Role], account: str) -> tuple[AccountPasses, int]:
        """The account's passes, and where its roles begin among the nodes."""
        passes = AccountPasses(self.estate, account, [role for role in roles if role.account == account])
        return passes, self.number[passes.roles[0].arn] if passes.roles else 0

    def _trusting_providers(self, roles: Iterable[Role]) -> Mapping[str, int]:
        """The roles that trust each SAML provider of their account."""
        found: dict[str, list[int]] = {}
        for role in roles:
            for statement in trust_policy(role).statements if _SAML in role.trust else ():
                for name in statement.principals or ():
                    if statement.allows and name.kind == "Federated" and _SAML in name.value:
                        found.setdefault(name.value, []).append(self.number[role.arn])
        return {arn: bits.of(numbers) for arn, numbers in found.items()}

    def _trusting_services(self, roles: Iterable[Role]) -> Mapping[str, Pair]:
        """The roles that each service of the table of holders may assume."""
        trusts = {account: Trusts(self.estate.directory, account) for account in self.estate.accounts}
        asked = {service for holder in HOLDERS for service in holder.services}
        sure: dict[str, list[int]] = {}
        may: dict[str, list[int]] = {}
        for role in roles:
            for service in asked.intersection(trusts[role.account].named(role)):
                answer = trusts[role.account].may_assume(role, service)
                if answer.best.allowed:
                    may.setdefault(service, []).append(self.number[role.arn])
                if answer.worst.allowed:
                    sure.setdefault(service, []).append(self.number[role.arn])
        return {
            service: (bits.of(sure.get(service, ())), bits.of(numbers)) for service, numbers in may.items()
        }

    # --- Ways ---------------------------------------------------------------------------------

    def ways(self, node: Node) -> tuple[Way, ...]:
        """Every way from the node to another."""
        found = self._ways.get(node.number)
        if found is None:
            without = ~(1 << node.number)
            made = (
                replace(way, targets=(way.targets[0] & without, way.targets[1] & without))
                for way in self._all_ways(node)
            )
            found = self._ways[node.number] = tuple(way for way in made if way.targets[1])
        return found

    def _all_ways(self, node: Node) -> Iterator[Way]:
        yield self._way(ASSUME, self._assumable.by(node.asker))
        yield from self._trust_changes(node)
        yield from self._passes(node)
        yield from self._through_holders(node)
        yield from self._identity_providers(node)
        for technique in CREDENTIALS:
            found = self.on_users(node, technique.actions[0])
            sure = 0 if technique.when else found[0]
            yield self._way(technique, (sure, found[1]))
        if isinstance(node.entity, User) and node.kind == "user":  # not every set of groups: one at a time
            yield self._way(JOIN, self._joining(node, node.entity))

    def _joining(self, node: Node, user: User) -> Pair:
        """The groups that a user can join: it must be allowed on the group, the user is no resource of it."""
        found = [0, 0]
        sure, may = self.on(node, JOIN.actions[0], self.groups)
        for number in bits.places(may):
            if self.group[number].id not in user.groups:
                bit = 1 << self.joined(node, self.group[number]).number
                found[1] |= bit
                found[0] |= bit if sure >> number & 1 else 0
        return found[0], found[1]

    def _identity_providers(self, node: Node) -> Iterator[Way]:
        inside = self.inside(node)
        through: dict[int, str] = {}
        for place in bits.places(self.on(node, SAML_PROVIDER.actions[0], self._providers)[1]):
            arn = self._providers.resources.arns[place]
            through |= dict.fromkeys(bits.places(self._by_provider[arn] & inside), arn)
        if through:
            yield replace(self._way(SAML_PROVIDER, (0, bits.of(through))), held=through)
        sets = self.permission_sets & inside
        if sets and self.actions(node).somewhere(ASSIGNMENT.actions)[1]:
            yield replace(self._way(ASSIGNMENT, (0, sets)), beside=ASSIGNMENT.actions)

    def _way(self, technique: Technique, targets: Pair) -> Way:
        return Way(
            technique.id, technique.text, targets, technique.actions, technique.known, when=technique.when
        )

    def _trust_changes(self, node: Node) -> Iterator[Way]:
        sure, may = self.on_roles(node, CHANGE_TRUST.actions[0])
        if may:
            # The trust policy may then name the caller, which is enough but for a Deny and a boundary.
            denied = 0 if action_sets.of_pattern(_ASSUME) & self.actions(node).undenied else may
            yield self._way(CHANGE_TRUST, (sure & ~denied, may))

    def _passes(self, node: Node) -> Iterator[Way]:
        passes, first = self._accounts[node.asker.account]
        if not action_sets.of_pattern(_PASS) & self.actions(node).may:
            return
        for service, pair in passes.passes(node.asker).items():
            uses = usable(self.actions(node), service)
            targets = shift(pair, first)
            for at_will in (True, False):
                ranked = [use for use in uses if use.at_will is at_will]
                if ranked:
                    yield self._pass(service, targets, ranked, at_will=at_will)
                    break  # a service that obeys in one operation need not be shown in another

    def _pass(self, service: str, targets: Pair, uses: list[Usable], *, at_will: bool) -> Way:
        best = preferred(uses, service)
        sure = targets[0] if best.certain else 0
        when = best.when
        if service == _EC2:
            sure &= self.profiles
            when = when or NEEDS_PROFILE
        operations = (best.name, *sorted(use.name for use in uses if use is not best))
        return Way(
            "pass-role",
            f"pass {{target}} to {service} with {best.name}",
            (sure, targets[1]),
            best.actions,
            best.known,
            service=service,
            operations=operations,
            when=when,
            at_will=at_will,
        )

    def _through_holders(self, node: Node) -> Iterator[Way]:
        actions = self.actions(node)
        inside = self.inside(node)
        for holder in HOLDERS:
            known = self._holdings is not None and self._holdings.knows(holder.kind)
            trusting = 0
            for service in holder.services:
                trusting |= self._trusting.get(service, NONE)[1] & inside
            if not known and not trusting:
                continue
            for way in holder.ways:
                if action_sets.of_actions(way.actions) & ~actions.may:
                    continue
                if known:
                    yield from self._by_known(node, holder, way, inside)
                elif actions.somewhere(way.actions)[1]:
                    yield self._by_unknown(actions, holder, way, trusting)
                    break

    def _by_unknown(self, actions: ActionRights, holder: Holder, way: Doing, trusting: int) -> Way:
        """Through something that nobody has listed."""
        triggers = (one.actions for one in holder.triggers)
        chosen = next((one for one in triggers if actions.somewhere((*way.actions, *one))[1]), ())
        when = f"a {holder.kind} holds the role"
        if holder.triggers and not chosen:
            when = f"{when} and {holder.when}"
        done = (*way.actions, *chosen)
        return Way(holder.id, holder.text, (0, trusting), done, holder.known, when=when, beside=done)

    def _by_known(self, node: Node, holder: Holder, way: Doing, inside: int) -> Iterator[Way]:
        """Through what is there: with what makes it act, and where it acts anyway."""
        assert self._holdings is not None  # Invariant: only what was listed is known
        triggers = [one for one in holder.triggers if self.actions(node).somewhere(one.actions)[1]]
        for trigger in (*triggers, None):
            together = (
                way if trigger is None else Doing((*way.on, *trigger.on), (*way.beside, *trigger.beside))
            )
            beside = self.actions(node).somewhere(together.beside) if together.beside else (True, True)
            targets, held = self._holdings.by(node.asker, holder.kind, together.on)
            if not beside[1] or not targets[1] & inside:
                continue
            waits = trigger is None and bool(holder.triggers)
            sure = targets[0] & inside if beside[0] and not waits else 0
            yield Way(
                holder.id,
                holder.text,
                (sure, targets[1] & inside),
                together.actions,
                holder.known,
                when=holder.when if waits else "",
                held=held,
                beside=together.beside,
            )

    # --- Rights written into policies ---------------------------------------------------------

    def edits(self, node: Node) -> tuple[tuple[Technique, Pair], ...]:
        """The nodes into whose policies the node may write any right, itself among them, by technique."""
        found = self._edits.get(node.number)
        if found is None:
            self.ways(node)  # which makes the members of groups that it can join
            found = self._edits[node.number] = tuple(
                (technique, pair)
                for technique in (*SELF_GRANTS, *PERMISSION_SETS)
                if (pair := self._edited(node, technique))[1]
            )
        return found

    def _edited(self, node: Node, technique: Technique) -> Pair:
        action = technique.actions[0]
        if technique in PERMISSION_SETS:
            sets = self.permission_sets & self.inside(node)
            return (0, sets) if sets and self.actions(node).somewhere(technique.actions)[1] else NONE
        if technique.target == "role":
            return self.on_roles(node, action)
        if technique.target == "user":
            return self.on_users(node, action)
        if technique.target == "group":
            sure, may = self.on(node, action, self.groups)
            return self.members(sure), self.members(may)
        found = self.on(node, action, self.policies)
        arns = self.policies.resources.arns
        sure = may = 0
        for number in bits.places(found[1]):
            may |= self.holders(arns[number])
            if found[0] >> number & 1:
                sure |= self.holders(arns[number])
        return sure, may

    def edited_through(self, technique: Technique, editor: Node, edited: Node) -> str:
        """The ARN of what is written to: the identity, a group of it, or a policy that it has."""
        if technique.target in ("role", "user"):
            return edited.arn
        if technique.target == "group":
            rights, candidates = self.groups, [group.arn for group in self.groups_of(edited)]
        else:
            rights, candidates = self.policies, list(self.attached(edited))
        for allowed in self.on(editor, technique.actions[0], rights):
            arns = {rights.resources.arns[number] for number in bits.places(allowed)}
            for arn in candidates:
                if arn in arns:
                    return arn
        return edited.arn


_PASS: Final = Pattern.parse("iam:passrole")
_ASSUME: Final = Pattern.parse("sts:assumerole")
