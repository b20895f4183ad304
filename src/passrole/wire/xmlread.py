"""XML request bodies (S3, CloudFront, Route 53, S3 Control), by functions compiled from shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, ParseError, XMLParser

from passrole.wire import scalars
from passrole.wire.models import Shape
from passrole.wire.scalars import BadInput

Read = Callable[[Element], object]

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


def parse(body: bytes) -> Element:
    """The root element. Raises BadInput for what is not XML, and for any document type.

    A document type is refused before it is read: it could only define entities.
    """
    if b"<!DOCTYPE" in body or b"\0" in body:
        raise BadInput("")
    parser = XMLParser()
    try:
        parser.feed(body)
        return parser.close()
    except (ParseError, ValueError, LookupError):
        raise BadInput("") from None


class XmlReader:
    """Compiles shapes to functions of an element. Namespaces are passed over."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, bool], Read] = {}

    def structure(self, shape: Shape, *, body_only: bool = False) -> Callable[[Element], dict[str, object]]:
        """What reads the members of a structure; with body_only, those that a rest protocol puts there."""
        single: dict[str, tuple[str, Read]] = {}
        repeated: dict[str, tuple[str, Callable[[list[Element]], object]]] = {}
        attributes: list[tuple[str, str]] = []
        for name, member in shape.members.items():
            if body_only and member.location:
                continue
            if member.xml_attribute:
                attributes.append((name, member.location_name.replace("xsi:", _XSI)))
            elif member.flattened and member.kind in ("list", "map"):
                repeated[self.flattened_name(name, member)] = name, self._repeated(member)
            else:
                single[member.location_name or name] = name, self.reader(member)

        def read(element: Element) -> dict[str, object]:
            found: dict[str, object] = {}
            several: dict[str, list[Element]] = {}
            for child in element:
                tag = _local(child.tag)
                if (known := single.get(tag)) is not None:
                    if known[0] not in found:
                        found[known[0]] = known[1](child)
                elif tag in repeated:
                    several.setdefault(tag, []).append(child)
            for tag, children in several.items():
                name, read_all = repeated[tag]
                found[name] = read_all(children)
            for name, attribute in attributes:
                if (value := element.get(attribute)) is not None:
                    found[name] = value
            return found

        return read

    @staticmethod
    def flattened_name(name: str, member: Shape) -> str:
        """The element that a flattened list or map repeats."""
        if member.location_name:
            return member.location_name
        if member.kind == "list" and member.member.location_name:
            return member.member.location_name
        return name

    def reader(self, shape: Shape) -> Read:
        """What reads one element of this shape."""
        match shape.kind:
            case "structure" | "list" | "map":
                return self._nested(shape)
            case "string":
                return _text
        convert = scalars.parser(shape.kind)
        return lambda element: convert(_text(element).strip())

    def _nested(self, shape: Shape) -> Read:
        key = (shape.name, shape.flattened)
        known = self._compiled.get(key)
        if known is None:
            compiled = self._compiled
            compiled[key] = lambda element: compiled[key](element)  # for a shape that contains itself
            known = compiled[key] = self._compile(shape)
        return known

    def _compile(self, shape: Shape) -> Read:
        match shape.kind:
            case "structure":
                return self.structure(shape)
            case "list":
                item = self.reader(shape.member)
                tag = shape.member.location_name or "member"

                def read_list(element: Element) -> object:
                    return [item(child) for child in element if _local(child.tag) == tag]

                return read_list
        entry = self._entry(shape)
        return lambda element: dict(entry(child) for child in element if _local(child.tag) == "entry")

    def _repeated(self, shape: Shape) -> Callable[[list[Element]], object]:
        if shape.kind == "list":
            item = self.reader(shape.member)
            return lambda elements: [item(element) for element in elements]
        entry = self._entry(shape)
        return lambda elements: dict(entry(element) for element in elements)

    def _entry(self, shape: Shape) -> Callable[[Element], tuple[str, object]]:
        value = self.reader(shape.value)
        key_name = shape.key.location_name or "key"
        value_name = shape.value.location_name or "value"

        def read(element: Element) -> tuple[str, object]:
            children = {_local(child.tag): child for child in element}
            if key_name not in children or value_name not in children:
                raise BadInput("")
            return _text(children[key_name]), value(children[value_name])

        return read


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(element: Element) -> str:
    return element.text or ""
