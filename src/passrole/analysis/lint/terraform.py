"""Policies in Terraform's language: policy data sources, ``jsonencode`` and JSON texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.document import Broken, Document, Found, KnownRole, kind_of, unknown
from passrole.analysis.lint.hcl import Attribute, Block, Expression, HclError, parse
from passrole.analysis.lint.json_files import ADMINISTRATOR_ACCESS, TERRAFORM, TERRAFORM_BLOCKS
from passrole.analysis.lint.node import UNKNOWN, Embedded, Member, Node, read_json
from passrole.policy.document import Kind, NumberText
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
# Functions that leave the elements of a list as they are.
_AS_THEY_ARE: Final = frozenset(("compact", "distinct", "sort", "tolist", "toset"))
# In data sources ``&{…}`` is a policy variable, since ``${…}`` is Terraform's own.
_VARIABLE: Final = re.compile(r"&\{")
_PARTITION: Final = re.compile(r"\$\{\s*data\.aws_partition\.[\w-]+\.partition\s*\}")


def read_terraform(text: str) -> Found:
    """The policies of a ``.tf`` file."""
    found = Found()
    try:
        root = parse(text)
    except HclError as error:
        found.broken.append(Broken(min(error.offset, len(text)), error.message))
        return found
    administrators = set(_administrators(root))
    for block in root.blocks:
        if block.type == "data" and block.labels[:1] == (_DATA,):
            found.documents.append(_data_source(block))
        elif block.type == "resource" and len(block.labels) == 2:
            _resource(block, found, administrators)
    return found


def _resource(block: Block, found: Found, administrators: set[str]) -> None:
    kind, name = block.labels
    address = f"{kind}.{name}"
    for attribute in block.attributes.values():
        held = TERRAFORM.get((kind, attribute.name))
        if held is not None:
            _policy(attribute.value, held, address, found)
    for (of, inner, member), held in TERRAFORM_BLOCKS.items():
        for one in block.of_type(inner) if of == kind else ():
            if member in one.attributes:
                _policy(one.attributes[member].value, held, address, found)
    if kind == "aws_iam_role":
        found.roles.append(
            KnownRole(
                name=_text(block.attributes.get("name")),
                path=_text(block.attributes.get("path")) or "/",
                administrator=address in administrators,
                key=address,
            )
        )


def _administrators(root: Block) -> Iterator[str]:
    """The addresses of roles to which the file attaches AdministratorAccess."""
    for block in root.blocks:
        if block.type != "resource" or len(block.labels) != 2:
            continue
        arn, role = block.attributes.get("policy_arn"), block.attributes.get("role")
        arns = block.attributes.get("managed_policy_arns")
        if (
            block.labels[0] == "aws_iam_role_policy_attachment"
            and _text(arn).endswith(ADMINISTRATOR_ACCESS)
            and role is not None
            and role.value.kind == "reference"
        ):
            yield ".".join(role.value.value.split(".")[:2])
        elif block.labels[0] == "aws_iam_role" and arns is not None:
            attached = (value(one).text for one in arns.value.items)
            if any(one.endswith(ADMINISTRATOR_ACCESS) for one in attached):
                yield ".".join(block.labels)


def _text(attribute: Attribute | None) -> str:
    return "" if attribute is None else value(attribute.value).text


def _policy(given: Expression, kind: Kind, name: str, found: Found) -> None:
    """An expression that gives a policy: ``jsonencode({…})`` or a JSON text."""
    if given.kind == "call" and given.value == "jsonencode" and len(given.items) == 1:
        root = value(given.items[0])
    elif given.kind == "text":
        inner = _characters(given)
        if not inner.text.lstrip().startswith("{"):
            return
        try:
            root = read_json(inner)
        except JsonError as error:
            found.broken.append(Broken(inner.offsets[min(error.offset, len(inner.text))], error.message))
            return
    else:
        return  # a reference: what it refers to is read where it stands
    if root.members is not None:
        found.documents.append(Document(root, kind, name=name))


def _characters(given: Expression) -> Embedded:
    """A text with UNKNOWN for each interpolation."""
    characters: list[str] = []
    offsets: list[int] = []
    for part in given.parts:
        text = _interpolated(part.text) if part.interpolated else part.text
        characters.append(text)
        offsets += part.offsets if not part.interpolated else [part.offsets[0]] * len(text)
    offsets.append(given.end)
    return Embedded("".join(characters), offsets)


def _interpolated(text: str) -> str:
    return "aws" if _PARTITION.fullmatch(text) else UNKNOWN


def value(given: Expression) -> Node:
    """An expression as a JSON value; what is not plain is unknown."""
    if given.kind == "text":
        return Node(given.start, given.end, _characters(given).text)
    if given.kind == "literal":
        plain = {"true": True, "false": False, "null": None}
        if given.value in plain:
            return Node(given.start, given.end, plain[given.value])
        return Node(given.start, given.end, NumberText(given.value))
    if given.kind == "list":
        return Node(given.start, given.end, items=tuple(map(value, given.items)))
    if given.kind == "object":
        members = (
            Member(_key(key), key.start, key.end, value(one))
            for key, one in given.members
            if one.kind != "literal" or one.value != "null"
        )
        return Node(given.start, given.end, members=tuple(members))
    if given.kind == "call" and given.value == "concat":
        items = (one for each in map(value, given.items) for one in each.values())
        return Node(given.start, given.end, items=tuple(items))
    if given.kind == "call" and given.value in _AS_THEY_ARE and len(given.items) == 1:
        return value(given.items[0])
    return unknown(given.start, given.end)


def _key(given: Expression) -> str:
    if given.kind == "text":
        return _characters(given).text
    return given.value if given.kind == "literal" else UNKNOWN


# --- Data sources -----------------------------------------------------------------------------


def _data_source(block: Block) -> Document:
    statements = tuple(_statement(one) for one in block.of_type("statement"))
    listed = Node(block.start, block.start, items=statements)
    version = block.attributes.get("version")
    at = version.value if version is not None else None
    members = (
        Member(
            "Version",
            block.start,
            block.start,
            value(at) if at is not None else Node(block.start, block.start, "2012-10-17"),
        ),
        Member("Statement", block.start, block.start, listed),
    )
    root = Node(block.start, block.start, members=members)
    return Document(root, kind_of(root), name=f"data.{'.'.join(block.labels)}")


def _statement(block: Block) -> Node:
    members = [
        Member(element, one.start, one.end, _live(value(one.value)))
        for name, element in _ELEMENTS.items()
        if (one := block.attributes.get(name)) is not None
    ]
    if all(one.name != "Effect" for one in members):
        members.append(Member("Effect", block.start, block.start, Node(block.start, block.start, "Allow")))
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        principals = [_principals(one) for one in block.of_type(name)]
        if principals:
            node = Node(principals[0].start, principals[-1].end, members=tuple(principals))
            members.append(Member(element, node.start, node.end, node))
    conditions = _conditions(list(block.of_type("condition")))
    if conditions is not None:
        members.append(Member("Condition", conditions.start, conditions.start, conditions))
    return Node(block.start, block.start, members=tuple(members))


def _principals(block: Block) -> Member:
    kind, identifiers = block.attributes.get("type"), block.attributes.get("identifiers")
    named = value(identifiers.value) if identifiers is not None else unknown(block.start, block.start)
    return Member(_text(kind) or UNKNOWN, block.start, block.start, named)


def _conditions(blocks: list[Block]) -> Node | None:
    """The condition blocks as one Condition element; those of one operator and key are joined."""
    if not blocks:
        return None
    operators: dict[str, tuple[Node, dict[str, tuple[Node, list[Node]]]]] = {}
    for block in blocks:
        test, variable, values = (
            value(one.value) if (one := block.attributes.get(name)) is not None else None
            for name in ("test", "variable", "values")
        )
        if test is None or variable is None or values is None or not test.text or not variable.text:
            continue
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
    return Node(blocks[0].start, blocks[0].start, members=tuple(members))


def _live(node: Node) -> Node:
    """A value of a data source with its policy variables as policies write them."""
    if node.items is not None:
        return Node(node.start, node.end, items=tuple(map(_live, node.items)))
    if "&{" in node.text:
        return Node(node.start, node.end, _VARIABLE.sub("${", node.text))
    return node
