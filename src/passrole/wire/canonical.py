"""The canonical form of a request, which is what a signature of version 4 signs.

Source: IAM User Guide, "Create a signed AWS API request"; S3 API Reference, "Authenticating Requests (AWS
Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from passrole.wire.percent import unquoted
from passrole.wire.request import Credential, RawRequest, Signature

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TERMINATOR: Final = "aws4_request"

_SPACES: Final = re.compile(r"[ \t\n\r\f\v]{2,}|[\t\n\r\f\v]")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9._~/-]*", re.ASCII)
_PLAIN_QUERY: Final = re.compile(r"[A-Za-z0-9._~=&-]*", re.ASCII)


def canonical_requests(raw: RawRequest, signature: Signature, payload: str, *, s3: bool) -> list[str]:
    """Every text that the client may have signed; most requests have just one.

    payload is the hash of the body, or what stands for it. s3 chooses S3's form of a path.
    """
    query = canonical_query(raw.query, presigned=signature.presigned)
    names = signature.signed_headers
    rest = f"{query}\n{canonical_headers(raw, names)}\n{';'.join(names)}\n{payload}"
    paths = _s3_paths(raw.path) if s3 else _paths(raw.path)
    return [f"{raw.method}\n{path}\n{rest}" for path in paths]


def canonical_headers(raw: RawRequest, names: tuple[str, ...]) -> str:
    """One line for each signed header, in the order of names, with its trimmed values."""
    values: dict[str, str] = dict.fromkeys(names, "")
    seen: set[str] = set()
    for name, value in raw.headers:
        if name in values:
            trimmed = value.strip(" \t\n\r\f\v")
            if _SPACES.search(trimmed):
                trimmed = re.sub(r"[ \t\n\r\f\v]+", " ", trimmed)
            values[name] = f"{values[name]},{trimmed}" if name in seen else trimmed
            seen.add(name)
    return "".join([f"{name}:{value}\n" for name, value in values.items()])


def canonical_query(query: str, *, presigned: bool) -> str:
    """The query's parameters, each encoded anew, sorted by name and value."""
    if not query:
        return ""
    pairs: list[tuple[str, str]] = []
    plain = _PLAIN_QUERY.fullmatch(query) is not None
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if not plain or "=" in value:
            name, value = _encoded_again(name), _encoded_again(value)
        if not (presigned and name == "X-Amz-Signature"):
            pairs.append((name, value))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _encoded_again(text: str) -> str:
    return quote(unquoted(text), safe="-._~")


def _s3_paths(path: str) -> tuple[str, ...]:
    """S3: encoded once, nothing normalized; and as it came, for a client that signs %2F in a key."""
    if _PLAIN_PATH.fullmatch(path):
        return (path or "/",)
    again = quote(unquote_to_bytes(path), safe="/-._~")
    return (again,) if again == path else (again, path)


def _paths(path: str) -> tuple[str, ...]:
    """Other services: normalized, then what is on the wire encoded a second time.

    The second form is for clients that sent a character as it is (``:`` in an ARN), and signed it
    encoded twice all the same.
    """
    normal = normalized(path)
    if _PLAIN_PATH.fullmatch(normal):
        return (normal,)
    once = quote(normal, safe="/-._~")
    twice = quote(quote(unquote_to_bytes(normal), safe="/-._~"), safe="/-._~")
    return (once,) if once == twice else (once, twice)


def normalized(path: str) -> str:
    """The path without dot segments and without empty ones."""
    if "//" not in path and "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    tail = "/" if kept and segments[-1] in ("", ".", "..") else ""
    return f"/{'/'.join(kept)}{tail}"


def scope(credential: Credential) -> str:
    """``20260102/us-east-1/iam/aws4_request``."""
    return f"{credential.date}/{credential.region}/{credential.service}/{TERMINATOR}"


def string_to_sign(signature: Signature, canonical_request: str) -> str:
    """The four lines that are signed for a canonical request."""
    digest = hashlib.sha256(_octets(canonical_request)).hexdigest()
    return f"{ALGORITHM}\n{signature.timestamp}\n{scope(signature.credential)}\n{digest}"


def _octets(text: str) -> bytes:
    """The bytes that a header was decoded from: latin-1, as HTTP/1.1 servers do."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def query_parameters(query: str) -> dict[str, str]:
    """The decoded parameters of a query string; the first of a repeated name wins."""
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name:
            found.setdefault(_decoded(name), _decoded(value))
    return found


def _decoded(text: str) -> str:
    if "%" in text or "+" in text:
        return unquoted(text).decode("utf-8", "replace")
    return text
