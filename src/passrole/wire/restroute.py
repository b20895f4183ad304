"""Which operation of a rest service a request is for: method, path, query string and headers.

Operations that share a path are told apart by what they demand beside it: S3's ``?acl``, CopyObject's
x-amz-copy-source, ListParts' uploadId. The one that demands most, of those whose demands are met, is
meant; of two that demand the same, the one that is not deprecated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from passrole.wire import models
from passrole.wire.models import Operation
from passrole.wire.uri import UriTemplate, template

# A path that swallows everything ({Path+}) matches less exactly than any other.
_GREEDY: Final = 10_000


@dataclass(frozen=True)
class _Candidate:
    """One operation and what a request must carry to be for it."""

    operation: str
    unsigned: bool
    slash: bool  # whether its path ends in one
    query: tuple[tuple[str, str], ...]  # literals of its URI: name, and value unless any will do
    required_query: tuple[str, ...]
    required_headers: tuple[str, ...]

    def named_by(self, query: Mapping[str, str]) -> bool:
        """Whether the query string has the literals of the URI."""
        return all(name in query and value in ("", query[name]) for name, value in self.query)

    def complete_in(self, query: Mapping[str, str], headers: Collection[str]) -> bool:
        """Whether the required members are there."""
        return all(name in query for name in self.required_query) and all(
            name in headers for name in self.required_headers
        )


@dataclass(frozen=True)
class _Path:
    """One path of a service and the operations behind it, the most demanding first."""

    uri: UriTemplate
    candidates: tuple[_Candidate, ...]


@dataclass(frozen=True)
class RestMatch:
    """The operation found, and how exactly its path was matched."""

    operation: str
    unsigned: bool
    exactness: int


class RestRoutes:
    """All paths of one service."""

    def __init__(self, service: str) -> None:
        model = models.service(service)
        grouped: dict[tuple[str, str], list[Operation]] = {}
        for name in model.operations:
            operation = model.operation(name)
            path = re.sub(r"\{[^}+]+(\+?)\}", r"{x\1}", operation.uri.partition("?")[0])
            grouped.setdefault((operation.method, path.rstrip("/")), []).append(operation)
        paths: dict[str, list[_Path]] = {}
        for (method, _), operations in grouped.items():
            uri = template(operations[0].uri)
            ranked = sorted(operations, key=_demands, reverse=True)
            paths.setdefault(method, []).append(_Path(uri, tuple(_candidate(found) for found in ranked)))
        self._paths = {
            method: tuple(sorted(found, key=lambda path: (path.uri.greedy, -path.uri.literals)))
            for method, found in paths.items()
        }
        self.subresources: frozenset[str] = frozenset(
            name
            for found in self._paths.values()
            for path in found
            for candidate in path.candidates
            for name, value in candidate.query
            if not value
        )

    def match(
        self, method: str, path: str, query: Mapping[str, str], headers: Collection[str]
    ) -> RestMatch | None:
        """None where no operation of this service has such a request."""
        for known in self._paths.get(method, ()):
            if known.uri.pattern.fullmatch(path) is None:
                continue
            named = [candidate for candidate in known.candidates if candidate.named_by(query)]
            if not named:
                continue
            # Where nothing is complete, the least demanding is meant: its input will be found wanting.
            whole = (candidate for candidate in named if candidate.complete_in(query, headers))
            candidate = next(whole, named[-1])
            exactness = 2 * known.uri.literals - (_GREEDY if known.uri.greedy else 0)
            if not known.uri.greedy and candidate.slash == path.endswith("/"):
                exactness += 1
            return RestMatch(candidate.operation, candidate.unsigned, exactness)
        return None


@cache
def routes(service: str) -> RestRoutes:
    """The compiled paths of a service. Raises models.NoSuchService."""
    return RestRoutes(service)


def _candidate(operation: Operation) -> _Candidate:
    members = operation.input.members if operation.input is not None else {}
    required = operation.input.required if operation.input is not None else ()
    places: dict[str, list[str]] = {"querystring": [], "header": []}
    for name in required:
        member = members[name]
        if member.location in places:
            places[member.location].append(member.location_name or name)
    return _Candidate(
        operation=operation.name,
        unsigned=operation.unsigned,
        slash=template(operation.uri).slash,
        query=tuple(template(operation.uri).query.items()),
        required_query=tuple(places["querystring"]),
        required_headers=tuple(name.lower() for name in places["header"]),
    )


def _demands(operation: Operation) -> tuple[int, int, bool]:
    candidate = _candidate(operation)
    needed = len(candidate.required_query) + len(candidate.required_headers)
    return len(candidate.query), needed, not operation.deprecated
