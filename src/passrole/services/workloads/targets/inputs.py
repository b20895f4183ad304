"""What a target of a rule gets: the event, a part of it, a constant, or a template filled from it.

Source: EventBridge User Guide, "Amazon EventBridge input transformation"; EventBridge API Reference, Target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from passrole.services.targets import Document, Rule

_PLACE: Final = re.compile(r'("?)<([A-Za-z0-9_.-]+)>("?)')
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|'[^']*')\]")
_ABSENT: Final = object()


def payload(target: Document, event: Document, rule: Rule) -> str:
    """The text that goes to the target."""
    constant = target.get("Input")
    if isinstance(constant, str) and constant:
        return constant
    part = target.get("InputPath")
    if isinstance(part, str) and part:
        found = at(event, part)
        return json.dumps(None if found is _ABSENT else found, separators=(",", ":"))
    transformer = target.get("InputTransformer")
    if isinstance(transformer, Mapping) and transformer.get("InputTemplate"):
        return _filled(transformer, event, rule)
    return json.dumps(event, separators=(",", ":"))


def at(document: object, path: str) -> Any:  # whatever JSON is there
    """What a path like ``$.detail.instances[0]`` leads to; a marker of its own where there is nothing."""
    found = document
    for step in _STEP.finditer(path.removeprefix("$")):
        name, number = step[1], step[2]
        if name is None and number.startswith("'"):
            name = number[1:-1]
        if name is not None:
            found = found.get(name, _ABSENT) if isinstance(found, Mapping) else _ABSENT
        else:
            place = int(number)
            found = found[place] if isinstance(found, list) and place < len(found) else _ABSENT
        if found is _ABSENT:
            break
    return found


def _filled(transformer: Document, event: Document, rule: Rule) -> str:
    values: dict[str, object] = {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": event.get("time", ""),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    paths = transformer.get("InputPathsMap") or {}
    values |= {name: at(event, path) for name, path in paths.items()}
    template = str(transformer["InputTemplate"])

    def put(place: re.Match[str]) -> str:
        before, name, after = place.groups()
        value = values.get(name, _ABSENT)
        if value is _ABSENT:
            value = "" if before and after else {}
            return f"{before}{after}" if before and after else "null"
        if before and after:  # "<name>": a text of its own
            return json.dumps(value) if isinstance(value, str) else f'"{_inside(value)}"'
        if _within_text(template, place.start()):
            return f"{before}{_inside(value)}{after}"
        return f"{before}{json.dumps(value, separators=(',', ':'))}{after}"

    return _PLACE.sub(put, template)


def _inside(value: object) -> str:
    """A value within a JSON text."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return json.dumps(text)[1:-1]


def _within_text(template: str, place: int) -> bool:
    """Is that place between two quotes?"""
    quotes = re.findall(r'(?<!\\)"', template[:place])
    return len(quotes) % 2 == 1
