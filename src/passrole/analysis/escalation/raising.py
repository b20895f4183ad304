"""Changes that give an identity more than it has: limits taken away, older policies, identities of one's own.

Writing any right into a policy is graph.edits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Final

from passrole.analysis import action_sets, bits
from passrole.analysis.access import Place
from passrole.analysis.askers import Asker
from passrole.analysis.escalation.graph import Graph
from passrole.analysis.escalation.nodes import Node
from passrole.analysis.escalation.rights import Rights
from passrole.analysis.escalation.techniques import (
    BOUNDARIES,
    BOUNDARY_ARN,
    BOUNDARY_VERSION,
    DELETE_POLICY,
    DETACH_POLICY,
    LEAVE_GROUP,
    NEW_ROLE,
    NEW_USER,
    OLDER_VERSION,
    POLICY_ARN,
    ROLE_RIGHTS,
    SAID,
    USER_RIGHTS,
    Technique,
)
from passrole.authorize.call import Caller
from passrole.authorize.gather import identity_policies, managed_policy, parsed
from passrole.decision.request import Policies
from passrole.policy.document import Policy
from passrole.state.entities import Group, ManagedPolicy, Role, User
from passrole.values import glob
from passrole.values.principal import Principal, PrincipalKind

EVERYTHING: Final = Policy.parse(
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    name="(any right)",
)

_ASSUME: Final = "sts:AssumeRole"
# Keys of a principal's context that its account alone decides.
_OF_ACCOUNT: Final = ("aws:resource", "aws:principalorg", "aws:principalaccount")


@dataclass(frozen=True, slots=True)
class Change:
    """One change that somebody can make: what edited has once through is written to, or removed.

    said are keys of the call.
    """

    technique: Technique
    actions: tuple[str, ...]
    through: str
    asker: Asker
    certain: bool
    edited: Node
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Founding:
    """An identity that somebody can make: its ARN, and what it has then. said are keys of the calls."""

    technique: Technique
    actions: tuple[str, ...]
    arn: str
    asker: Asker
    certain: bool
    said: tuple[tuple[str, str], ...] = ()


def with_identity(node: Node, identity: tuple[Policy, ...], how: str) -> Asker:
    """The principal with other policies of its own: boundaries and the like still hold."""
    return _changed(node, how, replace(node.asker.policies, identity=identity))


def _changed(node: Node, how: str, policies: Policies) -> Asker:
    # Another name, since it is another principal to whoever remembers principals.
    return replace(node.asker, arn=f"{node.arn} ({how})", policies=policies)


class Changes:
    """The changes that nodes of a graph can make, found when they are asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._askers: dict[tuple[int, str], Asker] = {}
        self._found: dict[tuple[int, int], tuple[Change, ...]] = {}
        self._foundings: dict[int, tuple[Founding, ...]] = {}
        self._versioned = {
            arn
            for arn in graph.policies.resources.arns
            if (policy := self._customers(arn)) is not None and len(policy.versions) > 1
        }

    # --- Limits that are taken away -----------------------------------------------------------

    @cached_property
    def _actions(self) -> int:
        """What the changes need: who may do none of it makes none."""
        techniques = (
            *BOUNDARIES,
            BOUNDARY_VERSION,
            *DELETE_POLICY,
            *DETACH_POLICY,
            LEAVE_GROUP,
            OLDER_VERSION,
        )
        return action_sets.of_actions(tuple(one.actions[0] for one in techniques))

    def of(self, editor: Node, within: int) -> tuple[Change, ...]:
        """What the editor can change of these nodes that may give them more."""
        if not self._graph.actions(editor).may & self._actions:
            return ()
        place = editor.number, within
        found = self._found.get(place)
        if found is None:
            nodes = [self._graph.nodes[number] for number in bits.places(within)]
            bounded = bits.of(node.number for node in nodes if node.asker.policies.boundaries)
            denied = bits.of(node.number for node in nodes if _denies(node.asker.policies.identity))
            found = self._found[place] = (
                *self._boundaries(editor, bounded),
                *self._removals(editor, denied),
                *self._older(editor, within),
            )
        return found

    def _boundaries(self, editor: Node, within: int) -> Iterator[Change]:
        if not within:
            return
        for technique in BOUNDARIES:
            for node, certain in self._on(editor, technique, within):
                yield self._change(node, technique, node.arn, certain, _unbounded(node))
        limits: dict[str, list[Node]] = {}
        for number in bits.places(within):
            node = self._graph.nodes[number]
            limits.setdefault(node.asker.policies.boundaries[0].arn, []).append(node)
        rights = Rights(arn for arn in limits if self._customers(arn) is not None)
        sure, may = self._graph.on(editor, BOUNDARY_VERSION.actions[0], rights)
        for place in bits.places(may):
            arn = rights.resources.arns[place]
            for node in limits[arn]:
                yield self._change(node, BOUNDARY_VERSION, arn, bool(sure >> place & 1), _unbounded(node))

    def _removals(self, editor: Node, within: int) -> Iterator[Change]:
        """Policies that deny, all those that one kind of call removes."""
        if not within:
            return
        for technique in DELETE_POLICY:
            for node, certain, entity in self._carriers(editor, technique, within):
                gone = {(name, "") for name, text in entity.inline.items() if _denies((parsed(text, name),))}
                yield from self._without(node, technique, entity, certain, gone)
        for technique in DETACH_POLICY:
            for node, _, entity in self._carriers(editor, technique, within, said=None):
                for arn in entity.attached:
                    policy = managed_policy(self._graph.estate.directory, arn)
                    said = {POLICY_ARN: arn}
                    if _denies((policy,)):
                        for _, certain, _ in self._carriers(editor, technique, 1 << node.number, said=said):
                            yield from self._without(
                                node, technique, entity, certain, {(policy.name, arn)}, said
                            )
        for node, certain, entity in self._carriers(editor, LEAVE_GROUP, within):
            every = {(one.name, one.arn) for one in identity_policies(self._graph.estate.directory, entity)}
            yield from self._without(node, LEAVE_GROUP, entity, certain, every)

    def _without(
        self,
        node: Node,
        technique: Technique,
        entity: User | Role | Group,
        certain: bool,
        gone: set[tuple[str, str]],
        said: Mapping[str, str] | None = None,
    ) -> Iterator[Change]:
        """The change that takes these policies (name and ARN) of the entity from the node."""
        taken = [
            one
            for one in identity_policies(self._graph.estate.directory, entity)
            if (one.name, one.arn) in gone
        ]
        left = list(node.asker.policies.identity)
        for one in taken:
            if one in left:
                left.remove(one)
        if taken and _denies(taken):
            policies = replace(node.asker.policies, identity=tuple(left))
            through = next(iter(gone))[1] if said else entity.arn
            yield self._change(node, technique, entity.arn, certain, policies, through=through, said=said)

    def _carriers(
        self, editor: Node, technique: Technique, within: int, said: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Node, bool, User | Role | Group]]:
        """The nodes whose own, or whose group's, policies the editor may take away by the technique."""
        if technique.target != "group":
            for node, certain in self._on(editor, technique, within, said):
                yield node, certain, node.entity
            return
        graph = self._graph
        sure, may = graph.on(editor, technique.actions[0], graph.groups, said)
        for number in bits.places(within if may else 0):
            node = graph.nodes[number]
            for group in graph.groups_of(node):
                place = graph.groups.resources.arns.index(group.arn)
                if may >> place & 1:
                    yield node, bool(sure >> place & 1), group

    # --- Older versions -----------------------------------------------------------------------

    def _older(self, editor: Node, within: int) -> Iterator[Change]:
        graph = self._graph
        rights = self._versions
        sure, may = graph.on(editor, OLDER_VERSION.actions[0], rights)
        for place in bits.places(may):
            arn = rights.resources.arns[place]
            policy = self._customers(arn)
            assert policy is not None  # Invariant: only the accounts' own are asked about
            older = [
                parsed(version.document, policy.name, arn)
                for version in policy.versions
                if version.id != policy.default
            ]
            for number in bits.places(graph.holders(arn) & within):
                node = graph.nodes[number]
                others = tuple(one for one in node.asker.policies.identity if one.arn != arn)
                for one in older:
                    policies = replace(node.asker.policies, identity=(*others, one))
                    yield self._change(node, OLDER_VERSION, arn, bool(sure >> place & 1), policies)

    @cached_property
    def _versions(self) -> Rights:
        return Rights(self._versioned)

    # --- Identities of one's own --------------------------------------------------------------

    def founded(self, editor: Node) -> tuple[Founding, ...]:
        """Identities with any right that the editor can make and use: a role, or a user."""
        found = self._foundings.get(editor.number)
        if found is None:
            found = self._foundings[editor.number] = tuple(self._founded(editor))
        return found

    def _founded(self, editor: Node) -> Iterator[Founding]:
        for technique, rights, kind in ((NEW_ROLE, ROLE_RIGHTS, "role"), (NEW_USER, USER_RIGHTS, "user")):
            for grant in rights:
                actions = (*technique.actions, grant)
                if action_sets.of_actions(actions) & ~self._graph.actions(editor).may:
                    continue
                found = self._founding(editor, technique, actions, kind)
                if found is not None:
                    yield found
                    break

    def _founding(
        self, editor: Node, technique: Technique, actions: tuple[str, ...], kind: str
    ) -> Founding | None:
        graph = self._graph
        account = editor.asker.account
        start = f"arn:{editor.arn.split(':')[1]}:iam::{account}:{kind}/"
        # A name that ends in a letter is one under any path, where names are free.
        forms = [glob.pattern_of((start, *rest)) for rest in ((glob.ANY, "x"), (glob.ONE, glob.ANY))]
        for certain, form in product((True, False), forms):
            for place in graph.actions(editor).places(actions, form, certain=certain):
                change = self._founded_at(editor, technique, actions, kind, place)
                if change is not None:
                    return change
        return None

    def _founded_at(
        self, editor: Node, technique: Technique, actions: tuple[str, ...], kind: str, place: Place
    ) -> Founding | None:
        """The identity of that ARN; None where it is there, or must have a boundary that is not known."""
        graph = self._graph
        context = {key.lower(): value for key, value in place.context.items()}
        asked = context.get(BOUNDARY_ARN)
        name = place.resource
        if name in graph.number or name.endswith("/") or "${" in name or isinstance(asked, tuple):
            return None
        boundary = self._customers(asked) if asked else None
        if asked and boundary is None:
            return None
        boundaries = () if boundary is None else (managed_policy(graph.estate.directory, boundary.arn),)
        said = {BOUNDARY_ARN: boundary.arn} if boundary is not None else {}
        alone = Rights((place.resource,), {place.resource: {}})
        pairs = [graph.on(editor, one, alone, {**SAID.get(one, {}), **said}) for one in actions]
        if not all(pair[1] for pair in pairs):
            return None
        # Its trust policy names the caller, which is enough but for a Deny.
        free = kind == "user" or bool(graph.actions(editor).undenied & action_sets.of_action(_ASSUME))
        certain = free and all(pair[0] for pair in pairs)
        asker = _new(editor, place.resource, kind, boundaries)
        return Founding(technique, actions, place.resource, asker, certain, tuple(said.items()))

    # --- Askers -------------------------------------------------------------------------------

    def _on(
        self, editor: Node, technique: Technique, within: int, said: Mapping[str, str] | None = None
    ) -> Iterator[tuple[Node, bool]]:
        """The users or roles among these on which the editor may do what the technique needs."""
        graph = self._graph
        about = graph.on_users if technique.target == "user" else graph.on_roles
        sure, may = about(editor, technique.actions[0], said)
        for number in bits.places(may & within):
            yield graph.nodes[number], bool(sure >> number & 1)

    def _change(
        self,
        node: Node,
        technique: Technique,
        written: str,
        certain: bool,
        policies: Policies,
        *,
        through: str = "",
        said: Mapping[str, str] | None = None,
    ) -> Change:
        how = f"{technique.id} {through or written} {len(policies.identity)} {hash(policies.identity)}"
        asker = self._askers.get((node.number, how))
        if asker is None:
            asker = self._askers[node.number, how] = _changed(node, how, policies)
        return Change(
            technique, technique.actions, written, asker, certain, node, tuple((said or {}).items())
        )

    def _customers(self, arn: str) -> ManagedPolicy | None:
        """The managed policy of that ARN, where an account of the estate has it of its own."""
        account = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
        found = self._graph.estate.directory.get(ManagedPolicy, account, arn.rsplit("/", 1)[-1])
        return found if account != "aws" and found is not None and found.arn == arn else None


def _denies(policies: Iterable[Policy]) -> bool:
    return any(not statement.allows for policy in policies for statement in policy.statements)


def _unbounded(node: Node) -> Policies:
    return replace(node.asker.policies, boundaries=())


def _new(editor: Node, arn: str, kind: str, boundaries: tuple[Policy, ...]) -> Asker:
    """An identity of the editor's account that has any right, as its boundary lets it."""
    account = editor.asker.account
    principal = Principal(PrincipalKind.USER, arn, account, "AIDANEW")
    if kind == "role":
        session = f"arn:aws:sts::{account}:assumed-role/{arn.rsplit('/', 1)[-1]}/passrole"
        principal = Principal(PrincipalKind.ROLE_SESSION, session, account, "AROANEW:passrole", role_arn=arn)
    policies = replace(editor.asker.policies, identity=(EVERYTHING,), boundaries=boundaries)
    context = {key: value for key, value in editor.asker.context.items() if key.startswith(_OF_ACCOUNT)}
    context["aws:principalarn"] = arn
    return Asker(f"{arn} (of {editor.arn})", Caller(principal), policies, context, editor.asker.organized)
