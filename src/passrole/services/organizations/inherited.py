"""How management policies combine on their way down: the inheritance operators.

Source: Organizations User Guide, "Inheritance operators" and "Inheritance examples".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_MARK: Final = "@@"
_ASSIGN: Final = "@@assign"
_APPEND: Final = "@@append"
_REMOVE: Final = "@@remove"
_ALLOWED: Final = "@@operators_allowed_for_child_policies"
_OPERATORS: Final = frozenset((_ASSIGN, _APPEND, _REMOVE))
_ALL: Final = "@@all"

Json = object
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What one policy says of one place: operator -> value, and what it leaves to those below."""

    operators: Mapping[str, Json]
    allowed: frozenset[str]


@dataclass(slots=True)
class _Merged:
    """What holds so far: the value of each setting, and which operators each place leaves to those below."""

    values: dict[Path, Json] = field(default_factory=dict)
    allowed: dict[Path, frozenset[str]] = field(default_factory=dict)

    def left(self, path: Path) -> frozenset[str]:
        """The operators that a policy further down may use there.

        A place that is there follows its own control; a new one that of the nearest place above it.
        """
        for length in range(len(path), -1, -1):
            found = self.allowed.get(path[:length])
            if found is not None:
                return found
        return _OPERATORS


def effective(levels: Iterable[Sequence[Mapping[str, Json]]]) -> dict[str, Json]:
    """The documents of all levels, the root's first, as one without operators; {} where they set nothing.

    Of several policies on one level the first that assigns a setting counts; what they append and remove
    counts of them all, and of what they leave to those below, what all of them leave.
    """
    merged = _Merged()
    for documents in levels:
        said = [dict(_places(document, ())) for document in documents]
        paths = dict.fromkeys(path for one in said for path in one)
        changed = {path: _set(merged, path, [one[path] for one in said if path in one]) for path in paths}
        merged.values.update({path: value for path, value in changed.items() if value is not None})
        merged.allowed |= {
            path: merged.left(path).intersection(*(one[path].allowed for one in said if path in one))
            for path in paths
        }
    return _tree(merged.values)


def _places(node: Json, path: Path) -> Iterator[tuple[Path, _Said]]:
    """Every place of a document; a value without operators is assigned."""
    if not isinstance(node, dict):
        yield path, _Said({_ASSIGN: node}, _OPERATORS)
        return
    operators = {name: value for name, value in node.items() if name in _OPERATORS}
    yield path, _Said(operators, _left(node.get(_ALLOWED)))
    for name, below in node.items():
        if not name.startswith(_MARK):
            yield from _places(below, (*path, name))


def _left(given: Json) -> frozenset[str]:
    names = given if isinstance(given, list) else [_ALL]
    return (
        _OPERATORS if _ALL in names else _OPERATORS.intersection(name for name in names if name in _OPERATORS)
    )


def _set(merged: _Merged, path: Path, said: Sequence[_Said]) -> Json | None:
    """The setting's value after one level, None where the level sets none."""
    value = merged.values.get(path)
    used = False
    for operator in (_ASSIGN, _APPEND, _REMOVE):
        given = [one.operators[operator] for one in said if operator in one.operators]
        if not given or operator not in merged.left(path):
            continue
        used = True
        if operator == _ASSIGN:
            value = given[0]
        else:
            some = [item for more in given for item in _items(more)]
            had = _items(value)
            if operator == _APPEND:
                value = [*had, *(item for item in dict.fromkeys(some) if item not in had)]
            else:
                value = [item for item in had if item not in some]
    return value if used else None


def _items(value: Json | None) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _tree(values: Mapping[Path, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for path, value in values.items():
        node = found
        for name in path[:-1]:
            below = node.setdefault(name, {})
            if not isinstance(below, dict):
                break  # a setting stands where another policy has a group of them
            node = below
        else:
            if path:
                node[path[-1]] = value
    return found
