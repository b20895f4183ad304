"""Policies in Terraform's language: policy data sources, ``jsonencode`` and JSON texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from passrole.analysis.lint.document import (
    Broken,
    Document,
    Found,
    KnownRole,
    holds_statements,
    kind_of,
    unknown,
)
from passrole.analysis.lint.hcl import Attribute, Block, Expression, HclError, calls_in, parse
from passrole.analysis.lint.json_files import ADMINISTRATOR_ACCESS, TERRAFORM, TERRAFORM_BLOCKS
from passrole.analysis.lint.node import UNKNOWN, Member, Node, read_json
from passrole.analysis.lint.terraform_json import parse_json
from passrole.analysis.lint.terraform_values import Scope
from passrole.policy.document import Kind
from passrole.policy.source import JsonError

_DATA: Final = "aws_iam_policy_document"
# What a statement block calls the elements. Source: Terraform Registry, data source aws_iam_policy_document.
_ELEMENTS: Final[Mapping[str, str]] = {
    "sid": "Sid",
    "effect": "Effect",
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}
# In data sources ``&{…}`` is a policy variable, since ``${…}`` is Terraform's own.
_VARIABLE: Final = re.compile(r"&\{")
_NAMES: Final = re.compile(r"\b(?:local|var)\.")


def read_terraform(text: str, beside: Iterable[str] = (), *, as_json: bool = False) -> Found:
    """The policies of a ``.tf`` file, or a ``.tf.json``. beside are the texts of its module's other files."""
    found = Found()
    try:
        root = parse_json(text) if as_json else parse(text)
    except HclError as error:
        language = "JSON" if as_json else "Terraform"
        found.broken.append(Broken(min(error.offset, len(text)), error.message, language))
        return found
    reader = _Reader(text, Scope.of(root, beside if _NAMES.search(text) else ()), found)
    administrators = set(reader.administrators(root))
    for block in root.blocks:
        if block.type == "data" and block.labels[:1] == (_DATA,):
            found.documents.append(reader.data_source(block))
        elif block.type == "resource" and len(block.labels) == 2:
            reader.resource(block, administrators)
    for block in root.blocks:
        reader.others(block, ".".join(block.labels) or block.type)
    found.documents.sort(key=lambda one: one.root.start)
    return found


