"""Condition keys: their types, which are global, and which an action can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from passrole.catalog import files

STRING: Final = "string"
ARN: Final = "arn"
BOOL: Final = "bool"
NUMERIC: Final = "numeric"
DATE: Final = "date"
IP: Final = "ip"


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """A condition key as AWS's reference lists it: ``aws:ResourceTag/${TagKey}`` stands for many."""

    name: str
    type: str  # one of the six above
    multivalued: bool
    is_global: bool


@lru_cache(maxsize=1)
def _keys() -> tuple[Mapping[str, ConditionKey], tuple[ConditionKey, ...]]:
    table = files.table("keys")
    everywhere = frozenset(table["global"])
    exact: dict[str, ConditionKey] = {}
    open_ended: list[ConditionKey] = []
    for name, (kind, many) in table["keys"].items():
        key = ConditionKey(name, kind, bool(many), name in everywhere)
        if "${" in name:
            open_ended.append(key)
        else:
            exact[name.lower()] = key
    open_ended.sort(key=lambda key: -len(key.name.split("${", 1)[0]))
    return exact, tuple(open_ended)


def key(name: str) -> ConditionKey | None:
    """The condition key of that name, in any case; None where AWS's reference has none.

    >>> known = key("AWS:RequestTag/Team")
    >>> known and (known.name, known.type, known.multivalued)
    ('aws:RequestTag/${TagKey}', 'string', False)
    """
    exact, open_ended = _keys()
    lower = name.lower()
    found = exact.get(lower)
    if found is not None:
        return found
    for one in open_ended:
        head, _, rest = one.name.lower().partition("${")
        tail = rest.partition("}")[2]
        if "${" not in tail and lower.startswith(head) and lower.endswith(tail) and len(lower) > len(head):
            return one
    return None


@lru_cache(maxsize=1)
def global_keys() -> tuple[ConditionKey, ...]:
    """The keys that AWS may set for any action, in order of name."""
    exact, open_ended = _keys()
    return tuple(
        sorted((one for one in (*exact.values(), *open_ended) if one.is_global), key=lambda one: one.name)
    )


def is_multivalued(name: str) -> bool:
    """True for a key that carries a list of values (``aws:TagKeys``)."""
    found = key(name)
    return found is not None and found.multivalued
