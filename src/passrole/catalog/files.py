"""The catalog's data files: JSON written by ``tools/build_catalog.py``, read at first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import orjson

from passrole.values.errors import PassroleError

TABLES: Final = "tables"  # the folder of the files that are not one service's


class BadCatalogFile(PassroleError):
    """A data file that cannot be trusted: not JSON, or it names no source or no date."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return f"catalog file {self.name}: {self.why}"


def parse(name: str, content: bytes) -> Mapping[str, Any]:
    """The content of one data file.

    Raises BadCatalogFile unless it is a JSON object that says where its facts come from
    (``source``, a list of texts) and of which day they are (``date``, YYYY-MM-DD).
    """
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadCatalogFile(name, f"is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise BadCatalogFile(name, "is not a JSON object")
    source = data.get("source")
    if not isinstance(source, list) or not source or not all(isinstance(s, str) and s for s in source):
        raise BadCatalogFile(name, "names no source")
    date = data.get("date")
    if not isinstance(date, str) or len(date) != 10 or date[4] != "-" or date[7] != "-":
        raise BadCatalogFile(name, "names no date")
    return data


@lru_cache(maxsize=1)
def folder() -> Path:
    """Where the data files of this installation are."""
    return Path(str(resources.files("passrole.catalog"))) / "data"


def service_file(service: str) -> Mapping[str, Any] | None:
    """What the catalog holds of one of botocore's services, None where it has no file for it."""
    if not service or "/" in service or "\\" in service or service.startswith("."):
        return None
    return _read(folder() / f"{service}.json")


@lru_cache(maxsize=16)
def table(name: str) -> Mapping[str, Any]:
    """A table that is not one service's: ``services``, ``keys``, ``service_linked_roles`` …

    Raises BadCatalogFile where it is missing: the installation is not whole.
    """
    data = _read(folder() / TABLES / f"{name}.json")
    if data is None:
        raise BadCatalogFile(name, "is missing")
    return data


@lru_cache(maxsize=1)
def service_names() -> tuple[str, ...]:
    """Every service of botocore's that has a file, in order."""
    return tuple(sorted(path.stem for path in folder().glob("*.json")))


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return parse(path.name, content)
