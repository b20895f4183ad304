"""A policy as it stands in a file, and what its file tells about roles."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from passrole.analysis.lint.node import UNKNOWN, Member, Node, walk
from passrole.policy.document import Kind

# Elements that tell by themselves that a statement is of a resource-based policy.
_OF_RESOURCES: Final = ("Principal", "NotPrincipal")
# Kinds whose Allow statements grant something to those who have the policy.
GRANTING: Final = frozenset(("identity", "inline", "session"))


@dataclass(frozen=True, slots=True)
class KnownRole:
    """A role that the files tell of. name and path may hold UNKNOWN; account is "" where it is not told."""

    name: str
    path: str = "/"
    account: str = ""
    administrator: bool = False
    key: str = ""  # as a template refers to it: a logical id, ``aws_iam_role.deploy``


@dataclass(frozen=True, slots=True)
class Broken:
    """A part of a file that cannot be read: what is wrong, where, and in which language."""

    start: int
    message: str
    language: str = "JSON"


@dataclass(frozen=True, slots=True)
class Document:
    """One policy. root is its value in the file, account the one of whoever has it, "" where not told."""

    root: Node
    kind: Kind
    account: str = ""
    name: str = ""  # whose it is: "role Deployer", "aws_iam_policy.deploy"


@dataclass(slots=True)
class Found:
    """What a file holds."""

    documents: list[Document] = field(default_factory=list)
    roles: list[KnownRole] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)


def kind_of(root: Node, default: Kind = "identity") -> Kind:
    """What kind of policy a document is, where nothing but itself tells."""
    found = root.get("Statement")
    if found is None:
        return default
    for statement in found.values():
        if any(statement.member(element) is not None for element in _OF_RESOURCES):
            bare = statement.member("Resource") is None and statement.member("NotResource") is None
            actions = statement.get("Action")
            named = [one.text.lower() for one in actions.values()] if actions is not None else []
            return "trust" if bare and all(one.startswith("sts:") for one in named) else "resource"
    return default


def holds_statements(root: Node) -> bool:
    """Is the value a policy? Something else may have a member called Statement."""
    found = root.get("Statement")
    return found is not None and any(one.member("Effect") is not None for one in walk(found))


def allows_everything(root: Node) -> bool:
    """Does a statement of the document allow every action on everything, whatever the context?"""
    found = root.get("Statement")
    for statement in found.values() if found is not None else ():
        effect, actions, resources = (statement.get(name) for name in ("Effect", "Action", "Resource"))
        if effect is None or effect.text != "Allow" or actions is None or resources is None:
            continue
        if statement.member("Condition") is not None:
            continue
        if any(one.text in ("*", "*:*") for one in actions.values()) and any(
            one.text == "*" for one in resources.values()
        ):
            return True
    return False


def made(value: object, start: int, end: int) -> Node:
    """A value that was worked out, all of it at the place of what it was worked out from."""
    if isinstance(value, dict):
        members = tuple(Member(str(key), start, end, made(one, start, end)) for key, one in value.items())
        return Node(start, end, members=members)
    if isinstance(value, list):
        return Node(start, end, items=tuple(made(one, start, end) for one in value))
    if value is None or isinstance(value, bool | str):
        return Node(start, end, value)
    return Node(start, end, json.dumps(value))


def unknown(start: int, end: int) -> Node:
    """A value of which nothing is known."""
    return Node(start, end, UNKNOWN)
