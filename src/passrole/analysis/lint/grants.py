"""Which statements of a policy grant iam:PassRole, and how each comes to it.

A statement grants it only if some request can get it through that statement: an action pattern that takes it
in, a resource that can be a role, and no Deny of the same policy that takes all of it away. That is asked as
Access Analyzer's CheckAccessNotGranted does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.analysis.lint.document import GRANTING, Document, KnownRole
from passrole.analysis.lint.node import UNKNOWN, Member, Node, render
from passrole.analysis.new_access import IDENTITY, CannotTell, check_access_not_granted
from passrole.policy.conditions import OperatorName, operator_named
from passrole.policy.document import Policy, Statement, UnreadablePolicy
from passrole.values.glob import Pattern

PASS_ROLE: Final = "iam:passrole"
# A policy is of one partition: another than the first only where it says so.
_PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov", "aws-eusc")
_ACCOUNT: Final = re.compile(r"[0-9*?]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """One key under one operator of a statement, with its places. operator is None where there is no such."""

    operator: OperatorName | None
    operator_at: Member
    key_at: Member

    @property
    def key(self) -> str:
        """The condition key in lower case."""
        return self.key_at.name.lower()

    @property
    def values(self) -> tuple[Node, ...]:
        """The policy's values."""
        return self.key_at.value.values()


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement that grants iam:PassRole.

    text is that of the file. siblings are the Allow statements of the document, itself included; roles are
    what is known of roles, account is that of whoever has the policy, "" where it is not known.
    """

    text: str
    document: Document
    index: int
    node: Node
    statement: Statement
    siblings: tuple[Statement, ...]
    roles: tuple[KnownRole, ...]
    account: str

    @property
    def actions(self) -> tuple[Node, ...]:
        """The actions that take iam:PassRole in; () for NotAction."""
        found = self.node.get("Action")
        nodes = found.values() if found is not None else ()
        return tuple(one for one in nodes if takes_in(one.text))

    @property
    def named(self) -> bool:
        """Is it named in full?"""
        return any(one.text.lower() == PASS_ROLE for one in self.actions)

    @property
    def meant(self) -> bool:
        """Is it what the statement is for, by its name or by ``iam:Pass*``?"""
        return any(one.text.lower().startswith("iam:pass") for one in self.actions)

    @property
    def resources(self) -> tuple[Node, ...]:
        """The values of Resource or NotResource."""
        found = self.node.get("NotResource" if self.statement.not_resource else "Resource")
        return found.values() if found is not None else ()

    @property
    def element(self) -> Member:
        """Resource or NotResource, with the place of its key."""
        found = self.node.member("NotResource" if self.statement.not_resource else "Resource")
        return found if found is not None else Member("Resource", self.node.start, self.node.start, self.node)

    @property
    def action_element(self) -> Member:
        """Action or NotAction, with the place of its key."""
        found = self.node.member("NotAction" if self.statement.not_action else "Action")
        return found if found is not None else Member("Action", self.node.start, self.node.start, self.node)

    @property
    def conditions(self) -> tuple[Asked, ...]:
        """Every key that the statement asks for."""
        return asked_of(self.node)

    @property
    def by_service(self) -> bool:
        """Is it limited by iam:PassedToService in any way?"""
        return any(one.key == "iam:passedtoservice" for one in self.conditions)


def asked_of(statement: Node) -> tuple[Asked, ...]:
    """Every key that a statement asks for, under each operator."""
    block = statement.get("Condition")
    return tuple(
        Asked(operator_named(operator.name), operator, key)
        for operator in ((block.members or ()) if block is not None else ())
        for key in operator.value.members or ()
    )


def takes_in(action: str) -> bool:
    """Does an action of a policy take iam:PassRole in?"""
    return Pattern.parse(action.lower()).matches(PASS_ROLE)


def grants(text: str, document: Document, roles: tuple[KnownRole, ...], account: str) -> Iterator[Grant]:
    """The statements of a document that grant iam:PassRole, in their order.

    Nothing for a policy of a kind that grants nothing by itself: trust policies, resource-based policies,
    organization policies. Statements that are none are left out.
    """
    if document.kind not in GRANTING:
        return
    listed = document.root.get("Statement")
    nodes = listed.values() if listed is not None else ()
    parsed = [_parsed(document.root, node) for node in nodes]
    siblings = tuple(one for one in parsed if one is not None and one.allows)
    wanted: dict[int, Statement] = {}
    denies: list[Statement] = []
    for index, statement in enumerate(parsed):
        if statement is None or not _names_it(statement):
            continue
        if statement.allows:
            wanted[index] = statement
        elif UNKNOWN not in render(nodes[index]).text:  # what is not known takes nothing away
            denies.append(statement)
    if not wanted:
        return
    granting = _granting(list(wanted.values()), denies)
    for number, (index, statement) in enumerate(wanted.items()):
        if number in granting:
            yield Grant(text, document, index, nodes[index], statement, siblings, roles, account)


def passing_only(policies: Iterable[Policy]) -> str:
    """Of policies, what they say of iam:PassRole: one document of their statements about it, as JSON text."""
    statements = [_asked(one) for policy in policies for one in policy.statements if _names_it(one)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _parsed(root: Node, node: Node) -> Statement | None:
    version = root.get("Version")
    shell = {"Version": version.text if version is not None else "2008-10-17"}
    text = json.dumps(shell)[:-1] + f', "Statement": [{render(node).text}]}}'
    try:
        return Policy.parse(text).statements[0]
    except UnreadablePolicy:
        return None


def _names_it(statement: Statement) -> bool:
    return any(map(takes_in, statement.actions)) != statement.not_action


def _granting(allows: list[Statement], denies: list[Statement]) -> frozenset[int]:
    """Which of the allowing statements let a role be passed, by number; all where that is too much to ask."""
    document = {
        "Version": "2012-10-17",
        "Statement": [_asked(one) for one in (*allows, *denies)],
    }
    try:
        found = check_access_not_granted(json.dumps(document), _any_role((*allows, *denies)), IDENTITY)
    except CannotTell:
        return frozenset(range(len(allows)))
    return frozenset(one.statement_index for one in found.reasons)


def _any_role(statements: Iterable[Statement]) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """iam:PassRole on any role of the partitions that the statements name."""
    named = {one.split(":", 2)[1] for of in statements for one in of.resources or () if one.count(":") > 1}
    partitions = [one for one in _PARTITIONS if one in named] or _PARTITIONS[:1]
    # Twelve characters for the account: a star that ends a field would run on into what follows.
    roles = tuple(f"arn:{partition}:iam::{'?' * 12}:role/*" for partition in partitions)
    return ({"actions": ("iam:PassRole",), "resources": roles},)


def _asked(statement: Statement) -> dict[str, object]:
    """The statement as it is asked: of its actions only this one, and with unknown parts left open."""
    resources = statement.resources or ()
    explicit = any(action.lower().startswith("iam:") for action in statement.actions)
    made: dict[str, object] = {
        "Effect": statement.effect,
        "Action": "iam:PassRole",
        "NotResource" if statement.not_resource else "Resource": [_open(one, explicit) for one in resources],
    }
    conditions: dict[str, dict[str, list[str]]] = {}
    for one in statement.conditions:
        conditions.setdefault(one.name, {}).setdefault(one.written, []).extend(one.wanted)
    if conditions:
        made["Condition"] = conditions
    return made


def _open(resource: str, explicit: bool) -> str:
    """A resource whose unknown parts may be a role's: explicit tells that the statement names IAM's actions.

    What stands for an account (``ACCOUNT_ID``, ``<account>``) may be any.
    """
    if resource.startswith(UNKNOWN):
        return f"arn:aws:iam::*:role/{resource}" if explicit else resource
    fields = resource.split(":", 5)
    if len(fields) == 6:
        fields[1] = "aws" if UNKNOWN in fields[1] else fields[1]
        fields[4] = fields[4] if _ACCOUNT.fullmatch(fields[4]) else "*" if fields[4] else ""
        if fields[5].startswith(UNKNOWN) and fields[2] == "iam" and explicit:
            fields[5] = f"role/{fields[5]}"
    return ":".join(fields)
