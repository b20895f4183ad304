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
        # Loops, not all(): these run for every operation behind a path of every request.
        for name, value in self.query:  # noqa: SIM110
            if name not in query or (value and query[name] != value):
                return False
        return True

    def complete_in(self, query: Mapping[str, str], headers: Collection[str]) -> bool:
        """Whether the required members are there."""
        for name in self.required_query:
            if name not in query:
                return False
        for name in self.required_headers:  # noqa: SIM110
            if name not in headers:
                return False
        return True


@dataclass(frozen=True)
class _Path:
    """One path of a service and the operations behind it, the most demanding first."""

    uri: UriTemplate
    candidates: tuple[_Candidate, ...]
    plain: tuple[_Candidate, ...]  # those that demand nothing of the query string


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
            candidates = tuple(_candidate(found) for found in ranked)
            plain = tuple(one for one in candidates if not (one.query or one.required_query))
            paths.setdefault(method, []).append(_Path(uri, candidates, plain))
        self._paths = {method: _PathIndex(found) for method, found in paths.items()}
        self.subresources: frozenset[str] = frozenset(
            name
            for found in paths.values()
            for path in found
            for candidate in path.candidates
            for name, value in candidate.query
            if not value
        )

    def match(
        self, method: str, path: str, query: Mapping[str, str], headers: Collection[str]
    ) -> RestMatch | None:
        """None where no operation of this service has such a request."""
        index = self._paths.get(method)
        for known in index.candidates(path) if index is not None else ():
            if known.uri.pattern.fullmatch(path) is None:
                continue
            # Where nothing is complete, the least demanding is meant: its input will be found wanting.
            candidate = None
            for candidate in known.candidates if query else known.plain:
                if candidate.named_by(query) and candidate.complete_in(query, headers):
                    break
            else:
                candidate = next((one for one in reversed(known.candidates) if one.named_by(query)), None)
            if candidate is None:
                continue
            exactness = 2 * known.uri.literals - (_GREEDY if known.uri.greedy else 0)
            if not known.uri.greedy and candidate.slash == path.endswith("/"):
                exactness += 1
            return RestMatch(candidate.operation, candidate.unsigned, exactness)
        return None


class _PathIndex:
    """The paths of one method, by what a glance at a path tells: how many parts it has, and the first."""

    def __init__(self, paths: list[_Path]) -> None:
        ranked = sorted(paths, key=lambda path: (path.uri.greedy, -path.uri.literals))
        keys = {_glance(path.uri.text.partition("?")[0]) for path in paths}
        lengths = {length for length, _ in keys}
        heads = {head for _, head in keys}
        self._by_key = {
            (length, head): tuple(path for path in ranked if _fits(path, length, head))
            for length in lengths
            for head in (*heads, "")
        }
        self._greedy = tuple(path for path in ranked if path.uri.greedy)
        self._heads = heads

    def candidates(self, path: str) -> tuple[_Path, ...]:
        """Those that may match, the most exact first."""
        length, head = _glance(path)
        return self._by_key.get((length, head if head in self._heads else ""), self._greedy)


def _glance(path: str) -> tuple[int, str]:
    parts = path.rstrip("/").split("/", 2)
    return path.rstrip("/").count("/"), parts[1] if len(parts) > 1 else ""


def _fits(path: _Path, length: int, head: str) -> bool:
    own_length, own_head = _glance(path.uri.text.partition("?")[0])
    return (path.uri.greedy or own_length == length) and (own_head == head or "{" in own_head)


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
