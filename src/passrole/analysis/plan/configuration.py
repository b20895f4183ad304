"""The configuration part of a Terraform plan: what an attribute that is not known yet refers to.

Source: Terraform Internals, "JSON Output Format", Configuration Representation and Expression Representation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from passrole.analysis.plan.properties import EVERY, Segment, segments

Json = Mapping[str, Any]

_INDEX: Final = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_KEY: Final = "each.key"
_DEEPEST: Final = 20  # steps from a reference to what it refers to


@dataclass(frozen=True, slots=True)
class Asker:
    """A resource, or a module call, whose expressions are looked at.

    modules are the names of the modules that it is in, module their address with indexes, key its own index
    (``["a"]``, ``[0]``), "" without one; config is its part of the configuration.
    """

    modules: tuple[str, ...]
    module: str
    key: str
    config: Json


class Configuration:
    """The resources of a plan, found by what expressions say of them."""

    def __init__(self, plan: Json, changes: Sequence[Json]) -> None:
        configuration = as_json(plan.get("configuration"))
        self._root = as_json(configuration.get("root_module"))
        self._providers = as_json(configuration.get("provider_config"))
        self._variables = as_json(plan.get("variables"))
        self._instances: dict[str, list[Json]] = {}
        for one in changes:
            self._instances.setdefault(plain(str(one.get("address", ""))), []).append(one)

    def asker(self, change: Json) -> Asker:
        """A resource of the plan, as the one whose expressions are looked at."""
        address = str(change.get("address", ""))
        modules, local = _parted(plain(address))
        found: Json = {}
        for one in self._module(modules).get("resources") or ():
            if isinstance(one, dict) and one.get("address") == local:
                found = one
        key = _INDEX.search(address, len(address) - len(_last_index(address)))
        return Asker(modules, _module_of(change), key[0] if key is not None else "", found)

    def says(self, asker: Asker, attribute: str) -> bool:
        """Does the resource's block give that attribute at all?"""
        return attribute in as_json(asker.config.get("expressions"))

    def referred(self, asker: Asker, path: str) -> list[Json]:
        """The resources of the plan that an attribute refers to."""
        named = list(_references(as_json(asker.config.get("expressions")), segments(path)))
        return list(self._followed(asker, named, 0))

    def assumed(self, asker: Asker) -> str:
        """The role that the resource's provider assumes, "" for none; a module may have it from one above."""
        key = str(asker.config.get("provider_config_key", ""))
        provider = as_json(self._providers.get(key) or self._providers.get(key.rsplit(":", 1)[-1]))
        blocks = as_json(provider.get("expressions")).get("assume_role")
        for block in blocks if isinstance(blocks, list) else [blocks]:
            given = as_json(as_json(block).get("role_arn"))
            if isinstance(given.get("constant_value"), str):
                return str(given["constant_value"])
            for text in given.get("references") or ():
                value = as_json(self._variables.get(str(text).removeprefix("var."))).get("value")
                if isinstance(value, str):
                    return value
        return ""

    # References

    def _followed(self, asker: Asker, named: Sequence[str], depth: int) -> Iterator[Json]:
        """Through variables, outputs and for_each to the resources."""
        if depth > _DEEPEST:
            return
        for text in _longest(named):
            head, _, rest = text.partition(".")
            if head == "each":
                if rest.startswith("value"):
                    repeated = _of(asker.config.get("for_each_expression"))
                    yield from self._followed(asker, [*repeated, _KEY], depth + 1)
            elif head == "var" and asker.modules:
                calls = as_json(self._module(asker.modules[:-1]).get("module_calls"))
                call = as_json(calls.get(asker.modules[-1]))
                name = plain(rest).partition(".")[0]
                inner = list(_references(as_json(call.get("expressions")), segments(name)))
                yield from self._followed(_above(asker, call), inner, depth + 1)
            elif head == "module":
                name, _, output = plain(rest).partition(".")
                outputs = as_json(self._module((*asker.modules, name)).get("outputs"))
                inner = _of(as_json(outputs.get(output.partition(".")[0])).get("expression"))
                below = replace(asker, modules=(*asker.modules, name), module="", config={})
                yield from self._followed(below, inner, depth + 1)
            elif head not in ("local", "count", "path", "terraform", "self", "var"):
                yield from self._chosen(asker, text, named)

    def _chosen(self, asker: Asker, text: str, named: Sequence[str]) -> Iterator[Json]:
        """The instances of a resource that a reference means, as far as it tells."""
        length = 3 if text.startswith("data.") else 2
        local = ".".join(plain(text).split(".")[:length])
        prefix = "".join(f"module.{one}." for one in asker.modules)
        found = self._instances.get(prefix + local, [])
        indexed = re.match(rf"(?:data\.)?[\w-]+\.[\w-]+(?P<index>{_INDEX.pattern})", text)
        index = indexed["index"] if indexed is not None else ""
        if not index and asker.key and any(one.startswith(("each.", "count.")) for one in named):
            index = asker.key
        for narrower in (
            [one for one in found if asker.module and _module_of(one) == asker.module],
            [one for one in found if index and str(one.get("address", "")).endswith(f"{index}")],
        ):
            kept = [one for one in found if one in narrower]
            found = kept or found
        yield from found

    def _module(self, modules: Sequence[str]) -> Json:
        found = self._root
        for name in modules:
            found = as_json(as_json(as_json(found.get("module_calls")).get(name)).get("module"))
        return found


