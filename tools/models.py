"""botocore's service models as the catalog's tools need them: input trees with their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import botocore
import botocore.session

from passrole.catalog import paths

_SESSION: Final = botocore.session.get_session()
_TAG: Final = re.compile(r"<[^>]+>")
VERSION: Final[str] = botocore.__version__


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar at the end of an input path."""

    path: str
    member: str  # the last member's name on the path
    shape: str
    type: str  # "string", "integer" …
    pattern: str
    enum: bool
    documentation: str
    parents: tuple[str, ...]  # shape names from the input's to this one's container
    required: bool
    depth: int


@dataclass
class Model:
    """One service's raw model."""

    name: str
    raw: dict[str, Any]
    _interesting: dict[str, bool] = field(default_factory=dict)

    @property
    def shapes(self) -> dict[str, Any]:
        """Shapes by name."""
        shapes: dict[str, Any] = self.raw["shapes"]
        return shapes

    @property
    def operations(self) -> dict[str, Any]:
        """Operations by name."""
        operations: dict[str, Any] = self.raw["operations"]
        return operations

    @property
    def metadata(self) -> dict[str, Any]:
        """The model's metadata block."""
        metadata: dict[str, Any] = self.raw["metadata"]
        return metadata

    def input_shape(self, operation: str) -> str:
        """The name of an operation's input shape, "" where it takes nothing."""
        shape: str = self.operations[operation].get("input", {}).get("shape", "")
        return shape

    def reaches(self, operation: str, path: str) -> bool:
        """Does an input path (see passrole.catalog.paths) stand in the operation's input."""
        shape = self.input_shape(operation)
        if not shape:
            return False
        for step in paths.parse(path):
            spec = self.shapes[shape]
            if step.kind == "member" and spec["type"] == "structure" and step.name in spec["members"]:
                shape = spec["members"][step.name]["shape"]
            elif step.kind == "list" and spec["type"] == "list":
                shape = spec["member"]["shape"]
            elif step.kind == "map" and spec["type"] == "map":
                shape = spec["key" if step.name == "@" else "value"]["shape"]
            else:
                return step.kind == "json" and spec["type"] in ("string", "blob")
        return True

    def leaves(self, operation: str, *, depth: int = 3) -> Iterator[Leaf]:
        """The scalars of an operation's input down to a depth of members."""
        shape = self.input_shape(operation)
        if shape:
            yield from self._walk(shape, "", "", (), False, depth, 0, "")

    def _walk(
        self,
        shape: str,
        path: str,
        member: str,
        parents: tuple[str, ...],
        required: bool,
        depth: int,
        level: int,
        documentation: str,
    ) -> Iterator[Leaf]:
        spec = self.shapes[shape]
        kind = spec["type"]
        if kind == "structure":
            if level >= depth or shape in parents:
                return
            needed = set(spec.get("required", ()))
            for name, ref in spec.get("members", {}).items():
                yield from self._walk(
                    ref["shape"],
                    f"{path}.{name}" if path else name,
                    name,
                    (*parents, shape),
                    name in needed,
                    depth,
                    level + 1,
                    ref.get("documentation", ""),
                )
        elif kind == "list":
            ref = spec["member"]
            yield from self._walk(
                ref["shape"], f"{path}[]", member, parents, required, depth, level, documentation
            )
        elif kind == "map":
            ref = spec["value"]
            yield from self._walk(
                ref["shape"], f"{path}{{}}", member, parents, required, depth, level, documentation
            )
        else:
            yield Leaf(
                path=path,
                member=member,
                shape=shape,
                type=kind,
                pattern=spec.get("pattern", ""),
                enum="enum" in spec,
                documentation=_TAG.sub("", documentation or spec.get("documentation", "")),
                parents=parents,
                required=required,
                depth=level,
            )


@lru_cache(maxsize=1)
def service_names() -> tuple[str, ...]:
    """botocore's services, in order."""
    return tuple(sorted(_SESSION.get_available_services()))


def model(service: str) -> Model:
    """The newest model of a service. Raises botocore's UnknownServiceError."""
    loader = _SESSION.get_component("data_loader")
    return Model(service, loader.load_service_model(service, "service-2"))
