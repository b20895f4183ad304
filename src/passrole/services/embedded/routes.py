"""Which of moto's functions answers a request, imported at the service's first use."""

from __future__ import annotations

import importlib
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from passrole.services.embedded.inventory import services

# moto: (request, URL, headers) -> (status, headers, body)
Handler = Callable[[Any, str, Any], object]

_patterns: Final[dict[str, tuple[tuple[re.Pattern[str], Handler], ...]]] = {}
_importing: Final = threading.Lock()


def handler(service: str, path: str) -> Handler | None:
    """The function for a percent-encoded path; None where moto knows no such path. Imports the service."""
    patterns = _patterns.get(service)
    if patterns is None:
        # One import at a time: moto's packages import each other, and two threads would wait for one another.
        with _importing:
            patterns = _patterns.get(service) or _load(service)
    for pattern, function in patterns:
        if pattern.match(path):
            return function
    return None


def loaded(service: str) -> bool:
    """Has the service been used, so that there may be resources of it?"""
    return service in _patterns


def _load(service: str) -> tuple[tuple[re.Pattern[str], Handler], ...]:
    urls = importlib.import_module(f"moto.{services()[service]}.urls")
    paths = cast("Mapping[str, Handler]", urls.url_paths)
    # moto matches "{base}/path" against a URL, in this order; here only the path is left to match.
    found = tuple((re.compile(path.format("")), function) for path, function in paths.items())
    _patterns[service] = found
    return found
