"""Writes src/passrole/services/shapes/*.py: the inputs and outputs of our own services as TypedDicts.

python tools/shapes.py [--check]

With --check nothing is written; it exits 1 where a file is not what the installed botocore gives.
"""

from __future__ import annotations

import sys
from pathlib import Path

from passrole.wire import models

TARGET = Path(__file__).parents[1] / "src/passrole/services/shapes"
SERVICES = {
    "iam": "IAM",
    "sts": "STS",
    "organizations": "Organizations",
    "cloudformation": "CloudFormation",
    "cloudtrail": "CloudTrail",
}

NO_INPUT = "NoInput"  # no service has a shape of that name

_SCALARS = {
    "string": "str",
    "character": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "datetime",
    "blob": "bytes",
}


def main(arguments: list[str]) -> int:
    """Writes every file, or only compares."""
    stale = 0
    for name, title in SERVICES.items():
        path = TARGET / f"{name}.py"
        text = module(models.service(name), title)
        if arguments == ["--check"]:
            if path.read_text() != text:
                print(f"{path} is stale: run python tools/shapes.py", file=sys.stderr)
                stale = 1
        else:
            path.write_text(text)
    return stale


def module(service: models.Service, title: str) -> str:
    """The text of one file: every structure that an input or output reaches, by name."""
    found: dict[str, models.Shape] = {}
    for name in service.operations:
        operation = service.operation(name)
        for shape in (operation.input, operation.output):
            if shape is not None:
                _reach(shape, found)
    # A member that is called like a structure hides that type inside its class: there an alias stands for it.
    hidden = {name for shape in found.values() for name in shape.members if name in found}
    classes = [_class(found[name], hidden) for name in sorted(found)]
    if any(service.operation(name).input is None for name in service.operations):
        classes.insert(
            0, f'class {NO_INPUT}(TypedDict):\n    """The input of an operation that takes none."""\n'
        )
    aliases = "\n".join(f"_{name}: TypeAlias = {name}" for name in sorted(hidden))
    if aliases:
        classes.append(aliases + "\n")
    text = "\n\n".join(classes)
    imports = [f"from collections.abc import {_used(text, 'Mapping', 'Sequence')}"]
    if "datetime" in text:
        imports.append("from datetime import datetime")
    imports.append(f"from typing import {_used(text, 'NotRequired', 'TypeAlias', 'TypedDict')}")
    head = f'"""Inputs and outputs of {title}. Written by tools/shapes.py from botocore\'s model."""'
    return "\n".join((head, "", "from __future__ import annotations", "", *imports, "", "", text))


def _used(text: str, *names: str) -> str:
    return ", ".join(name for name in names if name in text)


def _reach(shape: models.Shape, found: dict[str, models.Shape]) -> None:
    if shape.kind == "structure":
        if shape.name not in found:
            found[shape.name] = shape
            for member in shape.members.values():
                _reach(member, found)
    elif shape.kind == "list":
        _reach(shape.member, found)
    elif shape.kind == "map":
        _reach(shape.value, found)


def _class(shape: models.Shape, hidden: set[str]) -> str:
    lines = [f"class {shape.name}(TypedDict):"]
    for name, member in shape.members.items():
        type_ = _type(member, hidden)
        lines.append(f"    {name}: {type_ if name in shape.required else f'NotRequired[{type_}]'}")
    if not shape.members:
        lines.append('    """No members."""')
    return "\n".join(lines) + "\n"


def _type(shape: models.Shape, hidden: set[str]) -> str:
    if shape.kind == "structure":
        return f"_{shape.name}" if shape.name in hidden else shape.name
    if shape.kind == "list":
        return f"Sequence[{_type(shape.member, hidden)}]"
    if shape.kind == "map":
        return f"Mapping[str, {_type(shape.value, hidden)}]"
    return _SCALARS[shape.kind]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
