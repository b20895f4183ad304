"""A file's bytes, decompressed as they come, a quarter of a megabyte at a time."""

from __future__ import annotations

import bz2
import codecs
import lzma
from collections.abc import Callable, Iterator
from typing import Final, Protocol, cast

from isal import isal_zlib

from passrole.analysis.audit.faults import Cut, Foreign

CHUNK: Final = 1 << 18  # bytes, of what comes and of what is handed on: it stays in a processor's cache
_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\x00"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_DAMAGED: Final = cast(type[Exception], isal_zlib.error)  # isal's types take the class for one of its errors
_GZIP_FORM: Final = 31  # window bits of 15, with gzip's header
_DEEPEST: Final = 4  # times that something compressed is decompressed again


class Stream(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, b"" at the end. Raises OSError."""


class _Decompressor(Protocol):
    """What bz2 and lzma have for one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def chunks(stream: Stream, depth: int = 0) -> Iterator[bytes]:
    """What the stream holds, decompressed where it is, and again where that is compressed. None is empty.

    CloudWatch Logs hands Firehose gzip, which may compress it once more. Text in UTF-16, as PowerShell saves
    what a command prints, comes as UTF-8. Raises Cut, after all that could be read, for a stream that breaks
    off or is damaged, and Foreign for Zstandard where nothing here decompresses it.
    """
    taken = 0
    try:
        first = stream.read(CHUNK)
        while first and len(first) < len(_XZ) and (more := stream.read(CHUNK)):
            first += more
        unpacked = _unpacked(stream, first) if depth < _DEEPEST else None
        if unpacked is not None:
            yield from _again(unpacked, depth + 1)
            return
        while first:
            taken += len(first)
            yield first
            first = stream.read(CHUNK)
    except OSError as error:
        raise Cut(f"byte {taken}", f"cannot be read on: {error.strerror or error}") from error


def _unpacked(stream: Stream, first: bytes) -> Iterator[bytes] | None:
    """What a compressed stream holds; None for one that is not."""
    if first.startswith(_GZIP):
        return _gunzipped(stream, first)
    if first.startswith(_BZIP2) and first[3:4].isdigit():
        return _decompressed(stream, first, bz2.BZ2Decompressor, "bzip2")
    if first.startswith(_XZ):
        return _decompressed(stream, first, lzma.LZMADecompressor, "xz")
    if first.startswith(_ZSTANDARD):
        return _of_zstandard(stream, first)
    if first.startswith(_UTF_16):
        return _of_utf_16(stream, first)
    return None


def _again(pieces: Iterator[bytes], depth: int) -> Iterator[bytes]:
    """The pieces, decompressed once more where they are compressed still."""
    first = next(pieces, b"")
    while len(first) < len(_XZ) and (more := next(pieces, b"")):
        first += more
    if first.startswith((_GZIP, _BZIP2, _XZ, _ZSTANDARD, *_UTF_16)):
        yield from chunks(_Put(first, pieces), depth)
        return
    if first:
        yield first
    yield from pieces


class _Put:
    """A stream of pieces."""

    def __init__(self, first: bytes, rest: Iterator[bytes]) -> None:
        self._left = first
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        """See Stream. Raises what the pieces raise."""
        found = self._left or next(self._rest, b"")
        found, self._left = found[:size], found[size:]
        return found


def _gunzipped(stream: Stream, data: bytes) -> Iterator[bytes]:
    """Every member of a gzip stream."""
    given = 0  # bytes handed on
    while data:
        member = isal_zlib.decompressobj(_GZIP_FORM)
        while not member.eof:
            try:
                out = member.decompress(data, CHUNK)
            except _DAMAGED as error:
                raise Cut(f"byte {given}", f"damaged gzip: {error}") from error
            if out:
                given += len(out)
                yield out
            data = member.unconsumed_tail
            if not data and not member.eof:
                data = stream.read(CHUNK)
                if not data:
                    rest = member.flush()
                    if rest:
                        given += len(rest)
                        yield rest
                    if not member.eof:
                        raise Cut(f"byte {given}", "cut-off gzip: its end is missing")
        data = member.unused_data or stream.read(CHUNK)
        data = data.lstrip(b"\0")  # padding, as tape and some copy tools leave it
        if data and not data.startswith(_GZIP[: len(data)]):
            raise Cut(f"byte {given}", "something that is no gzip stands behind the gzip")


def _decompressed(
    stream: Stream, data: bytes, make: Callable[[], _Decompressor], name: str
) -> Iterator[bytes]:
    """Every stream of a file that bzip2 or xz made."""
    given = 0
    while data:
        one = make()
        while not one.eof:
            try:
                out = one.decompress(data, CHUNK)
            except (OSError, lzma.LZMAError, EOFError) as error:
                raise Cut(f"byte {given}", f"damaged {name}: {error}") from error
            if out:
                given += len(out)
                yield out
            data = b""
            if one.needs_input and not one.eof:
                data = stream.read(CHUNK)
                if not data:
                    raise Cut(f"byte {given}", f"cut-off {name}: its end is missing")
        data = (one.unused_data or stream.read(CHUNK)).lstrip(b"\0")


def _of_zstandard(stream: Stream, data: bytes) -> Iterator[bytes]:
    """Zstandard, for which Python has nothing before 3.14: by pyarrow."""
    try:
        import pyarrow
    except ImportError as error:
        raise Foreign("compressed by Zstandard: install passrole[parquet], or decompress it") from error
    given = 0
    source = pyarrow.PythonFile(_Whole(data, stream), mode="r")
    try:
        with pyarrow.CompressedInputStream(source, "zstd") as unpacked:
            while out := unpacked.read(CHUNK):
                given += len(out)
                yield out
    except pyarrow.ArrowException as error:
        raise Cut(f"byte {given}", f"damaged Zstandard: {error}") from error
    except OSError as error:
        raise Cut(f"byte {given}", f"damaged or cut-off Zstandard: {error}") from error


class _Whole:
    """A stream from its beginning, as pyarrow takes one."""

    def __init__(self, first: bytes, stream: Stream) -> None:
        self._left = first
        self._stream = stream
        self.closed = False

    def read(self, size: int = CHUNK, /) -> bytes:
        """See Stream."""
        found = self._left or self._stream.read(max(0, size))
        found, self._left = found[:size], found[size:]
        return found

    def close(self) -> None:
        """Nothing is to be closed here."""
        self.closed = True


def _of_utf_16(stream: Stream, data: bytes) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    while data:
        if out := decoder.decode(data).encode():
            yield out
        data = stream.read(CHUNK)
    if out := decoder.decode(b"", final=True).encode():
        yield out
