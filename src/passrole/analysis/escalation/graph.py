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
from passrole.analysis.askers import Asker, asker_of
from passrole.analysis.escalation.held import Held, Holdings
from passrole.analysis.escalation.passes import Usable, action_pattern, bits_of, preferred, usable
from passrole.analysis.escalation.rights import NONE, Assumable, Pair, Rights
from passrole.analysis.escalation.techniques import (
    ASSUME,
    CHANGE_TRUST,
    CREDENTIALS,
    HOLDERS,
    JOIN,
    NEEDS_PROFILE,
    OLDER_VERSION,
    SELF_GRANTS,
    Holder,
    Known,
    Technique,
)
from passrole.analysis.gain import Gains
from passrole.analysis.trust import Trusts
from passrole.authorize.call import Caller
from passrole.authorize.gather import gather, identity_policies, parsed
from passrole.policy.document import Policy
from passrole.state.entities import Group, InstanceProfile, ManagedPolicy, Role, User
from passrole.state.estate.estate import Estate
from passrole.values.glob import Pattern
from passrole.values.principal import Principal, PrincipalKind

_EC2: Final = "ec2.amazonaws.com"
# Roles that nobody edits in their account: service-linked ones, and those that IAM Identity Center makes.
# Source: IAM API Reference, UpdateAssumeRolePolicy, error UnmodifiableEntity.
_FIXED: Final = ("/aws-service-role/", "/aws-reserved/")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One principal: a user, a role's sessions, or what a group gives its members."""

    number: int
    arn: str
    kind: str  # "user", "role", "group"
    entity: User | Role | Group
    asker: Asker


