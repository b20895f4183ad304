"""A file's bytes, decompressed as they come, a quarter of a megabyte at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, cast

from isal import isal_zlib

from passrole.analysis.audit.faults import Cut

CHUNK: Final = 1 << 18  # bytes, of what comes and of what is handed on: it stays in a processor's cache
_GZIP: Final = b"\x1f\x8b"
_DAMAGED: Final = cast(type[Exception], isal_zlib.error)  # isal's types take the class for one of its errors
_GZIP_FORM: Final = 31  # window bits of 15, with gzip's header


class Stream(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, b"" at the end. Raises OSError."""


def chunks(stream: Stream) -> Iterator[bytes]:
    """What the stream holds, gunzipped where it is gzip. None is empty.

    Raises Cut, after all that could be read, for a stream that breaks off or is damaged.
    """
    taken = 0
    try:
        first = stream.read(CHUNK)
        while first and len(first) < len(_GZIP) and (more := stream.read(CHUNK)):
            first += more
        if first.startswith(_GZIP):
            yield from _gunzipped(stream, first)
            return
        while first:
            taken += len(first)
            yield first
            first = stream.read(CHUNK)
    except OSError as error:
        raise Cut(f"byte {taken}", f"cannot be read on: {error.strerror or error}") from error


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
