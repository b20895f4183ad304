"""The ``requestUri`` of a rest operation: ``/2015-03-31/functions/{FunctionName}/code?x=y``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import unquote

_LABEL: Final = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class UriTemplate:
    """One template, compiled. query holds the parameters that it demands, "" where any value will do."""

    text: str
    labels: tuple[str, ...]
    greedy: bool
    slash: bool  # whether the path ends in one
    literals: int  # characters of the path that are no label: more of them match more exactly
    query: Mapping[str, str]
    pattern: re.Pattern[str]

    def match(self, path: str) -> dict[str, str] | None:
        """The labels, decoded, of a percent-encoded path; None where it is no such path."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        return {name: unquote(value) for name, value in zip(self.labels, found.groups(), strict=True)}


@cache
def template(text: str) -> UriTemplate:
    """Compiles a template. A slash at the end of a path counts only in a greedy label (``{Key+}``)."""
    path, _, query = text.partition("?")
    labels: list[str] = []
    pattern = ""
    literals = 0
    position = 0
    greedy = False
    for found in _LABEL.finditer(path):
        literal = path[position : found.start()]
        labels.append(found[1])
        greedy = found[2] == "+"
        pattern += re.escape(literal) + ("(.+)" if greedy else "([^/]+)")
        literals += len(literal)
        position = found.end()
    rest = path[position:]
    literals += len(rest.rstrip("/"))
    if rest or not greedy:
        pattern += re.escape(rest.rstrip("/")) + "/?"
    parameters: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name:
            parameters[name] = value
    # A greedy label takes anything, line feeds (%0A) never reach here undecoded.
    slash = path.endswith("/")
    return UriTemplate(
        text, tuple(labels), greedy, slash, literals, parameters, re.compile(pattern, re.ASCII)
    )
