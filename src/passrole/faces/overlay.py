"""AWS's service reference, where ``passrole catalog update`` took it over, laid over the catalog's data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from passrole.catalog import operations

OVERLAY: Final = "service-reference.json"  # in the data folder


def lay(folder: Path) -> None:
    """Lays what is in the folder, where there is any, over the catalog. Raises BadCatalogFile."""
    path = folder / OVERLAY
    if path.exists():
        operations.use_overlay(path.read_bytes())
