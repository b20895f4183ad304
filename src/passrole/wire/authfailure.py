"""Why a request could not be authenticated, before any protocol has spelled it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from passrole.values.errors import PassroleError


class AuthKind(Enum):
    """What is wrong with a signature or with what it covers. ``wire.errors`` has AWS's words."""

    MISSING = auto()  # no authentication at all, where some is needed
    TWO_FORMS = auto()  # an Authorization header and X-Amz-Algorithm
    UNSUPPORTED_SCHEME = auto()  # Authorization: Basic …; detail scheme
    MISSING_PARTS = auto()  # details parts (comma separated), authorization, where: header | query
    BAD_ALGORITHM = auto()  # detail algorithm
    BAD_DATE = auto()  # detail date
    BAD_CREDENTIAL = auto()  # detail credential
    BAD_EXPIRES = auto()  # detail problem: number | negative | too-large
    HOST_NOT_SIGNED = auto()
    HEADERS_NOT_SIGNED = auto()  # detail headers (", " separated)
    SCOPE = auto()  # details region, service, terminator, date where wrong; expected_* beside each
    NOT_YET_CURRENT = auto()  # details timestamp, limit, now, minutes
    TIME_EXPIRED = auto()  # details timestamp, limit, now, minutes
    PRESIGN_NOT_YET = auto()  # S3 only
    PRESIGN_EXPIRED = auto()  # S3 only; details expires, now, seconds
    OLD_HEADER = auto()  # S3's signatures of version 2: an Authorization header without a key or signature
    OLD_QUERY_PARTS = auto()  # the same of a URL
    OLD_EXPIRES = auto()  # detail expires
    OLD_PRESIGN_EXPIRED = auto()  # details expires, now
    UNKNOWN_KEY = auto()  # detail access_key_id
    INACTIVE_KEY = auto()  # detail access_key_id
    BAD_TOKEN = auto()  # a session token that is missing or another key's
    MALFORMED_TOKEN = auto()  # a session token that nobody can have issued; detail token
    EXPIRED_TOKEN = auto()  # detail token
    MISMATCH = auto()  # the HMAC; details canonical_request, string_to_sign, signature, access_key_id
    # What the signature covers, S3 only:
    MISSING_CONTENT_SHA256 = auto()
    BAD_CONTENT_SHA256 = auto()  # the header's value is no known mode; detail value
    CONTENT_SHA256_MISMATCH = auto()  # details given, computed
    CHUNK_MISMATCH = auto()  # a chunk's or the trailer's signature
    BAD_CHUNKS = auto()  # framing that cannot be read
    SMALL_CHUNK = auto()  # details chunk (its number), size
    INCOMPLETE_BODY = auto()  # x-amz-decoded-content-length says otherwise
    MISSING_DECODED_LENGTH = auto()
    BAD_TRAILER = auto()  # a trailer that was announced and is not there, or the other way round
    INVALID_DIGEST = auto()  # Content-MD5 that is no MD5; detail value
    MD5_MISMATCH = auto()  # details given, computed
    INVALID_CHECKSUM = auto()  # detail header
    CHECKSUM_MISMATCH = auto()  # detail algorithm, in upper case


class AuthFailure(PassroleError):
    """A request that is not to be believed. details are what AWS's messages name."""

    def __init__(self, kind: AuthKind, details: Mapping[str, str] | None = None) -> None:
        super().__init__(kind, dict(details or {}))
        self.kind = kind
        self.details: Mapping[str, str] = details or {}

    def __str__(self) -> str:
        # details may hold a session token or a string to sign: not for logs.
        return self.kind.name
