"""Does an input path stand in botocore's model of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from passrole.catalog import paths
from passrole.catalog.paths import Step


def reaches(shapes: Mapping[str, Any], shape: str, path: str) -> str:
    """The type at the end of a path (``string`` …); "" where the path leaves the model.

    Inside embedded JSON nothing is known: the type is then ``json``.
    """
    return _walk(shapes, shape, paths.parse(path))


def _walk(shapes: Mapping[str, Any], shape: str, steps: Sequence[Step]) -> str:
    spec = shapes[shape]
    kind: str = spec["type"]
    if not steps:
        return kind
    step, rest = steps[0], steps[1:]
    if step.kind == "member":
        member = spec.get("members", {}).get(step.name) if kind == "structure" else None
        return _walk(shapes, member["shape"], rest) if member else ""
    if step.kind == "list":
        if kind != "list":
            return ""
        element: str = spec["member"]["shape"]
        if step.name and step.name not in shapes[element].get("members", {}):
            return ""
        return _walk(shapes, element, rest)
    if step.kind == "map":
        if kind != "map":
            return ""
        return "string" if step.name == "@" else _walk(shapes, spec["value"]["shape"], rest)
    return "json" if kind in ("string", "blob") else ""
