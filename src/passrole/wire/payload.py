"""What an S3 request really carries: aws-chunked framing taken off, hashes and checksums compared.

Source: S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload
in Multiple Chunks" and "… Including trailing headers"; S3 User Guide, "Checking object integrity".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.canonical import scope
from passrole.wire.checksums import CHECKSUMS
from passrole.wire.request import RawRequest, Signature
from passrole.wire.sigv4 import EMPTY_SHA256, UNSIGNED_PAYLOAD, SigningKeyCache, is_sha256

_SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_SIGNED_TRAILER: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_UNSIGNED_TRAILER: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_STREAMING: Final = frozenset({_SIGNED, _SIGNED_TRAILER, _UNSIGNED_TRAILER})

_SMALLEST_CHUNK: Final = 8192  # but for the last one
_CHECKSUM: Final = "x-amz-checksum-"
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,15}")

# Here the checksum headers speak of a whole object, not of this request's body.
_OF_THE_OBJECT: Final = frozenset({"CompleteMultipartUpload", "WriteGetObjectResponse"})


def decode_body(
    raw: RawRequest,
    signature: Signature | None,
    secret: str,
    *,
    keys: SigningKeyCache,
    operation: str = "",
) -> bytes:
    """The body of an S3 request, once ``sigv4.verify`` has accepted its headers.

    signature is None and secret "" for an anonymous request. Raises AuthFailure where the body is
    not what x-amz-content-sha256, the chunk signatures, Content-MD5, x-amz-decoded-content-length
    or a checksum, in a header or a trailer, say of it.
    """
    claimed = raw.header("x-amz-content-sha256")
    headers = {name: value for name, value in raw.headers if name.startswith(_CHECKSUM)}
    if claimed in _STREAMING:
        chain = None
        if claimed != _UNSIGNED_TRAILER:
            if signature is None:
                raise AuthFailure(AuthKind.MISSING)
            chain = _Chain(signature, keys.key(secret, signature.credential))
        body, trailer = _unchunked(raw, chain, trailer=claimed != _SIGNED)
        headers |= trailer
    else:
        body = raw.body
        if claimed is not None:
            _check_sha256(claimed, body)
    _check_md5(raw.header("content-md5"), body)
    if operation not in _OF_THE_OBJECT:
        _check_checksums(headers, body)
    return body


def _check_sha256(claimed: str, body: bytes) -> None:
    if claimed == UNSIGNED_PAYLOAD:
        return
    if not is_sha256(claimed):
        raise AuthFailure(AuthKind.BAD_CONTENT_SHA256, {"value": claimed})
    computed = hashlib.sha256(body).hexdigest()
    if computed != claimed:
        raise AuthFailure(AuthKind.CONTENT_SHA256_MISMATCH, {"given": claimed, "computed": computed})


def _check_md5(given: str | None, body: bytes) -> None:
    if given is None:
        return
    wanted = _from_base64(given)
    if wanted is None or len(wanted) != 16:
        raise AuthFailure(AuthKind.INVALID_DIGEST, {"value": given})
    computed = hashlib.md5(body, usedforsecurity=False).digest()
    if computed != wanted:
        details = {"given": given, "computed": b64encode(computed).decode()}
        raise AuthFailure(AuthKind.MD5_MISMATCH, details)


def _check_checksums(headers: Mapping[str, str], body: bytes) -> None:
    for header, given in headers.items():
        name = header.removeprefix(_CHECKSUM)
        compute = CHECKSUMS.get(name)
        if compute is None:  # x-amz-checksum-algorithm, -type, -mode: no checksums themselves
            continue
        wanted = _from_base64(given)
        computed = compute(body)
        if wanted is None or len(wanted) != len(computed):
            raise AuthFailure(AuthKind.INVALID_CHECKSUM, {"header": header})
        if wanted != computed:
            raise AuthFailure(AuthKind.CHECKSUM_MISMATCH, {"algorithm": name.upper()})


def _from_base64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        return None


@dataclass
class _Chain:
    """Each chunk's signature covers the one before it; the first follows the request's own."""

    signature: Signature
    key: bytes

    def __post_init__(self) -> None:
        self._previous = self.signature.signature

    def check(self, chunk: bytes | memoryview, given: str) -> None:
        """Raises AuthFailure unless given signs this chunk in its place."""
        digest = hashlib.sha256(chunk).hexdigest()
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{digest}", given)

    def check_trailer(self, trailer: bytes, given: str) -> None:
        """Raises AuthFailure unless given signs the trailing headers."""
        self._check("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(trailer).hexdigest(), given)

    def _check(self, algorithm: str, rest: str, given: str) -> None:
        signature = self.signature
        place = f"{signature.timestamp}\n{scope(signature.credential)}\n{self._previous}"
        computed = hmac.digest(self.key, f"{algorithm}\n{place}\n{rest}".encode(), "sha256").hex()
        if not hmac.compare_digest(computed.encode(), given.encode()):
            raise AuthFailure(AuthKind.CHUNK_MISMATCH)
        self._previous = computed


def _unchunked(raw: RawRequest, chain: _Chain | None, *, trailer: bool) -> tuple[bytes, dict[str, str]]:
    announced = raw.header("x-amz-decoded-content-length")
    if announced is None:
        raise AuthFailure(AuthKind.MISSING_DECODED_LENGTH)
    framed = memoryview(raw.body)
    parts: list[memoryview] = []
    position = 0
    smallest = (0, 0)  # number and size of a chunk that may only be the last
    while True:
        end = raw.body.find(b"\r\n", position)
        head = raw.body[position:end] if end >= 0 else b""
        size_text, _, extension = head.partition(b";")
        if end < 0 or not _SIZE.fullmatch(size_text):
            raise AuthFailure(AuthKind.BAD_CHUNKS)
        size = int(size_text, 16)
        start = end + 2
        chunk = framed[start : start + size]
        if len(chunk) != size:
            raise AuthFailure(AuthKind.INCOMPLETE_BODY)
        if chain is not None:
            chain.check(chunk, _chunk_signature(extension))
        position = start + size
        if not size:
            break
        if smallest[1]:
            details = {"chunk": str(smallest[0]), "size": str(smallest[1])}
            raise AuthFailure(AuthKind.SMALL_CHUNK, details)
        if not raw.body.startswith(b"\r\n", position):
            raise AuthFailure(AuthKind.BAD_CHUNKS)
        position += 2
        parts.append(chunk)
        if size < _SMALLEST_CHUNK:
            smallest = (len(parts), size)
    body = b"".join(parts)
    if announced != str(len(body)):
        raise AuthFailure(AuthKind.INCOMPLETE_BODY)
    rest = raw.body[position:]
    if not trailer:
        if rest not in (b"", b"\r\n"):
            raise AuthFailure(AuthKind.BAD_CHUNKS)
        return body, {}
    return body, _trailer(raw, rest, chain)


def _chunk_signature(extension: bytes) -> str:
    name, _, value = extension.partition(b"=")
    if name.strip() != b"chunk-signature":
        raise AuthFailure(AuthKind.CHUNK_MISMATCH)
    return value.strip().decode("latin-1")


def _trailer(raw: RawRequest, rest: bytes, chain: _Chain | None) -> dict[str, str]:
    """The trailing headers, which must be those that x-amz-trailer announces."""
    announced = {name.strip().lower() for name in (raw.header("x-amz-trailer") or "").split(",")} - {""}
    found: dict[str, str] = {}
    signature = ""
    for line in rest.decode("latin-1").split("\n"):
        name, colon, value = line.strip().partition(":")
        if not colon:
            if name:
                raise AuthFailure(AuthKind.BAD_TRAILER)
            continue
        if name.lower() == "x-amz-trailer-signature":
            signature = value.strip()
        else:
            found[name.lower()] = value.strip()
    if found.keys() != announced:
        raise AuthFailure(AuthKind.BAD_TRAILER)
    if chain is not None:
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(found.items()))
        chain.check_trailer(lines.encode("latin-1"), signature)
    return found
