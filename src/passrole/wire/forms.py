"""Requests of the query and ec2 protocols: a form of dotted names, read into a tree once.

``Tags.member.1.Key=a`` becomes ``{"Tags": {"member": {"1": {"Key": "a"}}}}``. The first of a repeated
name wins, and names that the model does not know are passed over, as AWS does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from passrole.wire import scalars
from passrole.wire.models import Shape
from passrole.wire.percent import unquoted
from passrole.wire.request import RawRequest
from passrole.wire.scalars import BadInput

# A name that is a value and a branch at once keeps its value under "".
Node = dict[str, "str | Node"]
Read = Callable[["str | Node"], object]

_ABSENT: Final = object()


def parameters(raw: RawRequest) -> Node:
    """The form's tree, of the query string and then the body."""
    root: Node = {}
    if raw.query:
        _grow(root, raw.query)
    if raw.body:
        _grow(root, raw.body.decode("latin-1"))
    return root


def _grow(root: Node, form: str) -> None:
    for pair in form.split("&"):
        name, _, value = pair.partition("=")
        if "%" in value or "+" in value:
            value = _decoded(value)
        if "%" in name or "+" in name:
            name = _decoded(name)
        if "." not in name:
            _set(root, name, value)
            continue
        node = root
        *branches, leaf = name.split(".")
        for branch in branches:
            child = node.get(branch)
            if child.__class__ is not dict:
                child = {} if child is None else {"": child}
                node[branch] = child
            node = child
        _set(node, leaf, value)


def _set(node: Node, name: str, value: str) -> None:
    child = node.get(name)
    if child is None:
        node[name] = value
    elif isinstance(child, dict):
        child.setdefault("", value)


def _decoded(text: str) -> str:
    try:
        return unquoted(text).decode()
    except UnicodeDecodeError:
        raise BadInput("") from None


def text(root: Node, name: str) -> str:
    """A parameter that is a single value; "" where it is missing."""
    found = root.get(name, "")
    if isinstance(found, dict):
        leaf = found.get("", "")
        return leaf if isinstance(leaf, str) else ""
    return found


def form_key(name: str, member: Shape, *, ec2: bool) -> str:
    """How a form names a member of a structure."""
    if ec2:
        if member.query_name:
            return member.query_name
        own = member.location_name
        # ec2 capitalizes on the way in what it writes in lower case on the way out.
        return own[0].upper() + own[1:] if own else name
    if member.kind == "list" and member.flattened and member.member.location_name:
        return member.member.location_name
    return member.location_name or name


class FormReader:
    """Compiles shapes to functions of a tree. ec2 has names and lists of its own."""

    def __init__(self, *, ec2: bool) -> None:
        self._ec2 = ec2
        self._compiled: dict[tuple[str, bool], Read] = {}

    def structure(self, shape: Shape) -> Callable[[Node], dict[str, object]]:
        """What reads the members of a structure."""
        table = tuple((name, key, self._reader(member, name)) for name, key, member in self._named(shape))
        absent = _ABSENT

        def read(node: Node) -> dict[str, object]:
            found: dict[str, object] = {}
            for name, key, reader in table:
                child = node.get(key)
                if child is not None:
                    value = reader(child)
                    if value is not absent:
                        found[name] = value
            return found

        return read

    def _named(self, shape: Shape) -> list[tuple[str, str, Shape]]:
        members = shape.members.items()
        return [(name, form_key(name, member, ec2=self._ec2), member) for name, member in members]

    def _reader(self, shape: Shape, label: str) -> Read:
        match shape.kind:
            case "structure" | "list" | "map":
                return self._nested(shape)
            case "string":
                return _read_text
        return self._scalar(scalars.parser(shape.kind), label)

    def _scalar(self, convert: Callable[[str], object], label: str) -> Read:
        ec2 = self._ec2

        def read(node: str | Node) -> object:
            given = _read_text(node)
            if not isinstance(given, str):
                return given
            try:
                return convert(given)
            except BadInput as problem:
                if ec2:
                    raise BadInput(f"Value ({given}) for parameter {label} is invalid.") from problem
                raise

        return read

    def _nested(self, shape: Shape) -> Read:
        key = (shape.name, shape.flattened)
        known = self._compiled.get(key)
        if known is None:
            # Shapes may contain themselves: until this one is made, its users look it up when called.
            compiled = self._compiled
            compiled[key] = lambda node: compiled[key](node)
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> Read:
        match shape.kind:
            case "structure":
                inner = self.structure(shape)

                def read(node: str | Node) -> object:
                    if isinstance(node, str):
                        if node:
                            raise BadInput("Unexpected complex element termination")
                        return {}
                    return inner(node)

                return read
            case "list":
                return self._list(shape)
        return self._map(shape)

    def _list(self, shape: Shape) -> Read:
        read_item = self._reader(shape.member, shape.member.name)
        # "member" is taken everywhere, also where the model has a name of its own (RDS, Redshift).
        names = () if self._ec2 or shape.flattened else (shape.member.location_name or "member", "member")

        def read(node: str | Node) -> object:
            if isinstance(node, str):
                if node:
                    raise BadInput("Unexpected list element termination")
                return []
            for name in names:
                inner = node.get(name)
                if isinstance(inner, dict):
                    node = inner
                    break
            else:
                if names:
                    return []
            return [item for item in map(read_item, _numbered(node)) if item is not _ABSENT]

        return read

    def _map(self, shape: Shape) -> Read:
        read_value = self._reader(shape.value, shape.value.name)
        key_name = shape.key.location_name or "key"
        value_name = shape.value.location_name or "value"
        flattened = shape.flattened

        def read(node: str | Node) -> object:
            if isinstance(node, str):
                return {}
            entries = node if flattened else node.get("entry")
            found: dict[str, object] = {}
            if isinstance(entries, dict):
                for entry in _numbered(entries):
                    if isinstance(entry, dict):
                        value = read_value(entry.get(value_name, ""))
                        if value is not _ABSENT:
                            found.setdefault(text(entry, key_name), value)
            return found

        return read


def _read_text(node: str | Node) -> object:
    if isinstance(node, str):
        return node
    return node.get("", _ABSENT)


def _numbered(node: Node) -> list[str | Node]:
    """The numbered children in the order of their numbers; AWS takes gaps."""
    numbers = [name for name in node if name.isdecimal() and name.isascii() and len(name) <= 9]
    if len(numbers) > 1:
        numbers.sort(key=int)
    return [node[number] for number in numbers]
