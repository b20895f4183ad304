"""What stands at a property's path, in the values that tools and templates give.

A path is names with dots between: ``a.b``. ``*`` is every key of a map, ``name[key=value]`` the items of a
list with that member, ``name#json`` what a JSON text holds. Lists are gone through, marked (``[]``) or not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Final

from passrole.policy.cfn_values import Unknown

EVERY: Final = "*"
_SEGMENT: Final = re.compile(
    r"(?P<name>[^.\[#]+)(?:\[(?P<key>[^\]=]+)=(?P<value>[^\]]*)\])?(?P<json>#json)?\.?"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One name of a path. key and value say which items of a list it is about, "" all of them."""

    name: str
    key: str = ""
    value: str = ""
    json: bool = False


@lru_cache(maxsize=4096)
def segments(path: str) -> tuple[Segment, ...]:
    """A path taken apart.

    >>> segments("a[].b[name=Role].value")[1]
    Segment(name='b', key='name', value='Role', json=False)
    """
    return tuple(
        Segment(found["name"], found["key"] or "", found["value"] or "", found["json"] is not None)
        for found in _SEGMENT.finditer(path.replace("[]", ""))
    )


def values_at(value: object, path: tuple[Segment, ...]) -> Iterator[object]:
    """What stands at a path of a template: the texts, and Unknown for what waits."""
    if isinstance(value, list):
        for one in value:
            yield from values_at(one, path)
    elif isinstance(value, Unknown) or not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        first, rest = path[0], path[1:]
        if first.name == EVERY:
            for one in value.values():
                yield from values_at(one, rest)
        else:
            for one in _chosen(value.get(first.name), first):
                yield from values_at(one, rest)


def planned_at(value: object, waits: object, path: tuple[Segment, ...]) -> Iterator[str | None]:
    """What stands at a path of a Terraform plan: texts, and None for what is known only after it.

    waits is after_unknown beside value, which is after: true where a value waits.
    """
    if waits is True:
        yield None
    elif isinstance(value, list) or isinstance(waits, list):
        pairs = zip_longest(
            value if isinstance(value, list) else (), waits if isinstance(waits, list) else ()
        )
        for one, other in pairs:
            yield from planned_at(one, other, path)
    elif not path:
        if isinstance(value, str) and value:
            yield value
    else:
        given = value if isinstance(value, Mapping) else {}
        waiting = waits if isinstance(waits, Mapping) else {}
        first, rest = path[0], path[1:]
        names = dict.fromkeys((*given, *waiting)) if first.name == EVERY else (first.name,)
        for name in names:
            yield from _planned_member(given.get(name), waiting.get(name), first, rest)


def _planned_member(
    value: object, waits: object, segment: Segment, rest: tuple[Segment, ...]
) -> Iterator[str | None]:
    if segment.json and isinstance(value, str):
        yield from planned_at(_parsed(value), None, rest)
    elif segment.key and waits is not True:
        pairs = zip_longest(
            value if isinstance(value, list) else (), waits if isinstance(waits, list) else ()
        )
        for one, other in pairs:
            if isinstance(one, Mapping) and one.get(segment.key) == segment.value:
                yield from planned_at(one, other, rest)
    else:
        yield from planned_at(value, waits, rest)


def _chosen(value: object, segment: Segment) -> Iterator[object]:
    """The value, or of a list the items that a segment is about."""
    if segment.json and isinstance(value, str):
        yield _parsed(value)
    elif not segment.key:
        yield value
    else:
        for one in value if isinstance(value, list) else (value,):
            named = isinstance(one, Mapping) and one.get(segment.key) == segment.value
            if named or isinstance(one, Unknown):
                yield one


def _parsed(text: str) -> object:
    """The value of a JSON text, None for what is none."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return found