class _Reader:
    """Reads the blocks of one file into found."""

    def __init__(self, text: str, scope: Scope, found: Found) -> None:
        self._text = text
        self._scope = scope
        self._found = found
        self._seen: set[int] = set()  # where the expressions stand that have been read

    def resource(self, block: Block, administrators: set[str]) -> None:
        """The policies that a resource is known to have, and what a role tells of itself."""
        kind, name = block.labels
        address = f"{kind}.{name}"
        for attribute in block.attributes.values():
            held = TERRAFORM.get((kind, attribute.name))
            if held is not None:
                self._policy(attribute.value, held, address)
        for (of, inner, member), held in TERRAFORM_BLOCKS.items():
            for one in block.of_type(inner) if of == kind else ():
                if member in one.attributes:
                    self._policy(one.attributes[member].value, held, address)
        if kind == "aws_iam_role":
            role = KnownRole(
                name=self._plain(block.attributes.get("name")),
                path=self._plain(block.attributes.get("path")) or "/",
                administrator=address in administrators,
                key=address,
            )
            self._found.roles.append(role)

    def others(self, block: Block, name: str) -> None:
        """The policies that stand elsewhere: in locals, in what modules and other resources are given."""
        for attribute in block.attributes.values():
            for one in _within(attribute.value):
                if one.start not in self._seen:
                    self._policy(one, None, name)
        for inner in block.blocks:
            self.others(inner, name)

    def administrators(self, root: Block) -> Iterator[str]:
        """The addresses of roles to which the file attaches AdministratorAccess."""
        for block in root.blocks:
            if block.type != "resource" or len(block.labels) != 2:
                continue
            arn, role = block.attributes.get("policy_arn"), block.attributes.get("role")
            arns = block.attributes.get("managed_policy_arns")
            if (
                block.labels[0] == "aws_iam_role_policy_attachment"
                and self._plain(arn).endswith(ADMINISTRATOR_ACCESS)
                and role is not None
                and role.value.kind == "reference"
            ):
                yield ".".join(role.value.value.split(".")[:2])
            elif block.labels[0] == "aws_iam_role" and arns is not None:
                attached = (one.text for one in self._scope.value(arns.value).values())
                if any(one.endswith(ADMINISTRATOR_ACCESS) for one in attached):
                    yield ".".join(block.labels)

    def _plain(self, attribute: Attribute | None) -> str:
        return "" if attribute is None else self._scope.value(attribute.value).text

    def _policy(self, given: Expression, kind: Kind | None, name: str) -> None:
        """An expression that gives a policy: ``jsonencode({…})`` or a JSON text.

        Without a kind it may be something else, which is passed over.
        """
        given, scope = self._scope.expression(given)
        if given.kind == "other":  # either branch of a conditional may be deployed
            for one in calls_in(self._text, given.start, given.end, "jsonencode"):
                self._policy(one, kind, name)
        if given.start in self._seen:
            return
        if given.kind == "call" and given.value == "jsonencode" and len(given.items) == 1:
            root = scope.value(given.items[0])
        elif given.kind == "text":
            inner = scope.characters(given, json_text=True)
            if not inner.text.lstrip().startswith("{"):
                return
            try:
                root = read_json(inner)
            except JsonError as error:
                # What Terraform puts in may make the JSON whole.
                if kind is not None and not any(part.interpolated for part in given.parts):
                    place = inner.offsets[min(error.offset, len(inner.text))]
                    self._found.broken.append(Broken(place, error.message))
                return
        else:
            return  # a reference: what it refers to is read where it stands
        if root.members is not None and (kind is not None or holds_statements(root)):
            self._seen.add(given.start)
            self._found.documents.append(Document(root, kind or kind_of(root), name=name))

    def data_source(self, block: Block) -> Document:
        """A policy as aws_iam_policy_document writes it."""
        statements = tuple(self._statement(one) for one in block.of_type("statement"))
        listed = Node(block.start, block.start, items=statements)
        version = block.attributes.get("version")
        at = version.value if version is not None else None
        members = (
            Member(
                "Version",
                block.start,
                block.start,
                self._scope.value(at) if at is not None else Node(block.start, block.start, "2012-10-17"),
            ),
            Member("Statement", block.start, block.start, listed),
        )
        root = Node(block.start, block.start, members=members)
        return Document(root, kind_of(root), name=f"data.{'.'.join(block.labels)}")

    def _statement(self, block: Block) -> Node:
        members = [
            Member(element, one.start, one.end, _live(self._scope.value(one.value)))
            for name, element in _ELEMENTS.items()
            if (one := block.attributes.get(name)) is not None
        ]
        if all(one.name != "Effect" for one in members):
            members.append(
                Member("Effect", block.start, block.start, Node(block.start, block.start, "Allow"))
            )
        for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
            principals = [self._principals(one) for one in block.of_type(name)]
            if principals:
                node = Node(principals[0].start, principals[-1].end, members=tuple(principals))
                members.append(Member(element, node.start, node.end, node))
        conditions = self._conditions(list(block.of_type("condition")))
        if conditions is not None:
            members.append(Member("Condition", conditions.start, conditions.start, conditions))
        return Node(block.start, block.start, members=tuple(members))

    def _principals(self, block: Block) -> Member:
        kind, identifiers = block.attributes.get("type"), block.attributes.get("identifiers")
        named = (
            self._scope.value(identifiers.value)
            if identifiers is not None
            else unknown(block.start, block.start)
        )
        return Member(self._plain(kind) or UNKNOWN, block.start, block.start, named)

    def _conditions(self, blocks: list[Block]) -> Node | None:
        """The condition blocks as one Condition element; those of one operator and key are joined."""
        if not blocks:
            return None
        start = blocks[0].start
        operators: dict[str, tuple[Node, dict[str, tuple[Node, list[Node]]]]] = {}
        for block in blocks:
            test, variable, values = (
                self._scope.value(one.value) if (one := block.attributes.get(name)) is not None else None
                for name in ("test", "variable", "values")
            )
            if test is None or variable is None or values is None:
                continue
            if any(UNKNOWN in one.text or not one.text for one in (test, variable)):
                return unknown(start, start)
            if test.text in operators:  # what is written in two places is changed in neither
                first, keys = operators[test.text]
                operators[test.text] = Node(first.start, first.start, first.value), keys
            _, keys = operators.setdefault(test.text, (test, {}))
            keys.setdefault(variable.text, (variable, []))[1].extend(_live(values).values())
        members = [
            Member(
                operator,
                at.start,
                at.end,
                Node(
                    at.start,
                    at.end,
                    members=tuple(
                        Member(key, place.start, place.end, Node(place.start, place.end, items=tuple(listed)))
                        for key, (place, listed) in keys.items()
                    ),
                ),
            )
            for operator, (at, keys) in operators.items()
        ]
        return Node(start, start, members=tuple(members))


def _within(given: Expression) -> Iterator[Expression]:
    """The expression and those in it that may give a policy."""
    if given.kind in ("text", "other") or (given.kind == "call" and given.value == "jsonencode"):
        yield given
    for one in given.items:
        yield from _within(one)
    for _, one in given.members:
        yield from _within(one)


def _live(node: Node) -> Node:
    """A value of a data source with its policy variables as policies write them."""
    if node.items is not None:
        return Node(node.start, node.end, items=tuple(map(_live, node.items)))
    if "&{" in node.text:
        return Node(node.start, node.end, _VARIABLE.sub("${", node.text))
    return node
