"""What comes off the socket and what goes back on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One HTTP request, byte for byte as the client signed it.

    path is percent-encoded as it came; query is without its ``?``. headers keep their order
    and repetitions, names in lower case (HTTP/1.1 names carry no case) and values decoded as
    latin-1, so that no byte is lost. body is as sent, aws-chunked framing included.
    """

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: str = "127.0.0.1"  # the peer's IP address

    def header(self, name: str) -> str | None:
        """The first value of a header, None where it is missing. name is in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response. headers carry everything but Content-Length, Date and Server."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    stream: Iterable[bytes] | None = None  # instead of body, for what is too large to hold


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential scope of a signature: ``KEY/DATE/REGION/SERVICE/aws4_request``."""

    access_key_id: str
    date: str  # YYYYMMDD
    region: str
    service: str  # the signing name: "ec2", "states"
    terminator: str = "aws4_request"


@dataclass(frozen=True, slots=True)
class Signature:
    """A parsed, not yet verified, SigV4 signature."""

    credential: Credential
    signed_headers: tuple[str, ...]
    signature: str  # 64 hex digits
    timestamp: str  # YYYYMMDDTHHMMSSZ
    presigned: bool
    expires: int | None  # seconds; presigned only
    session_token: str | None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What signature verification must know of an access key; the state floor fills it in."""

    secret: str
    session_token: str | None = None  # temporary keys only
    expires: datetime | None = None  # temporary keys only
    active: bool = True
