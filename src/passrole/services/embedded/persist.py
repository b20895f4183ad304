"""What the embedded services hold, over a clean stop and start.

A snapshot is a cache: it is read by the very moto, Python and passrole that wrote it, and only if nobody
else touched it. One file a service (with those that share its tables), and a manifest that names them with
their digests under a key of the endpoint's own; the manifest is written last, so a stop that fails half-way
keeps the old one or none. While the endpoint runs a mark lies beside them: a run that was killed leaves it,
and what its services held is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from passrole.services.embedded.inventory import release

log = logging.getLogger(__name__)

MANIFEST: Final = "manifest"
RUNNING: Final = "running"
ASIDE: Final = "set-aside"
_PURPOSE: Final = b"snapshots of embedded services"


@dataclass(frozen=True, slots=True)
class Restored:
    """What is back: moto's packages. notes are for whoever started the endpoint, a line each.

    principals is what ``Facts`` remembers of resource-based policies.
    """

    packages: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    principals: Sequence[tuple[str, str, Mapping[str, str]]] = ()


@dataclass(slots=True)
class _Manifest:
    """versions are those that wrote it; files holds name, digest and moto's packages by service."""

    versions: Mapping[str, str]
    stopped: str
    files: dict[str, tuple[str, str, list[str]]] = field(default_factory=dict)
    principals: Sequence[tuple[str, str, Mapping[str, str]]] = ()


