"""A file's bytes, decompressed as they come, a quarter of a megabyte at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from isal import isal_zlib

from passrole.analysis.audit.faults import Cut
from passrole.analysis.audit.marks import BZIP2, CHUNK, GZIP, UTF_16, XZ, ZSTANDARD, Stream

_OTHERS: Final = (*BZIP2, XZ, ZSTANDARD, *UTF_16)
_DAMAGED: Final = cast(type[Exception], isal_zlib.error)  # isal's types take the class for one of its errors
_GZIP_FORM: Final = 31  # window bits of 15, with gzip's header
_DEEPEST: Final = 4  # times that something compressed is decompressed again


def chunks(stream: Stream, depth: int = 0) -> Iterator[bytes]:
    """What the stream holds, decompressed where it is, and again where that is compressed. None is empty.

    CloudWatch Logs hands Firehose gzip, which may compress it once more. Text in UTF-16, as PowerShell saves
    what a command prints, comes as UTF-8. Raises Cut, after all that could be read, for a stream that breaks
    off or is damaged, and Foreign for Zstandard where nothing here decompresses it.
    """
    taken = 0
    try:
        first = stream.read(CHUNK)
        while first and len(first) < len(XZ) and (more := stream.read(CHUNK)):
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
    if first.startswith(GZIP):
        return _gunzipped(stream, first)
    if first.startswith(_OTHERS):
        from passrole.analysis.audit.packed import unpacked  # loads what hardly any trail asks for

        return unpacked(stream, first)
    return None


def _again(pieces: Iterator[bytes], depth: int) -> Iterator[bytes]:
    """The pieces, decompressed once more where they are compressed still."""
    first = next(pieces, b"")
    while len(first) < len(XZ) and (more := next(pieces, b"")):
        first += more
    if first.startswith((GZIP, *_OTHERS)):
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
        if data and not data.startswith(GZIP[: len(data)]):
            raise Cut(f"byte {given}", "something that is no gzip stands behind the gzip")