@dataclass(frozen=True, slots=True)
class Way:
    """How one node gets at others: targets, for certain and at all, as bits over the nodes.

    actions are what the node needs beside iam:PassRole, which a way with a service needs too. operations are
    those that take the role, the one that is told first. held tells through which resources roles are got,
    where that is known. at_will tells that the target's rights can be used as one likes.
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


class Graph:
    """The nodes of an estate, and the ways from each, found when they are asked for."""

    def __init__(self, estate: Estate, held: Iterable[Held] | None = None) -> None:
        """held are a live account's resources that hold roles, None where they are not known."""
        self.estate: Final = estate
        self.gains: Final = Gains()
        directory = estate.directory
        every = [entity for account in estate.accounts for entity in directory.all(Role, account)]
        roles = sorted(every, key=lambda role: role.arn)
        users = sorted(
            (user for account in estate.accounts for user in directory.all(User, account)),
            key=lambda one: one.arn,
        )
        groups = sorted(
            (group for account in estate.accounts for group in directory.all(Group, account)),
            key=lambda one: one.arn,
        )
        self._first_user: Final = len(roles)
        self._first_group: Final = len(roles) + len(users)
        found: list[Node] = []
        for role in roles:
            found.append(Node(len(found), role.arn, "role", role, asker_of(estate, role)))
        for user in users:
            found.append(Node(len(found), user.arn, "user", user, asker_of(estate, user)))
        for group in groups:
            found.append(Node(len(found), group.arn, "group", group, _member(estate, group)))
        self.nodes: Final = tuple(found)
        self.number: Final = {node.arn: node.number for node in found}
        self._roles = Rights(role.arn for role in roles)
        self._users = Rights(user.arn for user in users)
        self._groups = Rights(group.arn for group in groups)
        self._assumable = Assumable(roles, self._roles)
        self._accounts = {account: self._in_account(account) for account in estate.accounts}
        self._profiles = self._with_profile()
        self._fixed: Final = bits.of(self.number[role.arn] for role in roles if role.path.startswith(_FIXED))
        self._trusting = self._trusting_services(roles)
        self._holders = self._policy_holders()
        self._policies = Rights(self._holders)
        self._held = None if held is None else Holdings(held, self.number)
        self._ways: dict[int, tuple[Way, ...]] = {}
        self._edits: dict[int, tuple[tuple[Technique, Pair], ...]] = {}

    def _in_account(self, account: str) -> tuple[AccountPasses, int, int]:
        """The account's passes, where its roles begin among the nodes, and all its nodes as bits."""
        roles = [
            node.entity
            for node in self.nodes
            if isinstance(node.entity, Role) and node.entity.account == account
        ]
        passes = AccountPasses(self.estate, account, roles)
        first = self.number[passes.roles[0].arn] if passes.roles else 0
        return passes, first, bits.of(node.number for node in self.nodes if node.asker.account == account)

    def _with_profile(self) -> int:
        """The roles that some instance profile holds."""
        ids = {
            profile.role_id
            for account in self.estate.accounts
            for profile in self.estate.directory.all(InstanceProfile, account)
        }
        return bits.of(
            node.number for node in self.nodes if isinstance(node.entity, Role) and node.entity.id in ids
        )

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

    def _policy_holders(self) -> Mapping[str, int]:
        """Who has each customer managed policy, groups' members included."""
        found: dict[str, list[int]] = {}
        for node in self.nodes:
            for arn in self.attached(node):
                found.setdefault(arn, []).append(node.number)
        return {arn: bits.of(numbers) for arn, numbers in found.items()}

    def attached(self, node: Node) -> Iterator[str]:
        """The customer managed policies that a node has, by its groups too."""
        groups = list(self.groups_of(node))
        for entity in (node.entity, *groups):
            for arn in entity.attached:
                if arn.split(":", 5)[4] == node.asker.account:
                    yield arn

    def groups_of(self, node: Node) -> Iterator[Group]:
        """The groups of a user."""
        if isinstance(node.entity, User):
            for id in node.entity.groups:
                group = self.estate.directory.by_id(Group, id)
                if group is not None:
                    yield group

    def actions(self, node: Node) -> ActionRights:
        """What the node may do, by action."""
        return self.gains.rights(node.asker)

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
        for technique in CREDENTIALS:
            found = self._shift(self._on(node, technique.actions[0], self._users), self._first_user)
            sure = 0 if technique.when else found[0]
            yield self._way(technique, (sure, found[1]))
        if isinstance(node.entity, User):
            # It must be allowed on the group; the user is no resource of the action.
            yield self._way(
                JOIN, self._shift(self._on(node, JOIN.actions[0], self._groups), self._first_group)
            )

    def _way(self, technique: Technique, targets: Pair) -> Way:
        return Way(
            technique.id, technique.text, targets, technique.actions, technique.known, when=technique.when
        )

    def _trust_changes(self, node: Node) -> Iterator[Way]:
        sure, may = (found & ~self._fixed for found in self._on(node, CHANGE_TRUST.actions[0], self._roles))
        if may:
            # The trust policy may then name the caller, which is enough but for a Deny and a boundary.
            denied = 0 if action_sets.of_pattern(_ASSUME) & self.actions(node).undenied else may
            yield self._way(CHANGE_TRUST, (sure & ~denied, may))

    def _on(self, node: Node, action: str, rights: Rights) -> Pair:
        """As Rights.on, within the account, and at no cost where the action is not allowed on anything."""
        if not action_sets.of_pattern(action_pattern(action)) & self.actions(node).may:
            return NONE
        return rights.on(node.asker, action)

    def _shift(self, pair: Pair, by: int) -> Pair:
        return pair[0] << by, pair[1] << by

    def _passes(self, node: Node) -> Iterator[Way]:
        passes, first, _ = self._accounts[node.asker.account]
        if not action_sets.of_pattern(_PASS) & self.actions(node).may:
            return
        for service, pair in passes.passes(node.asker).items():
            uses = usable(self.actions(node), service)
            targets = self._shift(pair, first)
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
            sure &= self._profiles
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
        inside = self._accounts[node.asker.account][2]
        for holder in HOLDERS:
            for way in holder.ways:
                needed = bits_of(way)
                if needed & ~actions.may:
                    continue
                if self._held is None:
                    may = 0
                    for service in holder.services:
                        may |= self._trusting.get(service, NONE)[1] & inside
                    yield self._by_holder(holder, way, (0, may), {})
                else:
                    sure, may, held = self._held.by(node.asker, holder.kind, way)
                    yield self._by_holder(holder, way, (sure & inside, may & inside), held)
                break

    def _by_holder(
        self, holder: Holder, actions: tuple[str, ...], targets: Pair, held: Mapping[int, str]
    ) -> Way:
        when = "" if held else f"a {holder.kind} holds the role"
        return Way(holder.id, holder.text, targets, actions, holder.known, when=when, held=held)

    # --- Rights written into policies ---------------------------------------------------------

    def edits(self, node: Node) -> tuple[tuple[Technique, Pair], ...]:
        """The nodes into whose policies the node may write any right, itself among them, by technique."""
        found = self._edits.get(node.number)
        if found is None:
            found = self._edits[node.number] = tuple(
                (technique, pair) for technique in SELF_GRANTS if (pair := self._edited(node, technique))[1]
            )
        return found

    def _edited(self, node: Node, technique: Technique) -> Pair:
        action = technique.actions[0]
        if technique.target == "role":
            sure, may = self._on(node, action, self._roles)
            return sure & ~self._fixed, may & ~self._fixed
        if technique.target == "user":
            return self._shift(self._on(node, action, self._users), self._first_user)
        if technique.target == "group":
            sure, may = self._on(node, action, self._groups)
            return self._members(sure), self._members(may)
        found = self._on(node, action, self._policies)
        arns = self._policies.resources.arns
        sure = may = 0
        for number in bits.places(found[1]):
            may |= self._holders[arns[number]]
            if found[0] >> number & 1:
                sure |= self._holders[arns[number]]
        return sure, may

    def _members(self, groups: int) -> int:
        """The users in these groups, and the groups themselves."""
        wanted = {self.nodes[self._first_group + number].entity.id for number in bits.places(groups)}
        users = self.nodes[self._first_user : self._first_group] if wanted else ()
        found = bits.of(
            node.number
            for node in users
            if isinstance(node.entity, User) and not wanted.isdisjoint(node.entity.groups)
        )
        return found | groups << self._first_group

    def older_versions(self, node: Node) -> Iterator[tuple[Policy, bool]]:
        """Versions of the node's policies that it may make the default ones, and whether for certain."""
        sure, may = self._on(node, OLDER_VERSION.actions[0], self._policies)
        for number in bits.places(may):
            arn = self._policies.resources.arns[number]
            if not self._holders[arn] >> node.number & 1:
                continue
            policy = self.estate.directory.get(ManagedPolicy, node.asker.account, arn.rsplit("/", 1)[-1])
            for version in policy.versions if policy is not None and policy.arn == arn else ():
                if policy is not None and version.id != policy.default:
                    yield parsed(version.document, policy.name, arn), bool(sure >> number & 1)

    def edited_through(self, technique: Technique, editor: Node, edited: Node) -> str:
        """The ARN of what is written to: the identity, a group of it, or a policy that it has."""
        if technique.target in ("role", "user"):
            return edited.arn
        if technique.target == "group":
            rights, candidates = self._groups, [group.arn for group in self.groups_of(edited)] or [edited.arn]
        else:
            rights, candidates = self._policies, list(self.attached(edited))
        sure, may = rights.on(editor.asker, technique.actions[0])
        for allowed in (sure, may):
            arns = {rights.resources.arns[number] for number in bits.places(allowed)}
            for arn in candidates:
                if arn in arns:
                    return arn
        return edited.arn


_PASS: Final = Pattern.parse("iam:passrole")
_ASSUME: Final = Pattern.parse("sts:assumerole")


def _member(estate: Estate, group: Group) -> Asker:
    """What a group gives to a member, asked as a user of whom nothing else is known."""
    principal = Principal(PrincipalKind.USER, group.arn, group.account, group.id)
    caller = Caller(principal)
    policies = replace(
        gather(estate.directory, caller, resource_account=group.account),
        identity=identity_policies(estate.directory, group),
    )
    return Asker(group.arn, caller, policies, {"aws:resourceaccount": group.account}, estate.organized)
