"""Event patterns: which events a rule of EventBridge takes.

Source: EventBridge User Guide, "Creating Amazon EventBridge event patterns" and "Comparison operators for use
in event patterns".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any, Final

_ABSENT: Final = object()
_OR: Final = "$or"

_NUMERIC: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": lt,
    "<=": le,
    "=": eq,
    ">": gt,
    ">=": ge,
}


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Has the event every field that the pattern names, with one of the values or tests that it gives?"""
    return all(
        any(matches(one, event) for one in wanted) if name == _OR else _field(wanted, _get(event, name))
        for name, wanted in pattern.items()
    )


def _get(event: object, name: str) -> object:
    return event.get(name, _ABSENT) if isinstance(event, Mapping) else _ABSENT


def _field(wanted: object, value: object) -> bool:
    if isinstance(wanted, Mapping):
        if isinstance(value, list):  # of objects: one of them must match
            return any(_field(wanted, item) for item in value)
        return matches(wanted, value if isinstance(value, Mapping) else {})
    if not isinstance(wanted, Sequence) or isinstance(wanted, str):
        return False
    values = value if isinstance(value, list) else [value]
    return any(_test(one, values) for one in wanted)


def _test(test: object, values: Sequence[object]) -> bool:
    if not isinstance(test, Mapping):
        return any(value is not _ABSENT and _same(test, value) for value in values)
    ((name, given),) = test.items()
    if name == "exists":
        there = any(value is not _ABSENT and not isinstance(value, Mapping) for value in values)
        return there is bool(given)
    if name == "anything-but":
        present = [value for value in values if value is not _ABSENT]
        tests = given if isinstance(given, list) else [given]
        return bool(present) and not any(_test(one, present) for one in tests)
    compare = _TESTS.get(name)
    return compare is not None and any(compare(given, value) for value in values if value is not _ABSENT)


def _same(wanted: object, value: object) -> bool:
    # True is no 1 in JSON.
    return (type(wanted) is type(value) and wanted == value) or (
        _number(wanted) is not None and _number(wanted) == _number(value)
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(compare: Callable[[str, str], bool]) -> Callable[[Any, object], bool]:
    """A comparison of texts, regardless of case where the pattern says so."""

    def test(given: Any, value: object) -> bool:  # whatever JSON a pattern holds
        if not isinstance(value, str):
            return False
        if isinstance(given, Mapping):
            given = given.get("equals-ignore-case", "")
            return compare(value.lower(), str(given).lower())
        if isinstance(given, list):
            return any(compare(value, str(one)) for one in given)
        return compare(value, str(given))

    return test


def _numeric(given: Any, value: object) -> bool:
    number = _number(value)
    if number is None or not isinstance(given, list):
        return False
    pairs = zip(given[::2], given[1::2], strict=False)
    return all(sign in _NUMERIC and _NUMERIC[sign](number, float(bound)) for sign, bound in pairs)


def _cidr(given: Any, value: object) -> bool:
    try:
        return ip_address(str(value)) in ip_network(str(given), strict=False)
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    parts = (re.escape(part.replace("\0", "*")) for part in pattern.replace("\\*", "\0").split("*"))
    return re.compile(".*".join(parts), re.DOTALL)


_TESTS: Final[Mapping[str, Callable[[Any, object], bool]]] = {
    "prefix": _text(str.startswith),
    "suffix": _text(str.endswith),
    "equals-ignore-case": _text(lambda value, given: value.lower() == given.lower()),
    "wildcard": _text(lambda value, given: _wildcard(given).fullmatch(value) is not None),
    "numeric": _numeric,
    "cidr": _cidr,
}
