"""AWS Signature Version 4: reading a signature, and checking it.

Pure functions: time, secret and expectations are passed in. The caller keeps AWS's order (each
step raises AuthFailure): ``parse``, ``check_time``, ``check_scope``, then its own look-up of the key
and the session token, then ``verify``, and for S3 ``payload.decode_body``.

Sources: IAM User Guide, "AWS Signature Version 4 for API requests" and "Elements of an AWS API
request signature"; S3 API Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.canonical import (
    ALGORITHM,
    TERMINATOR,
    canonical_requests,
    query_parameters,
    string_to_sign,
)
from passrole.wire.request import Credential, RawRequest, Signature

UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()

# X-Amz-Expires is at most a week. Source: S3 API Reference, query parameter authentication.
_LONGEST_PRESIGN: Final = 604_800
_HEADER_PARTS: Final = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS: Final = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")

_TIMESTAMP: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def parse(raw: RawRequest) -> Signature | None:
    """The signature that the request carries, not verified; None where it carries none.

    Raises AuthFailure where it carries something that is no signature of version 4.
    """
    authorization = raw.header("authorization")
    parameters = query_parameters(raw.query) if "X-Amz-Algorithm" in raw.query else {}
    if "X-Amz-Algorithm" not in parameters:
        return None if authorization is None else _parse_header(raw, authorization)
    if authorization is not None:
        raise AuthFailure(AuthKind.TWO_FORMS)
    return _parse_query(raw, parameters)


def _parse_header(raw: RawRequest, authorization: str) -> Signature:
    algorithm, _, rest = authorization.strip().partition(" ")
    if not algorithm.startswith("AWS4-"):
        raise AuthFailure(AuthKind.UNSUPPORTED_SCHEME, {"scheme": algorithm})
    given: dict[str, str] = {}
    for part in rest.replace(",", " ").split():
        name, _, value = part.partition("=")
        given[name] = value
    date = raw.header("x-amz-date") or raw.header("date")
    missing = [name for name in _HEADER_PARTS if not given.get(name)]
    if missing or date is None:
        parts = ",".join(missing if date is not None else [*missing, "date"])
        raise AuthFailure(
            AuthKind.MISSING_PARTS, {"where": "header", "parts": parts, "authorization": authorization}
        )
    return Signature(
        credential=_credential(given["Credential"]),
        signed_headers=_signed_headers(given["SignedHeaders"], algorithm),
        signature=given["Signature"],
        timestamp=_timestamp(date),
        presigned=False,
        expires=None,
        session_token=_session_token(raw, None),
    )


def _parse_query(raw: RawRequest, given: Mapping[str, str]) -> Signature:
    missing = [name for name in _QUERY_PARTS if not given.get(name)]
    if missing:
        raise AuthFailure(AuthKind.MISSING_PARTS, {"where": "query", "parts": ",".join(missing)})
    return Signature(
        credential=_credential(given["X-Amz-Credential"]),
        signed_headers=_signed_headers(given["X-Amz-SignedHeaders"], given["X-Amz-Algorithm"]),
        signature=given["X-Amz-Signature"],
        timestamp=_timestamp(given["X-Amz-Date"]),
        presigned=True,
        expires=_expires(given.get("X-Amz-Expires")),
        session_token=_session_token(raw, given.get("X-Amz-Security-Token")),
    )


def _credential(text: str) -> Credential:
    parts = text.rstrip("/").split("/")
    if len(parts) != 5 or not all(parts):
        raise AuthFailure(AuthKind.BAD_CREDENTIAL, {"credential": text})
    return Credential(*parts)


def _signed_headers(text: str, algorithm: str) -> tuple[str, ...]:
    names = tuple(text.lower().split(";"))
    if "host" not in names and ":authority" not in names:
        raise AuthFailure(AuthKind.HOST_NOT_SIGNED)
    if algorithm != ALGORITHM:
        raise AuthFailure(AuthKind.BAD_ALGORITHM, {"algorithm": algorithm})
    return names


def _timestamp(text: str) -> str:
    """X-Amz-Date's form of a date; a ``Date`` header may also be in HTTP's own form."""
    if _TIMESTAMP.fullmatch(text):
        return text
    try:
        parsed = parsedate_to_datetime(text)
        return _stamp((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        raise AuthFailure(AuthKind.BAD_DATE, {"date": text}) from None


def _expires(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII):
        raise AuthFailure(AuthKind.BAD_EXPIRES, {"problem": "number"})
    seconds = int(text)
    if seconds < 0:
        raise AuthFailure(AuthKind.BAD_EXPIRES, {"problem": "negative"})
    if seconds > _LONGEST_PRESIGN:
        raise AuthFailure(AuthKind.BAD_EXPIRES, {"problem": "too-large"})
    return seconds


def _session_token(raw: RawRequest, from_query: str | None) -> str | None:
    """A token header wins over the query's; headers that differ make a token that nobody has."""
    headers = {value for name, value in raw.headers if name == "x-amz-security-token"}
    if headers:
        return ",".join(sorted(headers))
    return from_query


def signed_at(signature: Signature) -> datetime:
    """When the request says it was signed. Raises AuthFailure for a day or hour that cannot be."""
    return _moment(signature.timestamp)


