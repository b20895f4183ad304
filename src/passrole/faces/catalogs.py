"""The catalog on the command line: shown, brought up to date, and compared with AWS's service reference."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from passrole.catalog import operations, reference
from passrole.faces import tables
from passrole.faces.options import default_folder
from passrole.faces.overlay import OVERLAY, lay
from passrole.values.errors import PassroleError

__all__ = ["OVERLAY", "default_folder", "diff", "lay", "show", "update"]

# Source: Service Authorization Reference, "Simplified AWS service information for programmatic access".
REFERENCE: Final = "https://servicereference.us-east-1.amazonaws.com/"
_TIMEOUT: Final = 30.0
_LARGEST: Final = 64 * 1024 * 1024  # bytes of one document


class NotInCatalog(PassroleError):
    """A service or operation that the catalog does not know."""


class NoReference(PassroleError):
    """A reference that cannot be fetched or read."""


def show(folder: Path, what: str, format: str) -> int:
    """Operations with their actions and role parameters: one, a service's, or all that take roles."""
    lay(folder)
    rows = list(_described(what))
    if format == "jsonl":
        sys.stdout.writelines(orjson.dumps(row).decode() + "\n" for row in rows)
        return 0
    if format == "json":
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
        return 0
    headings = ("operation", "actions", "role parameter", "holds", "passed to")
    tables.write_table(headings, (cells for row in rows for cells in _cells(row)))
    return 0


def _described(what: str) -> Iterator[dict[str, object]]:
    service, _, name = what.partition(":")
    if not what:
        for operation in operations.passing():
            yield from _one(operation.service, operation.name)
    elif name:
        found = list(_one(service, name))
        if not found:
            near = [one for one in operations.operation_names(service) if one.lower() == name.lower()]
            hint = f"; there is {service}:{near[0]}" if near else ""
            raise NotInCatalog(f"catalog: {what}: not known{hint}")
        yield from found
    else:
        names = operations.operation_names(service)
        if not names:
            raise NotInCatalog(
                f"catalog: {service}: no such service; it is botocore's name, as in stepfunctions"
            )
        for one in names:
            yield from _one(service, one)


def _one(service: str, name: str) -> Iterator[dict[str, object]]:
    found = operations.describe(service, name)
    if found is not None:
        yield found


def _cells(row: dict[str, object]) -> Iterator[tuple[str, ...]]:
    service, operation = str(row["service"]), str(row["operation"])
    actions = row["actions"]
    first = (f"{service}:{operation}", ", ".join(actions) if isinstance(actions, list) else "")
    known = operations.operation(service, operation)
    parameters = known.role_parameters if known is not None else ()
    if not parameters:
        yield (*first, "", "", "")
    for parameter in parameters:
        yield (*first, parameter.path, parameter.holds, ", ".join(parameter.principals))
        first = ("", "")


def update(folder: Path, source: str) -> int:
    """Takes the reference over into the data folder."""
    published = [one for document in _documents(source) for one in reference.read(document)]
    operations.use_overlay(None)
    date = datetime.now(UTC).date().isoformat()
    content = reference.overlay(published, source=source or REFERENCE, date=date)
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / f"{OVERLAY}.new"
    written.write_bytes(content)
    written.replace(folder / OVERLAY)
    services = orjson.loads(content)["services"]
    count = sum(map(len, services.values()))
    print(f"{count} operations of {len(services)} services taken over into {folder / OVERLAY}")
    return 0


def diff(source: str) -> int:
    """Tells where the reference and the catalog disagree; 1 where they do."""
    found = reference.differences(
        [one for document in _documents(source) for one in reference.read(document)]
    )
    tables.write_table(
        ("operation", "about", "catalog", "reference"),
        (
            (f"{one.service}:{one.operation}", one.kind, ", ".join(one.catalog), ", ".join(one.reference))
            for one in found
        ),
    )
    return 1 if found else 0


def _documents(source: str) -> Iterator[bytes]:
    """One document a service: a file, a folder of them, or a URL; an index leads to the others."""
    source = source or REFERENCE
    if source.startswith(("http://", "https://")):
        content = _fetched(source)
        index = _index(content)
        if index is None:
            yield content
            return
        for url in index:
            yield _fetched(url)
        return
    path = Path(source)
    try:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        contents = [one.read_bytes() for one in files]
    except OSError as error:
        raise NoReference(f"catalog: {source}: {error.strerror}") from error
    if not contents:
        raise NoReference(f"catalog: {source}: no JSON documents in it")
    for content in contents:
        yield from _split(content)


def _split(content: bytes) -> Iterator[bytes]:
    """The documents in a file that may hold a list of them."""
    if content.lstrip().startswith(b"["):
        try:
            rows = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise NoReference(f"catalog: {error}") from error
        yield from map(orjson.dumps, rows)
    else:
        yield content


def _index(content: bytes) -> list[str] | None:
    """The URLs of an index, None for a document."""
    try:
        rows = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise NoReference(f"catalog: {error}") from error
    if not isinstance(rows, list):
        return None
    return [str(row["url"]) for row in rows if isinstance(row, dict) and "url" in row]


def _fetched(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise NoReference(f"catalog: {url}: not an http:// or https:// URL")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            content: bytes = answer.read(_LARGEST + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NoReference(f"catalog: {url}: {error}") from error
    if len(content) > _LARGEST:
        raise NoReference(f"catalog: {url}: larger than {_LARGEST} bytes")
    return content
