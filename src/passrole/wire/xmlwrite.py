"""XML response bodies of the query, ec2 and rest-xml protocols, by functions compiled from shapes.

A compiled function appends text to a list: GetRole's answer takes some microseconds this way, where
walking the shapes at every answer takes ten times that.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from passrole.wire import scalars
from passrole.wire.modelfile import XmlNamespace
from passrole.wire.models import Shape

# The values come from handlers that answer in AWS's member names; the shapes say what they are.
Write = Callable[[Any, list[str]], None]

XML_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

# What XML 1.0 cannot hold in any spelling.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """Text for an element or an attribute in double quotes."""
    # Four searches for a byte are faster than one regular expression, and seldom find any.
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    if "\r" in text:
        text = text.replace("\r", "&#xD;")  # a parser would make a line feed of it
    return text


def clean(text: str) -> str:
    """escape, for text that a client sent: a character that XML cannot hold becomes ``?``."""
    return escape(_UNWRITABLE.sub("?", text))


class XmlWriter:
    """Compiles shapes to functions that write them. time writes a timestamp that names no format."""

    def __init__(self, time: Callable[[datetime], str]) -> None:
        self._time = time
        self._compiled: dict[tuple[str, str, XmlNamespace | None], Write] = {}

    def members(self, shape: Shape, *, body_only: bool = False) -> Write:
        """What writes the members of a structure, without an element around them."""
        table = tuple(
            (name, self._member(name, member))
            for name, member in shape.members.items()
            if not member.xml_attribute and not (body_only and member.location)
        )

        def write(value: Mapping[str, object], out: list[str]) -> None:
            get = value.get
            for name, write_member in table:
                member = get(name)
                if member is not None:
                    write_member(member, out)

        return write

    def _member(self, name: str, member: Shape) -> Write:
        if member.flattened and member.kind == "list":
            tag = member.member.location_name or member.location_name or name
            item = self.element(tag, member.member)

            def write_items(value: Sequence[object], out: list[str]) -> None:
                for entry in value:
                    item(entry, out)

            return write_items
        if member.flattened and member.kind == "map":
            return self._entries(member.location_name or name, member)
        return self.element(member.location_name or name, member)

    def element(self, tag: str, shape: Shape) -> Write:
        """What writes a value as one element."""
        match shape.kind:
            case "structure" | "list" | "map":
                return self._nested(tag, shape)
        start, end = f"<{tag}{_xmlns(shape.xml_namespace)}>", f"</{tag}>"
        match shape.kind:
            case "boolean":
                yes, no = f"{start}true{end}", f"{start}false{end}"
                return lambda value, out: out.append(yes if value else no)
            case "integer" | "long":
                return lambda value, out: out.append(f"{start}{value}{end}")
            case "float" | "double":
                return lambda value, out: out.append(f"{start}{scalars.float_text(value)}{end}")
            case "timestamp":
                time = self.time(shape)
                return lambda value, out: out.append(f"{start}{time(value)}{end}")
            case "blob":
                return lambda value, out: out.append(f"{start}{_base64(value)}{end}")

        def write_text(value: str, out: list[str]) -> None:
            out.append(f"{start}{escape(value)}{end}")

        return write_text

    def time(self, shape: Shape) -> Callable[[datetime], str]:
        """How this timestamp is written."""
        if shape.timestamp_format in ("", "iso8601"):
            return self._time
        return scalars.TIME_FORMATS[shape.timestamp_format]

    def _nested(self, tag: str, shape: Shape) -> Write:
        key = (tag, shape.name, shape.xml_namespace)
        known = self._compiled.get(key)
        if known is None:
            compiled = self._compiled
            compiled[key] = lambda value, out: compiled[key](value, out)  # for a shape that contains itself
            known = compiled[key] = self._compile(tag, shape)
        return known

    def _compile(self, tag: str, shape: Shape) -> Write:
        namespace = _xmlns(shape.xml_namespace)
        end = f"</{tag}>"
        start = f"<{tag}{namespace}>"
        if shape.kind == "structure":
            members = self.members(shape)
            attributes = [
                (name, member.location_name) for name, member in shape.members.items() if member.xml_attribute
            ]
            if attributes:
                return _with_attributes(f"<{tag}{namespace}", attributes, members, end)

            def write_structure(value: object, out: list[str]) -> None:
                out.append(start)
                members(value, out)
                out.append(end)

            return write_structure
        if shape.kind == "map":
            entries = self._entries("entry", shape)

            def write_map(value: object, out: list[str]) -> None:
                out.append(start)
                entries(value, out)
                out.append(end)

            return write_map
        item = self.element(shape.member.location_name or "member", shape.member)
        empty = f"<{tag}{namespace}/>"

        def write_list(value: Sequence[object], out: list[str]) -> None:
            if not value:
                out.append(empty)
                return
            out.append(start)
            for entry in value:
                item(entry, out)
            out.append(end)

        return write_list

    def _entries(self, tag: str, shape: Shape) -> Write:
        write_key = self.element(shape.key.location_name or "key", shape.key)
        write_value = self.element(shape.value.location_name or "value", shape.value)
        start, end = f"<{tag}>", f"</{tag}>"

        def write(value: Mapping[str, object], out: list[str]) -> None:
            for key, entry in value.items():
                out.append(start)
                write_key(key, out)
                write_value(entry, out)
                out.append(end)

        return write


def _with_attributes(start: str, attributes: list[tuple[str, str]], members: Write, end: str) -> Write:
    def write(value: Mapping[str, object], out: list[str]) -> None:
        given = "".join(
            f' {attribute}="{escape(str(value[name]))}"' for name, attribute in attributes if name in value
        )
        out.append(f"{start}{given}>")
        members(value, out)
        out.append(end)

    return write


def _base64(value: bytes | str) -> str:
    return b64encode(value.encode() if isinstance(value, str) else value).decode()


def _xmlns(namespace: XmlNamespace | None) -> str:
    if namespace is None:
        return ""
    prefix = f":{namespace.prefix}" if namespace.prefix else ""
    return f' xmlns{prefix}="{namespace.uri}"'
