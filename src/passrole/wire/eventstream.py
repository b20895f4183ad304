"""Messages of ``application/vnd.amazon.eventstream``: what streaming operations answer in.

Source: Smithy, "Amazon Event Stream Specification".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final

_STRING: Final = 7
_PRELUDE: Final = struct.Struct(">II")


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: prelude and headers, payload, each part under its CRC-32."""
    encoded = bytearray()
    for name, value in headers.items():
        key, text = name.encode(), value.encode()
        encoded.append(len(key))
        encoded += key
        encoded.append(_STRING)
        encoded += len(text).to_bytes(2, "big")
        encoded += text
    # Four numbers of four bytes around them: total length, headers' length, and the two checksums.
    prelude = _PRELUDE.pack(16 + len(encoded) + len(payload), len(encoded))
    head = prelude + zlib.crc32(prelude).to_bytes(4, "big") + bytes(encoded) + payload
    return head + zlib.crc32(head).to_bytes(4, "big")


def event(name: str, payload: bytes, content_type: str, extra: Mapping[str, str]) -> bytes:
    """An event of a stream, by its member's name; extra are headers of its own."""
    headers = {":message-type": "event", ":event-type": name, **extra}
    if payload:
        headers[":content-type"] = content_type
    return message(headers, payload)
