"""The endpoint's own services: importing their modules registers their operations."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Final

from passrole.services.operation import OPERATIONS, Handler

# Modules and packages that hold handlers, each imported whole.
_HOLDERS: Final = (
    "passrole.services.accessanalyzer",
    "passrole.services.iam",
    "passrole.services.sts",
    "passrole.services.organizations",
    "passrole.services.cloudtrail",
    "passrole.services.cloudformation",
    "passrole.services.refusals",
)


def load() -> dict[tuple[str, str], Handler]:
    """Every own operation's handler, by (service, operation)."""
    for name in _HOLDERS:
        _whole(importlib.import_module(name))
    return OPERATIONS


def _whole(module: ModuleType) -> None:
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
        importlib.import_module(found.name)
