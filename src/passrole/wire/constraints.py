"""What the models demand of an input, compiled to checks; ``validate`` has the words for what fails.

Lengths are counted in characters, not bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from passrole.wire import models
from passrole.wire.models import Shape
from passrole.wire.patterns import matcher


@dataclass(frozen=True, slots=True)
class Problem:
    """One constraint that is not met. value is None where nothing was given."""

    path: str
    kind: str  # required, shortest, longest, smallest, largest, pattern, enum, items
    text: str  # "Member must have length less than or equal to 64"
    value: object
    shape: Shape


Check = Callable[[Any, str, list[Problem]], None]


def problems(
    service: str, operation: str, given: Mapping[str, object], *, required_only: bool = False
) -> list[Problem]:
    """Everything in the input that the model forbids, in the order of the model's members.

    required_only looks for nothing but required members that are not there.
    """
    found: list[Problem] = []
    check = _checker(service, operation, required_only=required_only)
    if check is not None:
        check(given, "", found)
    return found


@cache
def _checker(service: str, operation: str, *, required_only: bool) -> Check | None:
    shape = models.service(service).operation(operation).input
    if shape is None:
        return None
    with models.COMPILING:
        return _compiler(service, required_only=required_only).compiled(shape)


@cache
def _compiler(service: str, *, required_only: bool) -> _Compiler:
    return _Compiler(required_only=required_only)


class _Compiler:
    """Compiles shapes to checks; what has nothing to check compiles to nothing."""

    def __init__(self, *, required_only: bool) -> None:
        self._required_only = required_only
        self._known: dict[str, Check | None] = {}

    def compiled(self, shape: Shape) -> Check | None:
        if shape.kind in ("structure", "list", "map"):
            if shape.name not in self._known:
                known = self._known
                # For a shape that contains itself. It may turn out to have nothing to check.
                known[shape.name] = lambda value, path, found: _call(known[shape.name], value, path, found)
                known[shape.name] = self._container(shape)
            return self._known[shape.name]
        if self._required_only:
            return None
        return _scalar(shape)

    def _container(self, shape: Shape) -> Check | None:
        match shape.kind:
            case "structure":
                return None if shape.document else self._structure(shape)
            case "list":
                return self._list(shape)
        return self._map(shape)

    def _structure(self, shape: Shape) -> Check | None:
        # A client may leave an idempotency token out even where the model requires it: SDKs make one up.
        required = {name for name in shape.required if not shape.members[name].idempotency_token}
        table = [
            (name, _lower(name), name in required, member, self.compiled(member))
            for name, member in shape.members.items()
        ]
        table = [row for row in table if row[2] or row[4] is not None]
        if not table:
            return None

        def check(value: Mapping[str, object], path: str, found: list[Problem]) -> None:
            prefix = f"{path}." if path else ""
            for name, key, needed, member, inner in table:
                entry = value.get(name)
                if entry is None:
                    if needed:
                        text = "Member must not be null"
                        found.append(Problem(prefix + key, "required", text, None, member))
                elif inner is not None:
                    inner(entry, prefix + key, found)

        return check

    def _list(self, shape: Shape) -> Check | None:
        size = None if self._required_only else _length(shape)
        member = shape.member
        if member.kind in ("structure", "list", "map"):
            inner = self.compiled(member)
            if inner is None:
                return size

            def check(value: Sequence[Any], path: str, found: list[Problem]) -> None:
                if size is not None:
                    size(value, path, found)
                for number, item in enumerate(value, 1):
                    if item is not None:
                        inner(item, f"{path}.{number}.member", found)

            return check
        return _every_item(shape, size, None if self._required_only else _scalar(member))

    def _map(self, shape: Shape) -> Check | None:
        size = None if self._required_only else _length(shape)
        keys = None if self._required_only else _scalar(shape.key)
        inner = self.compiled(shape.value)
        if size is None and keys is None and inner is None:
            return None
        key_rule = f"Map keys must satisfy constraint: [{', '.join(_rules(shape.key))}]"
        value_rule = f"Map value must satisfy constraint: [{', '.join(_rules(shape.value))}]"
        nested = shape.value.kind in ("structure", "list", "map")

        def check(value: Mapping[str, Any], path: str, found: list[Problem]) -> None:
            if size is not None:
                size(value, path, found)
            if keys is not None and _any_fails(keys, value):
                found.append(Problem(path, "items", key_rule, value, shape))
            if inner is None:
                return
            if nested:
                for key, entry in value.items():
                    if entry is not None:
                        inner(entry, f"{path}.{key}.member", found)
            elif _any_fails(inner, value.values()):
                found.append(Problem(path, "items", value_rule, value, shape))

        return check


def _call(check: Check | None, value: Any, path: str, found: list[Problem]) -> None:
    if check is not None:
        check(value, path, found)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _every_item(shape: Shape, size: Check | None, inner: Check | None) -> Check | None:
    """A list of single values is told of as a whole, with all that its items must be."""
    if inner is None:
        return size
    rule = f"Member must satisfy constraint: [{', '.join(_rules(shape.member))}]"

    def check(value: Sequence[Any], path: str, found: list[Problem]) -> None:
        if size is not None:
            size(value, path, found)
        if _any_fails(inner, value):
            found.append(Problem(path, "items", rule, value, shape))

    return check


def _any_fails(check: Check, values: Iterable[Any]) -> bool:
    found: list[Problem] = []
    for value in values:
        if value is not None:
            check(value, "", found)
            if found:
                return True
    return False


def _scalar(shape: Shape) -> Check | None:
    match shape.kind:
        case "string":
            return _text(shape)
        case "integer" | "long" | "float" | "double":
            return _number(shape)
        case "blob":
            return _length(shape)
    return None


_LONGEST: Final = "Member must have length less than or equal to {}"
_SHORTEST: Final = "Member must have length greater than or equal to {}"
_LARGEST: Final = "Member must have value less than or equal to {}"
_SMALLEST: Final = "Member must have value greater than or equal to {}"
_PATTERN: Final = "Member must satisfy regular expression pattern: {}"
_ENUM: Final = "Member must satisfy enum value set: [{}]"


def _rules(shape: Shape) -> list[str]:
    """All that the model asks of a single value, as AWS lists it."""
    number = shape.kind in ("integer", "long", "float", "double")
    rules = []
    if shape.maximum is not None:
        rules.append((_LARGEST if number else _LONGEST).format(shape.maximum))
    if shape.minimum is not None:
        rules.append((_SMALLEST if number else _SHORTEST).format(shape.minimum))
    if shape.pattern is not None:
        rules.append(_PATTERN.format(shape.pattern))
    if shape.enum:
        rules.append(_ENUM.format(", ".join(shape.enum)))
    return rules


def _text(shape: Shape) -> Check | None:
    size = _length(shape)
    pattern, allowed = shape.pattern, frozenset(shape.enum)
    if size is None and pattern is None and not allowed:
        return None
    pattern_rule = _PATTERN.format(pattern)
    enum_rule = _ENUM.format(", ".join(shape.enum))

    def check(value: str, path: str, found: list[Problem]) -> None:
        before = len(found)
        if allowed and value not in allowed:
            found.append(Problem(path, "enum", enum_rule, value, shape))
        if size is not None:
            size(value, path, found)
        # Compiled at first use. A text of the wrong length is not matched: it may be of any length.
        if pattern is not None and len(found) == before:
            match = matcher(pattern)
            if match is not None and match(value) is None:
                found.append(Problem(path, "pattern", pattern_rule, value, shape))

    return check


def _length(shape: Shape) -> Check | None:
    least, most = shape.minimum, shape.maximum
    if least is None and most is None:
        return None
    longest, shortest = _LONGEST.format(most), _SHORTEST.format(least)

    def check(value: Sequence[object], path: str, found: list[Problem]) -> None:
        size = len(value)
        if most is not None and size > most:
            found.append(Problem(path, "longest", longest, value, shape))
        elif least is not None and size < least:
            found.append(Problem(path, "shortest", shortest, value, shape))

    return check


def _number(shape: Shape) -> Check | None:
    least, most = shape.minimum, shape.maximum
    if least is None and most is None:
        return None
    largest, smallest = _LARGEST.format(most), _SMALLEST.format(least)

    def check(value: float, path: str, found: list[Problem]) -> None:
        if most is not None and value > most:
            found.append(Problem(path, "largest", largest, value, shape))
        elif least is not None and value < least:
            found.append(Problem(path, "smallest", smallest, value, shape))

    return check
