"""The table's texts with values in their braces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from passrole.policy.cfn_values import comparable

_BRACES: Final = re.compile(r"\{([^{}]+)\}")


class _Missing:
    """Nothing is known for the braces."""


MISSING: Final = _Missing()


@dataclass(slots=True)
class Filling:
    """What may stand in braces. properties are looked at last, by the bare name."""

    properties: Mapping[str, object]
    account: str
    region: str
    id: str = ""
    generated: str = ""
    output: Mapping[str, object] = field(default_factory=dict)
    read: Mapping[str, object] = field(default_factory=dict)
    attribute: Mapping[str, object] = field(default_factory=dict)
    item: object = MISSING
    tags: object = MISSING
    keys: object = MISSING
    removed: object = MISSING

    def fill(self, node: object) -> object:
        """The node with every text in it filled; MISSING where nothing of it is there."""
        if isinstance(node, str):
            return self._text(node)
        if isinstance(node, dict):
            made = {name: self.fill(one) for name, one in node.items()}
            kept = {name: one for name, one in made.items() if one is not MISSING}
            return kept if kept or not node else MISSING
        if isinstance(node, list | tuple):
            values = [one for one in map(self.fill, node) if one is not MISSING]
            return values if values or not node else MISSING
        return node

    def _text(self, text: str) -> object:
        found = [(one, self._value(one[1])) for one in _BRACES.finditer(text)]
        if not found:
            return text
        there = [value for _, value in found if value is not MISSING]
        if not there:
            return MISSING
        if len(there) == 1 and not _BRACES.sub("", text):
            return there[0]
        values = iter(found)
        return _BRACES.sub(lambda _: _plain(next(values)[1]), text)

    def _value(self, expression: str) -> object:
        asks, joins = expression.endswith("?"), expression.endswith("+")
        value = self._look_up(expression.rstrip("?+").split("."))
        if asks:
            return True if value is not MISSING else MISSING
        if joins and isinstance(value, list):
            return ",".join(map(comparable, value))
        return value

    def _look_up(self, path: list[str]) -> object:
        first, *rest = path
        found: object
        if first in _SCOPES:
            found = getattr(self, first)
            if found == "":
                return MISSING
        else:
            found, rest = self.properties, path
        if first == "attribute" and rest:
            rest = [".".join(rest)]
        for name in rest:
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                return MISSING
        return MISSING if found is None else found


_SCOPES: Final = frozenset(
    (
        "id",
        "account",
        "region",
        "generated",
        "output",
        "read",
        "attribute",
        "item",
        "tags",
        "keys",
        "removed",
        "properties",
    )
)


def _plain(value: object) -> str:
    if value is MISSING:
        return ""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict | list) else comparable(value)