def as_json(value: object) -> Json:
    """An object, {} for what is none."""
    return value if isinstance(value, dict) else {}


def plain(address: str) -> str:
    """An address without indexes: what is the same in the configuration."""
    return _INDEX.sub("", address)


def _module_of(change: Json) -> str:
    given = change.get("module_address")
    if isinstance(given, str):
        return given
    address = str(change.get("address", ""))
    found = re.match(rf"(?:module\.[\w-]+(?:{_INDEX.pattern})?\.)+", address)
    return found[0].removesuffix(".") if found is not None else ""


def _last_index(address: str) -> str:
    found = re.search(rf"{_INDEX.pattern}$", address)
    return found[0] if found is not None else ""


def _above(asker: Asker, call: Json) -> Asker:
    """The module call by which what is asked for came into a module."""
    outer = re.sub(rf"\.?module\.[\w-]+(?:{_INDEX.pattern})?$", "", asker.module)
    return Asker(asker.modules[:-1], outer, _last_index(asker.module), call)


def _parted(address: str) -> tuple[tuple[str, ...], str]:
    """The modules of an address, and the rest of it."""
    parts = address.split(".")
    modules: list[str] = []
    while parts[:1] == ["module"] and len(parts) > 2:
        modules.append(parts[1])
        parts = parts[2:]
    return tuple(modules), ".".join(parts)


def _longest(named: Sequence[str]) -> Iterator[str]:
    """Of references those that say the most: Terraform lists ``a.b.c`` with ``a.b`` after it."""
    for text in dict.fromkeys(named):
        if not any(one != text and one.startswith((f"{text}.", f"{text}[")) for one in named):
            yield text


def _of(expression: object) -> list[str]:
    return [one for one in as_json(expression).get("references") or () if isinstance(one, str)]


def _references(expression: object, path: tuple[Segment, ...]) -> Iterator[str]:
    """What the expression at a path refers to; one for a whole above it counts for all in it."""
    if isinstance(expression, list):
        for one in expression:
            yield from _references(one, path)
    elif isinstance(expression, dict):
        if "references" in expression:
            yield from _of(expression)
        elif path:
            first, rest = path[0], path[1:]
            members = expression.values() if first.name == EVERY else [expression.get(first.name)]
            for one in members:
                items = one if isinstance(one, list) and first.key else [one]
                for item in items:
                    wanted = as_json(as_json(item).get(first.key)).get("constant_value")
                    if not first.key or wanted == first.value:
                        yield from _references(item, rest)
