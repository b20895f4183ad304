"""Streams that are compressed otherwise than by gzip, and texts in UTF-16."""

from __future__ import annotations

import bz2
import codecs
import lzma
from collections.abc import Callable, Iterator
from typing import Protocol

from passrole.analysis.audit.faults import Cut, Foreign
from passrole.analysis.audit.marks import BZIP2, CHUNK, UTF_16, XZ, Stream


class _Decompressor(Protocol):
    """What bz2 and lzma have for one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def unpacked(stream: Stream, first: bytes) -> Iterator[bytes]:
    """What a stream holds that begins as one of these. Raises Cut, and Foreign for want of pyarrow."""
    if first.startswith(BZIP2):
        return _decompressed(stream, first, bz2.BZ2Decompressor, "bzip2")
    if first.startswith(XZ):
        return _decompressed(stream, first, lzma.LZMADecompressor, "xz")
    if first.startswith(UTF_16):
        return _of_utf_16(stream, first)
    return _of_zstandard(stream, first)


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
