"""Where a trail is: files, folders, a bucket, or the event history of an endpoint.

Each source is a number of pieces, and each piece is read by itself, by whichever process is free.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import msgspec

from passrole.analysis.audit.aside import is_aside
from passrole.analysis.audit.exports import R, record_of
from passrole.analysis.audit.faults import CannotOpen
from passrole.analysis.audit.forms.intake import Fault
from passrole.analysis.audit.records import records
from passrole.analysis.audit.streams import chunks
from passrole.analysis.sources import NoSource, Source
from passrole.values.errors import ServiceError

if TYPE_CHECKING:
    from passrole.wire.client import Client

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PART: Final = 8 << 20  # bytes of an object that are asked for at once
_S3: Final = "s3://"
_HTTP: Final = ("http://", "https://")


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One file, object or event history. kind is ``file``, ``object`` or ``history``.

    name is how it is named to people; place is the path, ``bucket/key`` or the Region. size is in bytes as
    it is stored, 0 where that is not known.
    """

    kind: str
    name: str
    place: str
    size: int = 0

    @property
    def is_digest(self) -> bool:
        """By its place, a digest or a summary of logs: it need not be read."""
        return is_aside(self.place)


def is_far(piece: Piece) -> bool:
    """Is it waited for, more than read?"""
    return piece.kind == "object"


class Progress(Protocol):
    """Told of bytes as they are taken from where they are stored."""

    def __call__(self, stored: int, /) -> None:
        """So many more."""


def pieces(trails: Iterable[str], source: Source, regions: Sequence[str] = ()) -> Iterator[Piece]:
    """The pieces of the trails that a command line names, in order, folders sorted by name.

    source gives the credentials for buckets and endpoints; regions are those whose history is looked up.
    Raises CannotOpen for a trail that is not there, or is none.
    """
    for trail in trails:
        if trail.startswith(_S3):
            yield from _objects(trail, source)
        elif trail == "-":
            yield Piece("file", "standard input", "/dev/stdin")
        elif trail.startswith(_HTTP):
            first = source.region or "us-east-1"
            for region in dict.fromkeys(regions or (first, "us-east-1")):
                yield Piece("history", f"{trail.rstrip('/')} ({region})", f"{trail}|{region}")
        else:
            yield from _files(trail)


def _files(trail: str) -> Iterator[Piece]:
    path = Path(trail)
    try:
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=_unreadable):
                folders.sort()
                for name in sorted(names):
                    inside = Path(folder) / name
                    if inside.is_file():
                        yield Piece("file", str(inside), str(inside), inside.stat().st_size)
        elif path.is_file() or path.is_fifo():
            yield Piece("file", trail, trail, path.stat().st_size)
        else:
            raise CannotOpen(f"{trail}: no such file or folder")
    except OSError as error:
        raise CannotOpen(f"{trail}: {error.strerror or error}") from error


def _unreadable(error: OSError) -> None:
    raise error


def _objects(trail: str, source: Source) -> Iterator[Piece]:
    bucket, _, prefix = trail.removeprefix(_S3).partition("/")
    try:
        with source.client() as client:
            pages = client.pages(
                "s3",
                "ListObjectsV2",
                {"Bucket": bucket, "Prefix": prefix},
                token="ContinuationToken",
                out="NextContinuationToken",
            )
            found = False
            for page in pages:
                rows = page.get("Contents")
                for row in rows if isinstance(rows, list) else ():
                    key, size = str(row.get("Key", "")), int(row.get("Size", 0))
                    if size and not key.endswith("/"):
                        found = True
                        yield Piece("object", f"{_S3}{bucket}/{key}", f"{bucket}/{key}", size)
    except NoSource:
        raise CannotOpen(f"{trail}: say whose bucket it is, with --profile NAME or --endpoint URL") from None
    except ServiceError as error:
        hint = "; name its Region with --region" if error.code == "PermanentRedirect" else ""
        raise CannotOpen(f"{trail}: {error}{hint}") from error
    if not found:
        raise CannotOpen(f"{trail}: nothing is there")


