"""Which services moto has, found without importing any of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

from passrole.services.backend import OWN
from passrole.wire import services as wire_services

# Never moto's: Access Analyzer's answers come from this endpoint's engine or from nobody.
NOT_MOTOS: Final = OWN | {"accessanalyzer"}

# Where moto's package is not botocore's name without its hyphens. DocumentDB and Neptune share RDS's
# API, version and signing name.
_PACKAGES: Final[Mapping[str, str]] = {"lambda": "awslambda", "docdb": "rds", "neptune": "rds"}


@cache
def root() -> Path | None:
    """The folder of the installed moto; None where there is none."""
    found = importlib.util.find_spec("moto")
    return Path(found.origin).parent if found is not None and found.origin is not None else None


@cache
def release() -> tuple[int, ...]:
    """The release of the installed moto: ``(5, 2, 5)``."""
    numbers = version("moto").split(".")[:3]
    return tuple(int(number) for number in numbers if number.isdigit())


@cache
def services() -> Mapping[str, str]:
    """The services that moto answers: botocore's name -> moto's package."""
    folder = root()
    if folder is None:
        return {}
    packages = {path.parent.name for path in folder.glob("*/urls.py")}
    found: dict[str, str] = {}
    for name in wire_services.index():
        package = _PACKAGES.get(name, name.replace("-", ""))
        if package in packages and name not in NOT_MOTOS:
            found[name] = package
    return found
