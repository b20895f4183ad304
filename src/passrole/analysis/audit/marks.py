"""How bytes come, and the first of them, which tell what they are compressed by."""

from __future__ import annotations

from typing import Final, Protocol

CHUNK: Final = 1 << 18  # bytes, of what comes and of what is handed on: it stays in a processor's cache
GZIP: Final = b"\x1f\x8b"
BZIP2: Final = tuple(b"BZh%d" % level for level in range(1, 10))
XZ: Final = b"\xfd7zXZ\x00"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Stream(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, b"" at the end. Raises OSError."""