@lru_cache(maxsize=256)
def _moment(text: str) -> datetime:
    """A client signs many requests in one second; strptime costs more than the signature."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise AuthFailure(AuthKind.BAD_DATE, {"date": text}) from None


def check_time(signature: Signature, now: datetime, *, s3: bool) -> None:
    """Raises AuthFailure for a signature that is too old or from the future.

    A header signature holds 5 minutes either side, S3's 15. A presigned S3 request holds
    X-Amz-Expires seconds from its date. Other services ignore X-Amz-Expires and give 15 minutes:
    so EKS's tokens, which are presigned GetCallerIdentity calls with X-Amz-Expires=60, live a
    quarter of an hour. Source: aws-iam-authenticator, "token" package.
    """
    at = signed_at(signature)
    minutes = 15 if s3 or signature.presigned else 5
    window = timedelta(minutes=minutes)
    if now - window <= at <= now + window and not (s3 and signature.presigned):
        return
    details = {"timestamp": signature.timestamp, "now": _stamp(now), "minutes": str(minutes)}
    if at > now + window:
        kind = AuthKind.PRESIGN_NOT_YET if s3 and signature.presigned else AuthKind.NOT_YET_CURRENT
        raise AuthFailure(kind, {**details, "limit": _stamp(now + window)})
    if s3 and signature.presigned:
        if signature.expires is None:
            raise AuthFailure(AuthKind.MISSING_PARTS, {"where": "query", "parts": "X-Amz-Expires"})
        until = at + timedelta(seconds=signature.expires)
        if now > until:
            given = {"expires": _iso(until), "now": _iso(now), "seconds": str(signature.expires)}
            raise AuthFailure(AuthKind.PRESIGN_EXPIRED, given)
    elif at < now - window:
        raise AuthFailure(AuthKind.TIME_EXPIRED, {**details, "limit": _stamp(now - window)})


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_scope(signature: Signature, *, service: str, regions: Collection[str] | None = None) -> None:
    """Raises AuthFailure for a credential scoped to something else than this service.

    service is the signing name that the endpoint answers to. regions are those that it accepts
    (``{"us-east-1"}`` for IAM); None for any. All that is wrong is reported at once.
    """
    credential = signature.credential
    wrong: dict[str, str] = {}
    if regions is not None and credential.region not in regions:
        wrong |= {"region": credential.region, "expected_region": min(regions)}
    if credential.service != service:
        wrong |= {"service": credential.service, "expected_service": service}
    if credential.terminator != TERMINATOR:
        wrong["terminator"] = credential.terminator
    if credential.date != signature.timestamp[:8]:
        wrong |= {"date": credential.date, "timestamp": signature.timestamp}
    if wrong:
        raise AuthFailure(AuthKind.SCOPE, wrong)


class SigningKeyCache:
    """Signing keys derived from secrets: the newest ``size`` of them, one a key, day, region and service."""

    def __init__(self, size: int = 4096) -> None:
        self._derive = lru_cache(maxsize=size)(_derive)

    def key(self, secret: str, credential: Credential) -> bytes:
        """The 32 bytes that sign within this credential's scope."""
        return self._derive(secret, credential.date, credential.region, credential.service)


def _derive(secret: str, date: str, region: str, service: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def verify(
    raw: RawRequest,
    signature: Signature,
    secret: str,
    *,
    keys: SigningKeyCache,
    s3: bool = False,
    unsigned_payload: bool = False,
) -> None:
    """Raises AuthFailure unless the request is what the holder of the secret signed.

    s3 chooses S3's canonical path and its rules for the payload, whose hash is then what
    x-amz-content-sha256 says and is checked later, by ``payload.decode_body``. unsigned_payload is
    for the operations of other services whose model lets a client leave the body out.
    """
    claimed = raw.header("x-amz-content-sha256")
    if s3:
        payload = claimed or _presigned_claim(raw, signature)
        _check_headers_signed(raw, signature)
    elif unsigned_payload and claimed == UNSIGNED_PAYLOAD:
        payload = UNSIGNED_PAYLOAD
    else:
        # A claimed hash that is not the body's is no secret to guess: the comparison fails below.
        payload = hashlib.sha256(raw.body).hexdigest() if raw.body else EMPTY_SHA256
    key = keys.key(secret, signature.credential)
    given = signature.signature.encode()
    first = ""
    for canonical in canonical_requests(raw, signature, payload, s3=s3):
        to_sign = string_to_sign(signature, canonical)
        if hmac.compare_digest(hmac.digest(key, to_sign.encode(), "sha256").hex().encode(), given):
            return
        first = first or canonical
    raise AuthFailure(
        AuthKind.MISMATCH,
        {
            "access_key_id": signature.credential.access_key_id,
            "signature": signature.signature,
            "canonical_request": first,
            "string_to_sign": string_to_sign(signature, first),
        },
    )


def _presigned_claim(raw: RawRequest, signature: Signature) -> str:
    """A presigned URL covers no body, unless it says so itself (the JavaScript SDK hoists the header)."""
    if not signature.presigned:
        raise AuthFailure(AuthKind.MISSING_CONTENT_SHA256)
    return query_parameters(raw.query).get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD)


def _check_headers_signed(raw: RawRequest, signature: Signature) -> None:
    signed = signature.signed_headers
    unsigned = {name for name, _ in raw.headers if name.startswith("x-amz-") and name not in signed}
    # This one is what the signature is of: x-amz-content-sha256 need not be among the headers.
    unsigned.discard("x-amz-content-sha256")
    if unsigned:
        raise AuthFailure(AuthKind.HEADERS_NOT_SIGNED, {"headers": ", ".join(sorted(unsigned))})


def is_sha256(text: str) -> bool:
    """Whether this is a SHA-256 in lower-case hex."""
    return _HEX.fullmatch(text) is not None