class Reader:
    """Reads pieces, with one connection for all of them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._client: Client | None = None

    def read(self, piece: Piece, fault: Fault, progress: Progress, kind: type[R]) -> Iterator[list[R]]:
        """The records of one piece, in order, see ``records``. Raises Foreign, Digest and CannotOpen."""
        match piece.kind:
            case "file":
                yield from self._file(piece, fault, progress, kind)
            case "object":
                part = _Object(self._reached(), piece, progress)
                yield from records(chunks(part), fault, kind)
            case _:
                yield from self._history(piece, fault, kind)

    def _file(self, piece: Piece, fault: Fault, progress: Progress, kind: type[R]) -> Iterator[list[R]]:
        try:
            stream = open(piece.place, "rb", buffering=0)  # noqa: SIM115 - closed below
        except OSError as error:
            raise CannotOpen(error.strerror or str(error)) from error
        with stream:
            counted = _Counted(stream, progress, piece.size)
            yield from records(chunks(counted), fault, kind, counted.whole)
            counted.finish()

    def _reached(self) -> Client:
        if self._client is None:
            self._client = self._source.client()
        return self._client

    def _history(self, piece: Piece, fault: Fault, kind: type[R]) -> Iterator[list[R]]:
        from passrole.wire.client import NotReached

        url, _, region = piece.place.rpartition("|")
        found = Source(endpoint=url, region=region)
        try:
            with found.client() as client:
                for page in client.pages("cloudtrail", "LookupEvents"):
                    yield list(_looked_up(page, fault, kind))
        except (ServiceError, NotReached) as error:
            raise CannotOpen(str(error)) from error


def _looked_up(page: Mapping[str, object], fault: Fault, kind: type[R]) -> Iterator[R]:
    rows = page.get("Events")
    for row in rows if isinstance(rows, list) else ():
        text = row.get("CloudTrailEvent") if isinstance(row, Mapping) else None
        if isinstance(text, str):
            try:
                event = json.loads(text)
                yield record_of(event, kind)
            except ValueError:
                fault(f"event {row.get('EventId')}", "not a CloudTrail record")


class _Counted:
    """A file that tells how much of it was read, and no more than there is."""

    def __init__(self, stream: BinaryIO, progress: Progress, size: int) -> None:
        self._stream = stream
        self._progress = progress
        self._size = size
        self._told = 0

    def read(self, size: int, /) -> bytes:
        """See Stream."""
        found = self._stream.read(size)
        self._tell(len(found))
        return found

    def whole(self) -> BinaryIO | None:
        """The file, if one can go back and forth in it."""
        return io.BufferedReader(_Sought(self._stream, self._tell)) if self._stream.seekable() else None

    def finish(self) -> None:
        """Nothing more of it will be read."""
        if self._size:
            self._tell(self._size - self._told)

    def _tell(self, count: int) -> None:
        more = min(count, self._size - self._told) if self._size else count  # some may be read twice
        if more > 0:
            self._told += more
            self._progress(more)


class _Sought(io.RawIOBase):
    """A file in which one goes back and forth."""

    def __init__(self, stream: BinaryIO, tell: Callable[[int], object]) -> None:
        self._stream = stream
        self._told = tell

    def readinto(self, into: WriteableBuffer, /) -> int:
        """As any file's."""
        found = self._stream.read(memoryview(into).nbytes)
        memoryview(into).cast("B")[: len(found)] = found
        self._told(len(found))
        return len(found)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As any file's."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As any file's."""
        return self._stream.tell()


class _Object:
    """An object in S3, taken part by part: it may be larger than memory."""

    def __init__(self, client: Client, piece: Piece, progress: Progress) -> None:
        self._client = client
        self._bucket, _, self._key = piece.place.partition("/")
        self._size = piece.size
        self._progress = progress
        self._at = 0
        self._left = b""

    def read(self, size: int, /) -> bytes:
        """See Stream. Raises OSError where S3 refuses."""
        from passrole.wire.client import NotReached

        if not self._left and self._at < self._size:
            end = min(self._at + _PART, self._size) - 1
            given = {"Bucket": self._bucket, "Key": self._key, "Range": f"bytes={self._at}-{end}"}
            try:
                body = self._client.call("s3", "GetObject", given).get("Body")
            except (ServiceError, NotReached) as error:
                raise OSError(str(error)) from error
            self._left = body if isinstance(body, bytes) else b""
            self._at = end + 1
            self._progress(len(self._left))
        found, self._left = self._left[:size], self._left[size:]
        return found
