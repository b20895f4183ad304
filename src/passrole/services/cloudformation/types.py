"""The table of resource types: which calls make, read, change and delete a resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

import msgspec
import yaml

from passrole.services.cloudformation import shaping


class Do(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call. input is filled in; without whole the properties that are its members are added.

    on names the properties whose change it is made for, those that it takes where it is empty; also adds
    to these. room names what adapts the input. failed is an output member that lists what was not done.
    """

    call: str
    input: Mapping[str, object] = {}
    whole: bool = False
    on: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    room: str = ""
    untagged: bool = False
    failed: str = ""
    when: str = ""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A property with calls of its own, for its value or (each) for every item of it.

    created: the create call takes it, too. on: other properties whose change puts every item anew.
    """

    put: Do
    remove: Do | None = None
    each: bool = False
    key: str = ""
    created: bool = False
    on: tuple[str, ...] = ()
    names: Mapping[str, str] = {}


class Tagging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How tags are set and taken away after the creation.

    specification is the resource type of EC2's TagSpecifications. created: the create call takes tags.
    whole: put sets all tags at once. propagate: the tags are Auto Scaling's.
    """

    put: Do | None = None
    remove: Do | None = None
    specification: str = ""
    created: bool = True
    whole: bool = False
    propagate: bool = False


class Wait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A read that is repeated until the value is one of until; of failed, the resource has failed."""

    call: str
    value: str
    until: tuple[str, ...]
    failed: tuple[str, ...] = ()
    input: Mapping[str, object] = {}


class ResourceType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row. See the comment at the head of the table."""

    service: str
    name: tuple[str | int, ...] = ()  # property, longest, "lower" where only small letters are let
    create: Do | None = None
    id: str = ""
    names: Mapping[str, str] = {}
    skip: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    attributes: Mapping[str, str] = {}
    read: Do | None = None
    update: tuple[Do, ...] = ()
    parts: Mapping[str, Part] = {}
    tags: Tagging | None = None
    delete: Do | None = None
    wait: Wait | None = None
    generated: bool = False

    @property
    def name_property(self) -> str:
        """The property that names the resource, "" where it has none."""
        return str(self.name[0]) if self.name else ""

    def member(self, operation: str, name: str) -> str | None:
        """The operation's input member that the property is."""
        return shaping.members(self.service, operation).get(self.names.get(name, name).lower())

    def takes_tags(self) -> bool:
        """Can its resources be tagged?"""
        return self.tags is not None or (
            self.create is not None and self.member(self.create.call, "Tags") is not None
        )

    def unknown(self, properties: Mapping[str, object]) -> list[str]:
        """The properties that no call here takes."""
        if "*" in self.ignore:
            return []
        known = {*self.skip, *self.ignore, *self.parts, self.name_property}
        if self.takes_tags():
            known.add("Tags")
        return [
            name
            for name in properties
            if name not in known
            and (self.create is None or self.create.whole or self.member(self.create.call, name) is None)
            and (self.create is None or not _mentions(self.create.input, name))
        ]

    def replacing(self, changed: Iterator[str]) -> list[str]:
        """Which of the changed properties make another resource of it."""
        return [name for name in changed if not self._in_place(name)]

    def _in_place(self, name: str) -> bool:
        if name in self.replace or name == self.name_property:
            return False
        if name in self.parts or name in self.ignore or (name == "Tags" and self.takes_tags()):
            return True
        if "*" in self.ignore or any(name in part.on for part in self.parts.values()):
            return True
        return any(self.takes(do, name) for do in self.update)

    def takes(self, do: Do, name: str) -> bool:
        """Is that update call made for a change of the property?"""
        if name in do.on or name in do.also:
            return True
        return not do.on and name not in self.skip and self.member(do.call, name) is not None


def _mentions(given: Mapping[str, object], name: str) -> bool:
    text = str(given)
    return f"{{{name}" in text or "{properties}" in text


@cache
def table() -> Mapping[str, ResourceType]:
    """Every type by its name."""
    text = resources.files(__package__).joinpath("data", "resource_types.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return msgspec.convert(yaml.load(text, Loader=loader), dict[str, ResourceType])
