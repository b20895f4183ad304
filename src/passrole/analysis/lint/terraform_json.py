"""Terraform's language written as JSON (``.tf.json``, what CDK for Terraform makes) as the same blocks.

Source: Terraform Language Documentation, "JSON Configuration Syntax".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.lint.hcl import Attribute, Block, Expression, HclError, Part, template_parts
from passrole.analysis.lint.node import Embedded, Node, inside_json_string, read_json
from passrole.policy.document import NumberText
from passrole.policy.source import JsonError

# How many labels the blocks of a kind have; those of others are read as blocks without.
_LABELS: Final[Mapping[str, int]] = {"resource": 2, "data": 2, "variable": 1, "module": 1, "dynamic": 1}
_CONSTANTS: Final = {True: "true", False: "false", None: "null"}


def parse_json(text: str) -> Block:
    """A file as one block without a type. Raises HclError."""
    try:
        root = read_json(Embedded.whole(text))
    except JsonError as error:
        raise HclError(error.message, error.offset) from error
    return _block(text, "", (), root)


def _block(text: str, kind: str, labels: tuple[str, ...], body: Node) -> Block:
    made = Block(kind, labels, body.start)
    for member in body.members or ():
        made.blocks += _blocks(text, member.name, (), member.value, _LABELS.get(member.name, 0))
        value = _expression(text, member.value)
        made.attributes[member.name] = Attribute(member.name, member.start, member.end, value)
    return made


def _blocks(text: str, kind: str, labels: tuple[str, ...], body: Node, missing: int) -> Iterator[Block]:
    """The blocks that an object, or a list of some, may be; none where there is something else."""
    for one in body.values():
        if one.members is None:
            continue
        if not missing:
            yield _block(text, kind, labels, one)
            continue
        for member in one.members:
            yield from _blocks(text, kind, (*labels, member.name), member.value, missing - 1)


def _expression(text: str, node: Node) -> Expression:
    if node.members is not None:
        members = tuple(
            (
                Expression(
                    "text", one.start, one.end, parts=(_whole(one.name, one.start),) if one.name else ()
                ),
                _expression(text, one.value),
            )
            for one in node.members
        )
        return Expression("object", node.start, node.end, members=members)
    if node.items is not None:
        items = tuple(_expression(text, one) for one in node.items)
        return Expression("list", node.start, node.end, items=items)
    if isinstance(node.value, NumberText):
        return Expression("literal", node.start, node.end, node.value)
    if isinstance(node.value, str):
        inner = inside_json_string(text, node.start, node.end)
        return Expression("text", node.start, node.end, parts=tuple(template_parts(inner)))
    return Expression("literal", node.start, node.end, _CONSTANTS[node.value])


def _whole(name: str, start: int) -> Part:
    return Part(name, (start,) * len(name))