class Keeper:
    """The snapshots of one data folder. secret is the endpoint's, of which the key is derived."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        self._folder = folder
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)

    def restore(self, install: Callable[[], None]) -> Restored:
        """Puts what is kept into moto's tables, which are empty. Files that cannot be used are set aside.

        install readies moto; it is called only where there is something to put there.
        """
        if (self._folder / RUNNING).exists():
            self._aside()
            return Restored(
                notes=("The last run was not stopped cleanly: what its embedded services held is gone.",)
            )
        manifest, problem = self._read()
        if manifest is None:
            if problem:
                self._aside()
            return Restored(notes=(self._refused(problem),) if problem else ())
        packages: set[str] = set()
        notes: list[str] = []
        if manifest.files:
            install()
            pickled: Any = import_module("passrole.services.embedded.pickled")
            loading = pickled.Loading()
            for name, digest, each in manifest.files.values():
                problem = self._load(loading, pickled.UNREADABLE, self._folder / name, digest, each)
                if problem:
                    notes.append(self._refused(problem))
                else:
                    packages.update(each)
            loading.finish()
        return Restored(frozenset(packages), tuple(notes), manifest.principals)

    def _load(
        self,
        loading: Any,
        unreadable: tuple[type[Exception], ...],
        path: Path,
        digest: str,
        packages: list[str],
    ) -> str:
        """Reads one file; returns why it is set aside instead, "" where it is not."""
        try:
            with path.open("rb") as source:
                if hashlib.file_digest(source, "sha256").hexdigest() != digest:
                    problem = f"{path} was changed"
                else:
                    for package in packages:
                        import_module(f"moto.{package}.models")
                    source.seek(0)
                    loading.load(source)
                    return ""
        except OSError as error:
            return f"{path} is lost: {error.strerror}"
        except unreadable as error:
            log.info("%s cannot be read back: %s", path, error)
            problem = f"{path} cannot be read back ({type(error).__name__})"
        self._set_aside([path])
        return problem

    def begin(self) -> None:
        """From now on the services change: without a clean stop the snapshots are of no use."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _private(self._folder / RUNNING):
            pass

    def keep(self, principals: Sequence[tuple[str, str, Mapping[str, str]]]) -> tuple[str, ...]:
        """Writes every service that has a state; returns which could not be kept, a line each."""
        pickled: Any = import_module("passrole.services.embedded.pickled")
        manifest = _Manifest(_versions(), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
        manifest.principals = principals
        notes: list[str] = []
        try:
            for service, tables in sorted(pickled.tables().items()):
                taken: Sequence[Any] = tables
                try:
                    written = self._write(pickled, service, taken)
                except pickled.UNPICKLABLE:
                    taken, problems = _picklable(pickled, tables)
                    notes += problems
                    if not taken:
                        continue
                    written = self._write(pickled, service, taken)
                manifest.files[service] = (*written, sorted({table.package for table in taken}))
            self._write_manifest(manifest)
        except OSError as error:
            return (*notes, f"What the embedded services hold could not be written: {error}")
        self.end()
        return tuple(notes)

    def end(self) -> None:
        """A clean end: what lies there is as it was left."""
        with suppress(FileNotFoundError):
            (self._folder / RUNNING).unlink()

    def _write(self, pickled: Any, service: str, tables: Sequence[Any]) -> tuple[str, str]:
        """A service's file, under a name that no earlier one has; returns the name and its digest."""
        name = f"{service}.{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        digest = hashlib.sha256()
        with _private(self._folder / name) as file:
            pickled.dump(tables, cast(BinaryIO, _Hashed(file, digest)))
        return name, digest.hexdigest()

    def _write_manifest(self, manifest: _Manifest) -> None:
        body = json.dumps(
            {
                "versions": manifest.versions,
                "stopped": manifest.stopped,
                "files": manifest.files,
                "principals": manifest.principals,
            },
            separators=(",", ":"),
        ).encode()
        fresh = self._folder / f"{MANIFEST}.new"
        with _private(fresh) as file:
            file.write(self._seal(body).encode() + b"\n" + body)
        fresh.replace(self._folder / MANIFEST)
        with suppress(OSError):  # not every file system can
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        kept = {name for name, _, _ in manifest.files.values()}
        for path in self._files():
            if path.name not in kept:
                path.unlink()

    def _read(self) -> tuple[_Manifest | None, str]:
        """The manifest, or why there is none to use; "" where nothing is kept."""
        path = self._folder / MANIFEST
        try:
            seal, _, body = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None, ""
        except OSError as error:
            return None, str(error)
        if not hmac.compare_digest(seal, self._seal(body).encode()):
            return None, f"{path} was not written by this endpoint, or was changed"
        given = json.loads(body)
        versions = _versions()
        if given["versions"] != versions:
            told = ", ".join(f"{name} {version}" for name, version in given["versions"].items())
            return None, f"{path} was written by {told}"
        files = {
            service: (name, digest, list(each)) for service, (name, digest, each) in given["files"].items()
        }
        principals = [(service, text, dict(ids)) for service, text, ids in given["principals"]]
        return _Manifest(versions, given["stopped"], files, principals), ""

    def _refused(self, problem: str) -> str:
        where = self._folder / ASIDE
        return f"{problem}: it is not read, but set aside in {where}; the services in it start empty."

    def _aside(self) -> None:
        """Everything is out of the way."""
        manifest = self._folder / MANIFEST
        self._set_aside([*self._files(), *((manifest,) if manifest.exists() else ())])

    def _set_aside(self, paths: Sequence[Path]) -> None:
        """Files are there for whoever wants to look; only the last ones are."""
        where = self._folder / ASIDE
        if paths:
            where.mkdir(mode=0o700, exist_ok=True)
            for old in where.iterdir():
                old.unlink()
        for path in paths:
            path.replace(where / path.name)

    def _files(self) -> Iterator[Path]:
        """The services' files: all that are neither a mark nor a folder."""
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.is_file() and path.name not in (MANIFEST, RUNNING):
                yield path

    def _seal(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


class _Hashed(io.RawIOBase):
    """A file whose digest is taken while it is written."""

    def __init__(self, file: BinaryIO, digest: Any) -> None:
        super().__init__()
        self._file = file
        self._hash = digest

    def write(self, data: Any) -> int:
        """As the file's."""
        self._hash.update(data)
        return self._file.write(data)


def _picklable(pickled: Any, tables: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """The tables that can be written together, and a line for each that cannot."""
    taken: list[Any] = []
    notes: list[str] = []
    for table in tables:
        try:
            pickled.dump([*taken, table], io.BytesIO())
        except pickled.UNPICKLABLE as error:
            log.info("%s cannot be kept: %s", table.package, error)
            notes.append(f"What {table.package} holds cannot be kept over a stop ({type(error).__name__}).")
        else:
            taken.append(table)
    return taken, notes


def _versions() -> Mapping[str, str]:
    moto = ".".join(str(number) for number in release())
    return {"moto": moto, "Python": platform.python_version(), "passrole": version("passrole")}


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else may read, on disk when it is closed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
