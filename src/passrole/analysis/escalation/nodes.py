"""The principals of an estate as numbered nodes, and on which of them a node may do what: sets as bits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from passrole.analysis import action_sets, bits
from passrole.analysis.action_rights import ActionRights
from passrole.analysis.askers import Asker, asker_of
from passrole.analysis.escalation.passes import action_pattern
from passrole.analysis.escalation.rights import NONE, Pair, Rights, facts_of
from passrole.analysis.escalation.techniques import SAID
from passrole.analysis.gain import Gains
from passrole.state.entities import Group, InstanceProfile, Role, User
from passrole.state.estate.estate import Estate

# Roles that nobody edits in their account: service-linked ones, and those that IAM Identity Center makes.
# Source: IAM API Reference, UpdateAssumeRolePolicy, error UnmodifiableEntity.
_FIXED: Final = ("/aws-service-role/", "/aws-reserved/")
_PERMISSION_SET: Final = "/aws-reserved/sso.amazonaws.com/"


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One principal: a user, a role's sessions, or a user who has joined a group (listed as the group)."""

    number: int
    arn: str
    kind: str  # "user", "role", "member"
    entity: User | Role
    asker: Asker


class Nodes:
    """Every role and user of an estate, in this order, and users in groups that they can join."""

    def __init__(self, estate: Estate) -> None:
        self.estate: Final = estate
        self.gains: Final = Gains()
        directory = estate.directory
        roles = sorted(
            (role for account in estate.accounts for role in directory.all(Role, account)),
            key=lambda one: one.arn,
        )
        users = sorted(
            (user for account in estate.accounts for user in directory.all(User, account)),
            key=lambda one: one.arn,
        )
        groups = sorted(
            (group for account in estate.accounts for group in directory.all(Group, account)),
            key=lambda one: one.arn,
        )
        self.first_user: Final = len(roles)
        self.nodes: Final[list[Node]] = []
        for role in roles:
            self.nodes.append(Node(len(self.nodes), role.arn, "role", role, asker_of(estate, role)))
        for user in users:
            self.nodes.append(Node(len(self.nodes), user.arn, "user", user, asker_of(estate, user)))
        self.number: Final = {node.arn: node.number for node in self.nodes}
        self.roles: Final = Rights((role.arn for role in roles), {role.arn: facts_of(role) for role in roles})
        self.users: Final = Rights((user.arn for user in users), {user.arn: facts_of(user) for user in users})
        self.groups: Final = Rights(group.arn for group in groups)
        self.group: Final = groups
        self.fixed: Final = self._with_path(roles, *_FIXED)
        self.permission_sets: Final = self._with_path(roles, _PERMISSION_SET)
        self.profiles: Final = self._with_profile(roles)
        # Who may do everything gains nothing by going on.
        self.administrators = 0
        self._inside: dict[str, int] = {}
        self._having: dict[str, int] = {}  # by customer managed policy
        for group in groups:
            for arn in group.attached:
                self._having.setdefault(arn, 0)
        for node in self.nodes:
            self._enter(node)
        self._having = {arn: who for arn, who in self._having.items() if arn.split(":", 5)[4] != "aws"}
        self.policies: Final = Rights(self._having)
        self._members: dict[tuple[int, str], Node] = {}

    def _enter(self, node: Node) -> None:
        bit = 1 << node.number
        account = node.asker.account
        self._inside[account] = self._inside.get(account, 0) | bit
        for arn in self.attached(node):
            self._having[arn] = self._having.get(arn, 0) | bit
        if self.actions(node).fully == action_sets.everything():
            self.administrators |= bit

    def _with_path(self, roles: Iterable[Role], *paths: str) -> int:
        return bits.of(self.number[role.arn] for role in roles if role.path.startswith(paths))

    def _with_profile(self, roles: Iterable[Role]) -> int:
        """The roles that some instance profile holds."""
        ids = {
            profile.role_id
            for account in self.estate.accounts
            for profile in self.estate.directory.all(InstanceProfile, account)
        }
        return bits.of(self.number[role.arn] for role in roles if role.id in ids)

    def inside(self, node: Node) -> int:
        """The nodes of the node's account."""
        return self._inside[node.asker.account]

    def actions(self, node: Node) -> ActionRights:
        """What the node may do, by action."""
        return self.gains.rights(node.asker)

    # --- Groups -------------------------------------------------------------------------------

    def groups_of(self, node: Node) -> Iterator[Group]:
        """The groups of a user."""
        if isinstance(node.entity, User):
            for id in node.entity.groups:
                group = self.estate.directory.by_id(Group, id)
                if group is not None:
                    yield group

    def joined(self, node: Node, group: Group) -> Node:
        """The user once it is in the group too: within its own boundary, and under its own Deny."""
        assert isinstance(node.entity, User)  # Invariant: nobody else joins groups
        place = node.number, group.arn
        found = self._members.get(place)
        if found is None:
            entity = msgspec.structs.replace(node.entity, groups=(*node.entity.groups, group.id))
            asker = replace(asker_of(self.estate, entity), arn=f"{node.asker.arn} in {group.arn}")
            found = self._members[place] = Node(len(self.nodes), group.arn, "member", entity, asker)
            self.nodes.append(found)
            self._enter(found)
        return found

    def members(self, groups: int) -> int:
        """The users in these groups, those who can join them among them."""
        wanted = {self.group[number].id for number in bits.places(groups)}
        users = self.nodes[self.first_user :] if wanted else ()
        return bits.of(
            node.number
            for node in users
            if isinstance(node.entity, User) and not wanted.isdisjoint(node.entity.groups)
        )

    # --- Policies -----------------------------------------------------------------------------

    def attached(self, node: Node) -> Iterator[str]:
        """The customer managed policies that a node has, by its groups too."""
        groups = list(self.groups_of(node))
        for entity in (node.entity, *groups):
            for arn in entity.attached:
                if arn.split(":", 5)[4] == node.asker.account:
                    yield arn

    def holders(self, policy: str) -> int:
        """Who has the customer managed policy of that ARN."""
        return self._having.get(policy, 0)

    # --- Rights on identities -----------------------------------------------------------------

    def on(self, node: Node, action: str, rights: Rights, said: Mapping[str, str] | None = None) -> Pair:
        """As Rights.on, and at no cost where the action is not allowed on anything.

        said are keys that the call brings, else those that calls of that action bring.
        """
        if not action_sets.of_pattern(action_pattern(action)) & self.actions(node).may:
            return NONE
        said = SAID.get(action) if said is None else said
        asker = node.asker
        if said:
            asker = replace(asker, context={**asker.context, **said})
        return rights.on(asker, action)

    def on_users(self, node: Node, action: str, said: Mapping[str, str] | None = None) -> Pair:
        """The users on which the node may do it."""
        return shift(self.on(node, action, self.users, said), self.first_user)

    def on_roles(self, node: Node, action: str, said: Mapping[str, str] | None = None) -> Pair:
        """The roles, but those that nobody edits, on which the node may do it."""
        sure, may = self.on(node, action, self.roles, said)
        return sure & ~self.fixed, may & ~self.fixed


def shift(pair: Pair, by: int) -> Pair:
    """Both sets, moved to where their kind begins among the nodes."""
    return pair[0] << by, pair[1] << by
