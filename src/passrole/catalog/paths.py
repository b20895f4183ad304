"""Input paths: where in an operation's input a value stands.

``Overrides[].IamInstanceProfile.Arn`` goes through structures by botocore's member names, through
every element of a list (``[]``), every value of a map (``{}``), the value of one key of it
(``{authenticated}``) or of the keys that match a whole pattern (``{~.*RoleArn}``); ``{@}`` stands for
the keys themselves.
``[Name=IAM_ROLE_ARN]`` takes the elements of a list whose member has that value, ``[Name~.*Role]``
those whose member matches the whole pattern. ``#json`` reads text as JSON and goes on inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import orjson

_STEP: Final = re.compile(
    r"(?P<member>[^.\[\]{}#|]+)|\[(?P<filter>[^\]]*)\]|\{(?P<key>[^}]*)\}|#(?P<format>json)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path; kind is ``member``, ``list``, ``map`` or ``json``.

    name is the member or the map's key (a pattern of keys, where ``pattern``), "" for every value. A
    list's filter takes the elements whose member ``name`` has the value ``value`` (or matches it,
    where ``pattern``).
    """

    kind: str
    name: str = ""
    value: str = ""
    pattern: bool = False


class BadPath(ValueError):
    """A text that is not an input path."""


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises BadPath.

    >>> [step.kind for step in parse("Targets[].RoleArn")]
    ['member', 'list', 'member']
    """
    steps: list[Step] = []
    at = 0
    while at < len(path):
        if path[at] == "." and steps:
            at += 1
        match = _STEP.match(path, at)
        if match is None:
            raise BadPath(path)
        steps.append(_step(match))
        at = match.end()
    if not steps:
        raise BadPath(path)
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if (member := match["member"]) is not None:
        return Step("member", member)
    if (wanted := match["filter"]) is not None:
        if not wanted:
            return Step("list")
        split = re.fullmatch(r"([^=~]+)([=~])(.*)", wanted)
        if split is None:
            raise BadPath(match.string)
        return Step("list", split[1], split[3], split[2] == "~")
    if (key := match["key"]) is not None:
        return Step("map", key.removeprefix("~"), pattern=key.startswith("~"))
    return Step("json")


def values(path: str, given: object) -> Iterator[tuple[str, object]]:
    """Every value at a path of a parsed input, with its concrete path.

    Absent members, None, and steps that do not fit the input's form yield nothing.

    >>> list(values("Targets[].RoleArn", {"Targets": [{"Id": "a"}, {"RoleArn": "r"}]}))
    [('Targets[1].RoleArn', 'r')]
    """
    members = _members(path)
    if not members:
        return _walk(parse(path), given, "")
    for name in members:
        if not isinstance(given, Mapping):
            return iter(())
        given = given.get(name)
    return iter(() if given is None else ((path, given),))


@lru_cache(maxsize=4096)
def _members(path: str) -> tuple[str, ...]:
    """The members of a path that has no other steps, as most are; () for other paths."""
    steps = parse(path)
    return tuple(step.name for step in steps) if all(step.kind == "member" for step in steps) else ()


def _walk(steps: Sequence[Step], given: object, at: str) -> Iterator[tuple[str, object]]:
    if given is None:
        return
    if not steps:
        yield at, given
        return
    step, rest = steps[0], steps[1:]
    if step.kind == "member":
        if isinstance(given, Mapping):
            yield from _walk(rest, given.get(step.name), f"{at}.{step.name}" if at else step.name)
    elif step.kind == "list":
        if isinstance(given, Sequence) and not isinstance(given, str | bytes):
            for index, element in enumerate(given):
                if _wanted(step, element):
                    yield from _walk(rest, element, f"{at}[{index}]")
    elif step.kind == "map":
        if isinstance(given, Mapping) and step.name == "@":
            for key in given:
                yield from _walk(rest, key, f"{at}{{@}}")
        elif isinstance(given, Mapping):
            for key in _keys(step, given):
                yield from _walk(rest, given.get(key), f"{at}{{{key}}}")
    elif isinstance(given, str | bytes):
        try:
            inner = orjson.loads(given)
        except orjson.JSONDecodeError:
            return
        yield from _walk(rest, inner, f"{at}#json")


def _keys(step: Step, given: Mapping[str, object]) -> list[str]:
    if step.pattern:
        return [key for key in given if re.fullmatch(step.name, key)]
    return [step.name] if step.name else list(given)


def _wanted(step: Step, element: object) -> bool:
    if not step.name:
        return True
    if not isinstance(element, Mapping):
        return False
    value = element.get(step.name)
    if not isinstance(value, str):
        return False
    return re.fullmatch(step.value, value) is not None if step.pattern else value == step.value
