"""Runs a function on a module right after its import, whoever imports it and when.

moto's services import each other inside functions, in the middle of a call; what we replace in a module must
be in place before anything there is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

Change = Callable[[ModuleType], None]


class _Changing(Loader):
    """Loads a module as its own loader would, then changes it."""

    def __init__(self, loader: Loader, change: Change) -> None:
        self._loader = loader
        self._change = change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(module)


class _Finder(MetaPathFinder):
    def __init__(self, changes: Mapping[str, Change]) -> None:
        self.changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        change = self.changes.get(fullname)
        if change is None:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Changing(spec.loader, change)
        return spec


def change_on_import(changes: Mapping[str, Change]) -> None:
    """Applies each change to its module: now where it is imported already, else when it is."""
    sys.meta_path.insert(0, _Finder(changes))
    for name, change in changes.items():
        module = sys.modules.get(name)
        if module is not None:
            change(module)
