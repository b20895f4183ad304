"""How each protocol spells a body: JSON, XML or CBOR, one document or one event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

from passrole.wire import cbor, jsonio, scalars, services, xmlread
from passrole.wire.models import Shape
from passrole.wire.xmlwrite import XML_DECLARATION, XmlWriter, escape

# Services that print times in XML to the second; the others print milliseconds.
# Source: sample responses in the IAM and STS API References.
_WHOLE_SECONDS: Final = frozenset({"iam", "sts"})


class Bodies(Protocol):
    """How one protocol spells a body: JSON or XML."""

    content_type: str

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        """What reads a body; whole where it is this shape's, else its members without another place."""

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        """What writes a body; tag is XML's root element."""


def xml_time(service: str) -> Callable[[datetime], str]:
    """How a service prints times in XML."""
    return scalars.iso_seconds if service in _WHOLE_SECONDS else scalars.iso_millis


class JsonBodies:
    """rest-json's bodies."""

    content_type = "application/json"

    def __init__(self) -> None:
        self._reader = jsonio.JsonReader()
        self._writer = jsonio.JsonWriter()

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        members: jsonio.Read
        members = self._reader.reader(shape) if whole else self._reader.structure(shape, body_only=True)
        return lambda body: members(jsonio.parse(body))

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        members: jsonio.Write | None
        members = self._writer.writer(shape) if whole else self._writer.structure(shape, body_only=True)
        if members is None:
            return jsonio.dump
        write_members = members
        return lambda value: jsonio.dump(write_members(value))


class XmlBodies:
    """rest-xml's bodies."""

    def __init__(self, entry: services.ServiceEntry) -> None:
        self.content_type = "application/xml" if services.is_s3(entry.name) else "text/xml"
        self._reader = xmlread.XmlReader()
        self._writer = XmlWriter(xml_time(entry.name))
        self._namespace = f' xmlns="{escape(entry.xml_namespace)}"' if entry.xml_namespace else ""

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        members: xmlread.Read
        members = self._reader.reader(shape) if whole else self._reader.structure(shape, body_only=True)
        return lambda body: members(xmlread.parse(body))

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        members = self._writer.members(shape, body_only=not whole)
        start, end = f"{XML_DECLARATION}<{tag}{self._namespace}>", f"</{tag}>"

        def write_body(value: object) -> bytes:
            out = [start]
            members(value, out)
            out.append(end)
            return "".join(out).encode()

        return write_body


class CborBodies:
    """The payloads of rpc-v2-cbor: the same for a body and for an event."""

    content_type = "application/cbor"

    def __init__(self, writer: cbor.CborWriter) -> None:
        self._writer = writer

    def reader(self, shape: Shape, *, whole: bool) -> Callable[[bytes], object]:
        raise NotImplementedError("rpc-v2-cbor has no rest bindings")

    def writer(self, shape: Shape, tag: str, *, whole: bool) -> Callable[[Any], bytes]:
        write_value = self._writer.writer(shape)

        def write_body(value: object) -> bytes:
            out = bytearray()
            write_value(value, out)
            return bytes(out)

        return write_body
